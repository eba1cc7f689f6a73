"""`goflow dags test`, `goflow tasks test` and `goflow tasks render` as commands."""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from goflow.cli import _trying
from goflow.cli._output import map_index_option
from goflow.cli._trying import Options

if TYPE_CHECKING:
    from goflow.cli._trial_view import View
    from goflow.domain.runs import DagRun, TaskInstance
    from goflow.trial import Trial

INTERRUPTED = 130
"""Exit code of a program that was interrupted, as shells have it."""


def _pattern(context: click.Context, parameter: click.Parameter, text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error as problem:
        raise click.BadParameter(f"{text!r} is no regular expression: {problem}") from None


def _results(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for text in given:
        task_id, is_said, value = text.partition("=")
        try:
            found[task_id] = json.loads(value)
        except ValueError:
            raise click.BadParameter(f"{text!r} is not TASK=JSON, such as extract='[1, 2]'") from None
        if not is_said or not task_id:
            raise click.BadParameter(f"{text!r} is not TASK=JSON")
    return found


task_id_argument = click.argument("task_id", metavar="TASK", shell_complete=_trying.complete_task_of_dag)
xcom_option = click.option(
    "--xcom",
    "results",
    multiple=True,
    metavar="TASK=JSON",
    callback=_results,
    help="What another task is taken to have returned (repeatable).",
)


@click.command("test")
@_trying.dag_or_file
@_trying.date_argument
@_trying.options
@click.option(
    "--mark-success-pattern",
    "succeed",
    callback=_pattern,
    metavar="REGEX",
    help="Tasks whose ids begin so are marked success in place of being run.",
)
@click.option("--triggered", is_flag=True, help="Run the DAGs that it triggers, too, and wait for them.")
def test_dag(given: Options, succeed: re.Pattern[str] | None, triggered: bool) -> None:
    """Run DAG, an id or a file with one DAG, once and in the foreground.

    Tasks run as processes on this machine, in a GoFlow of its own that is gone in the end: nothing has to be set up and
    no daemon has to run. Their lines and states are shown as they come. Variables and connections are those of
    --variables, --connections and the environment (AIRFLOW_VAR_NAME, AIRFLOW_CONN_ID). Without a LOGICAL_DATE it is
    now. Ctrl-C stops the tasks, Ctrl-C again kills them.

    The exit code is 0 if the run is a success, 1 if it is not or the DAG cannot be read, 2 for wrong usage, 130 after
    Ctrl-C.
    """
    with _trying.home_of(given.keep) as home:
        sys.exit(_run_dag(given, home, succeed, triggered))


def _run_dag(given: Options, home: Path, succeed: re.Pattern[str] | None, triggered: bool) -> int:
    from goflow.cli._trial_view import View, tell_run
    from goflow.engine import Purpose

    with _trying.trial_of(given, Purpose.ORDERED, home, triggered=triggered) as (trial, dag):
        names = [task.task_id for task in trial.spec(dag).tasks]
        run = trial.order_run(dag.dag_id, logical_date=_date(given), conf=given.conf, succeed=succeed)
        view = View(dag.dag_id, names, aside=given.as_json, waits_for_triggered=triggered)
        view.begins(run)
        _follow(trial, run, view)
        is_success = tell_run(trial, run, as_json=given.as_json)
        return INTERRUPTED if trial.was_stopped else 0 if is_success else 1


@click.command("test")
@_trying.dag_or_file
@task_id_argument
@_trying.date_argument
@_trying.options
@map_index_option
@xcom_option
def test_task(given: Options, task_id: str, map_index: int, results: dict[str, Any]) -> None:
    """Run one task of DAG, an id or a file with one DAG, alone and in the foreground.

    What it depends on is not looked at and not run; --xcom says what other tasks are taken to have returned. It runs
    once, whatever its retries are. Its log is printed, then its XComs. Everything else is as with `goflow dags test`.
    """
    with _trying.home_of(given.keep) as home:
        sys.exit(_run_task(given, home, task_id, map_index, results))


def _run_task(given: Options, home: Path, task_id: str, map_index: int, results: dict[str, Any]) -> int:
    from goflow.cli._trial_view import View, tell_task
    from goflow.engine import Purpose

    with _trying.trial_of(given, Purpose.ALONE, home) as (trial, dag):
        task = trial.order_task(
            dag.dag_id, task_id, map_index=map_index, logical_date=_date(given), conf=given.conf, results=results
        )
        _follow(trial, task, View(dag.dag_id, [task_id], aside=given.as_json))
        is_success = tell_task(trial, task, as_json=given.as_json)
        return INTERRUPTED if trial.was_stopped else 0 if is_success else 1


@click.command("render")
@_trying.dag_or_file
@task_id_argument
@_trying.date_argument
@_trying.options
@map_index_option
@xcom_option
def render_task(given: Options, task_id: str, map_index: int, results: dict[str, Any]) -> None:
    """Print what the template fields of one task render to, without running it.

    DAG is an id or a file with one DAG. Its file is imported in a process of its own, as when the task runs: macros and
    filters of the DAG are its author's code. Everything else is as with `goflow tasks test`.
    """
    with _trying.home_of(given.keep) as home:
        sys.exit(_render_task(given, home, task_id, map_index, results))


def _render_task(given: Options, home: Path, task_id: str, map_index: int, results: dict[str, Any]) -> int:
    from goflow.cli._trial_view import tell_rendered
    from goflow.engine import Purpose
    from goflow.trial import Line

    with _trying.trial_of(given, Purpose.RENDER, home) as (trial, dag):
        task = trial.order_task(
            dag.dag_id, task_id, map_index=map_index, logical_date=_date(given), conf=given.conf, results=results
        )
        lines = []
        if trial.spec(dag).task(task_id).template_fields:
            with _trying.stopped_by_signals(trial):
                lines = [news.text for news in trial.follow(task) if isinstance(news, Line)]
        return tell_rendered(trial, task, lines, as_json=given.as_json)


def _date(given: Options) -> dt.datetime | None:
    return None if given.logical_date is None else dt.datetime.fromisoformat(given.logical_date)


def _follow(trial: Trial, ordered: DagRun | TaskInstance, view: View) -> None:
    with _trying.stopped_by_signals(trial):
        for news in trial.follow(ordered):
            if trial.was_stopped:
                view.stopping()
            view.tell(news)
