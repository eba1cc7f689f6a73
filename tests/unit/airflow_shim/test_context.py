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


PREVIOUS = {
    "logical_date": "2026-01-01T03:00:00+00:00",
    "data_interval_start": "2025-12-31T03:00:00+00:00",
    "data_interval_end": "2026-01-01T03:00:00+00:00",
    "start_date": "2026-01-01T03:00:01+00:00",
    "end_date": "2026-01-01T03:00:09+00:00",
}
TEMPLATES_OF_BOTH = {
    "{{ ds }}": "2026-01-02",
    "{{ ds_nodash }}": "20260102",
    "{{ ts }}": "2026-01-02T03:00:00+00:00",
    "{{ ts_nodash }}": "20260102T030000",
    "{{ ts_nodash_with_tz }}": "20260102T030000+0000",
    "{{ logical_date }}": "2026-01-02 03:00:00+00:00",
    "{{ logical_date.add(days=1) | ds }}": "2026-01-03",
    "{{ data_interval_start | ts }}": "2026-01-01T03:00:00+00:00",
    "{{ data_interval_end | ts_nodash }}": "20260102T030000",
    "{{ data_interval_start | ds_nodash }}": "20260101",
    "{{ data_interval_start | ts_nodash_with_tz }}": "20260101T030000+0000",
    "{{ prev_data_interval_start_success | ds }}": "2025-12-31",
    "{{ prev_data_interval_end_success | ts }}": "2026-01-01T03:00:00+00:00",
    "{{ prev_start_date_success | ts }}": "2026-01-01T03:00:01+00:00",
    "{{ prev_end_date_success | ts }}": "2026-01-01T03:00:09+00:00",
    "{{ run_id }} {{ dag_run.run_id }} {{ dag_run.run_type }}": "r r manual",
    "{{ dag.dag_id }} {{ task.task_id }} {{ ti.task_id }} {{ task_instance.dag_id }}": "d t t d",
    "{{ ti.try_number }} {{ ti.map_index }} {{ ti.max_tries }}": "1 -1 0",
    "{{ task_instance_key_str }}": "d__t__20260102",
    "{{ params.p }} {{ params['q'] }}": "1 from-conf",
    "{{ dag_run.conf['q'] }}": "from-conf",
    "{{ var.value.plain }} {{ var.json.deep.key[1] }} {{ var.value.get('none', 'other') }}": "text 5 other",
    "{{ conn.db.host }} {{ conn.db.extra_dejson.a }} {{ conn.get('none', 'other') }}": "there 1 other",
    "{{ macros.ds_add(ds, -2) }} {{ macros.ds_format(ds, '%Y-%m-%d', '%d.%m.%y') }}": "2025-12-31 02.01.26",
    "{{ macros.datetime(2020, 1, 1) + macros.timedelta(hours=2) }}": "2020-01-01 02:00:00",
    "{{ macros.json.dumps([1]) }} {{ macros.uuid.UUID(int=0) }}": "[1] 00000000-0000-0000-0000-000000000000",
    "{{ shout('x') }} {{ 'y' | twice }}": "X! yy",
    "{% for n in [1, 2] %}{{ n }};{% endfor %}{% do [].append(1) %}": "1;2;",
    "no template": "no template",
    "one newline\n": "one newline",
}
TEMPLATES_OF_2 = {
    "{{ execution_date | ts }}": "2026-01-02T03:00:00+00:00",
    "{{ yesterday_ds }} {{ yesterday_ds_nodash }} {{ tomorrow_ds }} {{ tomorrow_ds_nodash }}": (
        "2026-01-01 20260101 2026-01-03 20260103"
    ),
    "{{ next_ds }} {{ prev_ds }} {{ next_execution_date | ts }}": "2026-01-02 2026-01-02 2026-01-02T03:00:00+00:00",
    "{{ prev_execution_date_success | ts }}": "2026-01-01T03:00:00+00:00",
    "{{ conf.get('core', 'parallelism') }} {{ test_mode }}": "32 False",
}
CASES = [(dialect, *case) for dialect in ("airflow2", "airflow3") for case in TEMPLATES_OF_BOTH.items()]
CASES += [("airflow2", *case) for case in TEMPLATES_OF_2.items()]


@pytest.mark.parametrize(("dialect", "template", "expected"), CASES)
def test_a_template_renders_as_under_airflow(dags, dialect, template, expected):
    dags.write(
        f"""
        import datetime
        from airflow import DAG
        from airflow.models import BaseOperator
        class Field(BaseOperator):
            template_fields = ("text",)
            def __init__(self, text, **kwargs):
                super().__init__(**kwargs)
                self.text = text
            def execute(self, context):
                return self.text
        with DAG("d", schedule=None, start_date=datetime.datetime(2025, 1, 1), params={{"p": 1, "q": 2}},
                 user_defined_macros={{"shout": lambda t: t.upper() + "!"}},
                 user_defined_filters={{"twice": lambda t: t * 2}}):
            Field(task_id="t", text={template!r})
        """
    )
    dags.client.variables = {"plain": "text", "deep": '{"key": [4, 5]}'}
    dags.client.connections = {"db": {"conn_id": "db", "conn_type": "x", "host": "there", "extra": '{"a": 1}'}}
    outcome = dags.run(dialect=dialect, conf={"q": "from-conf"}, prev_success=PREVIOUS)
    assert (outcome["state"], dags.result()) == ("success", expected)
    assert dags.client.rendered == {"text": expected}


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
