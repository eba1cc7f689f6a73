"""What follows from events: each that somebody may have to be told of becomes an alert, or ends what was one.

A decision is named after its event, so that it is made once however often the event is read. What a person marks is not
told: that person knows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Set
from typing import Protocol

from goflow.domain.alerts import SEVERITIES, Alert, AlertKind, MissedRuns
from goflow.domain.canonical import Json
from goflow.domain.runs import UNMAPPED, DagRun, Event, TaskInstance
from goflow.domain.state import TERMINAL_RUN_STATES, RunState, TaskState
from goflow.notify import mails
from goflow.notify.config import About
from goflow.notify.site import AlertSite
from goflow.notify.telling import Teller
from goflow.store import Tx, dags, events, import_errors, runs, tasks
from goflow.store import alerts as stored

MOST_TASKS_NAMED = 10
_MARKED = "marked"
_WRONG = frozenset({TaskState.FAILED.value, TaskState.UP_FOR_RETRY.value})


class MissedRunsOf(Protocol):
    """Who knows the schedules: which runs were due and have not begun."""

    def in_gap(self, tx: Tx, since: dt.datetime, until: dt.datetime, grace_s: float) -> Iterable[MissedRuns]:
        """While nobody was scheduling, from SINCE to UNTIL."""

    def overdue(self, tx: Tx, now: dt.datetime, since: dt.datetime, grace_s: float) -> Iterable[MissedRuns]:
        """Although somebody is scheduling SINCE then."""


class Decider:
    """Takes events, and has TELLER write what follows. SITE is what alerts say of this installation, MISSED_RUNS knows
    the schedules."""

    def __init__(self, teller: Teller, site: AlertSite, missed_runs: MissedRunsOf) -> None:
        self.teller = teller
        self.site = site
        self.missed_runs = missed_runs
        self.tx: Tx = teller.tx
        self._abouts: dict[str, About] = {}

    def take(self, found: Iterable[Event]) -> None:
        """Decide over FOUND, in order."""
        found = list(found)
        for event in found:
            HANDLERS[event.kind](self, event)
        mails.tell_slas(self.tx, self.site, [event for event in found if event.kind == events.SLA_MISSED])

    # runs and tasks

    def task_state(self, event: Event) -> None:
        """A task has failed, is tried again, or ends well."""
        to, name = event.data.get("to"), _task_name(event)
        if to == TaskState.SUCCESS.value:
            self._over(event, *ended_by(event))
            return
        if event.data.get("reason") == _MARKED:
            return
        kind = AlertKind.TASK_FAILED if to == TaskState.FAILED.value else AlertKind.RETRIED
        mails.tell_end(self.tx, self.site, event)
        if not self.teller.wants(kind):
            return
        instance = tasks.get(self.tx, number) if isinstance(number := event.data.get("ti"), int) else None
        why = self._why(instance, event.try_number or 0)
        tries = f" (try {event.try_number} of {instance.max_tries + 1})" if instance is not None else ""
        verb = "failed" if kind is AlertKind.TASK_FAILED else "is tried again"
        title = f"Task {name.replace('/', '.', 1)} {verb}{tries}"
        self._raise(event, kind, f"{kind.value}/{name}", title, why)

    def run_state(self, event: Event) -> None:
        """A run has failed or succeeded."""
        if event.data.get("to") == RunState.SUCCESS.value:
            self._over(event, *ended_by(event))
            return
        # No deadline of it can be met any more: that it is late is over, and nothing has recovered.
        self.teller.resolve(_lateness(event), event.at, str(event.seq), silently=True)
        if event.data.get("reason") != _MARKED and self.teller.wants(AlertKind.FAILED):
            problem = f"{AlertKind.FAILED.value}/{event.dag_id}"
            title = f"DAG {event.dag_id} failed: run {event.run_id}"
            self._raise(event, AlertKind.FAILED, problem, title, self._failures(event))

    def _failures(self, event: Event) -> str:
        """Which tasks of the run failed, and why."""
        run = runs.find(self.tx, str(event.dag_id), str(event.run_id))
        if run is None:
            return ""
        failed = [one for one in tasks.of_run(self.tx, run.id) if one.state is TaskState.FAILED]
        lines = [_dates(run)]
        for one in failed[:MOST_TASKS_NAMED]:
            index = "" if one.map_index == UNMAPPED else f"[{one.map_index}]"
            lines.append(f"{one.task_id}{index}: {self._why(one, one.try_number) or 'failed'}")
        if len(failed) > MOST_TASKS_NAMED:
            lines.append(f"and {len(failed) - MOST_TASKS_NAMED} more")
        reason = str(event.data.get("reason") or "")
        return "\n".join(line for line in (*lines, "" if failed else reason) if line)

    def _why(self, instance: TaskInstance | None, try_number: int) -> str:
        """Why that try failed, as its attempt says."""
        attempt = None if instance is None else tasks.attempt(self.tx, instance.id, try_number)
        return "" if attempt is None else (attempt.message or attempt.reason or "")

    # what is late

    def deadline_missed(self, event: Event) -> None:
        """A deadline of a run is over."""
        name = event.data.get("name") or event.data.get("reference")
        title = f"DAG {event.dag_id} is late: run {event.run_id} has missed its deadline {name}"
        text = f"It was to be done by {event.data.get('deadline_time')}"
        run = runs.find(self.tx, str(event.dag_id), str(event.run_id))
        is_over = run is None or run.state in TERMINAL_RUN_STATES  # it has failed before: nothing will end it
        self._raise(event, AlertKind.LATE, _lateness(event), title, text, over=is_over)

    def sla_missed(self, event: Event) -> None:
        """A task has missed its SLA."""
        title = f"Task {event.dag_id}.{event.task_id} is late: it has missed its SLA"
        text = f"In the run of {event.data.get('logical_date')}"
        self._raise(event, AlertKind.LATE, f"late/{event.dag_id}/{event.task_id}", title, text)

    def scheduling_resumed(self, event: Event) -> None:
        """Nobody has scheduled for a while: what was due then was missed."""
        if self.teller.wants(AlertKind.MISSED):
            since, until = (dt.datetime.fromisoformat(str(event.data[name])) for name in ("since", "until"))
            for found in self.missed_runs.in_gap(self.tx, since, until, self.teller.config.missed_grace_s):
                self.missed(found)

    def cronjob_missed(self, event: Event) -> None:
        """Kubernetes has not begun what was due."""
        told = event.data.get("points")
        points = tuple(dt.datetime.fromisoformat(str(point)) for point in told) if isinstance(told, list) else ()
        if points and self.teller.wants(AlertKind.MISSED):
            self.missed(MissedRuns(str(event.dag_id), points, str(event.data.get("why") or "")))

    def missed(self, found: MissedRuns) -> None:
        """Runs of a DAG have not begun."""
        dag_id = found.dag_id
        alert = Alert(
            key=key_of(found),
            kind=AlertKind.MISSED,
            problem=f"missed/{dag_id}",
            severity=SEVERITIES[AlertKind.MISSED],
            at=self.tx.now(),
            title=found.title,
            text=found.text,
            dag_id=dag_id,
            labels=self._labels(dag_id, None, None, missed=[point.isoformat() for point in found.points]),
        )
        self.teller.tell(alert, self._about(dag_id))

    # files and daemons

    def import_error(self, event: Event) -> None:
        """A file, or a DAG in it, cannot be taken."""
        if not self.teller.wants(AlertKind.IMPORT_ERROR):
            return
        path = str(event.data.get("path"))
        row = import_errors.get(self.tx, path)
        lines = [] if row is None else [f"{item.span}: {item.code} {item.message}" for item in row.diagnostics[:10]]
        alert = Alert(
            key=f"import_error/{event.seq}",
            kind=AlertKind.IMPORT_ERROR,
            problem=f"import_error/{path}",
            severity=SEVERITIES[AlertKind.IMPORT_ERROR],
            at=event.at,
            title=f"The file {path} cannot be taken as it is",
            text="\n".join(lines),
            labels={"path": path, **self._link("import-errors")},
        )
        of_file = [dag_id for dag_id, file in dags.active_files(self.tx).items() if file == path]
        abouts = [self._about(dag_id) for dag_id in of_file]
        fitting = (about for about in abouts if any(rule.has(alert.kind, about) for rule in self.teller.config.rules))
        self.teller.tell(alert, next(fitting, None))

    def import_mended(self, event: Event) -> None:
        """The file is in order again, or gone."""
        self._over(event, f"import_error/{event.data.get('path')}")

    def daemon_left(self, event: Event) -> None:
        """A daemon has gone; one that fell silent is told of."""
        if event.data.get("lost"):
            daemon = str(event.data.get("daemon"))
            title = f"The daemon {daemon} has fallen silent"
            self._unhealthy(event, daemon, f"unhealthy/{daemon}", title, "Others have what it had.", over=True)

    def daemon_unhealthy(self, event: Event) -> None:
        """Something has been wrong with a daemon for a while."""
        daemon, what = str(event.data.get("daemon")), str(event.data.get("what"))
        title = f"GoFlow on {event.data.get('name') or daemon} is not well: {what}"
        self._unhealthy(event, daemon, f"unhealthy/{daemon}/{what}", title, str(event.data.get("why") or ""))

    def _unhealthy(self, event: Event, daemon: str, problem: str, title: str, text: str, *, over: bool = False) -> None:
        alert = Alert(
            key=f"unhealthy/{event.seq}",
            kind=AlertKind.UNHEALTHY,
            problem=problem,
            severity=SEVERITIES[AlertKind.UNHEALTHY],
            at=event.at,
            title=title,
            text=text,
            labels={"daemon": daemon},
            resolved_at=event.at if over else None,
        )
        self.teller.tell(alert, None)

    def daemon_healthy(self, event: Event) -> None:
        """It is well again."""
        self._over(event, f"unhealthy/{event.data.get('daemon')}/{event.data.get('what')}")

    def dag_gone(self, event: Event) -> None:
        """A DAG is there no longer: nothing of it is wrong any more, and nothing has recovered."""
        for problem in stored.problems_of(self.tx, str(event.dag_id)):
            self.teller.resolve(problem, event.at, str(event.seq), silently=True)

    # helpers

    def _over(self, event: Event, *problems: str) -> None:
        for problem in problems:
            self.teller.resolve(problem, event.at, str(event.seq))

    def _raise(self, event: Event, kind: AlertKind, problem: str, title: str, text: str, *, over: bool = False) -> None:
        dag_id = str(event.dag_id)
        alert = Alert(
            key=f"{kind.value}/{event.seq}",
            kind=kind,
            problem=problem,
            severity=SEVERITIES[kind],
            at=event.at,
            title=title,
            text=text,
            dag_id=dag_id,
            run_id=event.run_id,
            task_id=event.task_id,
            map_index=event.map_index,
            try_number=event.try_number,
            labels=self._labels(dag_id, event.run_id, event.task_id),
            resolved_at=event.at if over else None,
        )
        self.teller.tell(alert, self._about(dag_id))

    def _about(self, dag_id: str) -> About:
        if dag_id not in self._abouts:
            dag = dags.find(self.tx, dag_id)
            self._abouts[dag_id] = About(dag_id) if dag is None else About(dag_id, dag.tags, dag.namespace)
        return self._abouts[dag_id]

    def _labels(self, dag_id: str, run_id: str | None, task_id: str | None, **more: Json) -> dict[str, Json]:
        about = self._about(dag_id)
        labels: dict[str, Json] = {"tags": list(about.tags), "namespace": about.namespace, **more}
        parts = ["dags", dag_id, *(["runs", run_id] if run_id else []), *(["tasks", task_id] if task_id else [])]
        return {**labels, **self._link(*parts)}

    def _link(self, *parts: str) -> dict[str, Json]:
        return {"url": self.site.page(*parts)} if self.site.base_url else {}


def ended_by(event: Event) -> tuple[str, ...]:
    """The problems that are over when a task or a run ends well as EVENT says."""
    if event.kind == events.TASK_STATE:
        return f"task_failed/{_task_name(event)}", f"late/{event.dag_id}/{event.task_id}"
    return f"failed/{event.dag_id}", f"missed/{event.dag_id}", _lateness(event)


def concerns(event: Event, problems: Set[str]) -> bool:
    """Whether anything follows from EVENT while PROBLEMS are what is wrong: that all goes as it should is no news."""
    if event.kind not in {events.TASK_STATE, events.RUN_STATE}:
        return True
    if event.data.get("to") == TaskState.SUCCESS.value:
        return not problems.isdisjoint(ended_by(event))
    return event.data.get("to") in _WRONG


def key_of(found: MissedRuns) -> str:
    """What the decision is called that those runs were missed."""
    return f"missed/{found.dag_id}/{found.points[0].isoformat()}"


def _lateness(event: Event) -> str:
    """The problem that a run has missed a deadline."""
    return f"late/{event.dag_id}:{event.run_id}"


def _task_name(event: Event) -> str:
    index = "" if event.map_index in (None, UNMAPPED) else f"[{event.map_index}]"
    return f"{event.dag_id}/{event.task_id}{index}"


def _dates(run: DagRun) -> str:
    return "" if run.logical_date is None else f"Logical date {run.logical_date.isoformat()}"


HANDLERS: dict[str, Callable[[Decider, Event], None]] = {
    events.TASK_STATE: Decider.task_state,
    events.RUN_STATE: Decider.run_state,
    events.DEADLINE_MISSED: Decider.deadline_missed,
    events.SLA_MISSED: Decider.sla_missed,
    events.SCHEDULING_RESUMED: Decider.scheduling_resumed,
    events.CRONJOB_MISSED: Decider.cronjob_missed,
    events.IMPORT_ERROR: Decider.import_error,
    events.IMPORT_MENDED: Decider.import_mended,
    events.DAEMON_LEFT: Decider.daemon_left,
    events.DAEMON_UNHEALTHY: Decider.daemon_unhealthy,
    events.DAEMON_HEALTHY: Decider.daemon_healthy,
    events.DAG_DEACTIVATED: Decider.dag_gone,
    events.DAG_DELETED: Decider.dag_gone,
}
"""What follows from each kind of event; others are passed over."""
