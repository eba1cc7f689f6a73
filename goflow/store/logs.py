"""Log lines of launches, numbered by whoever wrote them, so that sending some twice is harmless."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, func, select

from goflow.store.rows import LogRow
from goflow.store.tables import log_lines
from goflow.store.tx import Tx

_g = log_lines.c
_LINES = select(_g.seq, _g.at, _g.stream, _g.text).where(_g.launch_id == bindparam("launch_id"))
_READ = _LINES.where(_g.seq > bindparam("after")).order_by(_g.seq).limit(bindparam("limit"))
_TAIL = _LINES.order_by(_g.seq.desc()).limit(bindparam("limit"))
_LAST = select(func.max(_g.seq)).where(_g.launch_id == bindparam("launch_id"))
_COUNT = select(func.count()).select_from(log_lines).where(_g.launch_id == bindparam("launch_id"))


def append(tx: Tx, launch_id: str, lines: Iterable[LogRow]) -> None:
    """Keep those of LINES that are not there yet."""
    append_many(tx, {launch_id: lines})


def append_many(tx: Tx, lines: Mapping[str, Iterable[LogRow]]) -> None:
    """The same for several launches, by their ids."""
    rows = [
        {"launch_id": launch_id, "seq": line.seq, "at": line.at, "stream": line.stream, "text": _storable(line.text)}
        for launch_id, its in lines.items()
        for line in its
    ]
    tx.insert_new(log_lines, rows)


def read(tx: Tx, launch_id: str, *, after: int = 0, limit: int = 1000) -> list[LogRow]:
    """Lines with a number above AFTER, in order, at most LIMIT."""
    rows = tx.rows(_READ, {"launch_id": launch_id, "after": after, "limit": limit})
    return [LogRow(seq=row.seq, at=row.at, stream=row.stream, text=row.text) for row in rows]


def tail(tx: Tx, launch_id: str, count: int) -> list[LogRow]:
    """The last COUNT lines, in order."""
    rows = tx.rows(_TAIL, {"launch_id": launch_id, "limit": count})
    return [LogRow(seq=row.seq, at=row.at, stream=row.stream, text=row.text) for row in reversed(rows)]


def last_seq(tx: Tx, launch_id: str) -> int:
    """The highest number of a line, 0 without any."""
    return int(tx.value(_LAST, {"launch_id": launch_id}) or 0)


def missing(tx: Tx, launch_id: str) -> int:
    """How many lines below the highest number never came: the size of the gap that a dead node left."""
    return last_seq(tx, launch_id) - int(tx.value(_COUNT, {"launch_id": launch_id}))


def _storable(text: str) -> str:
    """PostgreSQL's text has no NUL, and neither database takes half a surrogate pair: both are shown as U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
