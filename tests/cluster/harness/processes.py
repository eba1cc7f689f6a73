"""Starting, watching and ending the cluster's processes, which outlive the Python process that started them."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.harness.layout import log_folder, work_folder
from tests.cluster.harness.report import HarnessError, tail


@dataclass(frozen=True)
class Identity:
    """A process for certain: ids are used again, an id with its start time is not."""

    pid: int
    start_ticks: int
    """Clock ticks since boot at which it started (field 22 of /proc/PID/stat)."""

    @property
    def is_alive(self) -> bool:
        """True while it runs; a zombie does not."""
        stat = _stat(self.pid)
        return stat is not None and stat[1] == self.start_ticks and stat[0] != "Z"


def identity_of(pid: int) -> Identity | None:
    """The process with this id now, None when there is none."""
    stat = _stat(pid)
    return Identity(pid, stat[1]) if stat is not None and stat[0] != "Z" else None


def start(name: str, command: Sequence[str | Path]) -> Identity:
    """Start one component in a session of its own, its output in `logs/NAME.log`, and record it before returning."""
    log_folder().mkdir(parents=True, exist_ok=True)
    with log_of(name).open("ab") as log:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=work_folder(),
            start_new_session=True,
        )
    identity = identity_of(process.pid)
    if identity is None:
        raise HarnessError(f"{name} ended at once; the end of its log:\n{tail(log_of(name))}")
    record = _records() / f"{name}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps({"pid": identity.pid, "start_ticks": identity.start_ticks}))
    return identity


def recorded() -> dict[str, Identity]:
    """The components that were started and not yet ended, by name, whether they still live or not."""
    found = {}
    for record in sorted(_records().glob("*.json")):
        with contextlib.suppress(ValueError, KeyError):
            data = json.loads(record.read_text())
            found[record.stem] = Identity(int(data["pid"]), int(data["start_ticks"]))
    return found


def command_of(name: str) -> list[str]:
    """The words that a recorded component was started with. Raises HarnessError when it is not there."""
    identity = recorded().get(name)
    if identity is None or not identity.is_alive:
        raise HarnessError(f"{name} does not run")
    return Path(f"/proc/{identity.pid}/cmdline").read_text().rstrip("\0").split("\0")


def log_of(name: str) -> Path:
    """Where a component's output goes."""
    return log_folder() / f"{name}.log"


def stop(name: str, grace: float) -> None:
    """End a recorded component: SIGTERM, and SIGKILL after `grace` seconds. Harmless when it is gone already."""
    identity = recorded().get(name)
    if identity is not None:
        end(identity, grace)
    (_records() / f"{name}.json").unlink(missing_ok=True)


def end(identity: Identity, grace: float) -> None:
    """End a process of ours and wait until it is gone."""
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        if patience == 0:
            continue
        if not identity.is_alive:
            break
        try:
            descriptor = os.pidfd_open(identity.pid)
        except ProcessLookupError:
            break
        try:
            signal.pidfd_send_signal(descriptor, number)
            waiter = select.poll()
            waiter.register(descriptor, select.POLLIN)
            waiter.poll(patience * 1000)
        except ProcessLookupError:
            break
        finally:
            os.close(descriptor)
    with contextlib.suppress(ChildProcessError, OSError):
        os.waitpid(identity.pid, os.WNOHANG)


def wait_until(what: str, check: Callable[[], bool], timeout: float, *, needs: Sequence[str] = ()) -> None:
    """Wait until `check` is true.

    `needs` names the components that must stay alive meanwhile. Raises HarnessError, with the tail of the log of the
    one that died, or of every one of them once `timeout` seconds are over.
    """
    deadline = time.monotonic() + timeout
    while not check():
        known = recorded()
        for name in needs:
            if name in known and not known[name].is_alive:
                raise HarnessError(
                    f"{name} died while waiting for {what}; the end of {log_of(name)}:\n{tail(log_of(name))}"
                )
        if time.monotonic() > deadline:
            logs = "\n".join(f"  the end of {log_of(name)}:\n{tail(log_of(name))}" for name in needs)
            raise HarnessError(f"{what} did not come about within {timeout:.0f} s\n{logs}")
        time.sleep(0.05)


def _records() -> Path:
    return work_folder() / "processes"


def _stat(pid: int) -> tuple[str, int] | None:
    """State letter and start ticks from /proc/PID/stat; the command's name in it may hold blanks and brackets."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()
    return fields[0], int(fields[19])
