"""How trigger runners share what there is: evenly, and again so when one comes, or comes back. Pure."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from goflow.store.rows import TriggerRunner

LEASE_S = 15.0
"""Seconds that a runner may be silent; it asks every second or so."""


@dataclass(frozen=True, slots=True)
class Share:
    """What a runner HAS of something, and the MOST that it can have; HEARD: it has spoken lately, and takes more when
    there is more."""

    runner_id: str
    has: int
    most: int
    heard: bool


def is_heard(runner: TriggerRunner, now: dt.datetime) -> bool:
    """Whether RUNNER has spoken lately: what it says is noted down after a third of its lease at the latest."""
    return runner.seen_at is not None and runner.expires_at - now > dt.timedelta(seconds=LEASE_S / 3)


def fair_share(total: int, runners: int) -> int:
    """How much of TOTAL each of so many RUNNERS may have."""
    return math.ceil(total / max(1, runners))


def surplus(runner_id: str, shares: Sequence[Share], total: int) -> int:
    """How much of what a runner has others are to get, of TOTAL in all: what it has beyond its share, as far as others
    that are heard have room for it besides what nobody has.

    Nothing while it is little (a quarter of a share): what is moved begins again from its beginning.
    """
    fair = fair_share(total, len(shares))
    [mine] = [one for one in shares if one.runner_id == runner_id]
    beyond = mine.has - fair
    if beyond <= max(1, fair // 4):
        return 0
    room = sum(max(0, min(one.most, fair) - one.has) for one in shares if one is not mine and one.heard)
    free = total - sum(one.has for one in shares)
    return max(0, min(beyond, room - free))
