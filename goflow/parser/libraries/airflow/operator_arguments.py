"""How an operator's arguments come together: its author's call, default arguments, and what its classes take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from goflow.domain.diagnostics import Severity
from goflow.domain.errors import did_you_mean
from goflow.domain.spec import Dialect
from goflow.parser.interpreter.alternatives import whole
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.exceptions import shown
from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown
from goflow.parser.libraries.airflow.base_operators import base_operators
from goflow.parser.libraries.airflow.exceptions import MODULE, fail
from goflow.parser.libraries.airflow.import_paths import other
from goflow.parser.libraries.airflow.operator_models import REQUIRED, OperatorModel, Settling
from goflow.parser.libraries.airflow.params import ParamsValue, make_params
from goflow.parser.libraries.airflow.standard_operators import standard_operators
from goflow.parser.libraries.airflow.state import state_of

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.dag import DagValue
    from goflow.parser.libraries.airflow.groups import GroupValue
    from goflow.parser.libraries.airflow.operators import OperatorValue

_NEVER_DEFAULTED = {"task_id", "dag", "task_group", "params", "default_args"}
_ALWAYS_TAKEN = {"default_args"}


@dataclass(frozen=True, slots=True)
class Merged:
    """Where a task goes (DAG, GROUP), the default arguments that hold for it, and its own params."""

    dag: DagValue | None
    group: GroupValue | None
    default_args: dict[str, Any] | Unknown
    own_params: ParamsValue | None

    def passed_on(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """KWARGS as Airflow hands them on: with DAG, group and params, without default arguments."""
        found = {name: value for name, value in kwargs.items() if name not in {"default_args", "params"}}
        if self.dag is not None:
            found["dag"] = self.dag
        if self.group is not None:
            found["task_group"] = self.group
        if self.own_params is not None and self.own_params.params:
            found["params"] = self.own_params
        return found


def merged_defaults(kwargs: Mapping[str, Any], at: At) -> Merged:
    """Airflow's ``get_merged_defaults``: of the DAG, the group and the call's own ones, the last winning."""
    from goflow.parser.libraries.airflow.dag import DagValue
    from goflow.parser.libraries.airflow.groups import GroupValue
    from goflow.parser.libraries.airflow.unread import goes_anywhere

    state = state_of(at.session)
    dag = kwargs.get("dag")
    if dag is not None and not isinstance(dag, DagValue | Unknown):
        fail(at, "TypeError", f"Expected dag; received {type_name(dag)}", code="GF203")
    if isinstance(dag, Unknown):
        goes_anywhere(state, dag, at)
    if not isinstance(dag, DagValue):
        dag = state.current_dag()
    group = kwargs.get("task_group")
    lends = isinstance(group, GroupValue) or dag is not None  # Airflow 2 asks an open group for a place, not defaults
    if isinstance(group, Unknown) and dag is not None:
        dag.taint("a task's group", group, at)
    if not isinstance(group, GroupValue):
        group = state.current_group(dag) if dag is not None or state.airflow2 else None
    own = whole(kwargs.get("default_args"), at)
    layers = [
        whole(dag.default_args, at) if dag is not None else None,
        whole(group.default_args, at) if group is not None and lends else None,
        own,
    ]
    params = _own_params(whole(kwargs.get("params"), at), own, dag if isinstance(dag, DagValue) else None, at)
    for layer in layers:
        if isinstance(layer, Unknown):
            return Merged(dag, group, layer, params)
    together: dict[str, Any] = {}
    for layer in layers:
        if layer is not None and not isinstance(layer, dict):
            fail(at, "TypeError", "default_args must be a mapping", code="GF203")
        together.update(layer or {})
    return Merged(dag, group, together, params)


def _own_params(given: Any, default_args: Any, dag: DagValue | None, at: At) -> ParamsValue | None:
    if given is not None and not isinstance(given, dict | ParamsValue | Unknown):
        fail(at, "TypeError", f"params must be a mapping, got {type_name(given)}", code="GF203")
    params = make_params(at, given)
    more = whole(default_args.get("params"), at) if isinstance(default_args, dict) else None
    unknown = next((one for one in (given, more) if isinstance(one, Unknown)), None)
    if unknown is not None and dag is not None:
        dag.taint("which params a task has", unknown, at)
    elif more:
        params.update(more, at)
    return params


def fill_defaults(values: dict[str, Any], parameters: Iterable[str], merged: Merged) -> None:
    """Give VALUES the default arguments for those PARAMETERS that it does not have."""
    defaults = merged.default_args
    if isinstance(defaults, dict) and not defaults:
        return
    for name in parameters:
        if name in values or name in _NEVER_DEFAULTED:
            continue
        if isinstance(defaults, Unknown):
            values[name] = defaults
        elif name in defaults:
            values[name] = defaults[name]


Hook = Callable[["OperatorValue", dict[str, Any], Merged, At], None]


def no_hook(task: OperatorValue, values: dict[str, Any], merged: Merged, at: At) -> None:
    """Most classes do nothing to their arguments beforehand."""


@dataclass(frozen=True, slots=True)
class Flat:
    """The native classes of an operator class as one: what they take, and what they do with it."""

    models: tuple[OperatorModel, ...]
    parameters: Mapping[str, Any]
    defaults: Mapping[str, Any]
    required: tuple[str, ...]
    settles: tuple[Callable[[Settling], None], ...]
    hook: Hook = field(default=no_hook)

    @property
    def sealed(self) -> bool:
        """Whether every argument that it takes is known."""
        return all(model.sealed for model in self.models)

    def not_taken(self, names: Iterable[str]) -> list[str]:
        """Those of NAMES that are no arguments of it, as far as all of them are known."""
        if not self.sealed:
            return []
        return [name for name in names if name not in self.parameters and name not in _ALWAYS_TAKEN]

    def refuse_unknown_arguments(self, task: OperatorValue, values: Mapping[str, Any], at: At) -> None:
        """Airflow's error for arguments that no class takes; a warning where the class is a provider's."""
        wrong = self.not_taken(values)
        if not wrong:
            return
        hint = did_you_mean(wrong[0], self.parameters)
        if any(model.lenient for model in self.models):
            text = f"{task.cls.name} takes no argument {wrong[0]!r} in the version that GoFlow knows"
            place, task_id = at.argument(wrong[0]), str(values.get("task_id"))
            at.session.report("GF204", text, place, severity=Severity.WARNING, hint=hint, task_id=task_id)
            return
        dialect = at.session.dialect
        elsewhere = parameters_of([model.path for model in self.models], other(dialect))
        only = other(dialect) if all(name in elsewhere for name in wrong) else None
        shown = ", ".join(f"{name!r}: {_shown(values[name])}" for name in wrong)
        text = (
            f"Invalid arguments were passed to {task.cls.name} (task_id: {values.get('task_id')}). "
            f"Invalid arguments were:\n**kwargs: {{{shown}}}"
        )
        kind = f"{MODULE}.AirflowException" if dialect is Dialect.AIRFLOW2 else "TypeError"
        fail(at, kind, text, only=only, code="GF204", hint=hint, argument=wrong[0])


def _shown(value: Any) -> str:
    plain = value is None or isinstance(value, str | int | float | bool)
    return shown(value) if plain else f"<{type_name(value)}>"


def flat_of(cls: ClassValue, session: Session) -> Flat:
    """The native side of CLS, found once per class."""
    known = cls.data.get("flat")
    if known is None:
        known = cls.data["flat"] = _flatten([base.data["model"] for base in cls.mro if "model" in base.data])
    assert isinstance(known, Flat)
    return known


def _flatten(models: list[OperatorModel]) -> Flat:
    """MODELS come nearest first."""
    parameters: dict[str, Any] = {}
    settles: list[Callable[[Settling], None]] = []
    hook: Hook = no_hook
    for model in reversed(models):
        parameters.update(model.parameters)
        if model.settle is not None:
            settles.append(model.settle)
        if model.hook is not None:
            hook = model.hook
    return Flat(
        models=tuple(models),
        parameters=parameters,
        defaults={name: value for name, value in parameters.items() if value is not REQUIRED},
        required=tuple(name for name, value in parameters.items() if value is REQUIRED),
        settles=tuple(settles),
        hook=hook,
    )


def parameters_of(paths: Iterable[str], dialect: Dialect) -> set[str]:
    """The arguments that the classes of those PATHS take under DIALECT, as far as they are Airflow's own."""
    tables = (base_operators(dialect), standard_operators(dialect))
    return {name for path in paths for table in tables if path in table for name in table[path].parameters}
