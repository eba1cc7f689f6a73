"""Watches of assets: which runner has which, which triggers it runs for them, and what becomes of what it tells.

A trigger that several assets share (the same class with the same arguments) is run for one of them alone, and what it
sees happens to all.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goflow.domain.canonical import Json
from goflow.store import Store, Tx, transitions, watches
from goflow.store.rows import TriggerRunner
from goflow.store.watches import Watch
from goflow.triggers.shares import Share, fair_share, is_heard, surplus

MOST_AT_ONCE = 50
"""How many watches one answer hands out at most."""


@dataclass(frozen=True, slots=True)
class Held:
    """A watch that a runner has: since which EPOCH, and what it has found of its WATCHERS or why it cannot."""

    epoch: int
    watchers: Mapping[str, str] | None = None
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class WatchOrders:
    """START: watches to begin. LEAVE: those to leave, by key. RUN: of each that is held, the keys of the triggers that
    are to run."""

    start: Sequence[Watch] = ()
    leave: Sequence[int] = ()
    run: Mapping[int, Sequence[str]] | None = None


def has_news(known: Iterable[Watch], runner_id: str, held: Mapping[int, Held]) -> bool:
    """Whether a runner's word changes anything of the watches KNOWN: one that nobody has, or something found out."""
    return any(
        one.runner_id is None
        or (one.runner_id == runner_id and (mine := held.get(one.id)) is not None and _differs(one, mine))
        for one in known
    )


def take_part(
    tx: Tx, known: Sequence[Watch], me: TriggerRunner, runners: Sequence[TriggerRunner], held: Mapping[int, Held]
) -> list[Watch]:
    """Store what a runner has found out of the watches KNOWN, and let it claim its share of what nobody has, or give
    back what it has beyond that; the watches as they are then."""
    now = {one.id: one for one in known}
    for one in known:
        mine = held.get(one.id)
        if one.runner_id != me.id or mine is None or not _differs(one, mine):
            continue
        if transitions.tell_watchers(tx, one.id, me.id, mine.epoch, mine.watchers, mine.trouble):
            now[one.id] = dataclasses.replace(one, watchers=mine.watchers, trouble=mine.trouble)
    has = collections.Counter(one.runner_id for one in known)
    shares = [Share(one.id, has[one.id], len(known), is_heard(one, tx.now())) for one in runners]
    for key in transitions.return_watches(tx, me.id, min(MOST_AT_ONCE, surplus(me.id, shares, len(known)))):
        now[key] = dataclasses.replace(now[key], runner_id=None)
    room = fair_share(len(known), len(shares)) - has[me.id]
    for key in transitions.claim_watches(tx, me.id, min(MOST_AT_ONCE, room)):
        if key in now:
            now[key] = dataclasses.replace(now[key], runner_id=me.id, epoch=now[key].epoch + 1)
    return list(now.values())


def _differs(one: Watch, mine: Held) -> bool:
    told = mine.watchers is not None or mine.trouble is not None
    return told and mine.epoch == one.epoch and (one.watchers, one.trouble) != (mine.watchers, mine.trouble)


def orders(known: Sequence[Watch], runner_id: str, held: Mapping[int, Held]) -> WatchOrders:
    """What a runner that says it has HELD is to do, of the watches KNOWN, the oldest first."""
    mine = {one.id: one for one in known if one.runner_id == runner_id}
    first: dict[str, int] = {}
    for one in known:
        for key in one.watchers or {}:
            first.setdefault(key, one.id)
    current = {key for key, word in held.items() if key in mine and mine[key].epoch == word.epoch}
    return WatchOrders(
        start=[one for key, one in mine.items() if key not in current],
        leave=[key for key in held if key not in current],
        run={key: sorted(k for k in mine[key].watchers or {} if first[k] == key) for key in sorted(current)},
    )


def take(store: Store, told: Iterable[tuple[int, str, Json, str]], *, who: str) -> int:
    """Store what triggers have seen, as (watch, the trigger's key, payload, name of the word); how many events of
    assets that made."""
    made = 0
    with store.transaction() as tx:
        for watch_id, key, payload, told_as in told:
            made += len(transitions.fire_watcher(tx, watch_id, key, payload, told_as=told_as, who=who))
    return made


def status(tx: Tx) -> list[dict[str, Any]]:
    """For the status page: what is watched, by whom, and what is wrong with it."""
    return [
        {
            "asset": one.asset.name,
            "dag_id": one.dag_id,
            "runner": one.runner_id,
            "watchers": sorted(set((one.watchers or {}).values())),
            "trouble": one.trouble,
        }
        for one in watches.all_(tx)
    ]
