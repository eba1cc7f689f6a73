"""The database as a log store: where lines are anyway, for as long as nothing else is set."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from goflow.logs.contract import Found, Line, Query, Refusal, Source, first_id_of
from goflow.store import Store, launches, log_batches, logs
from goflow.store.rows import LogRow

LAUNCHES_AT_ONCE = 50
"""Launches whose lines one transaction removes."""


class DatabaseLogs:
    """The lines in STORE."""

    name = "database"
    linger_s = 0.0

    def __init__(self, store: Store) -> None:
        self.store = store
        self.place = store.dialect

    def prepare(self) -> None:
        """The schema is there."""

    def write(self, lines: Sequence[Line]) -> Sequence[Refusal]:
        """Keep LINES."""
        of_launch: dict[str, list[LogRow]] = {}
        for line in lines:
            of_launch.setdefault(line.source.launch_id, []).append(line.row)
        with self.store.transaction() as tx:
            logs.append_many(tx, of_launch)
        return ()

    def read(self, source: Source, *, after: int = 0, limit: int = 1000) -> list[LogRow]:
        """A launch's lines."""
        with self.store.reading() as tx:
            return logs.read(tx, source.launch_id, after=after, limit=limit)

    def search(self, query: Query) -> Found:
        """Lines with QUERY's words in them, which are looked for in each."""
        with self.store.reading() as tx:
            found = logs.search(
                tx,
                query.words,
                dag_id=query.dag_id,
                run_id=query.run_id,
                task_id=query.task_id,
                since=query.since,
                until=query.until,
                limit=query.limit,
            )
            of = launches.with_tasks(tx, {launch_id for launch_id, _ in found})
        lines = [Line(Source.of(*of[launch_id]), row) for launch_id, row in found]
        return Found(sorted(lines, key=lambda line: (line.row.at, line.row.seq), reverse=True))

    def expire(self, before: dt.date) -> list[str]:
        """Remove the lines of launches that were decided before that day and are over."""
        gone = 0
        while True:
            with self.store.transaction() as tx:
                removed = log_batches.expire(tx, first_id_of(before), LAUNCHES_AT_ONCE)
            gone += removed
            if removed < LAUNCHES_AT_ONCE:
                return [f"the logs of {gone} launches"] if gone else []

    def close(self) -> None:
        """The store is not this one's."""
