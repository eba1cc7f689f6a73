"""Log lines on their way out of the database: what is to be sent on, what was, and what may be pruned.

A batch is written down with its lines (`goflow.store.logs.append_many`). These are no cursor but a queue: transactions
become visible in any order, and a batch that comes late is found all the same. A batch that was sent is kept until its
lines are pruned; one whose lines are to stay is forgotten.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, select, update

from goflow.domain.state import LaunchState
from goflow.store.log_tables import SHIPPED, UNSHIPPED, launch_logs, log_batches
from goflow.store.rows import LogBatch, LogRow
from goflow.store.tables import UNFINISHED_LAUNCHES, launches, log_lines, where
from goflow.store.tx import Tx, in_parts

LINES_IN_BATCH = 1000
"""Lines of a batch that `enqueue_all` makes, at most."""

_b, _g, _l, _s = log_batches.c, log_lines.c, launches.c, launch_logs.c
_PENDING = select(log_batches).where(where(UNSHIPPED)).order_by(_b.id).limit(bindparam("limit"))
_LINES = (
    select(_g.launch_id, _g.seq, _g.at, _g.stream, _g.text)
    .join(log_batches, (_b.launch_id == _g.launch_id) & _g.seq.between(_b.first_seq, _b.last_seq))
    .where(_b.id.in_(bindparam("ids", expanding=True)))
    .order_by(_b.id, _g.seq)
)
_BACKLOG = select(
    func.count().label("batches"),
    func.sum(_b.size).label("size"),
    func.min(_b.written_at, type_=_b.written_at.type).label("oldest"),
).where(where(UNSHIPPED))
_MARK = (
    update(log_batches)
    .where(_b.id.in_(bindparam("ids", expanding=True)))
    .values(shipped_at=bindparam("at", type_=_b.shipped_at.type))
)
_FORGET = delete(log_batches).where(_b.id.in_(bindparam("ids", expanding=True)))
_PRUNABLE = (
    select(log_batches)
    .join(launches, _l.id == _b.launch_id)
    .where(
        where(SHIPPED),
        _b.shipped_at < bindparam("before", type_=_b.shipped_at.type),
        (_l.state == LaunchState.CLEANED.value) | (_b.shipped_at < bindparam("long_before", type_=_b.shipped_at.type)),
    )
    .order_by(_b.shipped_at)
    .limit(bindparam("limit"))
)
_REMOVE = delete(log_lines).where(
    _g.launch_id == bindparam("launch"), _g.seq.between(bindparam("first"), bindparam("last"))
)
_EXPIRED = (
    select(_g.launch_id, func.max(_g.seq).label("last"))
    .join(launches, _l.id == _g.launch_id)
    .where(_g.launch_id < bindparam("before"), _l.state == LaunchState.CLEANED.value)
    .group_by(_g.launch_id)
    .order_by(_g.launch_id)
    .limit(bindparam("limit"))
)
_OLDEST_OPEN = select(func.min(_l.id)).where(where(UNFINISHED_LAUNCHES))


@dataclass(frozen=True, slots=True)
class Backlog:
    """What has not been sent yet: how many batches and characters, and since when the oldest waits."""

    batches: int
    size: int
    oldest: dt.datetime | None


def pending(tx: Tx, limit: int) -> list[LogBatch]:
    """The oldest batches that were not sent yet, at most LIMIT."""
    return [LogBatch(**row._asdict()) for row in tx.rows(_PENDING, {"limit": limit})]


def lines(tx: Tx, batches: Sequence[LogBatch]) -> list[tuple[str, LogRow]]:
    """The lines of BATCHES, each with its launch's id; those of a launch are in order, and none is there twice."""
    found: dict[tuple[str, int], LogRow] = {}
    for part in in_parts([batch.id for batch in batches]):
        for row in tx.rows(_LINES, {"ids": part}):
            line = LogRow(seq=row.seq, at=row.at, stream=row.stream, text=row.text)
            found.setdefault((row.launch_id, row.seq), line)
    return [(launch_id, line) for (launch_id, _), line in found.items()]


def backlog(tx: Tx) -> Backlog:
    """What has not been sent yet."""
    [row] = tx.rows(_BACKLOG)
    return Backlog(int(row.batches), int(row.size or 0), row.oldest)


def mark_shipped(tx: Tx, batches: Sequence[LogBatch]) -> None:
    """They were sent, and a log store has said that it has them."""
    for part in in_parts([batch.id for batch in batches]):
        tx.change(_MARK, {"ids": part, "at": tx.now()})


def forget(tx: Tx, batches: Sequence[LogBatch]) -> None:
    """They are not to be sent, nor pruned."""
    for part in in_parts([batch.id for batch in batches]):
        tx.change(_FORGET, {"ids": part})


def enqueue_all(tx: Tx) -> int:
    """Have everything sent that the database has, as though it was never sent; how many batches that makes."""
    tx.change(delete(log_batches))
    found = (
        select(
            _g.launch_id,
            func.min(_g.seq).label("first_seq"),
            func.max(_g.seq).label("last_seq"),
            func.sum(func.length(_g.text)).label("size"),
            bindparam("at", type_=_b.written_at.type).label("written_at"),
        )
        .group_by(_g.launch_id, _g.seq // LINES_IN_BATCH)
        .order_by(_g.launch_id, func.min(_g.seq))
    )
    names = ["launch_id", "first_seq", "last_seq", "size", "written_at"]
    tx.change(log_batches.insert().from_select(names, found), {"at": tx.now()})
    return backlog(tx).batches


def prune(tx: Tx, before: dt.datetime, long_before: dt.datetime, limit: int) -> int:
    """Remove the lines of batches that were sent BEFORE, of launches that are over and cleaned up (of others, those
    that were sent LONG_BEFORE), at most LIMIT batches. How many these were."""
    rows = tx.rows(_PRUNABLE, {"before": before, "long_before": long_before, "limit": limit})
    gone = [LogBatch(**row._asdict()) for row in rows]
    tx.change_many(_REMOVE, [{"launch": one.launch_id, "first": one.first_seq, "last": one.last_seq} for one in gone])
    last: dict[str, int] = {}
    for batch in gone:
        last[batch.launch_id] = max(batch.last_seq, last.get(batch.launch_id, 0))
    _note_pruned(tx, last)
    forget(tx, gone)
    return len(gone)


def expire(tx: Tx, before: str, limit: int) -> int:
    """Remove all lines of launches whose ids are below BEFORE (ids sort as they were made) and that are over and
    cleaned up, at most LIMIT launches. How many these were."""
    last = {row.launch_id: int(row.last) for row in tx.rows(_EXPIRED, {"before": before, "limit": limit})}
    tx.change_many(_REMOVE, [{"launch": launch_id, "first": 0, "last": seq} for launch_id, seq in last.items()])
    _note_pruned(tx, last)
    return len(last)


def oldest_open_launch(tx: Tx) -> str | None:
    """The id of the oldest launch that may still write; None without any."""
    found = tx.value(_OLDEST_OPEN)
    return None if found is None else str(found)


def _note_pruned(tx: Tx, last: dict[str, int]) -> None:
    for part in in_parts(sorted(last)):
        known = {row.launch_id: row for row in tx.rows(select(launch_logs).where(_s.launch_id.in_(part)))}
        rows = []
        for launch_id in part:
            row = known.get(launch_id)
            to = max(last[launch_id], row.pruned_to if row else 0)
            rows.append({"launch_id": launch_id, "written": row.written if row else 0, "pruned_to": to})
        tx.upsert_many(launch_logs, rows, keep=("written",))
