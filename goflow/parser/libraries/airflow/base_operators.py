"""BaseOperator, BaseSensorOperator and the other classes that every operator derives from: arguments and defaults.

Sources: ``airflow/sdk/bases`` of Airflow 3.3.2, ``airflow/models/baseoperator.py`` of 2.11.2, with the defaults of
their configuration.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from typing import Any

from goflow.domain.spec import Dialect
from goflow.parser.libraries.airflow.operator_models import (
    BASE_BRANCH,
    BASE_OPERATOR,
    BASE_SENSOR,
    REQUIRED,
    OperatorModel,
    Settling,
)
from goflow.parser.libraries.airflow.words import words

CALLBACKS = (
    "on_execute_callback",
    "on_failure_callback",
    "on_success_callback",
    "on_retry_callback",
    "on_skipped_callback",
)
DOCS = ("doc", "doc_md", "doc_json", "doc_yaml", "doc_rst")
SENSOR_MODES = ("poke", "reschedule")
DEFAULT_RETRY_DELAY = dt.timedelta(seconds=300)
DEFAULT_SENSOR_TIMEOUT = 604800.0

_BOTH: Mapping[str, Any] = {
    "task_id": REQUIRED,
    "owner": "airflow",
    "email": None,
    "email_on_retry": True,
    "email_on_failure": True,
    "retries": 0,
    "retry_delay": DEFAULT_RETRY_DELAY,
    "retry_exponential_backoff": 0,
    "max_retry_delay": None,
    "start_date": None,
    "end_date": None,
    "depends_on_past": False,
    "ignore_first_depends_on_past": False,
    "wait_for_past_depends_before_skipping": False,
    "wait_for_downstream": False,
    "dag": None,
    "params": None,
    "default_args": None,
    "priority_weight": 1,
    "weight_rule": "downstream",
    "queue": "default",
    "pool": None,
    "pool_slots": 1,
    "sla": None,
    "execution_timeout": None,
    **dict.fromkeys(CALLBACKS),
    "pre_execute": None,
    "post_execute": None,
    "trigger_rule": "all_success",
    "resources": None,
    "run_as_user": None,
    "map_index_template": None,
    "max_active_tis_per_dag": None,
    "max_active_tis_per_dagrun": None,
    "executor": None,
    "executor_config": None,
    "do_xcom_push": True,
    "multiple_outputs": False,
    "inlets": None,
    "outlets": None,
    "task_group": None,
    **dict.fromkeys(DOCS),
    "task_display_name": None,
    "logger_name": None,
    "allow_nested_operators": True,
}
_ONLY3: Mapping[str, Any] = {"retry_policy": None, "render_template_as_native_obj": None}
_ONLY2: Mapping[str, Any] = {
    "retry_exponential_backoff": False,
    "ignore_first_depends_on_past": True,
    "task_concurrency": None,
}

OPERATOR_DEFAULTS = frozenset(
    words(
        """depends_on_past email_on_failure email_on_retry execution_timeout executor_config
        ignore_first_depends_on_past inlets outlets owner pool_slots priority_weight queue retries retry_delay
        retry_exponential_backoff retry_policy trigger_rule wait_for_past_depends_before_skipping
        wait_for_downstream weight_rule"""
    )
)
"""The arguments of BaseOperator that ``Operator.partial`` fills in by itself."""

SENSOR_PARAMETERS: Mapping[str, Any] = {
    "poke_interval": 60,
    "timeout": None,
    "soft_fail": False,
    "mode": "poke",
    "exponential_backoff": False,
    "max_wait": None,
    "silent_fail": False,
    "never_fail": False,
}

EXPECTED_TYPES: Mapping[str, tuple[type, ...]] = {
    "task_id": (str,),
    "email": (str, list, tuple),
    "email_on_retry": (bool,),
    "email_on_failure": (bool,),
    "retries": (int,),
    "retry_exponential_backoff": (int, float),
    "depends_on_past": (bool,),
    "ignore_first_depends_on_past": (bool,),
    "wait_for_past_depends_before_skipping": (bool,),
    "wait_for_downstream": (bool,),
    "priority_weight": (int,),
    "queue": (str,),
    "pool": (str,),
    "pool_slots": (int,),
    "run_as_user": (str,),
    "map_index_template": (str,),
    "max_active_tis_per_dag": (int,),
    "max_active_tis_per_dagrun": (int,),
    "executor": (str,),
    "do_xcom_push": (bool,),
    "multiple_outputs": (bool,),
    **dict.fromkeys(DOCS, (str,)),
    "task_display_name": (str,),
    "logger_name": (str,),
    "allow_nested_operators": (bool,),
    "start_date": (dt.datetime,),
    "end_date": (dt.datetime,),
}
"""What Airflow's ``validate_instance_args`` insists on; None is always allowed."""


@functools.cache
def base_parameters(dialect: Dialect) -> Mapping[str, Any]:
    """The arguments of BaseOperator under DIALECT, with their defaults or `REQUIRED`."""
    return {**_BOTH, **(_ONLY2 if dialect is Dialect.AIRFLOW2 else _ONLY3)}


@functools.cache
def base_operators(dialect: Dialect) -> Mapping[str, OperatorModel]:
    """Canonical path to model of BaseOperator and the abstract classes right below it."""
    models = (
        OperatorModel(path=BASE_OPERATOR, bases=(), parameters=base_parameters(dialect), template_fields=()),
        OperatorModel(path=BASE_SENSOR, parameters=SENSOR_PARAMETERS, settle=_sensor),
        OperatorModel(path=BASE_BRANCH),
        OperatorModel(path="airflow.sdk.bases.operator.BaseAsyncOperator"),
    )
    return {model.path: model for model in models}


def _sensor(task: Settling) -> None:
    values = task.values
    if values["timeout"] is None:
        values["timeout"] = DEFAULT_SENSOR_TIMEOUT
    for name in ("poke_interval", "timeout", "max_wait"):
        if task.known(name):
            values[name] = _seconds(task, name)
    if task.known("mode") and values["mode"] not in SENSOR_MODES:
        text = f"The mode must be one of {list(SENSOR_MODES)},'{values.get('task_id')}'; received '{values['mode']}'."
        task.fail("ValueError", text)
    if values["soft_fail"] is True and values["never_fail"] is True:
        task.fail("ValueError", "soft_fail and never_fail are mutually exclusive, you can not provide both.")


def _seconds(task: Settling, name: str) -> float | None:
    value = task.values[name]
    if value is None and name == "max_wait":
        return None
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, int | float) and value >= 0:
        return float(value)
    task.fail("ValueError", f"Operator arg `{name}` must be timedelta object or a non-negative number")
