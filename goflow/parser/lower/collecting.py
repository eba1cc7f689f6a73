"""Which DAG objects of a file count, what Airflow would refuse about them, and their specs."""

from __future__ import annotations

from collections.abc import Iterable

from goflow.domain.diagnostics import Severity, Span
from goflow.domain.partitions import not_followed
from goflow.domain.spec import DagSpec
from goflow.parser.interpreter.modules import ModuleValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Raised
from goflow.parser.libraries.airflow.dag import DagValue
from goflow.parser.libraries.airflow.dag_arguments import SCHEDULE_ARGUMENTS
from goflow.parser.libraries.airflow.keys import GraphError
from goflow.parser.libraries.airflow.schedules import BadSchedule
from goflow.parser.libraries.airflow.standard_models import SUB_DAG_OPERATOR
from goflow.parser.libraries.airflow.state import Taint, state_of
from goflow.parser.libraries.airflow.unread import tell_of_no_dags
from goflow.parser.lower.dags import LoweredDag
from goflow.parser.lower.default_arguments import tell_of_default_args
from goflow.parser.lower.encoding import class_path
from goflow.parser.lower.wording import depends, way_out


def collect(session: Session, module: ModuleValue) -> list[DagSpec]:
    """The DAGs of the file as Airflow's DagBag finds them; diagnostics are added to SESSION.

    A DAG counts when a ``with`` block (or ``@dag``) registered it, or when it is a global of the module. One that
    cannot be taken is left out, with a diagnostic of its own; the others come out.
    """
    found: dict[str, DagSpec] = {}
    for dag in dags_of(session, module):
        spec = _lowered(session, dag)
        if spec is None:
            continue
        before = found.get(spec.dag_id)
        if before is not None and before.digest() != spec.digest():
            text = f"the file makes more than one DAG with the id {spec.dag_id!r}; the last of them is taken"
            hint = "Airflow takes one of them by chance: give each an id of its own"
            session.report("GF007", text, dag.at, severity=Severity.WARNING, hint=hint, dag_id=spec.dag_id)
        found[spec.dag_id] = spec
    _tell_of_others(session, module)
    return list(found.values())


def dags_of(session: Session, module: ModuleValue) -> Iterable[DagValue]:
    """Every DAG object that counts, in the order of their making, subDAGs after their parents."""
    state = state_of(session)
    top = {id(value) for value in module.names.values() if isinstance(value, DagValue)}
    top |= {id(dag) for dag in state.registered}
    counted = [dag for dag in state.made if id(dag) in top]
    for dag in list(counted):
        counted += [inner for inner in _subdags(dag) if inner not in counted]
    return counted


def _tell_of_others(session: Session, module: ModuleValue) -> None:
    """Say which DAG objects do not count here although something that is not read has got hold of them, and what may
    make DAGs where the file shows none."""
    if not state_of(session).made:
        tell_of_no_dags(state_of(session))
    counted = {id(dag) for dag in dags_of(session, module)}
    for dag in state_of(session).made:
        taint = dag.taints[0] if dag.taints else dag.chance
        if id(dag) not in counted and taint is not None:
            text = f"the DAG {dag.dag_id!r} is no global of the file; {taint.what} depends on {taint.reason}"
            session.report("GF103", text, taint.at, severity=Severity.WARNING)


def _subdags(dag: DagValue) -> list[DagValue]:
    """The DAGs of Airflow 2's SubDagOperators, at any depth."""
    found: list[DagValue] = []
    for task in dag.graph.tasks.values():
        inner = task.value.attributes.get("subdag")
        if isinstance(inner, DagValue) and class_path(task.value.cls) == SUB_DAG_OPERATOR:
            found += [inner, *_subdags(inner)]
    return found


def _lowered(session: Session, dag: DagValue) -> DagSpec | None:
    """The spec of DAG; None, and a diagnostic on it alone, where it cannot be taken."""
    dag.taint_changes()
    try:
        if not dag.taints:  # what only one of two arms does would look wrong here
            _check(session, dag)
        spec = LoweredDag(session, dag).spec()
    except _RefusedError:
        return None
    except Raised as problem:
        session.report("GF004", problem.message, problem.at, dag_id=dag.dag_id)
        return None
    except GraphError as problem:
        session.report(problem.code or "GF203", problem.message, dag.at, dag_id=dag.dag_id)
        return None
    if not dag.taints:
        _note_places(session, dag)
        _warn_of_schedule(session, dag, spec)
        tell_of_default_args(session, dag)
        return spec
    alike: dict[tuple[str, Span], list[Taint]] = {}
    for taint in dag.taints:
        alike.setdefault((taint.reason, taint.at.span), []).append(taint)
    for (reason, _), taints in alike.items():
        ids = {taint.task_id for taint in taints}
        session.report(
            "GF101",
            depends([taint.what for taint in taints], reason),
            taints[0].at,
            hint=way_out(reason),
            dag_id=dag.dag_id,
            task_id=ids.pop() if len(ids) == 1 else None,
        )
    return None


def _note_places(session: Session, dag: DagValue) -> None:
    """Remember which lines of the DAG's spec are those of other files."""
    places = {"": dag.at, **{task_id: task.value.at for task_id, task in dag.graph.tasks.items()}}
    for task_id, at in places.items():
        if at.module.path != session.main.path:
            session.described_in[dag.dag_id, task_id] = at.module.path


def _warn_of_schedule(session: Session, dag: DagValue, spec: DagSpec) -> None:
    """Say so where DAG's schedule is understood and does not start runs yet, at the argument that gives it."""
    problem = not_followed(spec.schedule)
    if problem is None:
        return
    place = dag.described_at.argument(*SCHEDULE_ARGUMENTS)
    session.report("GF302", problem, place, severity=Severity.WARNING, dag_id=dag.dag_id)


class _RefusedError(Exception):
    """Airflow would refuse the DAG when it is bagged; the diagnostic is written."""


def _check(session: Session, dag: DagValue) -> None:
    """What Airflow checks when a DAG is bagged: cycles, the timetable, setups and teardowns."""
    circle = dag.graph.cycle()
    if circle:
        faulty = circle[-1]
        text = f"Cycle detected in Dag: {dag.dag_id}. Faulty task: {faulty}"
        at = dag.graph.tasks[faulty].value.at
        hint = f"these tasks wait for each other: {' >> '.join([*circle, circle[0]])}"
        session.report("GF201", text, at, hint=hint, dag_id=dag.dag_id, task_id=faulty)
        raise _RefusedError
    try:
        dag.timetable.validate()
    except BadSchedule as problem:
        session.report("GF206", str(problem), dag.at, dag_id=dag.dag_id)
        raise _RefusedError from None
    for task in dag.graph.tasks.values():
        for below in task.downstream_tasks() if task.setup else ():
            rule = below.value.attributes.get("trigger_rule", "all_success")
            if not below.teardown and rule != "all_success" and isinstance(rule, str):
                text = "Setup tasks must be followed with trigger rule ALL_SUCCESS."
                session.report(
                    "GF203", text, below.value.at, dag_id=dag.dag_id, task_id=below.task_id, severity=Severity.ERROR
                )
                raise _RefusedError
