"""Setup and teardown: what was set up is taken down again, even when the work in between fails."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import dag, setup, task, task_group, teardown


@dag(schedule=None, start_date=datetime(2025, 1, 1), tags=["example", "setup"])
def rented_machine():
    @setup
    @task
    def rent() -> str:
        return "machine-7"

    @task_group
    def work(machine: str):
        @task.bash
        def measure(name: str) -> str:
            return f"echo measuring on {name}"

        @task
        def judge(name: str) -> bool:
            return name.startswith("machine")

        measure(machine) >> judge(machine)

    @teardown
    @task
    def give_back(machine: str) -> None:
        print(f"{machine} goes back")

    machine = rent()
    back = give_back(machine)
    work(machine) >> back


rented_machine()
