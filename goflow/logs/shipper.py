"""Sends log lines on to the log store, and removes from the database what it has for long enough.

Lines are sent with ids of their own and marked afterwards: killed anywhere in between, they are sent once more, and the
store keeps them once. What is sent at once grows while the store is quick, and is halved when it says that it is too
much; while the store is away the lines stay in the database, which is asked for no more than one request's worth.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import structlog

from goflow.logs.contract import Line, LogRequestTooLargeError, LogStore, LogStoreAwayError, Refusal, Source, day_of
from goflow.logs.database import DatabaseLogs
from goflow.logs.masking import Masker
from goflow.members.duties import Always, Duty, NotLeadingError
from goflow.service import ThreadService
from goflow.store import DatabaseBusyError, Store, installation, launches, log_batches
from goflow.store.log_batches import Backlog
from goflow.store.rows import LogBatch
from goflow.telemetry import metrics

log = structlog.get_logger(__name__)

POLL_S = 0.5
BATCHES_SEEN = 2000
"""Batches that one look sees; when there are so many, none waits for others."""
LINE_OVERHEAD = 450
"""Characters of a line's document besides its text, about."""
LEAST, FIRST, MOST = 64 << 10, 1 << 20, 4 << 20
"""Characters of one request."""
QUICK_S = 1.0
LONGEST_PAUSE_S = 10.0
"""Between two requests to a store that is away."""
SHORTEST_KEEP_S = 60.0
"""Seconds for which the database keeps lines at least that were sent: until then the store's searches see them, too."""
LONG_KEEP_S = 86400.0
"""The same for launches that still run: whose output becomes a result, that result is read from the database."""
LOOK_AFTER_EVERY_S = 10.0
EXPIRE_EVERY_S = 3600.0
PRUNED_AT_ONCE = 100
INSTALLATION_KEY = "logs_are_in"
"""Under that name ``installation`` has the place that lines are sent to."""


class LogShipper(ThreadService):
    """Sends STORE's lines to TARGET. KEEP_S: seconds for which the database keeps them then. RETENTION_DAYS: after so
    many the target's are removed; 0: never. Of several daemons the one does so that has the DUTY."""

    def __init__(
        self,
        store: Store,
        target: LogStore,
        masker: Masker,
        *,
        keep_s: float,
        retention_days: int,
        duty: Duty | None = None,
    ) -> None:
        super().__init__("log shipper")
        self.store = store
        self.target = target
        self.duty: Duty = duty or Always()
        self.limit = FIRST
        """Characters that a request has at most."""
        self._masker = masker
        self._keep_s = max(keep_s, SHORTEST_KEEP_S)
        self._retention_days = retention_days
        self._ships = not isinstance(target, DatabaseLogs)
        self._is_ready = False
        self._failures = 0
        self._trouble = ""
        self._away_since = 0.0
        self._backlog = Backlog(0, 0, None)
        self._look_after_at = 0.0
        self._expire_at = 0.0

    def run(self) -> None:
        """Send while there is something to be sent; look again every little while otherwise."""
        self.duty.watch(self.wake.set)
        try:
            while not self.stopping.is_set():
                self.wake.clear()
                if not self.duty.leads:
                    self._is_ready = False
                    self.wake.wait()
                    continue
                pause = self.look()
                if pause:
                    self.wake.wait(pause)
        finally:
            self.target.close()

    def look(self) -> float:
        """Send a request's worth, and look after what was sent; seconds after which to look again."""
        try:
            if not self._ships:
                self._look_after()
                return LOOK_AFTER_EVERY_S
            self._make_ready()
            more = self.ship()
            self._store_answers()
            self._look_after()
        except LogStoreAwayError as problem:
            return self._store_is_away(problem)
        except NotLeadingError:
            return POLL_S
        except DatabaseBusyError as problem:  # which the store has told, where it is away
            log.debug("shipping logs failed; it is tried again", problem=str(problem))
            return POLL_S
        except Exception:
            log.exception("shipping logs failed; it is tried again")
            return LONGEST_PAUSE_S
        return 0.0 if more else POLL_S

    # Sending -----------------------------------------------------------------------------------------------------

    def ship(self) -> bool:
        """Send the oldest lines that are due; whether there are more. Raises LogStoreAwayError, NotLeadingError."""
        with self.store.reading() as tx:
            batches = log_batches.pending(tx, BATCHES_SEEN)
        due = self._due(batches)
        chosen = self._chosen(due)
        if not chosen:
            return False
        lines = self._lines(chosen)
        began = time.monotonic()
        refused = [refusal for part in self._parts(lines) for refusal in self._write(part)]
        took = time.monotonic() - began
        metrics.LOG_WRITE_SECONDS.observe(took)
        if took < QUICK_S:
            self._set_limit(min(MOST, self.limit * 2))
        stays = {refusal.line.source.launch_id for refusal in refused}
        with self.store.transaction() as tx:
            self.duty.check(tx)
            log_batches.mark_shipped(tx, [batch for batch in chosen if batch.launch_id not in stays])
            log_batches.forget(tx, [batch for batch in chosen if batch.launch_id in stays])
        metrics.LOG_LINES_SHIPPED.labels(self.target.name).inc(len(lines) - len(refused))
        for refusal in refused:
            metrics.LOG_LINES_REFUSED.labels(self.target.name).inc()
            where = {"launch": refusal.line.source.launch_id, "line": refusal.line.row.seq}
            log.warning("the log store takes a line never; it stays in the database", why=refusal.why, **where)
        return len(chosen) < len(due) or len(batches) == BATCHES_SEEN

    def _due(self, batches: Sequence[LogBatch]) -> Sequence[LogBatch]:
        """Those that wait for no others: all of a launch whose oldest has waited long enough, or that are enough."""
        if not self.target.linger_s or len(batches) == BATCHES_SEEN:
            return batches
        now = self.store.clock.now()
        waited: dict[str, float] = {}
        size: dict[str, int] = {}
        for one in batches:
            waited[one.launch_id] = max(waited.get(one.launch_id, 0.0), (now - one.written_at).total_seconds())
            size[one.launch_id] = size.get(one.launch_id, 0) + _size(one)
        enough = {key for key in size if size[key] >= FIRST or waited[key] >= self.target.linger_s}
        return [one for one in batches if one.launch_id in enough]

    def _chosen(self, due: Sequence[LogBatch]) -> list[LogBatch]:
        """The first of DUE, a request's worth, one at least."""
        chosen: list[LogBatch] = []
        size = 0
        for one in due:
            size += _size(one)
            if chosen and size > self.limit:
                break
            chosen.append(one)
        return chosen

    def _lines(self, batches: Sequence[LogBatch]) -> list[Line]:
        """The lines of BATCHES without secrets."""
        with self.store.reading() as tx:
            found = log_batches.lines(tx, batches)
            of = launches.with_tasks(tx, {launch_id for launch_id, _ in found})
        rows = self._masker.rows([row for _, row in found])
        sources = {launch_id: Source.of(*both) for launch_id, both in of.items()}
        return [
            Line(sources[launch_id], row)
            for (launch_id, _), row in zip(found, rows, strict=True)
            if launch_id in sources  # its run may be deleted between the two questions
        ]

    def _parts(self, lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
        """LINES in their order, a request's worth at a time: a batch alone may be more."""
        first = size = 0
        for place, line in enumerate(lines):
            size += len(line.row.text) + LINE_OVERHEAD
            if size > self.limit and place > first:
                yield lines[first:place]
                first, size = place, len(line.row.text) + LINE_OVERHEAD
        if lines:
            yield lines[first:]

    def _write(self, lines: Sequence[Line]) -> list[Refusal]:
        """Send LINES, in halves where the store does not take so much at once."""
        try:
            return list(self.target.write(lines))
        except LogRequestTooLargeError as problem:
            metrics.LOG_STORE_FAILURES.labels("too_large").inc()
            if len(lines) == 1:
                return [Refusal(lines[0], str(problem))]
            self._set_limit(max(LEAST, self.limit // 2))
            half = len(lines) // 2
            return self._write(lines[:half]) + self._write(lines[half:])

    def _set_limit(self, limit: int) -> None:
        self.limit = limit
        metrics.LOG_WRITE_LIMIT.set(limit)

    # How the store fares -----------------------------------------------------------------------------------------

    def _make_ready(self) -> None:
        """What is to be there before the first line is sent, and after the store was away: it may be another one."""
        if self._is_ready:
            return
        self.target.prepare()
        with self.store.transaction() as tx:
            self.duty.check(tx)
            if installation.find(tx, INSTALLATION_KEY) != self.target.place:
                count = log_batches.enqueue_all(tx)
                installation.set_(tx, INSTALLATION_KEY, self.target.place)
                log.info("what the database has of logs is sent to the log store", to=self.target.place, batches=count)
        self._is_ready = True

    def _store_answers(self) -> None:
        if self._failures:
            seconds = round(self.store.clock.monotonic() - self._away_since, 1)
            log.info("the log store takes lines again", store=self.target.place, after_s=seconds)
        self._failures, self._trouble = 0, ""
        metrics.LOG_STORE_AWAY.set(0)

    def _store_is_away(self, problem: LogStoreAwayError) -> float:
        """Seconds for which it is left alone."""
        if not self._failures:
            self._away_since = self.store.clock.monotonic()
            log.warning("the log store takes no lines; they stay in the database", problem=str(problem))
        self._failures, self._trouble = self._failures + 1, str(problem)
        self._is_ready = problem.busy and self._is_ready
        if problem.busy:
            self._set_limit(max(LEAST, self.limit // 2))
        metrics.LOG_STORE_AWAY.set(1)
        metrics.LOG_STORE_FAILURES.labels("busy" if problem.busy else "away").inc()
        longest = min(LONGEST_PAUSE_S, 0.25 * (1 << min(self._failures, 10)))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311

    # Looking after what was sent ---------------------------------------------------------------------------------

    def _look_after(self) -> None:
        now = self.store.clock.monotonic()
        if now < self._look_after_at:
            return
        self._look_after_at = now + LOOK_AFTER_EVERY_S
        if self._ships:
            with self.store.reading() as tx:
                self._backlog = log_batches.backlog(tx)
            self._tell_backlog()
            self.prune()
        if self._retention_days and now >= self._expire_at:
            self._expire_at = now + EXPIRE_EVERY_S
            self.expire()

    def _tell_backlog(self) -> None:
        oldest = self._backlog.oldest
        metrics.LOG_BATCHES_PENDING.set(self._backlog.batches)
        metrics.LOG_CHARACTERS_PENDING.set(self._backlog.size)
        waited = 0.0 if oldest is None else (self.store.clock.now() - oldest).total_seconds()
        metrics.LOG_PENDING_SECONDS.set(max(0.0, waited))

    def prune(self) -> int:
        """Remove from the database what the target has for long enough; how many batches that was."""
        now, gone = self.store.clock.now(), 0
        before = now - dt.timedelta(seconds=self._keep_s)
        long_before = now - dt.timedelta(seconds=max(self._keep_s, LONG_KEEP_S))
        while not self.stopping.is_set():
            with self.store.transaction() as tx:
                self.duty.check(tx)
                removed = log_batches.prune(tx, before, long_before, PRUNED_AT_ONCE)
            gone += removed
            if removed < PRUNED_AT_ONCE:
                break
        metrics.LOG_BATCHES_PRUNED.inc(gone)
        return gone

    def expire(self) -> list[str]:
        """Remove from the target what is older than it is to be kept, but for days on which a launch was decided that
        may still write. What that was."""
        before = self.store.clock.now().date() - dt.timedelta(days=self._retention_days)
        with self.store.reading() as tx:
            oldest = log_batches.oldest_open_launch(tx)
        gone = self.target.expire(before if oldest is None else min(before, day_of(oldest)))
        if gone:
            log.info("old logs are removed", store=self.target.place, removed=gone)
        return gone

    # For people --------------------------------------------------------------------------------------------------

    def in_words(self) -> str:
        """How it fares, as one line."""
        if self._trouble:
            return f"{self.target.name} takes no lines, they stay in the database: {self._trouble}"
        return f"{self.target.name}: {self._backlog.batches} batches to be sent"

    def status(self) -> dict[str, Any]:
        """For the status page."""
        oldest = self._backlog.oldest
        return {
            "store": self.target.name,
            "place": self.target.place,
            "trouble": self._trouble or None,
            "batches_pending": self._backlog.batches,
            "characters_pending": self._backlog.size,
            "oldest_pending": None if oldest is None else oldest.isoformat(),
        }


def _size(batch: LogBatch) -> int:
    return batch.size + LINE_OVERHEAD * (batch.last_seq - batch.first_seq + 1)
