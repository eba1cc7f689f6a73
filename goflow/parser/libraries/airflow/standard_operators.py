"""The operators and sensors of Airflow's standard provider, and those of Airflow 2 that stood in its place.

Each entry says what the class's own ``__init__`` takes and leaves. How Airflow 2 differs is in
`standard_operators_2`.
Sources: ``airflow/providers/standard`` of Airflow 3.3.2, ``airflow/operators`` and ``airflow/sensors`` of 2.11.2.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from goflow.domain.spec import Dialect
from goflow.parser.libraries.airflow import operator_settling as settle
from goflow.parser.libraries.airflow.opaque import NOT_SET
from goflow.parser.libraries.airflow.operator_models import BASE_BRANCH, BASE_SENSOR, REQUIRED, OperatorModel
from goflow.parser.libraries.airflow.standard_models import OPERATORS, PYTHON_OPERATOR, SENSORS, VIRTUALENV_BASE, model
from goflow.parser.libraries.airflow.standard_operators_2 import AIRFLOW2, AIRFLOW3_ONLY, only_airflow2


@functools.cache
def standard_operators(dialect: Dialect) -> Mapping[str, OperatorModel]:
    """Canonical path to model of every operator and sensor that comes with Airflow itself, under DIALECT."""
    models = {found.path: found for found in (*_operators(), *_sensors())}
    if dialect is Dialect.AIRFLOW2:
        for found in only_airflow2():
            models[found.path] = found
        for path, (fields, parameters, without) in AIRFLOW2.items():
            found = models[path]
            kept = {name: value for name, value in found.parameters.items() if name not in without}
            models[path] = dataclasses.replace(
                found,
                template_fields=found.template_fields if fields is None else fields,
                parameters={**kept, **parameters},
            )
        for path in AIRFLOW3_ONLY:
            del models[path]
    return models


# -- the tables -------------------------------------------------------------------------------------------------------


_CALLABLE: dict[str, Any] = {"python_callable": REQUIRED, "op_args": None, "op_kwargs": None, "templates_dict": None}
_VIRTUALENV: dict[str, Any] = {
    **_CALLABLE,
    "templates_exts": None,
    "serializer": None,
    "string_args": None,
    "expect_airflow": True,
    "skip_on_exit_code": None,
    "env_vars": None,
    "inherit_env": True,
}
_FOLLOW: dict[str, Any] = {"follow_task_ids_if_true": REQUIRED, "follow_task_ids_if_false": REQUIRED}


def _operators() -> tuple[OperatorModel, ...]:
    python = f"{OPERATORS}.python"
    return (
        model(
            f"{OPERATORS}.bash.BashOperator",
            "bash_command env cwd",
            ".sh .bash",
            settle=settle.bash,
            bash_command=REQUIRED,
            env=None,
            append_env=False,
            output_encoding="utf-8",
            skip_on_exit_code=99,
            cwd=None,
            output_processor=settle.identity,
        ),
        model(f"{OPERATORS}.empty.EmptyOperator", attributes={"inherits_from_empty_operator": True}),
        model(f"{OPERATORS}.smooth.SmoothOperator"),
        model(f"{OPERATORS}.latest_only.LatestOnlyOperator", bases=(BASE_BRANCH,)),
        model(
            f"{OPERATORS}.datetime.BranchDateTimeOperator",
            bases=(BASE_BRANCH,),
            settle=settle.branch_datetime,
            **_FOLLOW,
            target_lower=REQUIRED,
            target_upper=REQUIRED,
            use_task_logical_date=False,
        ),
        model(
            f"{OPERATORS}.weekday.BranchDayOfWeekOperator",
            bases=(BASE_BRANCH,),
            **_FOLLOW,
            week_day=REQUIRED,
            use_task_logical_date=False,
        ),
        model(
            PYTHON_OPERATOR,
            "templates_dict op_args op_kwargs",
            settle=settle.python,
            **_CALLABLE,
            templates_exts=None,
            show_return_value_in_logs=True,
        ),
        model(f"{python}.BranchPythonOperator", bases=(BASE_BRANCH, PYTHON_OPERATOR)),
        model(f"{python}.ShortCircuitOperator", bases=(PYTHON_OPERATOR,), ignore_downstream_trigger_rules=True),
        model(VIRTUALENV_BASE, bases=(PYTHON_OPERATOR,), settle=settle.virtualenv_base, **_VIRTUALENV),
        model(
            f"{python}.PythonVirtualenvOperator",
            "requirements index_urls index_urls_from_connection_ids venv_cache_path templates_dict op_args op_kwargs",
            ".txt",
            bases=(VIRTUALENV_BASE,),
            settle=settle.virtualenv,
            **_VIRTUALENV,
            requirements=None,
            python_version=None,
            system_site_packages=True,
            pip_install_options=None,
            index_urls=None,
            index_urls_from_connection_ids=None,
            venv_cache_path=None,
        ),
        model(
            f"{python}.ExternalPythonOperator",
            "python templates_dict op_args op_kwargs",
            bases=(VIRTUALENV_BASE,),
            settle=settle.external_python,
            **_VIRTUALENV,
            python=REQUIRED,
            expect_pendulum=False,
        ),
        model(f"{python}.BranchPythonVirtualenvOperator", bases=(BASE_BRANCH, f"{python}.PythonVirtualenvOperator")),
        model(f"{python}.BranchExternalPythonOperator", bases=(BASE_BRANCH, f"{python}.ExternalPythonOperator")),
        model(
            f"{OPERATORS}.trigger_dagrun.TriggerDagRunOperator",
            "trigger_dag_id trigger_run_id logical_date conf wait_for_completion skip_when_already_exists",
            settle=settle.trigger_dagrun,
            trigger_dag_id=REQUIRED,
            trigger_run_id=None,
            conf=None,
            logical_date=NOT_SET,
            run_after=NOT_SET,
            reset_dag_run=False,
            wait_for_completion=False,
            poke_interval=60,
            allowed_states=None,
            failed_states=None,
            skip_when_already_exists=False,
            fail_when_dag_is_paused=False,
            note=None,
            deferrable=False,
            openlineage_inject_parent_info=True,
        ),
        *_hitl_operators(),
    )


def _hitl_operators() -> tuple[OperatorModel, ...]:
    hitl = f"{OPERATORS}.hitl"
    return (
        model(
            f"{hitl}.HITLOperator",
            "subject body",
            settle=settle.hitl,
            subject=REQUIRED,
            options=REQUIRED,
            body=None,
            defaults=None,
            multiple=False,
            notifiers=None,
            assigned_users=None,
            response_timeout=None,
        ),
        model(
            f"{hitl}.ApprovalOperator",
            bases=(f"{hitl}.HITLOperator",),
            hook=settle.approval,
            options=None,
            ignore_downstream_trigger_rules=False,
            fail_on_reject=False,
        ),
        model(f"{hitl}.HITLBranchOperator", bases=(f"{hitl}.HITLOperator",), options_mapping=None),
        model(f"{hitl}.HITLEntryOperator", bases=(f"{hitl}.HITLOperator",), hook=settle.hitl_entry, options=None),
    )


def _sensors() -> tuple[OperatorModel, ...]:
    sensor = (BASE_SENSOR,)
    return (
        model(
            f"{SENSORS}.bash.BashSensor",
            "bash_command env",
            bases=sensor,
            bash_command=REQUIRED,
            env=None,
            output_encoding="utf-8",
            retry_exit_code=None,
        ),
        model(
            f"{SENSORS}.date_time.DateTimeSensor",
            "target_time",
            bases=sensor,
            settle=settle.datetime_sensor,
            target_time=REQUIRED,
        ),
        model(
            f"{SENSORS}.date_time.DateTimeSensorAsync",
            bases=(f"{SENSORS}.date_time.DateTimeSensor",),
            start_from_trigger=False,
            end_from_trigger=False,
            trigger_kwargs=None,
        ),
        model(
            f"{SENSORS}.external_task.ExternalTaskSensor",
            "external_dag_id external_task_id external_task_ids external_task_group_id",
            bases=sensor,
            settle=settle.external_task_sensor,
            external_dag_id=REQUIRED,
            external_task_id=None,
            external_task_ids=None,
            external_task_group_id=None,
            allowed_states=None,
            skipped_states=None,
            failed_states=None,
            execution_delta=None,
            execution_date_fn=None,
            check_existence=False,
            poll_interval=None,
            deferrable=False,
        ),
        model(
            f"{SENSORS}.external_task.ExternalTaskMarker",
            "external_dag_id external_task_id logical_date",
            bases=(f"{OPERATORS}.empty.EmptyOperator",),
            settle=settle.external_task_marker,
            external_dag_id=REQUIRED,
            external_task_id=REQUIRED,
            logical_date="{{ logical_date.isoformat() }}",
            recursion_depth=10,
        ),
        model(
            f"{SENSORS}.filesystem.FileSensor",
            "filepath fs_conn_id",
            bases=sensor,
            filepath=REQUIRED,
            fs_conn_id="fs_default",
            recursive=False,
            deferrable=False,
            start_from_trigger=False,
            trigger_kwargs=None,
        ),
        model(
            f"{SENSORS}.python.PythonSensor",
            "templates_dict op_args op_kwargs",
            bases=sensor,
            settle=settle.python_sensor,
            **_CALLABLE,
        ),
        *_time_sensors(),
    )


def _time_sensors() -> tuple[OperatorModel, ...]:
    sensor = (BASE_SENSOR,)
    from_trigger: dict[str, Any] = {"start_from_trigger": False, "end_from_trigger": False, "trigger_kwargs": None}
    return (
        model(f"{SENSORS}.time.TimeSensor", bases=sensor, target_time=REQUIRED, deferrable=False, **from_trigger),
        model(f"{SENSORS}.time.TimeSensorAsync", bases=(f"{SENSORS}.time.TimeSensor",), settle=settle.deferrable),
        model(
            f"{SENSORS}.time_delta.TimeDeltaSensor",
            "delta",
            bases=sensor,
            delta=REQUIRED,
            deferrable=False,
            end_from_trigger=False,
        ),
        model(
            f"{SENSORS}.time_delta.TimeDeltaSensorAsync",
            bases=(f"{SENSORS}.time_delta.TimeDeltaSensor",),
            settle=settle.deferrable,
            delta=REQUIRED,
            end_from_trigger=False,
        ),
        model(
            f"{SENSORS}.time_delta.WaitSensor",
            "time_to_wait",
            bases=sensor,
            time_to_wait=REQUIRED,
            deferrable=False,
        ),
        model(f"{SENSORS}.weekday.DayOfWeekSensor", bases=sensor, week_day=REQUIRED, use_task_logical_date=False),
    )


@functools.cache
def standard_names(dialect: Dialect) -> Mapping[str, str]:
    """Class name to canonical path of every operator and sensor that comes with Airflow itself."""
    return {found.name: path for path, found in standard_operators(dialect).items()}
