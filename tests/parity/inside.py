"""Runs DAGs in the Airflow whose interpreter this is, and writes down how they ended.

    python inside.py run PLAN.json FOLDER
    python inside.py list FOLDER

For the first, the scheduler and the rest run already, and this process looks into their database. PLAN has ``entries``
(`driving.drive`), ``run_id``, ``logical_date``, ``limit_s``; FOLDER gets a file for each DAG that has ended. The second prints the ids of a folder's DAGs, each with
its file. Works under Airflow 2.11 and 3.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import airflow
from airflow.models.dag import DagModel
from airflow.models.dagrun import DagRun
from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from driving import drive

AIRFLOW_2 = airflow.__version__.startswith("2.")
READ_LIMIT_S = 240.0
THINKS_S = 10.0
"""A person takes so long to answer: a task that goes on before its executor has told of its first end is failed."""


def list_dags(folder: str) -> None:
    try:
        from airflow.dag_processing.dagbag import DagBag
    except ImportError:
        from airflow.models.dagbag import DagBag  # type: ignore[attr-defined,no-redef]

    found = DagBag(folder)
    if found.import_errors:
        raise SystemExit(f"Airflow cannot read {found.import_errors}")
    print(json.dumps({dag_id: Path(dag.fileloc).name for dag_id, dag in sorted(found.dags.items())}))


def run(plan_file: str, folder: str) -> None:
    plan = json.loads(Path(plan_file).read_text())
    _wait_until_read({entry["dag_id"] for entry in plan["entries"]})

    def ended(dag_id: str) -> None:
        with create_session() as session:
            text = json.dumps(list(_runs(session, dag_id)), indent=1, sort_keys=True)
        (Path(folder) / f"{dag_id}.json").write_text(text)

    answers = {entry["dag_id"]: entry["answers"] for entry in plan["entries"] if "answers" in entry}

    def states() -> dict[str, list[str]]:
        if answers:
            _answer(answers)
        return _states()

    drive(plan["entries"], lambda entry: _trigger(entry, plan), states, ended, plan["limit_s"])


def _answer(answers: dict[str, dict[str, Any]]) -> None:
    """Answer what tasks ask people, as Airflow's REST API does for a user ``api`` (``update_hitl_detail``)."""
    from airflow._shared.timezones import timezone
    from airflow.models.hitl import HITLDetail, HITLUser
    from airflow.models.trigger import handle_event_submit
    from airflow.triggers.base import TriggerEvent

    with create_session() as session:
        waiting = session.query(TaskInstance).filter(TaskInstance.state == "awaiting_input")
        for instance in waiting.filter(TaskInstance.dag_id.in_(list(answers))):
            given = answers[instance.dag_id].get(instance.task_id)
            detail = session.get(HITLDetail, instance.id)
            if given is None or detail is None or detail.response_received:
                continue
            if (timezone.utcnow() - detail.created_at).total_seconds() < THINKS_S:
                continue
            detail.responded_by = HITLUser(id="cli", name="cli")
            detail.responded_at = timezone.utcnow()
            detail.chosen_options = given["chosen_options"]
            detail.params_input = given.get("params_input", {})
            event = TriggerEvent(detail.as_resume_event_payload())
            handle_event_submit(event, task_instance=instance, session=session)


def _wait_until_read(wanted: set[str]) -> None:
    deadline = time.monotonic() + READ_LIMIT_S
    while True:
        with create_session() as session:
            found = {row.dag_id for row in session.query(DagModel.dag_id)}
        if wanted <= found:
            return
        if time.monotonic() > deadline:
            raise SystemExit(f"Airflow has not read {', '.join(sorted(wanted - found))}")
        time.sleep(1)


def _trigger(entry: dict[str, Any], plan: dict[str, Any]) -> None:
    from airflow.api.common.trigger_dag import trigger_dag

    date = dt.datetime.fromisoformat(plan["logical_date"])
    given: dict[str, Any] = {"dag_id": entry["dag_id"], "run_id": plan["run_id"], "conf": entry["conf"]}
    if AIRFLOW_2:
        trigger_dag(**given, execution_date=date)
    else:
        from airflow.utils.types import DagRunTriggeredByType

        trigger_dag(**given, logical_date=date, run_after=date, triggered_by=DagRunTriggeredByType.REST_API)


def _states() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with create_session() as session:
        for dag_id, state in session.query(DagRun.dag_id, DagRun.state):
            found.setdefault(dag_id, []).append(str(getattr(state, "value", state)))
    return found


def _runs(session: Any, dag_id: str) -> Iterator[dict[str, Any]]:
    for run in session.query(DagRun).filter(DagRun.dag_id == dag_id).order_by(DagRun.id):
        yield {
            "run_id": run.run_id,
            "run_type": str(getattr(run.run_type, "value", run.run_type)),
            "state": str(getattr(run.state, "value", run.state)),
            "conf": run.conf or {},
            "logical_date": _moment(run.execution_date if AIRFLOW_2 else run.logical_date),
            "data_interval_start": _moment(run.data_interval_start),
            "data_interval_end": _moment(run.data_interval_end),
            "tasks": {_name(row): _task(session, row) for row in _of(session, TaskInstance, run)},
        }


def _of(session: Any, model: Any, run: Any) -> Any:
    return session.query(model).filter(model.dag_id == run.dag_id, model.run_id == run.run_id)


def _name(row: Any) -> str:
    return row.task_id if row.map_index < 0 else f"{row.task_id}[{row.map_index}]"


def _task(session: Any, row: Any) -> dict[str, Any]:
    def of_task(model: Any) -> Any:
        return _of(session, model, row).filter(model.task_id == row.task_id, model.map_index == row.map_index)

    rendered = of_task(RenderedTaskInstanceFields).first()
    return {
        "state": None if row.state is None else str(getattr(row.state, "value", row.state)),
        "try_number": row.try_number,
        "label": getattr(row, "_rendered_map_index", row.rendered_map_index),
        "rendered": None if rendered is None else rendered.rendered_fields,
        "xcoms": {key: _value(value) for key, value in _results(of_task)},
    }


def _results(of_task: Any) -> Any:
    """Keys and values as they are stored: the models themselves make objects of them."""
    if AIRFLOW_2:
        from airflow.models.xcom import BaseXCom as Model
    else:
        from airflow.models.xcom import XComModel as Model
    return of_task(Model).with_entities(Model.key, Model.value)


def _value(stored: Any) -> Any:
    """A result as the JSON that it was kept as."""
    return json.loads(stored) if AIRFLOW_2 else stored


def _moment(value: dt.datetime | None) -> str | None:
    return None if value is None else value.astimezone(dt.timezone.utc).isoformat()  # noqa: UP017 (Airflow's Python)


if __name__ == "__main__":
    {"run": run, "list": list_dags}[sys.argv[1]](*sys.argv[2:])
