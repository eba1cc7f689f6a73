"""The standard operators of Airflow 2: how they differ from those of Airflow 3, and which ones only one of them has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from goflow.parser.libraries.airflow import operator_settling as settle
from goflow.parser.libraries.airflow.operator_models import BASE_SENSOR, REQUIRED, OperatorModel
from goflow.parser.libraries.airflow.standard_models import (
    EMAIL_OPERATOR_2,
    OPERATORS,
    PYTHON_OPERATOR,
    SENSORS,
    SUB_DAG_OPERATOR,
    VIRTUALENV_BASE,
    model,
)

AIRFLOW3_ONLY = (
    *(f"{OPERATORS}.hitl.{name}Operator" for name in ("HITL", "Approval", "HITLBranch", "HITLEntry")),
    f"{SENSORS}.time_delta.WaitSensor",
)


_Difference = tuple[tuple[str, ...] | None, Mapping[str, Any], frozenset[str]]


def _difference(fields: str | None = None, without: str = "", **parameters: Any) -> _Difference:
    return (tuple(fields.split()) if fields is not None else None, parameters, frozenset(without.split()))


AIRFLOW2: Mapping[str, _Difference] = {
    f"{OPERATORS}.bash.BashOperator": _difference(skip_exit_code=None),
    f"{OPERATORS}.datetime.BranchDateTimeOperator": _difference(use_task_execution_date=False),
    f"{OPERATORS}.weekday.BranchDayOfWeekOperator": _difference(use_task_execution_day=False),
    PYTHON_OPERATOR: _difference(provide_context=None),
    VIRTUALENV_BASE: _difference(use_dill=False),
    f"{OPERATORS}.python.PythonVirtualenvOperator": _difference(
        "requirements index_urls venv_cache_path templates_dict op_args op_kwargs",
        without="index_urls_from_connection_ids",
        use_dill=False,
    ),
    f"{OPERATORS}.python.ExternalPythonOperator": _difference(use_dill=False),
    f"{OPERATORS}.trigger_dagrun.TriggerDagRunOperator": _difference(
        without="run_after fail_when_dag_is_paused note openlineage_inject_parent_info",
        logical_date=None,
        execution_date=None,
    ),
    f"{SENSORS}.external_task.ExternalTaskSensor": _difference(poll_interval=2.0),
    f"{SENSORS}.external_task.ExternalTaskMarker": _difference(
        "external_dag_id external_task_id execution_date",
        without="logical_date",
        execution_date="{{ logical_date.isoformat() }}",
    ),
    f"{SENSORS}.filesystem.FileSensor": _difference("filepath"),
    f"{SENSORS}.weekday.DayOfWeekSensor": _difference(use_task_execution_day=False),
    f"{SENSORS}.time_delta.TimeDeltaSensor": _difference("", without="deferrable end_from_trigger"),
    f"{SENSORS}.time.TimeSensor": _difference(without="deferrable start_from_trigger end_from_trigger trigger_kwargs"),
}


def only_airflow2() -> tuple[OperatorModel, ...]:
    return (
        model(
            EMAIL_OPERATOR_2,
            "to subject html_content files",
            ".html",
            settle=settle.email2,
            to=REQUIRED,
            subject=REQUIRED,
            html_content=REQUIRED,
            files=None,
            cc=None,
            bcc=None,
            mime_subtype="mixed",
            mime_charset="utf-8",
            conn_id=None,
            custom_headers=None,
        ),
        model(
            SUB_DAG_OPERATOR,
            bases=(BASE_SENSOR,),
            subdag=REQUIRED,
            session=None,
            conf=None,
            propagate_skipped_state=None,
        ),
        model(
            f"{SENSORS}.time.TimeSensorAsync",
            bases=(BASE_SENSOR,),
            target_time=REQUIRED,
            start_from_trigger=False,
            end_from_trigger=False,
            trigger_kwargs=None,
        ),
        model(
            f"{SENSORS}.time_delta.TimeDeltaSensorAsync",
            bases=(f"{SENSORS}.time_delta.TimeDeltaSensor",),
            delta=REQUIRED,
            end_from_trigger=False,
        ),
    )
