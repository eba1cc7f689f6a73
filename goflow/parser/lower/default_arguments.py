"""``default_args`` with names that nobody takes: Airflow passes over them without a word, and so hides mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import libcst as cst

from goflow.domain.diagnostics import Severity
from goflow.domain.errors import did_you_mean
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At
from goflow.parser.libraries.airflow.base_operators import base_parameters
from goflow.parser.libraries.airflow.dag import DagValue
from goflow.parser.libraries.airflow.dag_arguments import parameters
from goflow.parser.libraries.airflow.groups import GroupValue
from goflow.parser.libraries.airflow.mapping import MappedTask
from goflow.parser.libraries.airflow.operator_arguments import flat_of

NEAR = 0.8
"""So much alike a name has to be for a mistake: operators of one's own may take any."""


def tell_of_default_args(session: Session, dag: DagValue) -> None:
    """A warning for each key that no task takes and that looks like an argument of tasks, or is one of the DAG."""
    holders: list[tuple[At, Any]] = [(dag.described_at, dag.attributes.get("default_args"))]
    holders += [(group.at, group.attributes.get("default_args")) for group in _groups(dag)]
    known = base_parameters(session.dialect)
    strange = [
        (at, name)
        for at, given in holders
        if isinstance(given, Mapping)
        for name in given
        if isinstance(name, str) and name not in known and name != "params"
    ]
    taken = _taken(session, dag) if strange else None
    if taken is None:
        return
    for at, name in strange:
        if name in taken or any(name in told.message for told in session.diagnostics if told.code != "GF204"):
            continue  # other formats tell of their own names
        near = did_you_mean(name, known, nearness=NEAR)
        if name in parameters(session.dialect):
            words = f"{name} is an argument of the DAG: in default_args it does nothing"
            _tell(session, at, name, words, f"give it to DAG(...): {name}=...")
        elif near:
            _tell(session, at, name, f"no task takes {name!r}: in default_args it does nothing", near)


def _tell(session: Session, at: At, name: str, words: str, hint: str) -> None:
    session.report("GF204", words, _place(at, name), severity=Severity.WARNING, hint=hint)


def _groups(dag: DagValue) -> Iterator[GroupValue]:
    for group in dag.graph.root.groups():
        if isinstance(group.value, GroupValue) and group.value is not dag.root_group:
            yield group.value


def _taken(session: Session, dag: DagValue) -> set[str] | None:
    """The arguments that the DAG's tasks take; None where a class takes what is not known."""
    found: set[str] = set()
    for task in dag.graph.tasks.values():
        value = task.value
        operator = value.operator if isinstance(value, MappedTask) else value.cls
        flat = flat_of(operator, session)
        if not flat.sealed:
            return None
        found.update(flat.parameters)
        for cls in operator.mro:
            init = cls.attributes.get("__init__")
            if isinstance(init, UserFunction):
                found.update(parameter.name for parameter in init.parameters)
    return found


def _place(at: At, name: str) -> At:
    """Where the key NAME stands in the file of AT, in whatever dict is the first; the argument ``default_args`` where
    the dict is made elsewhere."""
    known = at.session.library.setdefault("keys of dicts", {})
    path = at.module.path
    if path not in known:  # once for a file: it may make very many DAGs
        known[path] = _keys_in(at.module.tree)
    node = known[path].get(name)
    return at.argument("default_args") if node is None else At(at.session, at.module, node)


def _keys_in(tree: cst.CSTNode | None) -> dict[str, cst.CSTNode]:
    """The texts that are keys of dicts in TREE, each where it stands first."""
    found: dict[str, cst.CSTNode] = {}
    todo = [tree] if tree is not None else []
    while todo:
        node = todo.pop()
        match node:
            case cst.DictElement(key=cst.SimpleString(evaluated_value=str(text)) as key):
                found.setdefault(text, key)
        todo.extend(reversed(node.children))
    return found
