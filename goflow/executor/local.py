"""The local backend: the same plans as processes on this machine, each in a session of its own (decision 17).

A launch is a folder below ``ROOT/launches``; what its process writes there (`goflow_runner.local`) is the whole truth,
so a daemon that comes back after a crash adopts what it finds. Container images mean nothing here: tasks run with this
installation's Python, native tasks run their command as it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import structlog
from goflow_runner import wire
from goflow_runner.desk import short_address
from goflow_runner.local import SOCKET, process_identity
from goflow_runner.room import NO_ROOM

from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.executor.backend import BackendAwayError, Handle, Observation, Phase, Sink
from goflow.executor.families import kill_all, kill_orphans, pid_of
from goflow.executor.room import Asked, Room
from goflow.executor.unsent import NOTHING, Unsent
from goflow.executor.words import outcome_from_word
from goflow.operators.plan import JobPlan

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 0.5
"""How often ended processes are looked for: only a backstop, since runners tell their end themselves."""
ZYGOTE_START_S = 20.0
STOPPED_BEFORE_START = "0:0"
NOT_BEGUN = "0:1"
"""Of a launch that is given up since it could not begin; another one takes its place."""
NO_PROCESS = frozenset({STOPPED_BEFORE_START, NOT_BEGUN})
NO_WORD = frozenset({"Lost", "Killed"})
"""Reasons of an end that the agent has not told itself."""
KILLED = "killed"
"""Marks in a launch's folder that it was we who killed it."""


class LocalBackend:
    """Runs launches as processes. ROOT is a folder of its own; TASK_API is the address given to runners, as in
    `goflow_runner.wire.ENV_API_URL`, DESK the socket of their desk (`goflow_runner.desk`), where there is one."""

    name = "local"
    keeps_s = 0.0

    def __init__(
        self,
        root: Path,
        task_api: str,
        base_environment: Mapping[str, str] | None = None,
        *,
        desk: Path | None = None,
    ) -> None:
        self.root = root
        self.desk = desk
        self.launches = root / "launches"
        self.task_api = task_api
        environment = os.environ if base_environment is None else base_environment
        self.base_environment = {key: value for key, value in environment.items() if not key.startswith("GOFLOW_")}
        self._stopping = threading.Event()
        self._told: dict[str, Phase] = {}
        self._kill_at: dict[str, float] = {}
        self.room = Room(root)
        self._asked = Asked(self.room)
        self._zygote_lock = threading.Lock()
        self._zygote: subprocess.Popen[bytes] | None = None
        self._watch: threading.Thread | None = None

    def start(self, sink: Sink) -> None:
        """Start the zygote and the look-out for ended processes. Raises BackendAwayError."""
        with self.room.needed():
            self.launches.mkdir(parents=True, exist_ok=True)
            self._ensure_zygote()
        self._asked.found(seen.launch_id for seen in self.present() if seen.phase is Phase.PENDING)
        self._watch = threading.Thread(target=self._look_out, args=(sink,), name="local-backend", daemon=True)
        self._watch.start()

    def stop(self) -> None:
        """End zygote and look-out; attempts go on."""
        self._stopping.set()
        if self._watch is not None:
            self._watch.join(5)
        if self._zygote is not None:
            self._zygote.terminate()
            self._zygote.wait(5)
            self._zygote = None

    def launch(self, plan: JobPlan, token: str) -> None:
        """Ask the zygote for a process; its folder makes sure that there is only one."""
        self.launch_all([(plan, token)])

    def launch_all(self, plans: Sequence[tuple[JobPlan, str]]) -> None:
        """The same for many at once. Where there is no room for all, none is asked for."""
        with self.room.needed():
            requests = [request for plan, token in plans if (request := self._request(plan, token)) is not None]
            if requests:
                self._asked.note(str(request["launch_id"]) for request in requests)
                self._begin(requests)

    def _begin(self, requests: Sequence[Mapping[str, object]]) -> None:
        """Have the zygote begin them, another one where it has ended. Raises BackendAwayError."""
        try:
            self._ask(requests)
        except OSError:
            self._ensure_zygote()
            try:
                self._ask(requests)
            except OSError as problem:
                raise BackendAwayError(f"the local zygote does not answer: {problem}") from problem

    def _request(self, plan: JobPlan, token: str) -> Mapping[str, object] | None:
        """What the zygote is asked for, in a folder that has what the attempt needs; None: it has begun already."""
        folder = self.launches / plan.launch_id
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            if (folder / "process").exists():
                return None
        token_file = folder / "token"
        if _read(token_file) != token:  # else an attempt that was asked for before may be about to read it
            _write_private(token_file, token)
        environment = {
            **self.base_environment,
            **plan.environment,
            wire.ENV_API_URL: self.task_api,
            wire.ENV_LAUNCH: plan.launch_id,
            wire.ENV_TOKEN_FILE: str(token_file),
            wire.ENV_WORK_DIR: str(folder),
        }
        return {
            "dir": str(folder),
            "launch_id": plan.launch_id,
            "environment": environment,
            "desk": str(self.desk) if self.desk else None,
            "plain": plan.plain,
        }

    def terminate(self, handle: Handle, grace_s: float) -> None:
        """SIGTERM to the attempt's agent, which passes it on; after GRACE_S seconds SIGKILL to all of its session. A
        launch that has not begun will not begin any more. Raises BackendAwayError."""
        folder = self.launches / handle.launch_id
        if not folder.is_dir():
            return
        if not (folder / "process").exists():  # what has begun is stopped without any room
            with self.room.needed(), contextlib.suppress(FileExistsError, FileNotFoundError):
                _make_once(folder / "process", STOPPED_BEFORE_START)
        identity = _read(folder / "process")
        if identity is None or identity in NO_PROCESS:
            return
        if grace_s <= 0:
            _mark_killed(folder)
            kill_all(identity)
        elif process_identity(pid := pid_of(identity)) == identity:
            self._kill_at.setdefault(handle.launch_id, time.monotonic() + grace_s)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def cleanup(self, handle: Handle) -> bool:
        """Remove the launch's folder, once nobody works in it any more."""
        identity = _read(self.launches / handle.launch_id / "process")
        if identity is not None and identity not in NO_PROCESS and process_identity(pid_of(identity)) == identity:
            return False
        shutil.rmtree(self.launches / handle.launch_id, ignore_errors=True)
        self._asked.forget(handle.launch_id)
        self._told.pop(handle.launch_id, None)
        self._kill_at.pop(handle.launch_id, None)
        return True

    def present(self) -> Iterable[Observation]:
        """Each folder below ``launches`` says how its launch fares."""
        if not self.launches.is_dir():
            return []
        return [self._observe(entry) for entry in sorted(self.launches.iterdir()) if entry.is_dir()]

    def unsent(self, handle: Handle) -> Unsent:
        """Nothing: every process here is our own runner's."""
        del handle
        return NOTHING

    def agents(self) -> dict[str, int]:
        """The processes of the agents of launches that were seen to run."""
        running = [launch_id for launch_id, phase in list(self._told.items()) if phase is Phase.RUNNING]
        found = {launch_id: _read(self.launches / launch_id / "process") for launch_id in running}
        return {launch_id: pid_of(identity) for launch_id, identity in found.items() if identity}

    def ready(self) -> str | None:
        """None while the zygote's socket is there."""
        return None if (self.root / SOCKET).exists() else "the local zygote has not started"

    def no_room(self) -> str | None:
        """Why no launch can be begun for want of room; None: there is some."""
        return self.room.why

    def _observe(self, folder: Path) -> Observation:
        identity = _read(folder / "process")
        if identity is None:
            return Observation(launch_id=folder.name, phase=Phase.PENDING)
        if identity not in NO_PROCESS and process_identity(pid_of(identity)) == identity:
            return Observation(launch_id=folder.name, phase=Phase.RUNNING, claimant=identity)
        return Observation(
            launch_id=folder.name, phase=Phase.ENDED, outcome=_told_outcome(folder, identity), claimant=identity
        )

    def _look_out(self, sink: Sink) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self._look(sink)
            except Exception:
                log.exception("a look at the local launches failed; the next one tries again")

    def _look(self, sink: Sink) -> None:
        self._kill_what_did_not_listen()
        for launch_id in self._asked.to_begin_anew():
            self._give_up(launch_id)
        with contextlib.suppress(FileNotFoundError):
            for entry in os.scandir(self.launches):
                if self._told.get(entry.name) is not Phase.ENDED:
                    try:
                        self._look_at(Path(entry.path), sink)
                    except Exception:
                        log.exception("an observation could not be taken; it is told again", launch=entry.name)

    def _give_up(self, launch_id: str) -> None:
        """Keep a launch that could not begin from beginning late, unless it has begun at the last moment: its end is
        told, and another one follows."""
        with contextlib.suppress(FileExistsError, FileNotFoundError, BackendAwayError), self.room.needed():
            _make_once(self.launches / launch_id / "process", NOT_BEGUN)
            log.info("a launch could not begin; another one follows", launch=launch_id)
        if self.room.why is None:
            self._asked.forget(launch_id)

    def _kill_what_did_not_listen(self) -> None:
        now = time.monotonic()
        for launch_id in [launch_id for launch_id, due in list(self._kill_at.items()) if due <= now]:
            folder = self.launches / launch_id
            identity = _read(folder / "process")
            if identity is not None:
                _mark_killed(folder)
                kill_all(identity)
            self._kill_at.pop(launch_id, None)

    def _look_at(self, folder: Path, sink: Sink) -> None:
        """Tell how a launch fares, when that has changed: what is found first, by a daemon that comes back, too."""
        seen = self._observe(folder)
        if seen.phase is not Phase.PENDING:
            self._asked.forget(folder.name)
        before = self._told.get(folder.name)
        if seen.phase is before:
            return
        if before is Phase.RUNNING and seen.claimant and seen.outcome is not None and seen.outcome.reason in NO_WORD:
            kill_orphans(seen.claimant)
        sink(seen)
        if folder.exists():  # else it was cleaned meanwhile
            self._told[folder.name] = seen.phase

    def _ask(self, requests: Sequence[Mapping[str, object]]) -> None:
        """Have the zygote begin them. Raises OSError; then some of them may have begun."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(10)
            with short_address(self.root / SOCKET) as address:
                connection.connect(address)
            connection.sendall(b"".join(json.dumps(request).encode() + b"\n" for request in requests) + b"\n")
            if not connection.recv(1024):
                raise OSError("it closed the connection without an answer")

    def _ensure_zygote(self) -> None:
        with self._zygote_lock:
            if self._zygote is not None and self._zygote.poll() is None:
                return
            with contextlib.suppress(FileNotFoundError):
                (self.root / SOCKET).unlink()
            with open(self.root / "zygote.log", "ab") as out:
                self._zygote = subprocess.Popen(  # noqa: S603 - our own runner
                    [sys.executable, "-m", "goflow_runner", "zygote", str(self.root), str(os.getpid())],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    env=self.base_environment,
                    cwd=self.root,
                )
            deadline = time.monotonic() + ZYGOTE_START_S
            while not (self.root / SOCKET).exists():
                if self._zygote.poll() is not None or time.monotonic() > deadline:
                    raise BackendAwayError(f"the local zygote does not start: see {self.root / 'zygote.log'}")
                time.sleep(0.005)


def _told_outcome(folder: Path, identity: str) -> Outcome:
    """How an ended launch ended: its own last word where it left one; else that it is gone without an answer."""
    if identity == STOPPED_BEFORE_START:
        return Outcome(state=TaskState.FAILED, reason="Terminated", message="stopped before it began")
    if identity == NOT_BEGUN:
        words = "it had not begun when the disk had no room, or when the daemon ended"
        return Outcome(state=TaskState.FAILED, reason="NotBegun", message=words, disrupted=True)
    word = _read(folder / "finish.json")
    if word is not None:
        try:
            return outcome_from_word(json.loads(word)["outcome"])
        except (ValueError, KeyError, TypeError) as problem:
            words = f"its process left an answer that cannot be read: {problem}"
            return Outcome(state=TaskState.FAILED, reason="Lost", message=words)
    code = _read(folder / "exit")
    if code is None and (folder / KILLED).exists():
        words = "it was told to stop, did not end in time and was killed (SIGKILL)"
        return Outcome(state=TaskState.FAILED, reason="Killed", message=words)
    message = "its process ended without an answer" + (f" (exit code {code})" if code else "")
    return Outcome(state=TaskState.FAILED, reason="Lost", message=message, exit_code=int(code) if code else None)


def _mark_killed(folder: Path) -> None:
    try:
        (folder / KILLED).touch()
    except FileNotFoundError:  # it has been cleaned meanwhile
        pass
    except OSError as problem:  # a disk without room keeps nobody from being killed: its end says less then
        if problem.errno not in NO_ROOM:
            raise


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def _make_once(path: Path, text: str) -> None:
    """Make PATH whole or not at all. Raises FileExistsError."""
    staging = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        staging.write_text(text, encoding="ascii")
        os.link(staging, path)
    finally:
        staging.unlink(missing_ok=True)


def _write_private(path: Path, text: str) -> None:
    """Write PATH whole or not at all, for its owner alone."""
    staging = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(text)
        os.replace(staging, path)
    finally:
        staging.unlink(missing_ok=True)
