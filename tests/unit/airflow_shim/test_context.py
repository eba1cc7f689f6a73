"""The context: which names there are under which dialect, and what they hold."""

from __future__ import annotations

import pytest

KEYS_OF_AIRFLOW_3 = """conn dag dag_run data_interval_end data_interval_start ds ds_nodash inlet_events inlets logical_date
macros map_index_template outlet_events outlets params partition_date partition_key prev_data_interval_end_success
prev_data_interval_start_success prev_end_date_success prev_start_date_success run_id task task_instance
task_instance_key_str task_reschedule_count task_state_store templates_dict ti triggering_asset_events ts ts_nodash
ts_nodash_with_tz var"""
KEYS_OF_AIRFLOW_2 = """conf conn dag dag_run data_interval_end data_interval_start ds ds_nodash execution_date
expanded_ti_count inlet_events inlets logical_date macros map_index_template next_ds next_ds_nodash next_execution_date
outlet_events outlets params prev_data_interval_end_success prev_data_interval_start_success prev_ds prev_ds_nodash
prev_end_date_success prev_execution_date prev_execution_date_success prev_start_date_success run_id task task_instance
task_instance_key_str templates_dict test_mode ti tomorrow_ds tomorrow_ds_nodash triggering_dataset_events ts ts_nodash
ts_nodash_with_tz var yesterday_ds yesterday_ds_nodash"""
"""What ``sorted(kwargs)`` of a TaskFlow function with ``**kwargs`` is under Airflow 3.3.2 and 2.11.2 (``dag.test()``)."""

ALL_OF_IT = """
from airflow.decorators import dag, task
import datetime
@dag(dag_id="d", schedule=None, start_date=datetime.datetime(2025, 1, 1))
def make():
    @task
    def t(**kw):
        return sorted(kw)
    t()
make()
"""


@pytest.mark.parametrize(
    ("dialect", "keys"), [("airflow3", KEYS_OF_AIRFLOW_3), ("airflow2", KEYS_OF_AIRFLOW_2)], ids=["3", "2"]
)
def test_a_function_with_any_keywords_gets_what_airflow_gives(dags, dialect, keys):
    assert dags.write(ALL_OF_IT).run(dialect=dialect)["state"] == "success"
    assert dags.result() == sorted(keys.split())


def test_a_run_of_airflow_3_without_a_logical_date_has_no_names_that_go_with_it(dags):
    dags.write(ALL_OF_IT)
    dags.run(logical_date=None, data_interval_start=None, data_interval_end=None)
    gone = {"ds", "ds_nodash", "ts", "ts_nodash", "ts_nodash_with_tz", "logical_date", "data_interval_start",
            "data_interval_end", "prev_data_interval_start_success", "prev_data_interval_end_success"}  # fmt: skip
    assert not gone & set(dags.result())
    assert {"run_id", "prev_start_date_success", "task_instance_key_str"} <= set(dags.result())


SCHEDULED_NEIGHBOURS = {
    "every night": ({"kind": "cron", "crons": ["0 3 * * *"]}, "2026-01-01", "2026-01-03"),
    "the first of the month": ({"kind": "cron", "crons": ["0 3 2 * *"]}, "2025-12-02", "2026-02-02"),
    "on weekdays": ({"kind": "cron", "crons": ["0 3 * * MON-FRI"]}, "2026-01-01", "2026-01-05"),
    "every other month": ({"kind": "cron", "crons": ["0 3 2 */2 *"]}, "2025-11-02", "2026-03-02"),
    "a stretch of time": ({"kind": "delta", "every_s": 172800.0}, "2025-12-31", "2026-01-04"),
    "by hand only": ({"kind": "none"}, None, None),
}


@pytest.mark.parametrize(
    ("schedule", "before", "after"), SCHEDULED_NEIGHBOURS.values(), ids=SCHEDULED_NEIGHBOURS.keys()
)
def test_a_scheduled_run_of_airflow_2_knows_its_neighbours(dags, schedule, before, after):
    dags.write(
        """
        from airflow.decorators import dag, task
        @dag(dag_id="d")
        def make():
            @task
            def t(prev_ds=None, next_ds=None):
                return prev_ds, next_ds
            t()
        make()
        """
    )
    dags.run(dialect="airflow2", run_type="scheduled", dag={"dag_id": "d", "schedule": schedule})
    assert dags.result() == (before, after)


def test_the_context_is_one_and_the_same_everywhere(dags):
    dags.write(
        """
        from airflow.sdk import dag, task, get_current_context
        @dag(dag_id="d")
        def make():
            @task
            def t(ti, **context):
                current = get_current_context()
                current["noted"] = 1
                return current["ti"] is ti, ti.get_template_context() is current, dict(current)["noted"], {**current}["ds"]
            t()
        make()
        """
    )
    assert dags.run()["state"] == "success"
    assert dags.result() == (True, True, 1, "2026-01-02")


def test_outside_of_a_task_there_is_no_context(dags):
    from airflow._goflow.context import get_current_context

    with pytest.raises(RuntimeError, match="no context was found"):
        get_current_context()


def test_what_airflow_tells_processes_is_in_the_environment(dags):
    dags.write(
        """
        import os
        from airflow.sdk import dag, task
        @dag(dag_id="d")
        def make():
            @task(owner="me")
            def t():
                return {k: v for k, v in os.environ.items() if k.startswith("AIRFLOW_CTX_")}
            t()
        make()
        """
    )
    dags.run()
    assert dags.result() == {
        "AIRFLOW_CTX_DAG_OWNER": "me",
        "AIRFLOW_CTX_DAG_ID": "d",
        "AIRFLOW_CTX_TASK_ID": "t",
        "AIRFLOW_CTX_LOGICAL_DATE": "2026-01-02T03:00:00+00:00",
        "AIRFLOW_CTX_TRY_NUMBER": "1",
        "AIRFLOW_CTX_DAG_RUN_ID": "r",
    }
