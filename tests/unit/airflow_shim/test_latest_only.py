"""LatestOnlyOperator under a timetable of its author's own, which it asks whether the run is the latest."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest
from airflow._goflow import world


@pytest.fixture(params=["airflow2", "airflow3"])
def dialect(request: pytest.FixtureRequest):
    world.reset(request.param)
    yield request.param
    world.reset()


@pytest.mark.parametrize(
    ("hours", "chosen"),
    [
        pytest.param(1, ["below"], id="no other run is due yet"),
        pytest.param(9, ["below"], id="the next interval goes on"),
        pytest.param(20, [], id="the next interval is over"),
    ],
)
def test_the_timetable_decides(dialect: str, hours: int, chosen: list[str]) -> None:
    from airflow.models.dag import DAG
    from airflow.operators.latest_only import LatestOnlyOperator
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.timetables.base import DagRunInfo, Timetable

    class Lengthening(Timetable):
        """An interval of an hour is followed by one of ten."""

        def next_dagrun_info(self, *, last_automated_data_interval, restriction):
            start = last_automated_data_interval.end
            if restriction.latest is not None and start > restriction.latest:
                return None
            return DagRunInfo.interval(start, start + dt.timedelta(hours=10))

    name = "timetable" if dialect == "airflow2" else "schedule"
    with DAG("d", start_date=dt.datetime(2024, 1, 1, tzinfo=dt.UTC), **{name: Lengthening()}) as dag:
        task = LatestOnlyOperator(task_id="latest")
        task >> EmptyOperator(task_id="below")
    end = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    start = end - dt.timedelta(hours=1)
    run = SimpleNamespace(
        run_type="scheduled",
        external_trigger=False,
        logical_date=start,
        run_after=end,
        data_interval_start=start,
        data_interval_end=end,
    )
    assert task.dag is dag
    assert task.choose_branch({"dag_run": run}) == chosen
