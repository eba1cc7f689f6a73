"""Datasets at run time: what tasks tell of them, what that begins, and what tasks see of it (Airflow 2)."""

from datetime import UTC, datetime

from airflow import DAG
from airflow.datasets import Dataset, DatasetAlias
from airflow.datasets.metadata import Metadata
from airflow.decorators import task
from airflow.operators.bash import BashOperator

ORDERS, STOCK, PARTS = Dataset("s3://bucket/orders"), Dataset("stock"), Dataset("parts")
FOUND, NEVER, LATE = Dataset("s3://bucket/found"), Dataset("never"), DatasetAlias("late")
START = datetime(2026, 1, 1, tzinfo=UTC)


def seen(events):
    return [[e.uri, e.extra, e.source_dag_id, e.source_run_id, e.source_task_id, e.source_map_index] for e in events]


with DAG("makes", start_date=START, schedule=None):

    @task(outlets=[PARTS])
    def parts(n, *, outlet_events):
        outlet_events[PARTS].extra = {"n": n}

    @task(outlets=[ORDERS])
    def orders(*, outlet_events):
        outlet_events[ORDERS].extra = {"rows": 3}
        outlet_events[STOCK].extra = {"not": "an outlet"}
        return "left"

    @task(outlets=[LATE])
    def late(*, outlet_events):
        outlet_events[LATE].add(FOUND, extra={"by": "alias"})

    @task(outlets=[STOCK])
    def stock():
        yield Metadata(STOCK, {"yielded": True})

    @task(inlets=[ORDERS, PARTS, LATE])
    def reads(*, inlet_events):
        first = inlet_events[ORDERS][0]
        return {
            "orders": seen(inlet_events[ORDERS]),
            "parts": sorted(seen(inlet_events[PARTS]), key=str),
            "alias": seen(inlet_events[LATE]),
            "newest": inlet_events[ORDERS][-1].extra,
            "slice": [e.extra for e in inlet_events[ORDERS][:1]],
            "run": [first.source_dag_run.run_id, str(first.source_dag_run.logical_date)],
        }

    parts.expand(n=[1, 2]) >> orders() >> late() >> stock() >> reads()


def triggering(*, triggering_dataset_events):
    return sorted(([uri, seen(events)] for uri, events in triggering_dataset_events.items()), key=str)


with DAG("by_both", start_date=START, schedule=(ORDERS & STOCK) | NEVER):
    task(triggering)()
    BashOperator(
        task_id="template",
        bash_command="echo '{{ (triggering_dataset_events.values() | first | first).source_dag_run.data_interval_start }}"
        "{% for uri, events in triggering_dataset_events.items() | sort %}"
        "{{ uri }} {{ events | length }} {{ events[0].extra | length }} {{ events[0].source_task_id }};{% endfor %}'",
    )

with DAG("by_what_the_alias_found", start_date=START, schedule=[FOUND]):

    @task
    def interval(*, triggering_dataset_events, data_interval_start, data_interval_end, dag_run):
        return [seen(triggering_dataset_events[FOUND.uri]), str(data_interval_start), str(data_interval_end)]

    interval()
