"""The lines in which runs of backfills wait to begin: whose turn it is, how many at once, and when a line is done."""

from __future__ import annotations

from dataclasses import dataclass

from goflow.domain.backfills import Backfill
from goflow.domain.runs import DagRun
from goflow.store import Tx, backfills, transitions


@dataclass(frozen=True, slots=True)
class Line:
    """A backfill, and the place of each of its runs, by the run's key."""

    backfill: Backfill
    places: dict[int, int]


class Lines:
    """Lines as they were read from the store; what has changed there is forgotten, and read when it is asked for."""

    def __init__(self) -> None:
        self._known: dict[int, Line] = {}
        self._closing: dict[int, None] = {}

    def of(self, tx: Tx, run: DagRun) -> Line | None:
        """The line in which RUN waits; None where it belongs to no backfill."""
        if run.backfill_id is None:
            return None
        line = self._known.get(run.backfill_id)
        if line is None:
            backfill = backfills.find(tx, run.backfill_id)
            if backfill is None:
                return None
            line = self._known[backfill.id] = Line(backfill, backfills.ordinals(tx, backfill.id))
        return line

    def forget(self, backfill_id: int) -> None:
        """It has changed in the store."""
        self._known.pop(backfill_id, None)

    def note(self, backfill_id: int | None) -> None:
        """A run of it has ended, or it has only just been made: it may be done."""
        if backfill_id is not None:
            self._closing[backfill_id] = None

    def load(self, tx: Tx) -> None:
        """Begin anew: any that is not over may be done."""
        self._known.clear()
        self._closing = {backfill.id: None for backfill in backfills.active(tx)}

    def complete(self, tx: Tx, *, who: str) -> None:
        """Backfills without a run that is queued or running are over (``_mark_backfills_complete``)."""
        for backfill_id in self._closing:
            backfill = backfills.find(tx, backfill_id)
            if backfill is None or backfill.completed_at is not None or backfills.has_open_runs(tx, backfill):
                continue
            transitions.complete_backfill(tx, backfill_id, who=who)
            self.forget(backfill_id)
        self._closing.clear()
