"""``@dag``: functions that make a DAG when they are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst

from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown, Value
from goflow.parser.libraries.airflow.dag import DagValue, dag_class
from goflow.parser.libraries.airflow.exceptions import fail, told_at
from goflow.parser.libraries.airflow.params import make_dag_param
from goflow.parser.libraries.airflow.signatures import bound_arguments, doc_of, name_of
from goflow.parser.libraries.airflow.state import native, state_of


class DagFactory(Value):
    """A function decorated with ``@dag``, at AT; ARGS and KWARGS go to the DAG."""

    type_name = "function"
    makes = frozenset({"dags"})

    def __init__(self, function: Any, args: Sequence[Any], kwargs: dict[str, Any], at: At) -> None:
        self.at = at
        self.function = function
        self.args = list(args)
        self.kwargs = kwargs

    def get_attribute(self, name: str, at: At) -> Any:
        """The function's own."""
        if name == "__wrapped__" or not isinstance(self.function, Value):
            return self.function
        return self.function.get_attribute(name, at)

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Make the DAG: its arguments become DagParams inside."""
        bound = bound_arguments(self.function, args, kwargs, at)
        with told_at(self.at):
            dag = dag_class(at.session).call(*self._dag_arguments(), at)
        assert isinstance(dag, DagValue)
        dag.described_at = self.at
        dag.enter(at)
        try:
            doc = doc_of(self.function)
            if doc and not dag.attributes.get("doc_md"):
                dag.attributes["doc_md"] = doc
            inside = {name: make_dag_param(at, dag, name, value) for name, value in bound.items()}
            self.function.call([], inside, at)
        finally:
            state = state_of(at.session)
            if dag in state.open_dags:
                del state.open_dags[state.open_dags.index(dag) + 1 :]
            dag.leave(None, at)
        return dag

    def _dag_arguments(self) -> tuple[list[Any], dict[str, Any]]:
        args, kwargs = list(self.args), dict(self.kwargs)
        own = kwargs.pop("dag_id", args.pop(0) if args else None)
        if isinstance(own, str) and not own.strip():
            own = None
        return [name_of(self.function) if own is None else own, *args], kwargs


def _dag(at: At, *args: Any, **kwargs: Any) -> Any:
    decorates = bool(args) and isinstance(at.node, cst.Decorator)  # and is no call with an id that is not known
    if args and (decorates if isinstance(args[0], Unknown) else isinstance(args[0], Value) and args[0].callable):
        return DagFactory(args[0], [], dict(kwargs), at)

    def decorate(_: At, function: Any) -> Any:
        if not isinstance(function, Value) or not function.callable:
            fail(at, "AttributeError", "a @dag function has to be callable", code="GF203")
        return DagFactory(function, args, dict(kwargs), at)

    return native("dag", decorate)


dag: NativeFunction = native("dag", _dag)
