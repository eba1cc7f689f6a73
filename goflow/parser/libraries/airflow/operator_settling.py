"""What the ``__init__`` of the standard operators does with its arguments: defaults, shapes, refusals.

One function per class that does more than keep its arguments; `standard_operators` names them.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from goflow.domain.spec import Dialect
from goflow.parser.libraries.airflow.enums import DAG_RUN_STATES, TASK_STATES, plain
from goflow.parser.libraries.airflow.operator_models import Settling


def bash(task: Settling) -> None:
    values = task.values
    if values.pop("skip_exit_code", None) is not None and task.known("skip_exit_code"):
        values["skip_on_exit_code"] = values["skip_exit_code"]
    _exit_codes(task)


def _exit_codes(task: Settling) -> None:
    codes = task.values.get("skip_on_exit_code")
    if codes is None:
        task.values["skip_on_exit_code"] = []
    elif isinstance(codes, int):
        task.values["skip_on_exit_code"] = [codes]


def python(task: Settling) -> None:
    values = task.values
    values.pop("provide_context", None)
    if not task.is_callable(values["python_callable"]):
        task.fail("airflow.exceptions.AirflowException", "`python_callable` param must be callable")
    _empty_instead_of_none(values, op_args=(), op_kwargs={})
    if task.known("templates_exts") and values.get("templates_exts"):
        values["template_ext"] = values["templates_exts"]


def virtualenv_base(task: Settling) -> None:
    values = task.values
    if values.pop("use_dill", False):
        values["serializer"] = "dill"
    if not task.is_function(values["python_callable"]):
        task.fail("ValueError", "only functions are supported for the python_callable argument")
    if task.known("serializer"):
        values["serializer"] = values["serializer"] or "pickle"
        if values["serializer"] not in {"pickle", "cloudpickle", "dill"}:
            task.fail(
                "airflow.exceptions.AirflowException",
                f"Unsupported serializer {values['serializer']!r}. Expected one of 'pickle', 'dill', 'cloudpickle'",
            )
    _empty_instead_of_none(values, string_args=[])
    _exit_codes(task)


def virtualenv(task: Settling) -> None:
    values = task.values
    if task.known("requirements"):
        given = values["requirements"]
        values["requirements"] = [given] if isinstance(given, str) and given else list(given or [])
    for name in ("index_urls", "index_urls_from_connection_ids"):
        if name in values and task.known(name):
            given = values[name]
            is_many = isinstance(given, list | tuple | set | frozenset | dict)
            values[name] = [given] if isinstance(given, str) else list(given) if is_many else None


def external_python(task: Settling) -> None:
    if task.known("python") and not task.values["python"]:
        task.fail("ValueError", "Python Path must be defined in ExternalPythonOperator")


def branch_datetime(task: Settling) -> None:
    if task.values["target_lower"] is None and task.values["target_upper"] is None:
        task.fail(
            "airflow.exceptions.AirflowException",
            "Both target_upper and target_lower are None. At least one "
            "must be defined to be compared to the current datetime",
        )


def trigger_dagrun(task: Settling) -> None:
    values = task.values
    date = values.pop("execution_date", None)
    if date is not None:
        values["logical_date"] = date
    _empty_instead_of_none(values, allowed_states=["success"])
    if values["failed_states"] is None:
        values["failed_states"] = ["failed"]


def hitl(task: Settling) -> None:
    values = task.values
    if task.known("options") and not values["options"]:
        task.fail("ValueError", '"options" cannot be empty.')
    defaults = values.get("defaults")
    if isinstance(defaults, str):
        values["defaults"] = defaults = [defaults]
    if task.known("options", "defaults") and defaults is not None:
        if not set(defaults) <= set(values["options"]):
            wanted = f'defaults "{defaults}" should be a subset of options "{values["options"]}"'
            task.fail("ValueError", wanted)
        if values["multiple"] is False and len(defaults) > 1:
            task.fail("ValueError", 'More than one defaults given when "multiple" is set to False.')


def approval(task: Any, values: dict[str, Any], merged: Any, at: Any) -> None:
    """ApprovalOperator decides for itself between which two options."""
    values.update(options=["Approve", "Reject"], multiple=False)


def hitl_entry(task: Any, values: dict[str, Any], merged: Any, at: Any) -> None:
    """HITLEntryOperator has one button where it is given none."""
    if "options" not in values:
        values["options"] = ["OK"]
        values.setdefault("defaults", ["OK"])


def email2(task: Settling) -> None:
    _empty_instead_of_none(task.values, files=[])


def external_task_sensor(task: Settling) -> None:
    values = task.values
    _empty_instead_of_none(values, allowed_states=["success"], skipped_states=[], failed_states=[])
    if not task.known("external_task_id", "external_task_ids", "external_task_group_id"):
        return
    ids = values["external_task_ids"] or None
    if values["external_task_id"] is not None:
        if ids is not None:
            task.fail("ValueError", _ONLY_ONE_ID.format("external_task_id"))
        ids = [values["external_task_id"]]
    if values["external_task_group_id"] is not None and ids is not None:
        task.fail("ValueError", _ONLY_ONE_ID.format("external_task_group_id"))
    values["external_task_ids"] = ids
    _check_states(task, about_tasks=ids is not None or values["external_task_group_id"] is not None)
    if values["execution_delta"] is not None and values["execution_date_fn"] is not None:
        wanted = "Only one of `execution_delta` or `execution_date_fn` may be provided to ExternalTaskSensor; not both."
        task.fail("ValueError", wanted)


def _check_states(task: Settling, about_tasks: bool) -> None:
    """The states that a sensor waits for have to exist, each named once."""
    names = ("allowed_states", "skipped_states", "failed_states")
    if not task.known(*names):
        return
    states = [plain(state) for name in names for state in task.values[name]]
    if len(states) != len(set(states)):
        text = "Duplicate values provided across allowed_states, skipped_states and failed_states."
        task.fail("airflow.exceptions.AirflowException", text)
    valid = TASK_STATES if about_tasks else DAG_RUN_STATES
    if not set(states) <= {*valid, None}:
        what = "`external_task_id` or `external_task_ids` or `external_task_group_id`"
        text = f"Valid values for `allowed_states`, `skipped_states` and `failed_states` when {what} is "
        task.fail("ValueError", f"{text}{'not ' * about_tasks}`None`: {sorted(valid)}")


_ONLY_ONE_ID = "Only one of `{}` or `external_task_ids` may be provided to ExternalTaskSensor."


def external_task_marker(task: Settling) -> None:
    name = "logical_date" if task.dialect is Dialect.AIRFLOW3 else "execution_date"
    value = task.values[name]
    if isinstance(value, dt.datetime):
        task.values[name] = value.isoformat()


def datetime_sensor(task: Settling) -> None:
    value = task.values["target_time"]
    if isinstance(value, dt.datetime):
        task.values["target_time"] = value.isoformat()


def deferrable(task: Settling) -> None:
    task.values["deferrable"] = True


def _empty_instead_of_none(values: dict[str, Any], **defaults: Any) -> None:
    """Airflow's ``self.name = name or default``."""
    for name, default in defaults.items():
        value = values.get(name)
        if value is None or (isinstance(value, list | tuple | dict | set | str) and not value):
            values[name] = default


def identity(result: Any) -> Any:
    """BashOperator's default for ``output_processor``."""
    return result


def python_sensor(task: Settling) -> None:
    _empty_instead_of_none(task.values, op_args=[], op_kwargs={})
