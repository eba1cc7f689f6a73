"""Two tasks under way while the server is away: one ends meanwhile, the other afterwards."""

import time
from datetime import datetime
from pathlib import Path

from airflow.sdk import DAG, task

with DAG("outage", start_date=datetime(2026, 1, 1), schedule=None, params={"folder": ""}):

    def wait_for(path):
        while not path.exists():
            print("waiting", flush=True)
            time.sleep(0.1)

    def work(name, params):
        folder = Path(params["folder"])
        with (folder / f"{name}.ran").open("a") as file:
            file.write("once\n")
        wait_for(folder / f"{name}.go")
        (folder / f"{name}.done").touch()
        return name

    @task
    def ends_meanwhile(*, params):
        return work("meanwhile", params)

    @task
    def ends_afterwards(*, params):
        return work("afterwards", params)

    @task
    def collects(*names):
        return sorted(names)

    collects(ends_meanwhile(), ends_afterwards())
