"""Launches that write, and a log store of the tests' own that fails at will."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence

from sqlalchemy import text

from goflow.domain.runs import Launch
from goflow.logs.contract import Found, Line, Query, Refusal, Source, first_id_of
from goflow.store import Store, launches, logs
from goflow.store.rows import LogRow
from tests.stores import bash_dag, make_run, queue

_numbers = itertools.count(1)


def rows(first: int, last: int, words: str = "line", *, at: float = 1000.0) -> list[LogRow]:
    """Lines FIRST to LAST, a second apart."""
    return [LogRow(seq=seq, at=at + seq, stream="out", text=f"{words} {seq}") for seq in range(first, last + 1)]


def writer(
    store: Store, dag_id: str = "example", *, day: dt.date | None = None, state: str = "claimed"
) -> tuple[Launch, Source]:
    """A launch in STORE, of a run of its own, in that state; DAY: the one on which it was decided."""
    with store.transaction() as tx:
        made = make_run(tx, bash_dag(dag_id), run_id=f"run{next(_numbers)}")
        launch = queue(tx, made["first"])
        own = launch.id if day is None else first_id_of(day) + launch.id[12:]
        tx.connection.execute(
            text("UPDATE launches SET id = :own, state = :state WHERE id = :known"),
            {"own": own, "state": state, "known": launch.id},
        )
        launch, instance = launches.with_task(tx, own)
    return launch, Source.of(launch, instance)


def append(store: Store, launch: Launch, lines: Sequence[LogRow]) -> None:
    """LINES come from LAUNCH's runner."""
    with store.transaction() as tx:
        logs.append(tx, launch.id, lines)


class MemoryLogs:
    """A log store that keeps lines here. What `write` raises before it takes anything, and after it has taken all, is
    given beforehand."""

    name = "memory"
    place = "memory:"
    linger_s = 0.0

    def __init__(self) -> None:
        self.kept: dict[tuple[str, int], Line] = {}
        self.writes: list[int] = []
        self.before: list[Exception | None] = []
        self.after: list[Exception | None] = []
        self.takes_never: set[str] = set()
        self.prepared = 0
        self.expired: list[dt.date] = []

    def prepare(self) -> None:
        self.prepared += 1

    def write(self, lines: Sequence[Line]) -> Sequence[Refusal]:
        _raise_next(self.before)
        self.writes.append(len(lines))
        refused = [Refusal(line, "no") for line in lines if line.row.text in self.takes_never]
        for line in lines:
            if line.row.text not in self.takes_never:
                self.kept.setdefault((line.source.launch_id, line.row.seq), line)
        _raise_next(self.after)
        return refused

    def read(self, source: Source, *, after: int = 0, limit: int = 1000) -> list[LogRow]:
        _raise_next(self.before)
        found = [
            line.row for (launch_id, seq), line in self.kept.items() if launch_id == source.launch_id and seq > after
        ]
        return sorted(found, key=lambda row: row.seq)[:limit]

    def search(self, query: Query) -> Found:
        _raise_next(self.before)
        return Found([line for line in self.kept.values() if query.words in line.row.text])

    def expire(self, before: dt.date) -> list[str]:
        self.expired.append(before)
        return [f"days before {before}"]

    def close(self) -> None:
        pass

    def texts(self, launch: Launch) -> list[str]:
        """What it has of LAUNCH."""
        return [
            row.text for row in self.read(Source(launch_id=launch.id, dag_id="", run_id="", task_id=""), limit=10**6)
        ]


def _raise_next(problems: list[Exception | None]) -> None:
    problem = problems.pop(0) if problems else None
    if problem is not None:
        raise problem
