"""The operator classes that TaskFlow's decorators make: ``_PythonDecoratedOperator`` and its kin."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from goflow.domain.spec import Dialect
from goflow.parser.interpreter.values import At, Unknown
from goflow.parser.libraries.airflow.opaque import NOT_SET, SET_DURING_EXECUTION
from goflow.parser.libraries.airflow.operator_models import DECORATED_OPERATOR, REQUIRED, OperatorModel, Settling
from goflow.parser.libraries.airflow.signatures import check_call, parameters_of
from goflow.parser.libraries.airflow.standard_operators import standard_operators

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.operator_arguments import Merged
    from goflow.parser.libraries.airflow.operators import OperatorValue

_PLACE = "airflow.providers.standard.decorators"
_OPERATORS = "airflow.providers.standard.operators"
PYTHON = f"{_PLACE}.python._PythonDecoratedOperator"
ASSET_MAIN = "airflow.sdk.definitions.asset.decorators._AssetMainOperator"
SENSOR = f"{_PLACE}.sensor.DecoratedSensorOperator"

STANDARD_DECORATORS: Mapping[str, str] = {
    "python": PYTHON,
    "bash": f"{_PLACE}.bash._BashDecoratedOperator",
    "branch": f"{_PLACE}.branch_python._BranchPythonDecoratedOperator",
    "branch_virtualenv": f"{_PLACE}.branch_virtualenv._BranchPythonVirtualenvDecoratedOperator",
    "branch_external_python": f"{_PLACE}.branch_external_python._BranchExternalPythonDecoratedOperator",
    "external_python": f"{_PLACE}.external_python._PythonExternalDecoratedOperator",
    "virtualenv": f"{_PLACE}.python_virtualenv._PythonVirtualenvDecoratedOperator",
    "sensor": SENSOR,
    "short_circuit": f"{_PLACE}.short_circuit._ShortCircuitDecoratedOperator",
    "stub": f"{_PLACE}.stub._StubOperator",
}
"""``@task.NAME`` to the canonical path of the class it makes."""


_FILLED_IN: Mapping[str, tuple[str, ...]] = {
    "@task.pyspark": ("spark", "sc"),
    "@task.snowpark": ("session",),
}
"""Parameters of the function that the task itself fills in, by the decorator's name (the providers' ``__init__``)."""


@functools.cache
def decorated_operators(dialect: Dialect) -> Mapping[str, OperatorModel]:
    """Canonical path to model of the classes that the decorators of Airflow's own provider make."""
    python = f"{_OPERATORS}.python"
    over = functools.partial(_over, dialect)
    found = (
        OperatorModel(
            path=DECORATED_OPERATOR,
            parameters={"python_callable": REQUIRED, "op_args": None, "op_kwargs": None, "kwargs_to_upstream": None},
            template_fields=("op_args", "op_kwargs"),
            hook=_decorate,
            settle=_arguments,
        ),
        over(PYTHON, f"{python}.PythonOperator", "@task", DECORATED_OPERATOR),
        over(STANDARD_DECORATORS["branch"], f"{python}.BranchPythonOperator", "@task.branch", PYTHON),
        over(STANDARD_DECORATORS["short_circuit"], f"{python}.ShortCircuitOperator", "@task.short_circuit", PYTHON),
        over(STANDARD_DECORATORS["virtualenv"], f"{python}.PythonVirtualenvOperator", "@task.virtualenv", PYTHON),
        over(
            STANDARD_DECORATORS["external_python"], f"{python}.ExternalPythonOperator", "@task.external_python", PYTHON
        ),
        over(
            STANDARD_DECORATORS["branch_virtualenv"],
            f"{python}.BranchPythonVirtualenvOperator",
            "@task.branch_virtualenv",
            PYTHON,
        ),
        over(
            STANDARD_DECORATORS["branch_external_python"],
            f"{python}.BranchExternalPythonOperator",
            "@task.branch_external_python",
            PYTHON,
        ),
        OperatorModel(
            path=STANDARD_DECORATORS["bash"],
            bases=(DECORATED_OPERATOR, f"{_OPERATORS}.bash.BashOperator"),
            parameters={"bash_command": NOT_SET if dialect is Dialect.AIRFLOW2 else SET_DURING_EXECUTION},
            template_fields=("op_args", "op_kwargs", "bash_command", "env", "cwd"),
            settle=_bash if dialect is Dialect.AIRFLOW2 else None,
            custom_name="@task.bash",
        ),
        OperatorModel(
            path=SENSOR,
            bases=("airflow.providers.standard.sensors.python.PythonSensor",),
            template_fields=("op_args", "op_kwargs"),
            hook=_number,
            custom_name="@task.sensor",
        ),
        OperatorModel(path=STANDARD_DECORATORS["stub"], bases=(DECORATED_OPERATOR,), custom_name="@task.stub"),
        OperatorModel(
            path=ASSET_MAIN,
            bases=(f"{python}.PythonOperator",),
            parameters={"definition_name": REQUIRED, "uri": None},
        ),
    )
    return {model.path: model for model in found}


def _over(dialect: Dialect, path: str, operator: str, name: str, decorated: str) -> OperatorModel:
    """The class that runs a decorated function as OPERATOR would."""
    fields = _fields_of(operator, standard_operators(dialect))
    return OperatorModel(path=path, bases=(decorated, operator), template_fields=fields, custom_name=name)


def _fields_of(path: str, models: Mapping[str, OperatorModel]) -> tuple[str, ...] | None:
    """The template fields that the class PATH has, its own or inherited."""
    model = models.get(path)
    if model is None or model.template_fields is not None:
        return None if model is None else model.template_fields
    found = (_fields_of(base, models) for base in model.bases)
    return next((fields for fields in found if fields is not None), None)


def _decorate(task: OperatorValue, values: dict[str, Any], merged: Merged, at: At) -> None:
    """What DecoratedOperator does first: number the id, take default arguments for the function, try the call."""
    _number(task, values, merged, at)
    function = values.get("python_callable")
    op_kwargs = values.get("op_kwargs")
    if isinstance(merged.default_args, dict) and isinstance(op_kwargs, dict | None):
        names = [parameter.name for parameter in parameters_of(function) or []]
        filled = {name: merged.default_args[name] for name in names if name in merged.default_args}
        values["op_kwargs"] = {**filled, **(op_kwargs or {})}
    op_args, op_kwargs = values.get("op_args"), values.get("op_kwargs")
    if isinstance(op_args, Unknown) or isinstance(op_kwargs, Unknown):
        return
    op_args, op_kwargs = op_args or [], op_kwargs or {}
    if isinstance(op_kwargs, dict):
        filled_in = _FILLED_IN.get(str(task.cls.lookup("custom_operator_name")), ())
        check_call(function, list(op_args), op_kwargs, at, filled_in=filled_in)


def _number(task: OperatorValue, values: dict[str, Any], merged: Merged, at: At) -> None:
    """Two TaskFlow tasks of one name get ``__1``, ``__2`` ..."""
    task_id = values.get("task_id")
    if isinstance(task_id, str) and merged.dag is not None:
        group = merged.group.node if merged.group is not None else None
        values["task_id"] = merged.dag.graph.unique_task_id(task_id, group)


def _arguments(task: Settling) -> None:
    for name, empty in (("op_args", []), ("op_kwargs", {})):
        given = task.values.get(name)
        task.values[name] = given if isinstance(given, Unknown) else given or empty


def _bash(task: Settling) -> None:
    task.values["multiple_outputs"] = False
