"""Defaults of DAG and operator arguments that an installation of Airflow may set (``core.default_task_retries``).

They come from the environment that the folder gives, as everything that ``conf`` answers, and those of arguments are
looked up once in a session; what nobody has set stays what the tables of the arguments say. Sources: the factories of
``airflow/sdk/definitions/dag.py`` and the constants of
``airflow/sdk/definitions/_internal/abstractoperator.py`` (3.3), ``airflow/models/abstractoperator.py`` and
``airflow/models/dag.py`` (2.11).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from goflow.domain.moments import zone_info
from goflow.domain.spec import Dialect
from goflow.parser.interpreter.values import At
from goflow.parser.libraries.airflow.exceptions import MODULE, fail
from goflow.parser.libraries.airflow.state import state_of
from goflow.parser.libraries.airflow.variables import own_setting, truth_of

Option = tuple[str, str, Callable[[str], Any]]


def _seconds(text: str) -> dt.timedelta | None:
    return dt.timedelta(seconds=int(text)) if text else None


DAG_OPTIONS: Mapping[str, Option] = {
    "max_active_tasks": ("core", "max_active_tasks_per_dag", int),
    "max_active_runs": ("core", "max_active_runs_per_dag", int),
    "max_consecutive_failed_dag_runs": ("core", "max_consecutive_failed_dag_runs_per_dag", int),
    "catchup": ("scheduler", "catchup_by_default", truth_of),
}
TASK_OPTIONS: Mapping[str, Option] = {
    "owner": ("operators", "default_owner", str),
    "queue": ("operators", "default_queue", str),
    "retries": ("core", "default_task_retries", int),
    "retry_delay": ("core", "default_task_retry_delay", _seconds),
    "max_retry_delay": ("core", "max_task_retry_delay", _seconds),
    "weight_rule": ("core", "default_task_weight_rule", str),
    "execution_timeout": ("core", "default_task_execution_timeout", _seconds),
    "email_on_failure": ("email", "default_email_on_failure", truth_of),
    "email_on_retry": ("email", "default_email_on_retry", truth_of),
}
"""``max_task_retry_delay`` bounds growing delays; as a default it bounds those of tasks that name no bound."""
_TASK_OPTIONS_2: Mapping[str, Option] = {
    "ignore_first_depends_on_past": ("scheduler", "ignore_first_depends_on_past_by_default", truth_of)
}


def configured_for_dag(at: At) -> Mapping[str, Any]:
    """The defaults of DAG's arguments that the folder's environment sets. Raises AirflowConfigException as Airflow."""
    return state_of(at.session).singleton("configured for DAGs", lambda: _configured(DAG_OPTIONS, at))


def configured_for_task(at: At) -> Mapping[str, Any]:
    """The same of BaseOperator's arguments."""
    return state_of(at.session).singleton("configured for tasks", lambda: _configured(_task_options(at), at))


def _task_options(at: At) -> Mapping[str, Option]:
    return {**TASK_OPTIONS, **_TASK_OPTIONS_2} if at.session.dialect is Dialect.AIRFLOW2 else TASK_OPTIONS


def _configured(options: Mapping[str, Option], at: At) -> Mapping[str, Any]:
    found = {}
    for argument, (section, key, read) in options.items():
        text = own_setting(at, section, key)
        if text is not None:
            try:
                found[argument] = read(text)
            except ValueError:
                words = f'Failed to convert value to int. Please check "{key}" key in "{section}" section.'
                fail(at, f"{MODULE}.AirflowConfigException", f'{words} Current value: "{text}".', code="GF203")
    return found


def has_data_intervals(at: At, *, is_cron: bool) -> bool:
    """Whether runs of a plain ``schedule`` stand for the stretch of time before them (``create_cron_data_intervals``,
    which 3.3 asks for deltas, too, and 2.11 for cron expressions alone)."""
    airflow2 = at.session.dialect is Dialect.AIRFLOW2
    text = own_setting(at, "scheduler", "create_cron_data_intervals") if is_cron or not airflow2 else None
    return airflow2 if text is None else truth_of(text)


def default_zone(at: At) -> dt.tzinfo:
    """The zone of dates without one: ``core.default_timezone``, else UTC. Raises as Airflow for a zone there is not."""
    text = own_setting(at, "core", "default_timezone")
    if text is None or text.lower() in {"utc", "system"}:  # the containers' own zone is UTC
        return dt.UTC
    try:
        return zone_info(text)
    except (ValueError, KeyError, OSError):
        fail(at, "ValueError", f"'{text}' not found in timezone database", code="GF203")
