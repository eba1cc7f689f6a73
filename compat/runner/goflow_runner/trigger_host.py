"""A host of triggers: one asyncio loop in a child process of a trigger runner, in one world (see `trigger_runner`).

What is Airflow's about a trigger (its class, its arguments, its events) the shim knows
(``airflow._goflow.triggering``); here they are begun, left, listened to and cleaned up, as Airflow's ``TriggerRunner``
does it.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from goflow_runner import interpreters, processes
from goflow_runner.client import TaskClient
from goflow_runner.trigger_pipe import Pipe
from goflow_runner.watch_host import Watches
from goflow_runner.wire import LARGEST_BODY, TriggerInfo, WatchInfo

ON_KILL_S = 30.0
"""Seconds that a trigger's ``on_kill`` may take (Airflow's ``[triggerer] on_kill_timeout``)."""


def preload() -> None:
    """Import what every host needs, before hosts are forked off."""
    with contextlib.suppress(ImportError):
        from airflow._goflow import triggering  # type: ignore[import-untyped,unused-ignore]

        triggering.preload()


def become(pipe: Pipe, info: TriggerInfo | WatchInfo, folder: Path | None, client: TaskClient) -> NoReturn:
    """This fork is a host now, for triggers or watches like INFO; it ends when told so, or when its runner is gone."""
    code = 70
    try:
        processes.end_with_parent()
        for number in (signal.SIGTERM, signal.SIGINT):  # a group that is told to stop: the runner tells its hosts
            signal.signal(number, signal.SIG_IGN)
        place = None if folder is None else str(folder)
        if interpreters.needs_new(info["environment"]):
            order = {"info": info, "folder": place, "pipe": pipe.fileno(), "headers": client.headers}
            environment = {**os.environ, **info["environment"]}
            interpreters.become("trigger-host", order, environment, keep=[pipe.fileno()])
        os.environ.update(info["environment"])
        code = _serve(pipe, info, place, client)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def run_in_new_interpreter(fd: str) -> int:
    """The other half of `become`; the exit code."""
    order = interpreters.given_at(fd)
    pipe = Pipe(socket.socket(fileno=order["pipe"]))
    return _serve(pipe, order["info"], order["folder"], TaskClient.of_runner(os.environ, order["headers"]))


def _serve(pipe: Pipe, info: TriggerInfo | WatchInfo, folder: str | None, client: TaskClient) -> int:
    from airflow._goflow import triggering, watching  # type: ignore[import-untyped,unused-ignore]

    host = _Host(pipe, triggering, watching)
    settle_in = watching.settle_in if "asset" in info else triggering.settle_in
    settle_in(info, folder, client, host.log)
    asyncio.run(host.serve())
    return 0


class _Host:
    """The loop. SHIM knows what a trigger is, WATCHING what watchers are."""

    def __init__(self, pipe: Pipe, shim: Any, watching: Any) -> None:
        self._pipe = pipe
        self._shim = shim
        self._watches = Watches(watching, self._say)
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._why: dict[int, str] = {}
        """Of triggers that were told to end: why."""

    async def serve(self) -> None:
        """Do what the runner says until it says no more, or is gone; then let every trigger clean up."""
        reader, writer = await asyncio.open_connection(sock=self._pipe.socket, limit=LARGEST_BODY)
        self._writer = writer
        while line := await reader.readline():
            word = json.loads(line)
            if "start" in word:
                self._start(word["start"])
                await asyncio.sleep(0)  # a task that is cancelled before its first step never gets to its last words
            elif "leave" in word:
                self._leave(word["leave"], word["why"])
            elif "watch" in word:
                self._watches.begin(word["watch"])
            elif "run" in word:
                self._watches.run(word["run"]["id"], word["run"]["keys"])
            elif "unwatch" in word:
                self._watches.leave(word["unwatch"])
            else:
                break
        for trigger_id in list(self._tasks):
            self._leave(trigger_id, "moved")
        watching = self._watches.leave_all()
        await asyncio.gather(*self._tasks.values(), *watching, return_exceptions=True)
        writer.close()  # what is said and not sent yet is sent first
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    def log(self, launch_id: str, at: float, text: str) -> None:
        """A trigger has logged something."""
        self._say({"line": {"launch_id": launch_id, "at": at, "text": text}})

    def _say(self, word: Any) -> None:
        self._writer.write(json.dumps(word).encode() + b"\n")

    def _start(self, info: TriggerInfo) -> None:
        task = asyncio.create_task(self._run(info), name=f"trigger {info['id']}")
        self._tasks[info["id"]] = task
        task.add_done_callback(lambda _: self._ended(info["id"]))

    def _ended(self, trigger_id: int) -> None:
        self._tasks.pop(trigger_id, None)
        self._why.pop(trigger_id, None)
        self._say({"over": trigger_id})

    def _leave(self, trigger_id: int, why: str) -> None:
        task = self._tasks.get(trigger_id)
        if task is not None and trigger_id not in self._why:
            self._why[trigger_id] = why
            task.cancel()

    async def _run(self, info: TriggerInfo) -> None:
        """One trigger, from its making to its ``cleanup``; what it does not tell itself is told for it."""
        self._shim.speaks(info)
        try:
            trigger = self._shim.make(info)
        except BaseException as problem:
            self._failed(info, problem)
            return
        told = False
        try:
            async for event in trigger.run():
                if not told:  # a task waits for one event alone; whatever follows the first still runs
                    told = True
                    self._tell(info, event)
            if not told and info["id"] not in self._why:
                self._failed(info, None)
        except asyncio.CancelledError:
            if info["id"] not in self._why and not told:
                self._failed(info, None)  # it has cancelled itself
            elif self._why.get(info["id"]) == "killed" and not _is_late(info):
                await self._kill(trigger)
        except BaseException as problem:
            if not told:
                self._failed(info, problem)
        finally:
            with contextlib.suppress(Exception):
                await trigger.cleanup()

    async def _kill(self, trigger: Any) -> None:
        """Its task was ended by somebody: work that it has begun elsewhere is to end, too (Airflow 3.3)."""
        on_kill = self._shim.on_kill(trigger)
        if on_kill is not None:
            try:
                await asyncio.wait_for(on_kill(), ON_KILL_S)
            except (Exception, asyncio.CancelledError) as problem:
                print(f"on_kill of {trigger!r} failed: {type(problem).__name__}: {problem}", flush=True)

    def _tell(self, info: TriggerInfo, event: Any) -> None:
        try:
            word = self._shim.tell(event)
        except Exception as problem:
            words = f"Could not resume the task: the event payload could not be serialized ({_words(problem)})"
            self._failed(info, problem, words)
            return
        self._say({"event": {"id": info["id"], **word}})

    def _failed(self, info: TriggerInfo, problem: BaseException | None, words: str | None = None) -> None:
        lines = [] if problem is None else traceback.format_exception(problem)
        self._say({"event": {"id": info["id"], "kind": "failure", "payload": words, "traceback": lines}})


def _is_late(info: TriggerInfo) -> bool:
    """Whether the trigger's time is up: then it ends because of that."""
    until = info["timeout_at"]
    return until is not None and dt.datetime.fromisoformat(until) < dt.datetime.now(dt.timezone.utc)  # noqa: UP017


def _words(problem: BaseException) -> str:
    return f"{type(problem).__name__}: {problem}"
