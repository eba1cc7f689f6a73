"""Assets at run time: what tasks tell of them, what that begins, and what tasks see of it (Airflow 3)."""

from datetime import UTC, datetime

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, AssetAlias, Metadata, task

ORDERS, STOCK = Asset("orders", "s3://bucket/orders"), Asset("stock")
PARTS, FOUND, NEVER = Asset("parts"), Asset("found", "s3://bucket/found"), Asset("never")
LATE, OTHER = AssetAlias("late"), AssetAlias("other")
START = datetime(2026, 1, 1, tzinfo=UTC)


def seen(events):
    return [
        [e.asset.name, e.extra, e.source_dag_id, e.source_run_id, e.source_task_id, e.source_map_index] for e in events
    ]


with DAG("makes", start_date=START, schedule=None):

    @task(outlets=[PARTS])
    def parts(n, *, outlet_events):
        outlet_events[PARTS].extra = {"n": n}

    @task(outlets=[ORDERS])
    def orders(*, outlet_events):
        outlet_events[ORDERS].extra = {"rows": 3}
        outlet_events[STOCK].extra = {"not": "an outlet"}
        return "left"

    @task(outlets=[LATE, OTHER])
    def late(*, outlet_events):
        outlet_events[LATE].add(FOUND, extra={"by": "alias"})
        outlet_events[OTHER].add(FOUND, extra={"by": "alias"})
        outlet_events[AssetAlias("nobody's")].add(FOUND)

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
            "newest": [e.extra for e in inlet_events[ORDERS].ascending(False).limit(1)],
            "none": len(inlet_events[ORDERS].before("2020-01-01T00:00:00Z")),
            "slice": [e.extra for e in inlet_events[ORDERS][:1]],
            "left": first.source_task_instance.xcom_pull(),
            "run": [first.source_dag_run.run_id, str(first.source_dag_run.logical_date)],
        }

    parts.expand(n=[1, 2]) >> orders() >> late() >> stock() >> reads()


def triggering(*, triggering_asset_events):
    return sorted(([key.name, seen(events)] for key, events in triggering_asset_events.items()), key=str)


with DAG("by_both", start_date=START, schedule=(ORDERS & STOCK) | NEVER):
    task(triggering)()
    BashOperator(
        task_id="template",
        bash_command="echo '{% for asset, events in triggering_asset_events.items() %}"
        "{{ asset.uri }} {{ events | length }} {{ events[0].extra | length }} {{ events[0].source_task_id }};{% endfor %}'",
    )

with DAG("by_alias", start_date=START, schedule=[LATE]):
    task(triggering)()

with DAG("by_what_the_alias_found", start_date=START, schedule=[FOUND]):

    @task(outlets=[Asset("last")])
    def passes_on(*, triggering_asset_events):
        return [[e.extra for e in triggering_asset_events[FOUND]], [a.name for a in triggering_asset_events]]

    passes_on()

with DAG("by_reference", start_date=START, schedule=[Asset.ref(name="last")]):
    task(triggering)()
