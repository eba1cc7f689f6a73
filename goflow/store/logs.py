"""Log lines of launches, numbered by whoever wrote them, so that sending some twice is harmless.

What becomes of those that are to leave the database: see `goflow.store.log_batches`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, bindparam, func, select

from goflow.store.log_tables import launch_logs, log_batches
from goflow.store.rows import LogRow
from goflow.store.tables import launches, log_lines, task_instances
from goflow.store.tx import Tx

_g, _s = log_lines.c, launch_logs.c
_LINES = select(_g.seq, _g.at, _g.stream, _g.text).where(_g.launch_id == bindparam("launch_id"))
_READ = _LINES.where(_g.seq > bindparam("after")).order_by(_g.seq).limit(bindparam("limit"))
_TAIL = _LINES.order_by(_g.seq.desc()).limit(bindparam("limit"))
_LAST = select(func.max(_g.seq)).where(_g.launch_id == bindparam("launch_id"))
_COUNT = (
    select(func.count())
    .select_from(log_lines)
    .where(_g.launch_id == bindparam("launch_id"), _g.seq > bindparam("after"))
)
_STANDING = select(_s.written, _s.pruned_to).where(_s.launch_id == bindparam("launch_id"))


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a launch's log besides its lines: the highest number that its runner WRITTEN told of, whether
    that line came or not, and the number up to which lines were pruned (PRUNED_TO) since they are in a log store."""

    written: int = 0
    pruned_to: int = 0


def append(tx: Tx, launch_id: str, lines: Iterable[LogRow]) -> None:
    """Keep those of LINES that are not there yet."""
    append_many(tx, {launch_id: lines})


def append_many(tx: Tx, lines: Mapping[str, Iterable[LogRow]]) -> None:
    """The same for several launches, by their ids. Where logs leave the database it is written down, in the same
    transaction, that these are to."""
    of_launch = {launch_id: list(its) for launch_id, its in lines.items()}
    rows = [
        {"launch_id": launch_id, "seq": line.seq, "at": line.at, "stream": line.stream, "text": _storable(line.text)}
        for launch_id, its in of_launch.items()
        for line in its
    ]
    tx.insert_new(log_lines, rows)
    if not tx.store.ships_logs:
        return
    batches = [
        {
            "launch_id": launch_id,
            "first_seq": min(line.seq for line in its),
            "last_seq": max(line.seq for line in its),
            "size": sum(len(line.text) for line in its),
            "written_at": tx.now(),
        }
        for launch_id, its in of_launch.items()
        if its
    ]
    tx.insert_new(log_batches, batches)


def note_written(tx: Tx, launch_id: str, seq: int) -> None:
    """A runner has told that it has written lines up to the number SEQ, which may never come."""
    if seq > standing(tx, launch_id).written:
        tx.upsert(launch_logs, {"launch_id": launch_id, "written": seq, "pruned_to": 0}, keep=("pruned_to",))


def standing(tx: Tx, launch_id: str) -> Standing:
    """What is known of a launch's log besides its lines."""
    row = tx.first(_STANDING, {"launch_id": launch_id})
    return Standing() if row is None else Standing(row.written, row.pruned_to)


def read(tx: Tx, launch_id: str, *, after: int = 0, limit: int = 1000) -> list[LogRow]:
    """Lines with a number above AFTER, in order, at most LIMIT."""
    rows = tx.rows(_READ, {"launch_id": launch_id, "after": after, "limit": limit})
    return [LogRow(seq=row.seq, at=row.at, stream=row.stream, text=row.text) for row in rows]


def tail(tx: Tx, launch_id: str, count: int) -> list[LogRow]:
    """The last COUNT lines, in order."""
    rows = tx.rows(_TAIL, {"launch_id": launch_id, "limit": count})
    return [LogRow(seq=row.seq, at=row.at, stream=row.stream, text=row.text) for row in reversed(rows)]


def last_seq(tx: Tx, launch_id: str) -> int:
    """The highest number of a line, 0 without any; of lines that were pruned as well."""
    return max(_last_here(tx, launch_id), standing(tx, launch_id).pruned_to)


def missing(tx: Tx, launch_id: str) -> int:
    """How many lines below the highest number never came: the size of the gap that a dead node left. Of those that were
    pruned none is missed."""
    pruned_to = standing(tx, launch_id).pruned_to
    here = int(tx.value(_COUNT, {"launch_id": launch_id, "after": pruned_to}))
    return max(0, _last_here(tx, launch_id) - pruned_to) - here


def _last_here(tx: Tx, launch_id: str) -> int:
    return int(tx.value(_LAST, {"launch_id": launch_id}) or 0)


def search(
    tx: Tx,
    words: str,
    *,
    dag_id: str | None = None,
    task_id: str | None = None,
    run_id: str | None = None,
    since: float = 0.0,
    until: float | None = None,
    limit: int = 100,
) -> list[tuple[str, LogRow]]:
    """Lines with WORDS in them, in either case, and the launches they are of: at most LIMIT, of the newest launches
    first. SINCE and UNTIL are seconds since 1970. The database reads line by line; a log store has an index."""
    statement = select(_g.launch_id, _g.seq, _g.at, _g.stream, _g.text).where(holding(tx, words))
    asked = {"dag_id": dag_id, "task_id": task_id, "run_id": run_id}
    of_task = [task_instances.c[name] == value for name, value in asked.items() if value is not None]
    if of_task:
        chosen = select(launches.c.id).join(task_instances, task_instances.c.id == launches.c.task_instance_id)
        statement = statement.where(_g.launch_id.in_(chosen.where(*of_task)))
    if since > 0:
        statement = statement.where(_g.at >= since)
    if until is not None:
        statement = statement.where(_g.at < until)
    statement = statement.order_by(_g.launch_id.desc(), _g.seq.desc()).limit(limit)
    return [
        (row.launch_id, LogRow(seq=row.seq, at=row.at, stream=row.stream, text=row.text)) for row in tx.rows(statement)
    ]


def holding(tx: Tx, words: str) -> ColumnElement[bool]:
    """A line has WORDS in it, in either case. SQLite's LIKE knows no case in ASCII, PostgreSQL's ILIKE none at all: no
    line is written anew in small letters first, which takes as long again."""
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    found = _g.text.like if tx.store.dialect == "sqlite" else _g.text.ilike
    return found(f"%{escaped}%", escape="\\")


def _storable(text: str) -> str:
    """PostgreSQL's text has no NUL, and neither database takes half a surrogate pair: both are shown as U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
