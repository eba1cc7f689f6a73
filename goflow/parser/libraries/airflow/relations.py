"""``>>``, ``<<``, ``set_upstream``, ``chain`` and their kin on evaluated values, over `goflow...airflow.graph`."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.values import At, Unknown, raised
from goflow.parser.libraries.airflow.edges import Dependency, Label
from goflow.parser.libraries.airflow.keys import GraphError
from goflow.parser.libraries.airflow.state import native, refuse, state_of, taint_if_undecided

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.dag import DagValue


class Dependable(Instance):
    """A value that can stand beside ``>>``: a task, a mapped task, a group, an XComArg or a label."""

    def dependency(self) -> Dependency:
        """What it is in the graph."""
        raise NotImplementedError

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """``self >> other`` gives OTHER, ``[others] >> self`` gives SELF."""
        if operator not in {">>", "<<"}:
            return super().binary(operator, other, at, reflected=reflected)
        connect(self, other, at, upstream=(operator == "<<") != reflected)
        return self if reflected else other


def connect(value: Dependable, others: Any, at: At, *, upstream: bool, label: Any = None) -> None:
    """Put OTHERS (one or a list) upstream or downstream of VALUE."""
    node = value.dependency()
    dag = dag_of(node)
    taint_if_undecided(dag, "an edge", at)
    related = dependencies(others, at, dag)
    for other in related:
        if dag is None and (dag := dag_of(other)) is not None:
            taint_if_undecided(dag, "an edge", at)
    mark = label.label if isinstance(label, LabelValue) else None
    try:
        if upstream:
            node.set_upstream(related, mark)
        else:
            node.set_downstream(related, mark)
    except GraphError as problem:
        refuse(at, problem)


def dependencies(values: Any, at: At, dag: DagValue | None) -> list[Dependency]:
    """The graph's side of one value or a list of them. An Unknown among them taints DAG, and is left out."""
    if not isinstance(values, list | tuple):
        values = [values]
    found: list[Dependency] = []
    for value in values:
        if isinstance(value, Dependable):
            found.append(value.dependency())
        elif isinstance(value, Unknown):
            victim = dag or state_of(at.session).current_dag()
            if victim is not None:
                victim.taint("an edge", value, at)
        else:
            raised(at, "AttributeError", f"'{type_name(value)}' object has no attribute 'update_relative'")
    return found


def dag_of(node: Dependency) -> DagValue | None:
    """The DAG that NODE belongs to; None where it has none yet."""
    for task in (node, *_tasks_of(node)):
        dag = getattr(task, "dag", None)
        if dag is not None:
            value: DagValue = dag.value
            return value
    return None


def _tasks_of(node: Dependency) -> Sequence[Any]:
    if isinstance(node, Label):
        return [*node.above, *node.below]
    return getattr(node, "tasks", ()) if not callable(getattr(node, "tasks", ())) else ()


# -- methods and functions of the file's world ------------------------------------------------------------------------


def _set_upstream(at: At, self: Dependable, task_or_task_list: Any, edge_modifier: Any = None) -> None:
    connect(self, task_or_task_list, at, upstream=True, label=edge_modifier)


def _set_downstream(at: At, self: Dependable, task_or_task_list: Any, edge_modifier: Any = None) -> None:
    connect(self, task_or_task_list, at, upstream=False, label=edge_modifier)


METHODS = {
    "set_upstream": native("set_upstream", _set_upstream),
    "set_downstream": native("set_downstream", _set_downstream),
}
"""What everything that can stand beside ``>>`` has."""


def _chain(at: At, *tasks: Any) -> None:
    for above, below in itertools.pairwise(tasks):
        if isinstance(above, Dependable):
            connect(above, below, at, upstream=False)
        elif isinstance(below, Dependable):
            connect(below, above, at, upstream=True)
        elif _taint_for_unknown((above, below), tasks, at):
            continue
        elif not isinstance(above, list | tuple) or not isinstance(below, list | tuple):
            kinds = f"<class '{type_name(above)}'> and <class '{type_name(below)}'>"
            raised(at, "TypeError", f"Chain not supported between instances of {kinds}")
        elif len(above) != len(below):
            lengths = f"Got {len(above)} and {len(below)}."
            raised(at, "ValueError", f"Chain not supported for different length Iterable. {lengths}")
        else:
            for one, other in zip(above, below, strict=True):
                _chain(at, one, other)


def _chain_linear(at: At, *tasks: Any) -> None:
    if not tasks:
        raised(at, "ValueError", "No tasks provided; nothing to do.")
    before = None
    connected = False
    for task in tasks:
        now = list(task) if isinstance(task, list | tuple) else [task]
        if before is not None and now and before:
            connected = True
            for above in before:
                if isinstance(above, Dependable):
                    connect(above, now, at, upstream=False)
                else:
                    _taint_for_unknown((above,), tasks, at)
        before = now or before
    if not connected:
        raised(at, "ValueError", "No dependencies were set. Did you forget to expand with `*`?")


def _cross_downstream(at: At, from_tasks: Any, to_tasks: Any) -> None:
    sources = elements(from_tasks, at)
    if isinstance(sources, Unknown):
        _taint_for_unknown((sources,), (to_tasks,), at)
        return
    for task in sources:
        if isinstance(task, Dependable):
            connect(task, to_tasks, at, upstream=False)
        elif not _taint_for_unknown((task,), (to_tasks,), at):
            raised(at, "AttributeError", f"'{type_name(task)}' object has no attribute 'set_downstream'")


def _taint_for_unknown(values: Sequence[Any], beside: Sequence[Any], at: At) -> bool:
    """Whether one of VALUES is Unknown; then the DAG of what stands BESIDE it (or the open one) is tainted."""
    unknown = next((value for value in values if isinstance(value, Unknown)), None)
    if unknown is None:
        return False
    flat = [inner for value in beside for inner in (value if isinstance(value, list | tuple) else [value])]
    dags = [dag_of(value.dependency()) for value in flat if isinstance(value, Dependable)]
    victim = next((dag for dag in dags if dag is not None), None) or state_of(at.session).current_dag()
    if victim is not None:
        victim.taint("an edge", unknown, at)
    return True


chain = native("chain", _chain)
chain_linear = native("chain_linear", _chain_linear)
cross_downstream = native("cross_downstream", _cross_downstream)


# -- labels -----------------------------------------------------------------------------------------------------------


class LabelValue(Dependable):
    """``Label("yes")``."""

    def __init__(self, cls: ClassValue, label: Any) -> None:
        super().__init__(cls, {"label": label})
        self.label = Label(label if isinstance(label, str) else None)

    def dependency(self) -> Dependency:
        """The label."""
        return self.label


def edge_modifier_class(session: Any) -> ClassValue:
    """``EdgeModifier``, which ``Label`` makes."""
    return state_of(session).singleton(
        "EdgeModifier",
        lambda: ClassValue(
            "EdgeModifier",
            (),
            dict(METHODS),
            module_name="airflow.sdk.definitions.edges",
            construct=lambda cls, args, kwargs, at: _label(at, *args, **kwargs),
        ),
    )


def _label(at: At, label: Any = None) -> LabelValue:
    return LabelValue(edge_modifier_class(at.session), label)


label_function = native("Label", _label)
