"""Mails that DAG files ask for: ``email`` with ``email_on_failure`` and ``email_on_retry`` of a task, and of its SLA.

Who gets one, when, and what it says are Airflow's (``TaskInstance.get_email_subject_content`` of 2.11,
``_send_error_email_notification`` of 3.3, ``DagFileProcessor.manage_slas`` of 2.11), the templates of
``[email] subject_template`` and ``html_content_template`` included. Rules have nothing to do with them.
"""

from __future__ import annotations

import datetime as dt
import html
import re
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import structlog

from goflow.domain.alerts import SEVERITIES, Alert, AlertKind
from goflow.domain.canonical import Json
from goflow.domain.errors import NotFoundError
from goflow.domain.runs import UNMAPPED, DagRun, Event, TaskInstance
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.domain.state import TaskState
from goflow.notify.site import AlertSite
from goflow.store import Tx, dags, deadlines, runs, tasks, transitions, versions
from goflow.telemetry import metrics

log = structlog.get_logger(__name__)

CHANNEL = "DAG file"
"""The channel of these mails; a name that none of ``alerts.yaml`` can have."""
SUBJECT = "Airflow alert: {{ti}}"
CONTENT = (
    "Try {{try_number}} out of {{max_tries + 1}}<br>"
    "Exception:<br>{{exception_html}}<br>"
    'Log: <a href="{{ti.log_url}}">Link</a><br>'
    "Host: {{ti.hostname}}<br>"
    'Mark success: <a href="{{ti.mark_success_url}}">Link</a><br>'
)
"""Airflow's own, to the letter: people sort their mail by them."""


def tell_end(tx: Tx, site: AlertSite, event: Event) -> None:
    """The mail about a task that has failed or is tried again, if its file asks for one."""
    run = runs.find(tx, str(event.dag_id), str(event.run_id))
    number = event.data.get("ti")
    if run is None or not isinstance(number, int):
        return
    try:
        dag = versions.spec(tx, run.reading_id)
        task, instance = dag.task(str(event.task_id)), tasks.get(tx, number)
    except (NotFoundError, KeyError):
        return  # deleted meanwhile, or a task that the version does not have any more
    failed = event.data.get("to") == TaskState.FAILED.value
    asked = task.arguments.get("email_on_failure" if failed else "email_on_retry", True) is not False
    to = addresses(task.arguments.get("email")) if asked else ()
    if to:
        content = _content(tx, site, _Case(dag, task, run, instance, event))
        _mail(tx, site, f"email/{event.seq}", event, to, content)


def tell_slas(tx: Tx, site: AlertSite, missed: Sequence[Event]) -> None:
    """One mail for each DAG whose tasks have MISSED their SLA, to all whom those tasks name."""
    for dag_id in dict.fromkeys(str(event.dag_id) for event in missed if event.data.get("email")):
        dag = dags.find(tx, dag_id)
        if dag is None:
            continue
        spec = versions.spec(tx, dag.reading_id)
        known = {task.task_id: task for task in spec.tasks}
        of_dag = [event for event in missed if event.dag_id == dag_id and event.task_id in known]
        named = [addresses(known[str(event.task_id)].arguments.get("email")) for event in of_dag]
        to = tuple(dict.fromkeys(address for some in named for address in some))
        if to:
            dates = sorted({str(event.data.get("logical_date")) for event in of_dag})
            content: dict[str, Json] = {"subject": f"[airflow] SLA miss on DAG={dag_id}"}
            content["html"] = _sla_html(tx, site, dag_id, of_dag, dates)
            _mail(tx, site, f"email/{of_dag[0].seq}", of_dag[0], to, content)


def addresses(given: Json) -> tuple[str, ...]:
    """The addresses of ``email``: a text with commas or semicolons between them, or a list."""
    if isinstance(given, str):
        return tuple(part for part in re.split(r"\s*[,;]\s*", given.strip()) if part)
    if isinstance(given, list):
        return tuple(str(one) for one in given if isinstance(one, str) and one)
    return ()  # a hole: only the task's own process knows


class _Case:
    """What a mail is about."""

    def __init__(self, dag: DagSpec, task: TaskSpec, run: DagRun, instance: TaskInstance, event: Event) -> None:
        self.dag, self.task, self.run, self.instance, self.event = dag, task, run, instance, event
        self.try_number = event.try_number or instance.try_number
        self.state = str(event.data.get("to"))


class _Instance(SimpleNamespace):
    """``ti`` in a template; as text what Airflow 2 makes of one."""

    def __str__(self) -> str:
        index = "" if self.map_index == UNMAPPED else f" map_index={self.map_index}"
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id}{index} [{self.state}]>"


def _content(tx: Tx, site: AlertSite, case: _Case) -> dict[str, Json]:
    """Subject and body; where a template of the installation fails, Airflow's own."""
    context = _context(tx, site, case)
    subject = _rendered(site.mail.subject_template, SUBJECT, context)
    html_content = _rendered(site.mail.html_content_template, CONTENT, context)
    return {"subject": " ".join(subject.split()), "html": html_content}


def _rendered(path: Path | None, own: str, context: dict[str, Any]) -> str:
    from goflow.templating.environment import RenderError, render
    from goflow.templating.environment import environment as make

    jinja = make({})
    if path is not None:
        try:
            return str(render(path.read_text(encoding="utf-8"), jinja, context))
        except (OSError, UnicodeDecodeError, RenderError) as problem:
            log.warning("a template of mails fails; Airflow's own is taken", template=str(path), problem=str(problem))
    return str(render(own, jinja, context))


def _context(tx: Tx, site: AlertSite, case: _Case) -> dict[str, Any]:
    """What templates see: Airflow's names, as far as they are known outside the task."""
    instance, run = case.instance, case.run
    attempt = tasks.attempt(tx, instance.id, case.try_number)
    error = "" if attempt is None else (attempt.message or attempt.reason or "")
    url = site.page("dags", instance.dag_id, "runs", run.run_id, "tasks", instance.task_id)
    ti = _Instance(
        dag_id=instance.dag_id,
        task_id=instance.task_id,
        run_id=run.run_id,
        map_index=instance.map_index,
        try_number=case.try_number,
        max_tries=instance.max_tries,
        state=case.state,
        log_url=url,
        mark_success_url=url,
        hostname=site.name,
        start_date=instance.start_date,
        end_date=instance.end_date,
        log_filepath="",
        operator=case.task.operator,
    )
    date = run.logical_date or run.run_after
    return {
        "ti": ti,
        "task_instance": ti,
        "dag": SimpleNamespace(dag_id=case.dag.dag_id),
        "task": SimpleNamespace(task_id=case.task.task_id, owner=case.task.owner),
        "dag_run": SimpleNamespace(dag_id=run.dag_id, run_id=run.run_id, conf=dict(run.conf), logical_date=date),
        "run_id": run.run_id,
        "logical_date": date,
        "execution_date": date,
        "ds": date.date().isoformat(),
        "ts": date.isoformat(),
        "params": {**case.dag.params, **case.task.params, **run.conf},
        "exception": error,
        "exception_html": html.escape(error).replace("\n", "<br>"),
        "try_number": case.try_number,
        "max_tries": instance.max_tries,
    }


def _sla_html(tx: Tx, site: AlertSite, dag_id: str, missed: Sequence[Event], dates: Sequence[str]) -> str:
    moments = [dt.datetime.fromisoformat(date) for date in dates]
    blocking = [f"{row.task_id} on {row.execution_date.isoformat()}" for row in deadlines.blocking(tx, dag_id, moments)]
    late = [f"{event.task_id} on {event.data.get('logical_date')}" for event in missed]
    return (
        "Here's a list of tasks that missed their SLAs:\n"
        f"<pre><code>{html.escape(chr(10).join(late))}\n</code></pre>\n"
        "Blocking tasks:\n"
        f"<pre><code>{html.escape(chr(10).join(blocking))}</code></pre>\n"
        f"Airflow Webserver URL: {html.escape(site.base_url)}\n"
    )


def _mail(tx: Tx, site: AlertSite, key: str, event: Event, to: tuple[str, ...], content: dict[str, Json]) -> None:
    alert = Alert(
        key=key,
        kind=AlertKind.EMAIL,
        problem=f"email/{event.dag_id}/{event.task_id}",
        severity=SEVERITIES[AlertKind.EMAIL],
        at=event.at,
        title=str(content["subject"]),
        dag_id=event.dag_id,
        run_id=event.run_id,
        task_id=event.task_id,
        map_index=event.map_index,
        try_number=event.try_number,
        labels={"to": list(to)},
        resolved_at=event.at,
    )
    alert_id = transitions.raise_alert(tx, alert, who="alerts")
    if alert_id is not None:
        metrics.ALERTS.labels(AlertKind.EMAIL.value).inc()
        told: dict[str, Json] = {**content, "to": list(to)}
        transitions.put_into_message(tx, alert_id, CHANNEL, key, due_at=tx.now(), content=told)
