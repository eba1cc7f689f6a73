"""What trigger runners say and ask on the task API (`goflow_runner.wire`): each guarded by the runner's own token."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from goflow_runner import wire
from starlette.requests import Request
from starlette.routing import Route

from goflow.domain.callbacks import RunCallback
from goflow.domain.errors import InvalidRequestError, NotFoundError
from goflow.domain.runs import Launch
from goflow.domain.triggers import Fired, Trigger
from goflow.executor.words import mended
from goflow.server import question_api, task_bodies
from goflow.server.door import Door
from goflow.server.late_runs import told_besides
from goflow.server.launch_calls import Mask, unmasked
from goflow.server.question_api import QuestionApi
from goflow.server.task_input import InputBuilder
from goflow.store import Tx, launches, runs, tasks, triggers, versions
from goflow.store.watches import Watch
from goflow.triggers import desk, watching
from goflow.triggers.watching import Held

LONGEST_TROUBLE = 10_000
"""Characters that are kept of why a watch cannot be begun."""
T = TypeVar("T")
R = TypeVar("R")


class TriggerApi:
    """The handlers, behind DOOR. POLL_S: seconds after which a runner asks again. MASK takes secrets out of lines."""

    def __init__(self, door: Door, inputs: InputBuilder, poll_s: float, mask: Mask = unmasked) -> None:
        self.door = door
        self.store = door.store
        self.inputs = inputs
        self.questions = QuestionApi(self.store, inputs)
        self.poll_s = poll_s
        self._mask = mask

    def routes(self) -> list[Route]:
        """The routes of `goflow_runner.wire`."""
        prefix = wire.PREFIX + "trigger_runners/{runner_id}/"
        return [
            self.door.runner_route(prefix + "sync", "POST", self.sync),
            self.door.runner_route(prefix + "events", "POST", self.events),
            self.door.runner_route(prefix + "{digest}.tar", "GET", self.questions.folder),
        ]

    def sync(self, runner_id: str, _: Request, body: Any) -> Any:
        """A runner says what it holds, and hears what to begin and to leave."""
        if task_bodies.number(body, "protocol") != wire.PROTOCOL:
            raise InvalidRequestError(f"this server speaks protocol {wire.PROTOCOL}: use its own runner image")
        if body.get("leaving"):
            desk.leave(self.store, runner_id)
            nothing: dict[str, Any] = {
                name: [] for name in ("start", "leave", "call", "watch", "unwatch", "run", "answer")
            }
            return {**nothing, "poll_s": self.poll_s}
        held = body.get("held")
        if not isinstance(held, list) or not all(isinstance(key, int) for key in held):
            raise InvalidRequestError("held must be a list of triggers' ids")
        orders = desk.sync(
            self.store,
            runner_id,
            process=task_bodies.text(body, "process"),
            capacity=task_bodies.number(body, "capacity"),
            held=frozenset(held),
            calling=frozenset(_list(body, "calling")),
            watches_held=dict(map(_held, _list(body, "watching"))),
            answering=question_api.keys(_list(body, "answering")),
        )
        with self.store.reading() as tx:
            start = _there(self._info, tx, orders.start)
            call = _there(self._callback, tx, orders.call)
            watch = _there(self._watch, tx, orders.watch.start)
            answer = _there(self.questions.info, tx, orders.answer)
        spoken_for = [*(info["task"]["launch_id"] for info in start), *(told["launch_id"] for told in (*call, *answer))]
        for launch_id in spoken_for:
            if launch_id is not None:
                self.door.voices.hand(runner_id, launch_id)
        return {
            "start": start,
            "leave": [{"id": key, "why": why} for key, why in orders.leave],
            "call": call,
            "watch": watch,
            "unwatch": list(orders.watch.leave),
            "run": [{"id": key, "keys": list(keys)} for key, keys in (orders.watch.run or {}).items()],
            "answer": answer,
            "poll_s": self.poll_s,
        }

    def events(self, runner_id: str, _: Request, body: Any) -> None:
        """A runner tells what has come of its triggers, and what they have logged."""
        told = task_bodies.mapping(body)
        lines = [line for line in map(_line, _list(told, "lines")) if self.door.voices.allows(runner_id, line[0])]
        news = [_fired(entry) for entry in _list(told, "events")]
        if lines:
            desk.keep_lines(self.store, lines, self._mask)
        if ends := [_end(entry) for entry in _list(told, "called")]:
            desk.take_ends(self.store, ends, who=f"triggers:{runner_id}")
        if seen := [_seen(entry) for entry in _list(told, "seen")]:
            watching.take(self.store, seen, who=f"triggers:{runner_id}")
        if answers := [self.questions.checked(entry) for entry in _list(told, "answered")]:
            desk.take_answers(self.store, answers, who=f"triggers:{runner_id}")
        if news:
            desk.take(self.store, news, who=f"triggers:{runner_id}")

    def _info(self, tx: Tx, trigger: Trigger) -> wire.TriggerInfo:
        launch, instance = launches.with_task(tx, trigger.launch_id)
        run = runs.get(tx, instance.dag_run_id)
        dag = versions.spec(tx, run.reading_id)
        own = next((task.runtime.environment for task in dag.tasks if task.task_id == instance.task_id), {})
        return {
            "id": trigger.id,
            "classpath": trigger.classpath,
            "kwargs": dict(triggers.kwargs(tx, trigger.id)),
            "encoding": trigger.encoding,
            "timeout_at": None if trigger.timeout_at is None else trigger.timeout_at.isoformat(),
            "dialect": dag.dialect.value,
            "environment": {**dag.runtime.environment, **own},
            "folder": self.inputs.files_of(tx, run.version_id, run.reading_id)[0] if trigger.from_folder else None,
            "task": {
                "launch_id": launch.id,
                "dag_id": instance.dag_id,
                "run_id": instance.run_id,
                "task_id": instance.task_id,
                "map_index": instance.map_index,
                "try_number": instance.try_number,
                "max_tries": instance.max_tries,
            },
        }

    def _watch(self, tx: Tx, watch: Watch) -> wire.WatchInfo:
        dag, reading = versions.spec(tx, watch.reading_id), versions.reading(tx, watch.reading_id)
        folder, inputs = self.inputs.files_of(tx, reading.version_id, watch.reading_id)
        return {
            "id": watch.id,
            "epoch": watch.epoch,
            "asset": watch.asset._asdict(),
            "dag_id": watch.dag_id,
            "dialect": dag.dialect.value,
            "environment": dict(dag.runtime.environment),
            "folder": folder,
            "inputs": inputs,
        }

    def _callback(self, tx: Tx, callback: RunCallback) -> wire.CallbackInfo:
        run = runs.get(tx, callback.dag_run_id)
        reading_id, data = told_besides(tx, callback, run)
        dag, reading = versions.spec(tx, reading_id), versions.reading(tx, reading_id)
        folder, inputs = self.inputs.files_of(tx, reading.version_id, reading_id)
        started = launches.of_run(tx, run.id)
        ti_id = callback.task_instance_id
        own = [] if ti_id is None else _until(launches.of_task(tx, ti_id), callback)
        voice = own[-1] if own else started[-1] if started else None
        known = {task.task_id for task in dag.tasks}  # the run may be of another version by now
        instance = tasks.get(tx, own[-1].task_instance_id) if own else None
        task = None
        if instance is not None and instance.task_id in known:
            task = self.inputs.build(tx, own[-1], instance, tx.now())
        return {
            "id": callback.id,
            "kind": callback.kind,
            "reason": callback.reason,
            "dag_id": run.dag_id,
            "run_id": run.run_id,
            "dialect": dag.dialect.value,
            "environment": dict(dag.runtime.environment),
            "folder": folder,
            "inputs": inputs,
            "launch_id": None if voice is None else voice.id,
            "task": task,
            "data": data,
        }


def _until(own: Sequence[Launch], callback: RunCallback) -> list[Launch]:
    """Those of a task's launches that there were when CALLBACK was asked for: another try may run by now."""
    return [one for one in own if one.planned_at is None or one.planned_at <= callback.created_at]


def _there(tell: Callable[[Tx, T], R], tx: Tx, rows: Iterable[T]) -> list[R]:
    """What TELL says of each of ROWS, but for those that are gone meanwhile, with their run."""
    found = []
    for row in rows:
        with contextlib.suppress(NotFoundError):
            found.append(tell(tx, row))
    return found


def _list(told: Any, name: str) -> list[Any]:
    found = told.get(name) or []
    if not isinstance(found, list):
        raise InvalidRequestError(f"{name} must be a list")
    return found


def _line(entry: Any) -> tuple[str, float, str]:
    at = task_bodies.mapping(entry).get("at")
    if isinstance(at, bool) or not isinstance(at, int | float):
        raise InvalidRequestError("at of a line must be seconds since 1970")
    return task_bodies.text(entry, "launch_id"), float(at), task_bodies.text(entry, "text")


def _end(entry: Any) -> tuple[int, bool, str]:
    return task_bodies.number(entry, "id"), entry.get("ok") is True, mended(task_bodies.text(entry, "output"))


def _held(entry: Any) -> tuple[int, Held]:
    told = task_bodies.mapping(entry)
    watchers = told.get("watchers")
    if watchers is not None:
        watchers = {str(key): mended(str(name)) for key, name in task_bodies.mapping(watchers, "watchers").items()}
    trouble = task_bodies.maybe_text(told, "trouble")
    held = Held(task_bodies.number(told, "epoch"), watchers, None if trouble is None else trouble[:LONGEST_TROUBLE])
    return task_bodies.number(told, "id"), held


def _seen(entry: Any) -> tuple[int, str, Any, str]:
    key, told_as = task_bodies.text(entry, "key"), task_bodies.text(entry, "told_as")
    return task_bodies.number(entry, "id"), key, entry.get("payload"), told_as


def _fired(entry: Any) -> tuple[int, Fired]:
    key = task_bodies.number(entry, "id")
    try:
        return key, Fired.from_json(entry)
    except ValueError as problem:
        raise InvalidRequestError(f"event of trigger {key}: {problem}") from problem
