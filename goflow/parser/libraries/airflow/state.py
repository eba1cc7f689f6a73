"""What reading one file has in common for the models of Airflow: open DAGs and groups, and the DAGs that were made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from goflow.domain.spec import Dialect
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.airflow.keys import GraphError
from goflow.parser.libraries.airflow.setup_teardown import SetupTeardown

if TYPE_CHECKING:
    import libcst as cst

    from goflow.parser.interpreter.scopes import Scope
    from goflow.parser.libraries.airflow.dag import DagValue
    from goflow.parser.libraries.airflow.groups import GroupValue

_KEY = "airflow"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Taint:
    """Something that the scheduler plans with and that is not known: WHAT, why, where, and for which task."""

    what: str
    reason: str
    at: At
    task_id: str | None = None


@dataclass
class AirflowState:
    """The Airflow side of one session.

    MADE are all DAG objects in the order of their making, REGISTERED those that a ``with`` block (or ``@dag``) closed.
    CLASSES are the native classes that the file has asked for, by canonical path.
    """

    session: Session
    made: list[DagValue] = field(default_factory=list)
    registered: list[DagValue] = field(default_factory=list)
    open_dags: list[DagValue] = field(default_factory=list)
    open_groups: list[GroupValue] = field(default_factory=list)
    scope: SetupTeardown = field(default_factory=SetupTeardown)
    classes: dict[str, ClassValue] = field(default_factory=dict)
    singletons: dict[str, Any] = field(default_factory=dict)
    first_unread: tuple[str, Unknown, At] | None = None
    """The first call that the file itself makes, outside of every DAG, of something that is not read."""

    @property
    def dialect(self) -> Dialect:
        """Whose rules hold."""
        return self.session.dialect

    @property
    def airflow2(self) -> bool:
        """Whether Airflow 2's rules hold."""
        return self.session.dialect is Dialect.AIRFLOW2

    def current_dag(self) -> DagValue | None:
        """The DAG of the innermost ``with`` block."""
        return self.open_dags[-1] if self.open_dags else None

    def current_group(self, dag: DagValue | None) -> GroupValue | None:
        """The group of the innermost ``with`` block, else the root group of DAG or of the current DAG."""
        if self.open_groups:
            return self.open_groups[-1]
        dag = dag or self.current_dag()
        return None if dag is None else dag.root_group

    def unknown_called(self, unknown: Unknown, args: Arguments, kwargs: Keywords, at: At) -> Unknown:
        """Something that is not read was called: it may have made tasks or DAGs. Gives what it gives."""
        from goflow.parser.libraries.airflow.unread import unread_call

        return unread_call(self, unknown, args, kwargs, at)

    def unknown_entered(self, unknown: Unknown, body: cst.CSTNode, scope: Scope, at: At) -> None:
        """The BODY of a ``with`` block of something that is not known is about to be run."""
        from goflow.parser.libraries.airflow.unread import unread_block

        unread_block(self, unknown, body, scope, at)

    def unknown_shifted(self, unknown: Unknown, other: Any, at: At) -> None:
        """``>>`` or ``<<`` between two things of which one is not known and the other is no task that would tell."""
        from goflow.parser.libraries.airflow.unread import unread_edge

        unread_edge(self, unknown, other, at)

    def singleton(self, key: str, make: Callable[[], T]) -> T:
        """The one object of this session called KEY, made when it is first asked for."""
        if key not in self.singletons:
            self.singletons[key] = make()
        return cast(T, self.singletons[key])


def state_of(session: Session) -> AirflowState:
    """The Airflow side of SESSION."""
    state = session.library.get(_KEY)
    if state is None:
        state = session.library[_KEY] = AirflowState(session)
        session.library["unknown_called"] = state.unknown_called
        session.library["unknown_entered"] = state.unknown_entered
        session.library["unknown_shifted"] = state.unknown_shifted
    assert isinstance(state, AirflowState)
    return state


def refuse(at: At, problem: GraphError) -> NoReturn:
    """Raise what the graph refuses as the exception that the file would see."""
    place = at.argument("dag_id", "task_id", "group_id") if problem.code in {"GF202", "GF205"} else at
    fail(place, problem.kind, problem.message, code=problem.code, hint=problem.hint)


def native(name: str, function: Callable[..., Any]) -> NativeFunction:
    """FUNCTION ``(at, *args, **kwargs)`` as a function or method of the file's world, Unknown arguments let through.

    What the graph refuses becomes the file's exception.
    """

    def guarded(at: At, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return function(at, *args, **kwargs)
        except GraphError as problem:
            refuse(at, problem)

    guarded.__name__, guarded.__doc__ = getattr(function, "__name__", name), function.__doc__
    return NativeFunction(name, guarded, takes_unknown=True)


def taint_if_undecided(dag: DagValue | None, what: str, at: At) -> None:
    """Note that DAG is being changed inside an undecided ``if`` or loop, where that is so."""
    unknown = at.session.undecided
    if unknown is not None and dag is not None:
        dag.taint(what, unknown, at)


def unknown(reason: str, at: At) -> Unknown:
    """An Unknown with that REASON (words that follow *depends on*)."""
    return Unknown(reason, at)
