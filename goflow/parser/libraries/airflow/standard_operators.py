"""The operators and sensors of Airflow's standard provider, and those of Airflow 2 that stood in its place.

Each entry says what the class's own ``__init__`` takes and leaves. Where Airflow 2 differs, ``_AIRFLOW2`` says how.
Sources: ``airflow/providers/standard`` of Airflow 3.3.2, ``airflow/operators`` and ``airflow/sensors`` of 2.11.2.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping
from typing import Any

from goflow.domain.spec import Dialect
from goflow.parser.libraries.airflow import operator_settling as settle
from goflow.parser.libraries.airflow.opaque import NOT_SET
from goflow.parser.libraries.airflow.operator_models import (
    BASE_BRANCH,
    BASE_OPERATOR,
    BASE_SENSOR,
    REQUIRED,
    OperatorModel,
    Settling,
)

_OPERATORS = "airflow.providers.standard.operators"
_SENSORS = "airflow.providers.standard.sensors"
PYTHON_OPERATOR = f"{_OPERATORS}.python.PythonOperator"
_VIRTUALENV_BASE = f"{_OPERATORS}.python._BasePythonVirtualenvOperator"
EMAIL_OPERATOR_2 = "airflow.operators.email.EmailOperator"
SUB_DAG_OPERATOR = "airflow.operators.subdag.SubDagOperator"


@functools.cache
def standard_operators(dialect: Dialect) -> Mapping[str, OperatorModel]:
    """Canonical path to model of every operator and sensor that comes with Airflow itself, under DIALECT."""
    models = {model.path: model for model in (*_operators(), *_sensors())}
    if dialect is Dialect.AIRFLOW2:
        for model in _only_airflow2():
            models[model.path] = model
        for path, (fields, parameters, without) in _AIRFLOW2.items():
            model = models[path]
            kept = {name: value for name, value in model.parameters.items() if name not in without}
            models[path] = dataclasses.replace(
                model,
                template_fields=model.template_fields if fields is None else fields,
                parameters={**kept, **parameters},
            )
        for path in _AIRFLOW3_ONLY:
            del models[path]
    return models


# -- the tables -------------------------------------------------------------------------------------------------------


def _model(
    path: str,
    fields: str | None = None,
    ext: str | None = None,
    bases: tuple[str, ...] = (BASE_OPERATOR,),
    settle: Callable[[Settling], None] | None = None,
    hook: Callable[..., None] | None = None,
    attributes: Mapping[str, Any] | None = None,
    **parameters: Any,
) -> OperatorModel:
    return OperatorModel(
        path=path,
        bases=bases,
        parameters=parameters,
        template_fields=None if fields is None else tuple(fields.split()),
        template_ext=None if ext is None else tuple(ext.split()),
        attributes=attributes or {},
        settle=settle,
        hook=hook,
    )


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
    python = f"{_OPERATORS}.python"
    return (
        _model(
            f"{_OPERATORS}.bash.BashOperator",
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
        _model(f"{_OPERATORS}.empty.EmptyOperator", attributes={"inherits_from_empty_operator": True}),
        _model(f"{_OPERATORS}.smooth.SmoothOperator"),
        _model(f"{_OPERATORS}.latest_only.LatestOnlyOperator", bases=(BASE_BRANCH,)),
        _model(
            f"{_OPERATORS}.datetime.BranchDateTimeOperator",
            bases=(BASE_BRANCH,),
            settle=settle.branch_datetime,
            **_FOLLOW,
            target_lower=REQUIRED,
            target_upper=REQUIRED,
            use_task_logical_date=False,
        ),
        _model(
            f"{_OPERATORS}.weekday.BranchDayOfWeekOperator",
            bases=(BASE_BRANCH,),
            **_FOLLOW,
            week_day=REQUIRED,
            use_task_logical_date=False,
        ),
        _model(
            PYTHON_OPERATOR,
            "templates_dict op_args op_kwargs",
            settle=settle.python,
            **_CALLABLE,
            templates_exts=None,
            show_return_value_in_logs=True,
        ),
        _model(f"{python}.BranchPythonOperator", bases=(BASE_BRANCH, PYTHON_OPERATOR)),
        _model(f"{python}.ShortCircuitOperator", bases=(PYTHON_OPERATOR,), ignore_downstream_trigger_rules=True),
        _model(_VIRTUALENV_BASE, bases=(PYTHON_OPERATOR,), settle=settle.virtualenv_base, **_VIRTUALENV),
        _model(
            f"{python}.PythonVirtualenvOperator",
            "requirements index_urls index_urls_from_connection_ids venv_cache_path templates_dict op_args op_kwargs",
            ".txt",
            bases=(_VIRTUALENV_BASE,),
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
        _model(
            f"{python}.ExternalPythonOperator",
            "python templates_dict op_args op_kwargs",
            bases=(_VIRTUALENV_BASE,),
            settle=settle.external_python,
            **_VIRTUALENV,
            python=REQUIRED,
            expect_pendulum=False,
        ),
        _model(f"{python}.BranchPythonVirtualenvOperator", bases=(BASE_BRANCH, f"{python}.PythonVirtualenvOperator")),
        _model(f"{python}.BranchExternalPythonOperator", bases=(BASE_BRANCH, f"{python}.ExternalPythonOperator")),
        _model(
            f"{_OPERATORS}.trigger_dagrun.TriggerDagRunOperator",
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
    hitl = f"{_OPERATORS}.hitl"
    return (
        _model(
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
        _model(
            f"{hitl}.ApprovalOperator",
            bases=(f"{hitl}.HITLOperator",),
            hook=settle.approval,
            options=None,
            ignore_downstream_trigger_rules=False,
            fail_on_reject=False,
        ),
        _model(f"{hitl}.HITLBranchOperator", bases=(f"{hitl}.HITLOperator",), options_mapping=None),
        _model(f"{hitl}.HITLEntryOperator", bases=(f"{hitl}.HITLOperator",), hook=settle.hitl_entry, options=None),
    )


def _sensors() -> tuple[OperatorModel, ...]:
    sensor = (BASE_SENSOR,)
    return (
        _model(
            f"{_SENSORS}.bash.BashSensor",
            "bash_command env",
            bases=sensor,
            bash_command=REQUIRED,
            env=None,
            output_encoding="utf-8",
            retry_exit_code=None,
        ),
        _model(
            f"{_SENSORS}.date_time.DateTimeSensor",
            "target_time",
            bases=sensor,
            settle=settle.datetime_sensor,
            target_time=REQUIRED,
        ),
        _model(
            f"{_SENSORS}.date_time.DateTimeSensorAsync",
            bases=(f"{_SENSORS}.date_time.DateTimeSensor",),
            start_from_trigger=False,
            end_from_trigger=False,
            trigger_kwargs=None,
        ),
        _model(
            f"{_SENSORS}.external_task.ExternalTaskSensor",
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
        _model(
            f"{_SENSORS}.external_task.ExternalTaskMarker",
            "external_dag_id external_task_id logical_date",
            bases=(f"{_OPERATORS}.empty.EmptyOperator",),
            settle=settle.external_task_marker,
            external_dag_id=REQUIRED,
            external_task_id=REQUIRED,
            logical_date="{{ logical_date.isoformat() }}",
            recursion_depth=10,
        ),
        _model(
            f"{_SENSORS}.filesystem.FileSensor",
            "filepath fs_conn_id",
            bases=sensor,
            filepath=REQUIRED,
            fs_conn_id="fs_default",
            recursive=False,
            deferrable=False,
            start_from_trigger=False,
            trigger_kwargs=None,
        ),
        _model(
            f"{_SENSORS}.python.PythonSensor",
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
        _model(f"{_SENSORS}.time.TimeSensor", bases=sensor, target_time=REQUIRED, deferrable=False, **from_trigger),
        _model(f"{_SENSORS}.time.TimeSensorAsync", bases=(f"{_SENSORS}.time.TimeSensor",), settle=settle.deferrable),
        _model(
            f"{_SENSORS}.time_delta.TimeDeltaSensor",
            "delta",
            bases=sensor,
            delta=REQUIRED,
            deferrable=False,
            end_from_trigger=False,
        ),
        _model(
            f"{_SENSORS}.time_delta.TimeDeltaSensorAsync",
            bases=(f"{_SENSORS}.time_delta.TimeDeltaSensor",),
            settle=settle.deferrable,
            delta=REQUIRED,
            end_from_trigger=False,
        ),
        _model(
            f"{_SENSORS}.time_delta.WaitSensor",
            "time_to_wait",
            bases=sensor,
            time_to_wait=REQUIRED,
            deferrable=False,
        ),
        _model(f"{_SENSORS}.weekday.DayOfWeekSensor", bases=sensor, week_day=REQUIRED, use_task_logical_date=False),
    )


# -- Airflow 2 --------------------------------------------------------------------------------------------------------

_AIRFLOW3_ONLY = (
    *(f"{_OPERATORS}.hitl.{name}Operator" for name in ("HITL", "Approval", "HITLBranch", "HITLEntry")),
    f"{_SENSORS}.time_delta.WaitSensor",
)


@functools.cache
def standard_names(dialect: Dialect) -> Mapping[str, str]:
    """Class name to canonical path of every operator and sensor that comes with Airflow itself."""
    return {model.name: path for path, model in standard_operators(dialect).items()}


_Difference = tuple[tuple[str, ...] | None, Mapping[str, Any], frozenset[str]]


def _difference(fields: str | None = None, without: str = "", **parameters: Any) -> _Difference:
    return (tuple(fields.split()) if fields is not None else None, parameters, frozenset(without.split()))


_AIRFLOW2: Mapping[str, _Difference] = {
    f"{_OPERATORS}.bash.BashOperator": _difference(skip_exit_code=None),
    f"{_OPERATORS}.datetime.BranchDateTimeOperator": _difference(use_task_execution_date=False),
    f"{_OPERATORS}.weekday.BranchDayOfWeekOperator": _difference(use_task_execution_day=False),
    PYTHON_OPERATOR: _difference(provide_context=None),
    _VIRTUALENV_BASE: _difference(use_dill=False),
    f"{_OPERATORS}.python.PythonVirtualenvOperator": _difference(
        "requirements index_urls venv_cache_path templates_dict op_args op_kwargs",
        without="index_urls_from_connection_ids",
        use_dill=False,
    ),
    f"{_OPERATORS}.python.ExternalPythonOperator": _difference(use_dill=False),
    f"{_OPERATORS}.trigger_dagrun.TriggerDagRunOperator": _difference(
        without="run_after fail_when_dag_is_paused note openlineage_inject_parent_info",
        logical_date=None,
        execution_date=None,
    ),
    f"{_SENSORS}.external_task.ExternalTaskSensor": _difference(poll_interval=2.0),
    f"{_SENSORS}.external_task.ExternalTaskMarker": _difference(
        "external_dag_id external_task_id execution_date",
        without="logical_date",
        execution_date="{{ logical_date.isoformat() }}",
    ),
    f"{_SENSORS}.filesystem.FileSensor": _difference("filepath"),
    f"{_SENSORS}.weekday.DayOfWeekSensor": _difference(use_task_execution_day=False),
    f"{_SENSORS}.time_delta.TimeDeltaSensor": _difference("", without="deferrable end_from_trigger"),
    f"{_SENSORS}.time.TimeSensor": _difference(without="deferrable start_from_trigger end_from_trigger trigger_kwargs"),
}


def _only_airflow2() -> tuple[OperatorModel, ...]:
    return (
        _model(
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
        _model(
            SUB_DAG_OPERATOR,
            bases=(BASE_SENSOR,),
            subdag=REQUIRED,
            session=None,
            conf=None,
            propagate_skipped_state=None,
        ),
        _model(
            f"{_SENSORS}.time.TimeSensorAsync",
            bases=(BASE_SENSOR,),
            target_time=REQUIRED,
            start_from_trigger=False,
            end_from_trigger=False,
            trigger_kwargs=None,
        ),
        _model(
            f"{_SENSORS}.time_delta.TimeDeltaSensorAsync",
            bases=(f"{_SENSORS}.time_delta.TimeDeltaSensor",),
            delta=REQUIRED,
            end_from_trigger=False,
        ),
    )
