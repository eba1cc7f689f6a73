"""The first runs by a timetable class of the author's own, found by evaluating the class as everything in a file is.

For `goflow export` alone: no run begins by it. A scheduler that follows such a class asks the class itself, in a
process of its own (decision 8).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pendulum

from goflow.domain.canonical import Json
from goflow.domain.diagnostics import Severity
from goflow.domain.spec import DagSpec, Hole
from goflow.parser.api import Foresight
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.host import get_attribute
from goflow.parser.interpreter.plain_values import plain_host
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, first_unknown
from goflow.parser.libraries.airflow.dag import DagValue
from goflow.parser.libraries.airflow.dialects import OtherDialectError
from goflow.parser.libraries.airflow.run_infos import time_restriction_class
from goflow.parser.libraries.airflow.schedules import Timetable
from goflow.parser.libraries.moments import MomentValue
from goflow.parser.lower.collecting import dags_of
from goflow.parser.lower.encoding import Encoder

Guarded = Callable[[Any, Callable[[], list[Any]]], list[Any]]
"""`goflow.parser.reading.guarded`."""


def foreseen(session: Session, foresight: Foresight, specs: list[DagSpec], guarded: Guarded) -> dict[str, Json]:
    """For each of SPECS with a timetable class of its author's own, its first runs: ``[[logical date, interval start,
    interval end, run after]]``, ISO, in UTC; or a hole that says why they are not known."""
    values = {dag.dag_id: dag for dag in dags_of(session, session.main)}
    found: dict[str, Json] = {}
    for spec in specs:
        dag = values.get(spec.dag_id)
        timetable = _own_timetable(dag) if dag is not None else None
        if dag is not None and timetable is not None:
            found[spec.dag_id] = _first_runs(_Asking(dag, timetable, spec, foresight), guarded)
    return found


def _own_timetable(dag: DagValue) -> Timetable | None:
    """The timetable that tells the moments of DAG's runs, where it is a class of the author's own."""
    timetable: Timetable = dag.timetable
    while timetable.time is not None:
        timetable = timetable.time
    return timetable if timetable.value is not None else None


def _first_runs(asking: _Asking, guarded: Guarded) -> Json:
    """What the class answers. Nothing that goes wrong in it is told of the file, whose reading is over."""
    session = asking.at.session
    before, session.diagnostics, session.left_early = session.diagnostics, [], None
    runs: list[list[Json]] = []

    def ask() -> list[Any]:
        runs.extend(asking.runs())
        return runs

    try:
        guarded(session.main, ask)
        faults = [fault for fault in session.diagnostics if fault.severity is Severity.ERROR]
    except OtherDialectError as problem:
        return _hole(f"{asking.name}, which fails with {problem}", asking.at.line)
    finally:
        session.diagnostics = before
    why = asking.unknown if session.left_early is None else session.left_early
    if why is not None:  # a loop that may have ended sooner would have given other moments
        return Encoder()(why)
    if faults:
        return _hole(f"{asking.name}: {faults[0].message}", faults[0].span.line)
    return list(runs)


def _hole(reason: str, line: int) -> Json:
    return Hole(f"depends on {reason}", line).to_json()


class _Asking:
    """Asks the TIMETABLE object of DAG for run after run. ``unknown`` is why there is no answer, if so."""

    def __init__(self, dag: DagValue, timetable: Timetable, spec: DagSpec, foresight: Foresight) -> None:
        self.timetable, self.spec, self.foresight = timetable, spec, foresight
        self.name = f"the timetable {timetable.name}"
        self.at: At = dag.at
        self.unknown: Unknown | None = None

    def runs(self) -> list[list[Json]]:
        """As though catchup were on, as the oracle's document has them; none without a start date."""
        restriction = self._restriction()
        found: list[list[Json]] = []
        last: Any = None
        while restriction is not None and len(found) < self.foresight.runs:
            arguments = {"last_automated_data_interval": last, "restriction": restriction}
            info = call(get_attribute(self.timetable.value, "next_dagrun_info", self.at), [], arguments, self.at)
            if info is None:
                break
            last = get_attribute(info, "data_interval", self.at)
            bounds = [None if last is None else get_attribute(last, name, self.at) for name in ("start", "end")]
            logical = get_attribute(info, "logical_date", self.at)
            found.append([self._moment(one) for one in (logical, *bounds, get_attribute(info, "run_after", self.at))])
            if last is None or self.unknown is not None:
                break
        return found

    def _restriction(self) -> Any:
        spec, now = self.spec, self.foresight.now
        starts = [
            moment.resolve(now) for moment in (spec.start_date, *(task.start_date for task in spec.tasks)) if moment
        ]
        if not starts:
            return None
        earliest = spec.start_date.resolve(now) if spec.start_date else min(starts)
        latest = spec.end_date.resolve(now) if spec.end_date else None
        given = [_pendulum(earliest), None if latest is None else _pendulum(latest), True]
        return time_restriction_class(self.at.session).call(given, {}, self.at)

    def _moment(self, value: Any) -> Json:
        """The moment VALUE, ISO, in UTC."""
        value = plain_host(value)
        if isinstance(value, MomentValue):
            value = value.moment.resolve(self.foresight.now)
        unknown = first_unknown((value,))
        if unknown is None and value is not None and not (isinstance(value, dt.datetime) and value.tzinfo):
            unknown = Unknown(f"{self.name}, which gives what is no moment with a zone", self.at)
        if unknown is not None:
            self.unknown = self.unknown or unknown
            return None
        return None if value is None else value.astimezone(dt.UTC).isoformat()


def _pendulum(moment: dt.datetime) -> pendulum.DateTime:
    return pendulum.instance(moment).in_timezone("UTC")
