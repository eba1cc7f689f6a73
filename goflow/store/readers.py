"""How far the events are read by those who draw conclusions from them: what one of them has not read yet stays.

A place is the number of the last event that its reader is done with. Readers write it down in ``installation`` now and
then, at most once in `NOTE_EVERY_S` for nothing else, and so it may be a little behind where they are, never ahead.
"""

from __future__ import annotations

from goflow.store import installation
from goflow.store.tx import Tx

ALERTS = "alerts_seen"
SCHEDULER = "scheduler_seen"
READERS = ALERTS, SCHEDULER
"""Names under which ``installation`` has the places."""
NOTE_EVERY_S = 60.0


def note(tx: Tx, reader: str, seq: int) -> None:
    """READER is done with all events up to SEQ."""
    installation.set_(tx, reader, str(seq))


def place(tx: Tx, reader: str) -> int | None:
    """How far READER is; None where it has never read."""
    found = installation.find(tx, reader)
    return None if found is None else int(found)


def all_have_read(tx: Tx) -> int | None:
    """The number up to which every reader is done; None where nobody has ever read."""
    places = [seq for reader in READERS if (seq := place(tx, reader)) is not None]
    return min(places, default=None)
