"""Fails until somebody mends it: the file ``mended`` beside GoFlow's home."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from airflow.sdk import dag, task


@dag(schedule=None, start_date=datetime(2025, 1, 1), tags=["e2e"])
def mended_later():
    @task
    def prepare() -> str:
        print("\x1b[32mprepared\x1b[0m")
        return "ready"

    @task
    def work(what: str) -> None:
        if not Path(os.environ["MENDED"]).exists():
            raise RuntimeError("the disk is full")
        print(f"{what}: done")

    @task
    def report() -> None:
        for number in range(3000):
            print(f"line {number} of the report")

    work(prepare()) >> report()


mended_later()
