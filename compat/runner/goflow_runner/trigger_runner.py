"""A trigger runner: holds triggers of deferred tasks, and tells what comes of them.

This process itself runs nobody's code. It asks the daemon again and again what to hold, and hands each trigger to a
*host*: a child process with one asyncio loop for all triggers that need the same world (the same dialect, environment
and, where their classes are from there, DAG folder as it was). What a host tells is passed on at once, and again until
the daemon has heard it; while the daemon is away, hosts go on.

A host that dies is begun again with its triggers in two halves, so that one trigger which takes its process along is
soon alone; alone, it fails. Hosts end when this process does, however it ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, cast

from goflow_runner import processes, trigger_host
from goflow_runner.answers import Answers
from goflow_runner.client import RefusedError, ServerAwayError, TaskClient
from goflow_runner.local import process_identity
from goflow_runner.run_callbacks import Calls, folder_of
from goflow_runner.trigger_pipe import Pipe
from goflow_runner.wire import (
    ENV_CLAIMANT,
    ENV_TRIGGER_CAPACITY,
    ENV_TRIGGER_RUNNER,
    ENV_WORK_DIR,
    PROTOCOL,
    RUNNER_HEADER,
    WATCH_LAUNCH,
    AnswerInfo,
    CallbackEnd,
    TriggerEventInfo,
    TriggerInfo,
    TriggerLine,
    TriggerOrders,
    WatchEvent,
    WatchHeld,
    WatchInfo,
)

PROCESS_FILE = "process"
"""In the runner's folder: which process it is."""
GOODBYE_S = 4.0
"""Seconds that triggers have for their ``cleanup`` when the runner is told to end."""
PAUSE_AFTER_REFUSAL_S = 1.0
HOST_IDLE_S = 30.0
"""Seconds for which a host without triggers is kept: the next one for its world may come soon."""
CALLS_LOOKED_AT_S = 0.1
"""How often callbacks are looked at whether they have ended."""
LAST_WORDS_S = 1.0
"""Seconds for which a runner that ends tries to tell the daemon so."""


@dataclass
class Host:
    """A child process and the triggers that it has; KEY names the world that it makes for them."""

    key: str
    pid: int
    pipe: Pipe
    triggers: dict[int, TriggerInfo] = field(default_factory=dict)
    watches: dict[int, WatchHeld] = field(default_factory=dict)
    idle_since: float = 0.0
    """When it had nothing to do for the first time, as ``time.monotonic`` counts; 0: it has."""


class TriggerRunner:
    """One runner, named and placed by ENVIRONMENT."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.name = environment[ENV_TRIGGER_RUNNER]
        self.capacity = int(environment.get(ENV_TRIGGER_CAPACITY) or 1000)
        self.process = environment.get(ENV_CLAIMANT) or process_identity(os.getpid()) or str(os.getpid())
        self.work_dir = Path(environment.get(ENV_WORK_DIR) or "/tmp/goflow")  # noqa: S108 - the container's own
        self.client = TaskClient.of_runner(environment, {RUNNER_HEADER: self.name})
        self.hosts: list[Host] = []
        self.stopping = False
        self._events: list[TriggerEventInfo] = []
        self._lines: list[TriggerLine] = []
        self._seen: list[WatchEvent] = []
        self._asks_soon = False
        self._calls = Calls(self.work_dir / "callbacks", self.client, self.name)
        self._answers = Answers(self.client, self.name, self.work_dir)
        self._wake_r, self._wake_w = os.pipe()

    def serve(self) -> int:
        """Hold triggers until told to end; the exit code. Raises RefusedError when the daemon does not know it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        self.work_dir.mkdir(parents=True, exist_ok=True)
        os.environ.setdefault("AIRFLOW_HOME", str(self.work_dir / "airflow"))  # as every task has it
        staging = self.work_dir / f"{PROCESS_FILE}.new"
        staging.write_text(self.process, encoding="ascii")
        staging.replace(self.work_dir / PROCESS_FILE)
        trigger_host.preload()
        with contextlib.suppress(ServerAwayError):
            while not self.stopping:
                self._listen(self._sync_or_pause())
        self._leave()
        return 0

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopping = True
        self.client.patience_s = LAST_WORDS_S
        os.write(self._wake_w, b"x")

    def _sync_or_pause(self) -> float:
        """`_sync`; a refusal is told and the next time may go better, but for a token that is not good."""
        try:
            return self._sync()
        except RefusedError as refusal:
            if refusal.status == 401:
                raise
            print(f"the server refused what is held: {refusal}", file=sys.stderr, flush=True)
            return PAUSE_AFTER_REFUSAL_S

    # With the daemon -------------------------------------------------------------------------------------------

    def _sync(self, *, leaving: bool = False) -> float:
        """Say what is held, do what is asked; seconds until the next time."""
        body = {
            "protocol": PROTOCOL,
            "process": self.process,
            "capacity": self.capacity,
            "held": sorted(key for host in self.hosts for key in host.triggers),
            "calling": sorted(self._calls.running),
            "watching": [held for host in self.hosts for held in host.watches.values()],
            "answering": self._answers.keys,
            "leaving": leaving,
        }
        orders = cast(TriggerOrders, self.client.call("POST", f"trigger_runners/{self.name}/sync", body))
        for leave in orders["leave"]:
            for host in self.hosts:
                if leave["id"] in host.triggers:
                    host.pipe.send({"leave": leave["id"], "why": leave["why"]})
        for info in orders["start"]:
            self._start(info)
        for call in orders["call"]:
            self._calls.begin(call)
        self._watch(orders)
        self._answers.begin(orders.get("answer") or [])  # a daemon that is older asks nothing
        return orders["poll_s"]

    def _watch(self, orders: TriggerOrders) -> None:
        """Leave watches, begin others, and have their triggers run."""
        for watch_id in orders["unwatch"]:
            for host in self.hosts:
                if host.watches.pop(watch_id, None) is not None:
                    host.pipe.send({"unwatch": watch_id})
        for info in orders["watch"]:
            self._begin_watch(info)
        for run in orders["run"]:
            for host in self.hosts:
                if run["id"] in host.watches:
                    host.pipe.send({"run": run})

    def _begin_watch(self, info: WatchInfo) -> None:
        key = json.dumps(["watch", info["dag_id"], info["dialect"], info["folder"], info["environment"]])
        host = next((host for host in self.hosts if host.key == key), None)
        held: WatchHeld = {"id": info["id"], "epoch": info["epoch"], "watchers": None, "trouble": None}
        if host is None:
            try:
                folder = folder_of(info["folder"], self.client, f"{WATCH_LAUNCH}{info['id']}", self.work_dir)
            except Exception as problem:  # it is handed out again when this runner asks again, and does not have it
                print(f"the folder of a watch cannot be had: {problem}", file=sys.stderr, flush=True)
                return
            host = self._fork(key, info, folder)
        host.watches[info["id"]] = held
        host.pipe.send({"watch": info})

    def _tell(self) -> None:
        called, answered = self._calls.ended(), self._answers.look()
        if self._events or self._lines or called or self._seen or answered:
            news = {"events": self._events, "lines": self._lines, "called": called, "seen": self._seen}
            news["answered"] = answered
            try:
                self._say(news)
            except RefusedError as refusal:
                if refusal.status == 401:
                    raise
                print(f"the server refused news: {refusal}", file=sys.stderr, flush=True)
                self._tell_singly(called, answered)
            self._events, self._lines, self._seen = [], [], []
            self._calls.told(called)
            self._answers.told(answered)

    def _tell_singly(self, called: list[CallbackEnd], answered: list[AnswerInfo]) -> None:
        """One of the news is not as the server takes it (too long, say): that event, and its trigger, has failed; lines
        are lost."""
        for event in self._events:
            try:
                self._say({"events": [event]})
            except RefusedError as refusal:
                words = f"Could not resume the task: the server refused the event ({refusal})"
                self._say({"events": [{"id": event["id"], "kind": "failure", "payload": words}]})
        for seen in self._seen:
            try:
                self._say({"seen": [seen]})
            except RefusedError as refusal:
                print(f"the server refused what a watcher has seen: {refusal}", file=sys.stderr, flush=True)
        self._say({"called": called})
        for answer in answered:
            try:
                self._say({"answered": [answer]})
            except RefusedError as refusal:
                words = f"the server refused the answer ({refusal})"
                self._say({"answered": [{**answer, "told": None, "problem": words}]})

    def _say(self, news: dict[str, Any]) -> None:
        self.client.call("POST", f"trigger_runners/{self.name}/events", news)

    def _listen(self, seconds: float) -> None:
        """Pass on what the hosts tell, for that long; what one tells is told to the daemon at once."""
        deadline = time.monotonic() + seconds
        self._asks_soon = False
        while not self.stopping and not self._asks_soon and (left := deadline - time.monotonic()) > 0:
            pipes = {host.pipe.fileno(): host for host in self.hosts}
            answering = [pipe.fileno() for pipe in self._answers.pipes]
            pause = min(left, CALLS_LOOKED_AT_S) if self._calls.running or answering else left
            ready, _, _ = select.select([*pipes, *answering, self._wake_r], [], [], pause)
            for fd in ready:
                if fd in pipes:
                    self._hear(pipes[fd])
            self._tell()
            self._end_idle()

    # With the hosts --------------------------------------------------------------------------------------------

    def _start(self, info: TriggerInfo) -> None:
        """Hand a trigger to the host of its world, which is begun where there is none."""
        if any(info["id"] in host.triggers for host in self.hosts):
            return
        key = _world(info)
        host = next((host for host in self.hosts if host.key == key), None) or self._begin(key, info)
        if host is not None:
            host.triggers[info["id"]] = info
            host.pipe.send({"start": info})

    def _begin(self, key: str, info: TriggerInfo) -> Host | None:
        """A host for triggers like INFO; None when its folder cannot be had: the trigger has failed then."""
        folder = None
        if info["folder"] is not None:
            try:
                folder = folder_of(info["folder"], self.client, info["task"]["launch_id"], self.work_dir)
            except Exception as problem:
                self._failed(info["id"], f"its DAG folder cannot be had: {type(problem).__name__}: {problem}")
                return None
        return self._fork(key, info, folder)

    def _fork(self, key: str, info: TriggerInfo | WatchInfo, folder: Path | None) -> Host:
        ours, theirs = Pipe.pair()
        pid = os.fork()
        if pid == 0:
            for other in self.hosts:
                other.pipe.close()
            ours.close()
            os.close(self._wake_r)
            os.close(self._wake_w)
            trigger_host.become(theirs, info, folder, self.client)  # does not return
        theirs.close()
        host = Host(key, pid, ours)
        self.hosts.append(host)
        return host

    def _hear(self, host: Host) -> None:
        words, is_open = host.pipe.receive()
        for word in words:
            self._take(host, word)
        if not is_open:
            self._died(host)

    def _take(self, host: Host, word: dict[str, Any]) -> None:
        """``event`` of a trigger, a ``line`` that it has logged, or that it is ``over``; of a watch what it is
        ``watching``, and what it has ``seen``."""
        if "event" in word:
            self._events.append(cast(TriggerEventInfo, word["event"]))
        elif "line" in word:
            self._lines.append(cast(TriggerLine, word["line"]))
        elif "seen" in word:
            self._seen.append(cast(WatchEvent, word["seen"]))
        elif "watching" in word:
            told = cast(WatchHeld, word["watching"])
            if told["id"] in host.watches:
                host.watches[told["id"]] = told
                self._asks_soon = True  # none of its triggers runs before the server has said which
        elif "over" in word:
            host.triggers.pop(word["over"], None)

    def _died(self, host: Host) -> None:
        """A host has ended by itself: its triggers go on in two new ones, or the one that is left has failed."""
        self.hosts.remove(host)
        host.pipe.close()
        processes.kill(host.pid)  # it may have closed its end and live on
        _, status = os.waitpid(host.pid, 0)
        told = {event["id"] for event in self._events}
        if host.watches:
            print(f"a host of watches {_fate(status)}; it is begun again", file=sys.stderr, flush=True)
            return  # the server hands out what nobody tells to hold
        left = [info for info in host.triggers.values() if info["id"] not in told]
        if len(left) == 1:
            self._failed(left[0]["id"], f"its process {_fate(status)}")
            return
        print(f"a host of {len(left)} triggers {_fate(status)}", file=sys.stderr, flush=True)
        for part in (left[: len(left) // 2], left[len(left) // 2 :]):
            again = self._begin(f"{host.key} after {host.pid}.{len(self.hosts)}", part[0]) if part else None
            if again is not None:
                for info in part:
                    again.triggers[info["id"]] = info
                    again.pipe.send({"start": info})

    def _end_idle(self) -> None:
        """Hosts that have had nothing to do for a while end."""
        now = time.monotonic()
        for host in list(self.hosts):
            if host.triggers or host.watches:
                host.idle_since = 0.0
            elif not host.idle_since:
                host.idle_since = now
            elif now - host.idle_since > HOST_IDLE_S:
                self.hosts.remove(host)
                host.pipe.close()
                os.waitpid(host.pid, 0)

    def _failed(self, trigger_id: int, words: str) -> None:
        self._events.append({"id": trigger_id, "kind": "failure", "traceback": [words]})

    # The end ---------------------------------------------------------------------------------------------------

    def _leave(self) -> None:
        """Let every trigger clean up, tell what is left to tell, and say goodbye."""
        self._answers.end()
        for host in self.hosts:
            host.pipe.send({"end": True})
        deadline = time.monotonic() + GOODBYE_S
        self._calls.wait(deadline)
        while self.hosts and (left := deadline - time.monotonic()) > 0:
            pipes = {host.pipe.fileno(): host for host in self.hosts}
            for fd in select.select(list(pipes), [], [], left)[0]:
                host = pipes[fd]
                words, is_open = host.pipe.receive()
                for word in words:
                    self._take(host, word)
                if not is_open:
                    self.hosts.remove(host)
                    os.waitpid(host.pid, 0)
        for host in self.hosts:
            processes.kill(host.pid)
        self.hosts = []
        with contextlib.suppress(Exception):  # whoever does not hear it finds out when the lease is over
            self._tell()
            self._sync(leaving=True)


def _world(info: TriggerInfo) -> str:
    """What names the process that can run a trigger like INFO."""
    folder = info["folder"]
    place = None if folder is None else [folder["digest"], folder["path"], folder["import_roots"]]
    return json.dumps([info["dialect"], place, info["environment"]], sort_keys=True)


def _fate(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"was ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"has ended (exit code {os.waitstatus_to_exitcode(status)})"
