"""What BaseOperator makes of its arguments: conversions, checks, and those that hold on later assignment too."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from goflow.domain.errors import did_you_mean
from goflow.domain.spec import Dialect
from goflow.parser.interpreter.plain_values import is_set, type_name
from goflow.parser.interpreter.values import At, Unknown, Value
from goflow.parser.libraries.airflow.assets import as_list
from goflow.parser.libraries.airflow.base_operators import CALLBACKS, EXPECTED_TYPES
from goflow.parser.libraries.airflow.configured import default_zone
from goflow.parser.libraries.airflow.dates import to_moment
from goflow.parser.libraries.airflow.enums import TRIGGER_RULES, checked_trigger_rule, checked_weight_rule, plain
from goflow.parser.libraries.airflow.exceptions import MODULE, fail
from goflow.parser.libraries.airflow.keys import GraphError, check_key
from goflow.parser.libraries.airflow.state import refuse

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.operators import OperatorValue, TaskValue

DEFAULT_POOL = "default_pool"
SMALLEST_PRIORITY, LARGEST_PRIORITY = -(2**31), 2**31 - 1
_FAIL_FAST_RULES = ("all_success", "all_done_setup_success")


def settle_base(task: TaskValue, values: dict[str, Any], at: At) -> None:
    """Turn VALUES, the arguments of BaseOperator among them, into what its ``__init__`` leaves as attributes."""
    airflow2 = at.session.dialect is Dialect.AIRFLOW2
    if values["pool"] is None:
        values["pool"] = DEFAULT_POOL
    elif airflow2 and isinstance(values["pool"], str) and values["pool"] != DEFAULT_POOL:
        try:
            check_key(values["pool"])
        except GraphError as problem:
            refuse(at, problem)
    for name in ("trigger_rule", "retries", "retry_delay", "max_retry_delay"):
        values[name] = converted(name, values[name], at, task)
    for name in CALLBACKS:
        values[name] = as_list(values[name], at) if not airflow2 else values[name]
    for name in ("inlets", "outlets"):
        values[name] = as_list(values[name], at)
    for name in ("start_date", "end_date"):
        if isinstance(values[name], str) and not (airflow2 and name == "start_date"):
            fail(at, "AttributeError", "'str' object has no attribute 'utcoffset'", code="GF203")
        values[name] = None if isinstance(values[name], str) else to_moment(values[name], default_zone(at), at, name)
    if values["wait_for_downstream"] is True:
        values["depends_on_past"] = True
    if is_set(values.get("task_concurrency")) and not values["max_active_tis_per_dag"]:
        values["max_active_tis_per_dag"] = values["task_concurrency"]
    if values["executor_config"] is None:
        values["executor_config"] = {}
    _check(task, values, at)
    rule = values["weight_rule"]
    if airflow2 and isinstance(rule, str) and "." not in rule and checked_weight_rule(rule) is None:
        text = f"Unknown priority strategy {rule}"
        fail(at, f"{MODULE}.AirflowException", text, code="GF203", argument="weight_rule")
    priority = values["priority_weight"]
    if isinstance(priority, int) and not airflow2:
        values["priority_weight"] = max(SMALLEST_PRIORITY, min(LARGEST_PRIORITY, priority))


def _check(task: TaskValue, values: dict[str, Any], at: At) -> None:
    timeout = values["execution_timeout"]
    if timeout is not None and not isinstance(timeout, dt.timedelta | Value):
        text = f"execution_timeout must be timedelta object but passed as type: <class '{type_name(timeout)}'>"
        fail(at, "ValueError", text, code="GF203", argument="execution_timeout")
    slots = values["pool_slots"]
    if isinstance(slots, int) and slots < 1:
        where = f" in dag {task.dag.dag_id}" if task.dag is not None else ""
        text = f"pool slots for {task.node.task_id}{where} cannot be less than 1"
        fail(at, "ValueError", text, code="GF203", argument="pool_slots")
    for name, kinds in EXPECTED_TYPES.items():
        given = values.get(name)
        if given is None or type(given) in kinds:  # as nearly all are
            continue
        value = plain(given)
        if value is None or isinstance(value, Unknown) or name in {"start_date", "end_date"}:
            continue
        if not isinstance(value, kinds):
            wanted = " | ".join(kind.__name__ for kind in kinds)
            text = f"'{name}' has an invalid type <class '{type_name(value)}'>. Expected: {wanted}"
            fail(at, "TypeError", f"{text} (task {task.node.task_id!r})", code="GF203", argument=name)


def converted(name: str, value: Any, at: At, task: TaskValue | OperatorValue) -> Any:
    """VALUE as Airflow keeps it under NAME, at construction and on assignment alike."""
    if isinstance(value, Unknown):
        return value
    match name:
        case "trigger_rule":
            return _trigger_rule(value, at, task)
        case "retries":
            return _retries(value, at)
        case "retry_delay" | "max_retry_delay" if isinstance(value, int | float) and not isinstance(value, bool):
            return dt.timedelta(seconds=value)
    return value


def _trigger_rule(value: Any, at: At, task: TaskValue) -> Any:
    dialect = at.session.dialect
    rule = checked_trigger_rule(value, dialect)
    if rule is None:
        kind = f"{MODULE}.AirflowException" if dialect is Dialect.AIRFLOW2 else "ValueError"
        dag_id = task.dag.dag_id if task.dag is not None else ""
        text = (
            f"The trigger_rule must be one of {list(TRIGGER_RULES[dialect])},"
            f"'{dag_id}.{task.node.task_id}'; received '{plain(value)}'."
        )
        elsewhere = Dialect.AIRFLOW3 if dialect is Dialect.AIRFLOW2 else Dialect.AIRFLOW2
        only = elsewhere if checked_trigger_rule(value, elsewhere) is not None else None
        known = [str(rule) for rule in TRIGGER_RULES[dialect]]
        hint = did_you_mean(str(plain(value)), known)
        fail(at, kind, text, only=only, code="GF203", hint=hint, argument="trigger_rule")
    task.node.always = rule == "always"
    return rule


def check_fail_fast(task: TaskValue, at: At) -> None:
    """A fail-fast DAG takes no other trigger rule than the usual one."""
    dag = task.dag
    rule = task.attributes.get("trigger_rule")
    if dag is None or not isinstance(rule, str) or rule in _FAIL_FAST_RULES:
        return
    for name in ("fail_fast", "fail_stop"):
        if dag.attributes.get(name) is True:
            kind = f"{MODULE}.{'FailFast' if name == 'fail_fast' else 'FailStop'}DagInvalidTriggerRule"
            fail(at, kind, f"A '{name}' dag can only have all_success trigger rule", code="GF203")


def _retries(value: Any, at: At) -> Any:
    if value is None:
        return 0
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        airflow2 = at.session.dialect is Dialect.AIRFLOW2
        kind = f"{MODULE}.AirflowException" if airflow2 else "TypeError"
        fail(at, kind, f"'retries' type must be int, not {type_name(value)}", code="GF203", argument="retries")
