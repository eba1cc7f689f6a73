"""The processes of a local attempt: its agent, and whatever has come of it."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

from goflow_runner.local import process_identity


def pid_of(identity: str) -> int:
    """The number of the process that IDENTITY says (`goflow_runner.local.process_identity`)."""
    return int(identity.partition(":")[0])


def kill_all(identity: str) -> None:
    """SIGKILL to every process of the attempt: its agent, what descends from it, and whoever shares a session with one
    of them (a shell that runs a task is in a session of its own, as Airflow's BashOperator starts it).

    The agent is held meanwhile by a descriptor, so that its number is nobody else's.
    """
    leader = pid_of(identity)
    try:
        descriptor = os.pidfd_open(leader)
    except ProcessLookupError:
        return
    try:
        if process_identity(leader) == identity:
            for pid in [leader, *_family(leader)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    finally:
        os.close(descriptor)


def kill_orphans(identity: str) -> None:
    """SIGKILL to what an agent that was killed has left running, so that another attempt never runs beside it. Its
    number is not given to another process as long as it is a session's."""
    leader = pid_of(identity)
    if process_identity(leader) is None:
        for pid in _family(leader):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _family(leader: int) -> list[int]:
    """Who descends from LEADER or is in a session with one who does, LEADER left out."""
    parents = {
        pid: relatives for name in os.listdir("/proc") if name.isdigit() and (relatives := _relatives(pid := int(name)))
    }
    family = {leader}
    while more := {pid for pid, relatives in parents.items() if pid not in family and family & set(relatives)}:
        family |= more
    return sorted(family - {leader})


def _relatives(pid: int) -> tuple[int, int] | None:
    """The parent of PID and the leader of its session; None when it is gone. See proc_pid_stat(5)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1]), int(fields[3])
