"""TaskFlow: functions become tasks, their results become XComs, and their calls become edges."""

from __future__ import annotations

from datetime import datetime

from airflow.sdk import Param, dag, task


@dag(
    schedule="@daily",
    start_date=datetime(2025, 1, 1),
    catchup=False,
    params={"currency": Param("EUR", type="string", enum=["EUR", "USD"])},
    tags=["example", "taskflow"],
)
def orders_taskflow():
    @task
    def extract() -> list[dict]:
        return [
            {"order": 1, "amount": 120.5},
            {"order": 2, "amount": 80.0},
            {"order": 3, "amount": 42.25},
        ]

    @task(multiple_outputs=True)
    def transform(orders: list[dict]) -> dict:
        amounts = [order["amount"] for order in orders]
        return {"total": sum(amounts), "largest": max(amounts)}

    @task(retries=1)
    def load(total: float, largest: float, params: dict) -> str:
        line = f"{total:.2f} {params['currency']} in all, {largest:.2f} at most"
        print(line)
        return line

    figures = transform(extract())
    load(figures["total"], figures["largest"])


orders_taskflow()
