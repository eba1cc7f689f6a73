"""Questions to code of authors' own, answered by a trigger runner: those to one file in a child process, which imports
the file as it was and asks one after another.

A question that takes its process along, or that is not answered in time, has failed; those behind it are asked again in
another process. Asking twice is harmless.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, cast

from goflow_runner import interpreters, processes
from goflow_runner.client import TaskClient
from goflow_runner.folder import materialise
from goflow_runner.trigger_pipe import Pipe
from goflow_runner.wire import AnswerInfo, QuestionInfo

LONGEST_ANSWER_S = 30.0
"""Seconds for one answer, the import of the file included."""
PROBLEM_KEPT = 4000
"""Characters of the end of what is told of a failure."""


@dataclass
class _Asked:
    """A child process, and the questions that it has not answered yet, in order."""

    pid: int
    pipe: Pipe
    left: list[QuestionInfo]
    until: float


@dataclass
class Answers:
    """The questions that a runner is answering. CLIENT is the runner's, NAME its name; folders go below WORK_DIR."""

    client: TaskClient
    name: str
    work_dir: Path
    longest_s: float = LONGEST_ANSWER_S
    _children: list[_Asked] = field(default_factory=list)
    _answers: list[AnswerInfo] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """Each question that is being answered, or whose answer is still to be told, as ``id:epoch``."""
        asked = [key_of(info) for child in self._children for info in child.left]
        return sorted([*asked, *map(key_of, self._answers)])

    @property
    def pipes(self) -> list[Pipe]:
        """What to listen to."""
        return [child.pipe for child in self._children]

    def begin(self, infos: Iterable[QuestionInfo]) -> None:
        """Have questions answered, but for those that are being answered already."""
        known = set(self.keys)
        groups: dict[str, list[QuestionInfo]] = {}
        for info in infos:
            if key_of(info) not in known:
                groups.setdefault(_world(info), []).append(info)
        for group in groups.values():
            self._fork(group)

    def look(self) -> list[AnswerInfo]:
        """What has been answered, until it is `told`."""
        for child in list(self._children):
            self._hear(child)
        return list(self._answers)

    def told(self, answers: Iterable[AnswerInfo]) -> None:
        """The daemon has heard of ANSWERS."""
        for answer in answers:
            self._answers.remove(answer)

    def end(self) -> None:
        """End whatever is being asked; nothing is told of it, and another runner asks again."""
        for child in self._children:
            processes.kill(child.pid)
            os.waitpid(child.pid, 0)
            child.pipe.close()
        self._children.clear()

    def _fork(self, group: list[QuestionInfo]) -> None:
        ours, theirs = Pipe.pair()
        pid = os.fork()
        if pid == 0:
            for other in self._children:
                other.pipe.close()
            ours.close()
            _become(group, self.client, self.name, theirs, self.work_dir)  # does not return
        theirs.close()
        ours.socket.setblocking(False)
        self._children.append(_Asked(pid, ours, list(group), time.monotonic() + self.longest_s))

    def _hear(self, child: _Asked) -> None:
        words, is_open = child.pipe.receive()
        for word in words:
            self._answers.append(cast(AnswerInfo, word))
            del child.left[0]
            child.until = time.monotonic() + self.longest_s
        if not is_open:
            self._over(child, "")
        elif time.monotonic() > child.until:
            self._over(child, f"it did not answer within {self.longest_s:g} seconds")

    def _over(self, child: _Asked, problem: str) -> None:
        """CHILD has ended, or is ended here because of PROBLEM."""
        self._children.remove(child)
        child.pipe.close()
        processes.kill(child.pid)
        _, status = os.waitpid(child.pid, 0)
        if not child.left:
            return
        if not problem:
            code = os.waitstatus_to_exitcode(status)
            fate = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"has ended (exit code {code})"
            problem = f"its process {fate}"
        first, *others = child.left
        self._answers.append({"id": first["id"], "epoch": first["epoch"], "told": None, "problem": problem})
        if others:
            self._fork(others)


def key_of(info: QuestionInfo | AnswerInfo) -> str:
    """What names one asking of a question."""
    return f"{info['id']}:{info['epoch']}"


def _world(info: QuestionInfo) -> str:
    """What names the process that can answer a question like INFO."""
    folder = info["folder"]
    place = [folder["digest"], folder["path"], folder["file"], folder["import_roots"], info["inputs"]]
    return json.dumps([info["dag_id"], info["dialect"], place, info["environment"], info["launch_id"]], sort_keys=True)


def _become(group: list[QuestionInfo], model: TaskClient, name: str, pipe: Pipe, work_dir: Path) -> NoReturn:
    """This fork answers the questions of GROUP."""
    code = 70
    try:
        processes.end_with_parent()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        environment = group[0]["environment"]
        if interpreters.needs_new(environment):
            order = {"group": group, "name": name, "work_dir": str(work_dir), "pipe": pipe.fileno()}
            order["headers"] = model.headers
            interpreters.become("answers", order, {**os.environ, **environment}, keep=[pipe.fileno()])
        os.environ.update(environment)
        client = model.another()
        client.headers = dict(model.headers)
        code = _answer(group, client, name, pipe, work_dir)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def run_in_new_interpreter(fd: str) -> int:
    """The other half of `_become`; the exit code."""
    order = interpreters.given_at(fd)
    client = TaskClient.of_runner(os.environ, order["headers"])
    pipe = Pipe(socket.socket(fileno=order["pipe"]))
    return _answer(order["group"], client, order["name"], pipe, Path(order["work_dir"]))


def _answer(group: list[QuestionInfo], client: TaskClient, name: str, pipe: Pipe, work_dir: Path) -> int:
    client.launch_id, client.folders = group[0]["launch_id"] or "", f"trigger_runners/{name}"
    ask = _asker(group[0], client, work_dir)
    for info in group:
        told, problem = ask(info)
        pipe.send({"id": info["id"], "epoch": info["epoch"], "told": told, "problem": problem})
    return 0


def _asker(info: QuestionInfo, client: TaskClient, work_dir: Path) -> Any:
    """What asks a question of INFO's file: a function to (what was told, the problem)."""
    try:
        folder = materialise(info["folder"], client, work_dir)
        from airflow._goflow import asking  # type: ignore[import-untyped,unused-ignore]

        dag = asking.load(info, client, folder)
    except Exception:
        problem = traceback.format_exc()[-PROBLEM_KEPT:]
        return lambda _: (None, problem)

    def ask(info: QuestionInfo) -> tuple[Any, str | None]:
        try:
            told = asking.ask(dag, info)
            json.dumps(told)
        except Exception:
            return None, asking.words()[-PROBLEM_KEPT:]
        return told, None

    return ask
