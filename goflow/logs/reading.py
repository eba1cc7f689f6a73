"""Logs read back from wherever their lines are: the newest from the database, what was pruned there from the log store.

A number that is missing between two lines is told as a line of its own, with the stream ``gap``: what a dead node took
with it, and how much that was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog

from goflow.domain.runs import Launch, TaskInstance
from goflow.domain.state import OPEN_LAUNCH_STATES
from goflow.logs.contract import Found, Line, LogStore, LogStoreAwayError, Query, Source
from goflow.logs.database import DatabaseLogs
from goflow.logs.masking import Masker
from goflow.store import Store, logs
from goflow.store.logs import Standing
from goflow.store.rows import LogRow

log = structlog.get_logger(__name__)

GAP = "gap"
"""The stream of a line that tells of lines that are not there."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some LINES of an attempt. CURSOR is where to go on; FULL: there may be more already."""

    lines: Sequence[LogRow]
    cursor: str
    full: bool


class LogReader:
    """The logs of STORE's launches. TARGET: where lines go from there; None: they stay."""

    def __init__(self, store: Store, target: LogStore | None = None, masker: Masker | None = None) -> None:
        self.store = store
        self.target = None if isinstance(target, DatabaseLogs) else target
        self._own = DatabaseLogs(store)
        self._masker = masker or Masker(store)

    def page(self, instance: TaskInstance, of_attempt: Sequence[Launch], cursor: str, limit: int) -> Page:
        """What comes after CURSOR (empty: the beginning) in the log of the launches OF_ATTEMPT, which are INSTANCE's.

        Raises LogStoreAwayError when that is in the log store, which is away.
        """
        ordinal, seq = _parsed(cursor)
        lines: list[LogRow] = []
        for launch in sorted(of_attempt, key=lambda launch: launch.ordinal):
            if launch.ordinal < ordinal:
                continue
            if launch.ordinal > ordinal:
                ordinal, seq = launch.ordinal, 0
            found, seq = self._of_launch(launch, instance, seq, limit - len(lines))
            lines += found
            if len(lines) >= limit:
                break
        return Page(lines, f"{ordinal}.{seq}", len(lines) >= limit)

    def rows(self, source: Source, *, after: int = 0, limit: int = 1000) -> list[LogRow]:
        """Lines of a launch with a number above AFTER, in order, at most LIMIT. Raises LogStoreAwayError as above."""
        return self._read(source, after, limit)[0]

    def _read(self, source: Source, after: int, limit: int) -> tuple[list[LogRow], Standing]:
        """The same, with what is known of the log besides. That is asked last: lines that are pruned meanwhile are read
        from the log store once more, and not missed."""
        with self.store.reading() as tx:
            here = logs.read(tx, source.launch_id, after=after, limit=limit)
            standing = logs.standing(tx, source.launch_id)
        if self.target is not None and after < standing.pruned_to:
            there = self.target.read(source, after=after, limit=limit)
            both = {row.seq: row for row in (*there, *here)}
            here = [both[seq] for seq in sorted(both)[:limit]]
        return list(self._masker.rows(here)), standing

    def search(self, query: Query) -> Found:
        """What the log store finds; while it is away, what the database still has, and PARTIAL says so."""
        if self.target is None:
            return self._masked(self._own.search(query))
        try:
            return self._masked(self.target.search(query))
        except LogStoreAwayError as problem:
            log.warning("a search looks through the database alone", problem=str(problem))
            found = self._own.search(query)
            return self._masked(Found(found.lines, f"{problem}. Only what the database still has was looked at."))

    def _masked(self, found: Found) -> Found:
        rows = self._masker.rows([line.row for line in found.lines])
        lines = [Line(line.source, row) for line, row in zip(found.lines, rows, strict=True)]
        return Found(lines, found.partial)

    def _of_launch(self, launch: Launch, instance: TaskInstance, after: int, limit: int) -> tuple[list[LogRow], int]:
        """Lines with those that tell of gaps, and the number to go on from."""
        rows, standing = self._read(Source.of(launch, instance), after, limit)
        lines = list(_with_gaps(rows, after, standing))
        last = rows[-1].seq if rows else after
        ended = launch.state not in OPEN_LAUNCH_STATES
        known = max(standing.pruned_to, standing.written if ended else 0)
        if len(rows) < limit and known > last:
            lines.append(_gap(last, known + 1, rows[-1].at if rows else 0.0, standing))
            last = known
        return lines, last


def _with_gaps(rows: Sequence[LogRow], after: int, standing: Standing) -> Iterator[LogRow]:
    last = after
    for row in rows:
        if row.seq > last + 1:
            yield _gap(last, row.seq, row.at, standing)
        yield row
        last = row.seq


def _gap(last: int, following: int, at: float, standing: Standing) -> LogRow:
    """The line for the numbers between LAST and FOLLOWING. Log stores remove a launch's lines all at once."""
    count = following - last - 1
    lines = "1 line" if count == 1 else f"{count} lines"
    if last == 0 and 0 < standing.pruned_to < following:
        text = f"({lines}: not in the log store any more)"
    else:
        text = f"({lines} lost with the pod: never sent to the server)"
    return LogRow(seq=following - 1, at=at, stream=GAP, text=text)


def _parsed(cursor: str) -> tuple[int, int]:
    ordinal, _, seq = cursor.partition(".")
    return (int(ordinal), int(seq)) if ordinal.isdigit() and seq.isdigit() else (0, 0)
