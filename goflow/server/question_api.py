"""Questions to code of authors' own as trigger runners get them, and whether what they answer is an answer."""

from __future__ import annotations

from typing import Any

from goflow_runner import wire
from starlette.requests import Request
from starlette.responses import Response

from goflow.domain.canonical import Json
from goflow.domain.errors import InvalidRequestError
from goflow.domain.partition_answers import mapped
from goflow.domain.questions import Question, QuestionKind
from goflow.executor.words import mended
from goflow.scheduler import foretold, told_dates
from goflow.server import task_bodies
from goflow.server.door import RequestRefusedError
from goflow.server.late_runs import reading_of
from goflow.server.sent_folders import sent_folder
from goflow.server.task_input import InputBuilder, run_info
from goflow.store import Store, Tx, callbacks, launches, questions, runs, versions


class QuestionApi:
    """What of the task API is about questions."""

    def __init__(self, store: Store, inputs: InputBuilder) -> None:
        self.store = store
        self.inputs = inputs

    def info(self, tx: Tx, question: Question) -> wire.QuestionInfo:
        """QUESTION for the runner that answers it. Raises NotFoundError when its DAG is gone meanwhile."""
        reading = versions.reading(tx, question.reading_id)
        dag = versions.spec(tx, question.reading_id)
        folder, inputs = self.inputs.files_of(tx, reading.version_id, question.reading_id)
        run = runs.newest(tx, question.dag_id)
        started = [] if run is None else launches.of_run(tx, run.id)
        of_run: dict[str, Any] = {}
        if question.kind in _OF_RUNS and question.dag_run_id is not None:
            of_run["run"] = run_info(tx, runs.get(tx, question.dag_run_id))
        return {
            "id": question.id,
            "epoch": question.epoch,
            "kind": question.kind.value,
            "dag_id": question.dag_id,
            "dialect": dag.dialect.value,
            "environment": dict(dag.runtime.environment),
            "folder": folder,
            "inputs": inputs,
            "asked": {**question.asked, **of_run},
            "launch_id": started[-1].id if started else None,
        }

    def folder(self, runner_id: str, request: Request, _: object) -> Response:
        """The DAG folder of a question that the runner answers, or of a callback that it calls. Raises
        RequestRefusedError (403) for another."""
        digest = request.path_params["digest"]
        with self.store.reading() as tx:
            readings = {row.reading_id for row in questions.held_by(tx, runner_id)}
            readings |= {reading_of(tx, row) for row in callbacks.held_by(tx, runner_id)}
            mine = {versions.reading(tx, reading_id).version_id for reading_id in readings}
            if digest not in {versions.get(tx, version_id).folder_digest for version_id in mine}:
                raise RequestRefusedError(403, "this trigger runner has no question or callback of this folder")
            return sent_folder(self.store, tx, digest)

    def checked(self, entry: Any) -> tuple[int, int, Json, str | None]:
        """What a runner tells of a question: key, epoch, what was told, the problem. Code that has answered with
        something else than it was asked for has a problem."""
        key, epoch = task_bodies.number(entry, "id"), task_bodies.number(entry, "epoch")
        problem = task_bodies.maybe_text(entry, "problem")
        if problem is not None:
            return key, epoch, None, mended(problem)
        with self.store.reading() as tx:
            question = questions.find(tx, key)
        if question is None:
            return key, epoch, None, None  # its DAG was deleted
        try:
            return key, epoch, _CHECKS[question.kind](entry.get("told")), None
        except ValueError as wrong:
            return key, epoch, None, f"what it has told is no answer: {wrong}"


def _weight(told: Any) -> int:
    if isinstance(told, bool) or not isinstance(told, int):
        raise ValueError(f"a weight is a whole number, not {told!r}")
    return told


def _mapped(told: Any) -> Json:
    mapped(told)
    return dict(told)


_OF_RUNS = frozenset({QuestionKind.WEIGHT, QuestionKind.DEADLINE})
_CHECKS: dict[QuestionKind, Any] = {
    QuestionKind.NEXT_RUNS: foretold.check_told,
    QuestionKind.INTERVAL: told_dates.check_interval,
    QuestionKind.WEIGHT: _weight,
    QuestionKind.DEADLINE: told_dates.check_moment,
    QuestionKind.PARTITION: _mapped,
    QuestionKind.PARTITION_DATE: told_dates.check_moment,
}


def keys(told: list[Any]) -> frozenset[tuple[int, int]]:
    """Questions that a runner names as ``id:epoch``. Raises InvalidRequestError."""
    try:
        return frozenset((int(key), int(epoch)) for key, _, epoch in (text.partition(":") for text in told))
    except (AttributeError, ValueError) as problem:
        raise InvalidRequestError("answering must be a list of id:epoch") from problem
