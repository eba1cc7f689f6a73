"""What a person sees of a trial: findings with code frames, log lines and states as they come, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from goflow.cli._output import STATE_STYLES, show
from goflow.domain.diagnostics import Diagnostic, Severity

if TYPE_CHECKING:
    from goflow.cli._trying import Place
    from goflow.domain.runs import DagRun, TaskInstance
    from goflow.trial import News, Trial

COLOURS = ("cyan", "magenta", "yellow", "blue", "green", "bright_cyan", "bright_magenta", "bright_yellow")
WIDEST = 32
"""Characters of a task's name before its lines, at most as many are kept free for it."""
UNTOLD = frozenset({"none", "scheduled", "queued"})
TOLD_WHY = frozenset({"failed", "upstream_failed", "skipped", "up_for_retry"})
COLUMNS = (
    ("task_id", "TASK"),
    ("map_index", "INDEX"),
    ("state", "STATE"),
    ("try_number", "TRY"),
    ("duration", "SECONDS"),
    ("message", "WHY"),
)


def tell_findings(found: Sequence[Diagnostic], place: Place) -> None:
    """Errors and warnings with the lines that they are about, on standard error."""
    from rich.console import Console

    from goflow.cli._frames import Frames

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    frames = Frames(place.root, place.shown)
    for finding in found:
        if finding.severity is not Severity.NOTE:
            console.print(frames.frame(finding))


class View:
    """Prints the news of a run as they come, each line behind the name of its task. OWN: the DAG that is tried out;
    NAMES: its tasks'. ASIDE: on standard error, since a document follows on standard output."""

    def __init__(self, own: str, names: Sequence[str], *, aside: bool, waits_for_triggered: bool = False) -> None:
        self._own, self._aside, self._waits_for_triggered = own, aside, waits_for_triggered
        self._width = min(max(map(len, names), default=0), WIDEST)
        self._colours: dict[str, str] = {}
        self.was_told_to_stop = False

    def begins(self, run: DagRun) -> None:
        """Say which run it is."""
        date = "without a logical date" if run.logical_date is None else f"logical date {run.logical_date.isoformat()}"
        self._print(f"{run.dag_id} {run.run_id}, {date}")

    def tell(self, news: News) -> None:
        """Print it."""
        from goflow.trial import Called, Change, Line

        if isinstance(news, Line):
            text = click.style(news.text, dim=True) if news.stream == "runner" else news.text
            self._print(f"{self._prefix(news.task, '|')} {text}")
        elif isinstance(news, Change):
            if news.task.state.value not in UNTOLD:
                self._print(f"{self._prefix(news.task, '>')} {self._state(news.task, news.reason)}")
        elif isinstance(news, Called):
            name = f"on_{news.kind}_callback of {news.dag_id}"
            for line in news.output.splitlines():
                self._print(f"{name} | {line}")
            state = click.style(news.state.value, fg="green" if news.state == "done" else "red", bold=True)
            self._print(f"{name} > {state}")
        else:
            words = f"run {news.run_id} of DAG {news.dag_id} was made"
            words += "" if self._waits_for_triggered else "; its tasks run only with --triggered"
            self._print(click.style(words, dim=True))

    def stopping(self) -> None:
        """Say, once, what happens after an interrupt."""
        if not self.was_told_to_stop:
            self.was_told_to_stop = True
            self._print("Stopping: tasks are told to end and get 25 s for it; once more kills them.")

    def _prefix(self, task: TaskInstance, mark: str) -> str:
        name = task.task_id if task.map_index < 0 else f"{task.task_id}[{task.map_index}]"
        if task.dag_id != self._own:
            name = f"{task.dag_id}.{name}"
        colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
        return click.style(f"{name:<{self._width}} {mark}", fg=colour)

    @staticmethod
    def _state(task: TaskInstance, reason: str) -> str:
        state = click.style(task.state.value, fg=_colour(task.state.value), bold=True)
        more = [f"try {task.try_number}"] if task.state == "running" and task.try_number > 1 else []
        if task.next_at is not None and task.state in {"up_for_retry", "up_for_reschedule"}:
            more.append(f"until {task.next_at.astimezone():%H:%M:%S}")
        if reason and task.state in TOLD_WHY:
            more.append(reason)
        return f"{state}{' (' + '; '.join(more) + ')' if more else ''}"

    def _print(self, text: str) -> None:
        click.echo(text, err=self._aside)


def _colour(state: str) -> str | None:
    """The colour of STATE among those that click has."""
    found = STATE_STYLES.get(state)
    return "red" if found == "dark_orange" else found


def rows_of(trial: Trial, run: DagRun) -> Iterator[dict[str, Any]]:
    """The task instances of a run as `goflow tasks list` has them."""
    from goflow.server.rest import shapes
    from goflow.store import launches, runs, tasks, versions

    with trial.store.reading() as tx:
        now = runs.get(tx, run.id)
        spec, why = versions.spec(tx, now.reading_id), launches.why_of_run(tx, run.id)
        for row in tasks.of_run(tx, run.id):
            reason, message = why.get(row.id, ("", ""))
            yield {**shapes.task_instance(row, spec.task(row.task_id)), "reason": reason, "message": message}


def tell_run(trial: Trial, run: DagRun, *, as_json: bool) -> bool:
    """How a run ended, as a table or a document; whether it is a success."""
    from goflow.server.rest import shapes
    from goflow.store import runs

    rows = list(rows_of(trial, run))
    with trial.store.reading() as tx:
        now = runs.get(tx, run.id)
    if as_json:
        more = {"was_interrupted": trial.was_stopped, "task_instances": rows}
        click.echo(json.dumps({**shapes.run(now), **more}, indent=1, ensure_ascii=False))
        return now.state == "success"
    click.echo()
    shown = [{**row, "map_index": row["map_index"] if row["map_index"] >= 0 else None} for row in rows]
    copies = any(row["map_index"] is not None for row in shown)
    show(
        [{**row, "duration": _seconds(row["duration"]), "try_number": row["try_number"] or None} for row in shown],
        [column for column in COLUMNS if copies or column[0] != "map_index"],
        False,
        empty="The run has no tasks: those of the DAG begin after its logical date.",
    )
    took = f" after {(now.end_date - now.start_date).total_seconds():.1f} s" if now.end_date and now.start_date else ""
    state = click.style(now.state.value, fg=_colour(now.state.value), bold=True)
    click.echo(f"\n{now.dag_id} {now.run_id}: {'interrupted, ' if trial.was_stopped else ''}{state}{took}")
    return now.state == "success"


def tell_task(trial: Trial, task: TaskInstance, *, as_json: bool) -> bool:
    """What a task left and how it ended; whether it is a success."""
    from goflow.store import runs, tasks, xcoms

    with trial.store.reading() as tx:
        now = tasks.get(tx, task.id)
        left = xcoms.of_task(tx, now.dag_run_id, now.task_id, now.map_index)
        run = runs.get(tx, now.dag_run_id)
    row = next(row for row in rows_of(trial, run) if row["id"] == str(task.id))
    if as_json:
        click.echo(json.dumps({**row, "xcoms": left}, indent=1, ensure_ascii=False))
    else:
        click.echo()
        for key, value in left.items():
            click.echo(f"XCom {key}: {json.dumps(value, ensure_ascii=False)}")
        took = f" after {row['duration']:.2f} s" if row["duration"] is not None else ""
        why = f": {row['message']}" if row["message"] and now.state not in {"success", "skipped"} else ""
        click.echo(f"{click.style(now.state.value, fg=_colour(now.state.value), bold=True)}{took}{why}")
    return now.state in {"success", "skipped"}


def tell_rendered(trial: Trial, task: TaskInstance, lines: Sequence[str], *, as_json: bool) -> int:
    """The rendered fields of a task; the exit code. LINES are what its process wrote, shown where it failed."""
    from goflow.store import tasks

    with trial.store.reading() as tx:
        now, fields = tasks.get(tx, task.id), tasks.rendered(tx, task.id) or {}
    if now.state in {"failed", "up_for_retry"}:
        for line in lines:
            click.echo(line, err=True)
        click.echo(f"Error: the templates of {task.task_id} cannot be rendered", err=True)
        return 1
    if as_json:
        click.echo(json.dumps(fields, indent=1, ensure_ascii=False))
        return 0
    if not fields:
        click.echo(f"{task.task_id} has no template fields.", err=True)
    for name, value in fields.items():
        click.secho(f"# {'-' * 58}\n# property: {name}\n# {'-' * 58}", dim=True)
        click.echo(value if isinstance(value, str | None) else json.dumps(value, indent=1, ensure_ascii=False))
    return 0


def _seconds(duration: float | None) -> str | None:
    return None if duration is None else f"{duration:.2f}"
