"""A meter of local processes: all that an attempt's agent has begun, and what that has begun in its turn.

One look through ``/proc`` for all attempts. See proc_pid_stat(5) and proc_pid_smaps(5).
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from goflow.domain.usage import Sample

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")


class _Process(NamedTuple):
    pid: int
    parent: int
    session: int
    own_ticks: int
    ended_ticks: int
    """Of its children that have ended."""
    resident: int


class ProcessMeter:
    """AGENTS says the process of each running launch's agent, which itself is not counted."""

    source = "processes"

    def __init__(self, agents: Callable[[], Mapping[str, int]]) -> None:
        self._agents = agents

    def measure(self) -> Mapping[str, Sample]:
        """What the processes of each launch have used; those that are gone are left out."""
        agents = {pid: launch_id for launch_id, pid in self._agents().items()}
        if not agents:
            return {}
        there = {process.pid: process for process in _processes()}
        families: dict[int, list[_Process]] = {pid: [] for pid in agents if pid in there}
        for process in there.values():
            owner = _owner(process, there, agents)
            if owner is not None and owner != process.pid:
                families[owner].append(process)
        now = time.time()
        return {agents[pid]: _sample(there[pid], family, now) for pid, family in families.items()}


def _owner(process: _Process, there: Mapping[int, _Process], agents: Mapping[int, str]) -> int | None:
    """The agent that PROCESS descends from, or whose session it is in."""
    seen: _Process | None = process
    for _ in range(len(there)):  # who asks while parents change must not go in a circle
        if seen is None or seen.pid in agents:
            break
        seen = there.get(seen.parent)
    if seen is not None and seen.pid in agents:
        return seen.pid
    return process.session if process.session in agents and process.session in there else None


def _sample(agent: _Process, family: list[_Process], now: float) -> Sample:
    ticks = agent.ended_ticks + sum(process.own_ticks + process.ended_ticks for process in family)
    shares = len(family) > 1
    memory = sum(_share(process) if shares else process.resident for process in family)
    return Sample(now, ticks / _TICK, memory)


def _share(process: _Process) -> int:
    """Bytes of a process with its part of what it has in common with others: forks have most of it."""
    with contextlib.suppress(OSError), open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as file:
        for line in file:
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return process.resident


def _processes() -> Iterator[_Process]:
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                words = (
                    Path(f"/proc/{name}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
                )
                yield _Process(
                    int(name),
                    parent=int(words[1]),
                    session=int(words[3]),
                    own_ticks=int(words[11]) + int(words[12]),
                    ended_ticks=int(words[13]) + int(words[14]),
                    resident=int(words[21]) * _PAGE,
                )
