"""What the task's processes use, as their runner accounts for it: exact at the end, however short the task was.

The kernel keeps CPU time and the largest single process of all children that were waited for. Processes beside each
other are added up by a look at them now and then; what they share counts once.
https://man7.org/linux/man-pages/man2/getrusage.2.html
"""

from __future__ import annotations

import contextlib
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

FIRST_LOOK_S = 0.25
LONGEST_PAUSE_S = 30.0
"""Looks are further and further apart, up to this."""
CGROUP = Path("/sys/fs/cgroup")
"""A container sees its own control group there."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Account:
    """What the children of this process use, and theirs."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._pause = FIRST_LOOK_S
        self.due = self._began + FIRST_LOOK_S
        """When to `look` again, as ``time.monotonic`` counts."""
        self._together = 0

    def look(self) -> None:
        """Add up the memory of all processes that are there, where there are several."""
        self._pause = min(LONGEST_PAUSE_S, 2 * self._pause)
        self.due = time.monotonic() + self._pause
        with contextlib.suppress(OSError):
            found = list(_descendants(os.getpid()))
            if len(found) > 1:  # the kernel itself knows the highest of a single one
                self._together = max(self._together, sum(map(_memory, found)))

    def told(self, *, in_container: bool) -> dict[str, float]:
        """What was used up to now, as `goflow_runner.wire.OutcomeInfo` has it; all children have ended."""
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        largest = used.ru_maxrss * 1024
        return {
            "cpu_seconds": round(used.ru_utime + used.ru_stime, 6),
            "max_rss_bytes": largest,
            **({"memory_bytes": self._together} if self._together > largest else {}),
            "wall_seconds": round(time.monotonic() - self._began, 6),
            **(_of_container() if in_container else {}),
        }


def _descendants(pid: int) -> Iterator[int]:
    """Children of PID, and theirs. See proc_pid_tid_children(5)."""
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        with contextlib.suppress(OSError):  # it has ended meanwhile
            for thread in os.listdir(f"/proc/{parent}/task"):
                children = _read(Path(f"/proc/{parent}/task/{thread}/children")).split()
                waiting += map(int, children)
                yield from map(int, children)


def _memory(pid: int) -> int:
    """Bytes of a process, its share of what it has in common with others; 0 once it has ended."""
    with contextlib.suppress(OSError):
        for line in _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    with contextlib.suppress(OSError, IndexError):  # another user's: what it shares is counted with each
        return int(_read(Path(f"/proc/{pid}/statm")).split()[1]) * _PAGE
    return 0


def _of_container() -> dict[str, float]:
    """What the whole container has used by its control group (version 2, or 1), where that can be read: this process is
    in it, and in memory the page cache."""
    found: dict[str, float] = {}
    with contextlib.suppress(OSError, ValueError):
        found["container_memory_bytes"] = int(_first("memory.peak", "memory/memory.max_usage_in_bytes"))
    with contextlib.suppress(OSError, ValueError, LookupError):
        if (CGROUP / "cpu.stat").exists():
            stat = dict(line.split() for line in _read(CGROUP / "cpu.stat").splitlines())
            found["container_cpu_seconds"] = int(stat["usage_usec"]) / 1e6
        else:
            found["container_cpu_seconds"] = int(_first("cpuacct/cpuacct.usage", "cpu,cpuacct/cpuacct.usage")) / 1e9
    return found


def _first(*names: str) -> str:
    """The text of the first of those files that is there. Raises OSError."""
    return _read(next((CGROUP / name for name in names if (CGROUP / name).exists()), CGROUP / names[0]))


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii", errors="replace")
