"""Waits for somebody's answer."""

from __future__ import annotations

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import dag, task


@dag(schedule=None, tags=["e2e"])
def asks_people():
    @task
    def deploy() -> str:
        return "deployed"

    ApprovalOperator(task_id="approve", subject="Shall it go out?", body="Version 7 is ready.") >> deploy()


asks_people()
