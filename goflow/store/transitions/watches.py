"""Which assets are watched, who watches them, and what their watchers are: each changed by compare-and-set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, delete, select, update

from goflow.domain.assets import NewAssetEvent
from goflow.domain.canonical import Json
from goflow.store import events, watches
from goflow.store.asset_tables import asset_watches
from goflow.store.columns import dumps
from goflow.store.transitions.assets import register_asset_events
from goflow.store.transitions.claims import Claims, Returns
from goflow.store.tx import Tx

_w = asset_watches.c
_FREE = select(_w.id).where(_w.runner_id.is_(None)).order_by(_w.id).limit(bindparam("most"))
_CLAIM = (
    update(asset_watches)
    .where(_w.id == bindparam("key"), _w.runner_id.is_(None))
    .values(runner_id=bindparam("runner", type_=_w.runner_id.type), epoch=_w.epoch + 1)
)
_CLAIMS = Claims(_FREE, _CLAIM)
_MINE = _w.runner_id == bindparam("runner", type_=_w.runner_id.type)
_RETURNS = Returns(
    select(_w.id).where(_MINE).order_by(_w.id.desc()).limit(bindparam("most")),
    update(asset_watches).where(_w.id == bindparam("key"), _MINE).values(runner_id=None),
)


def reconcile_watches(tx: Tx, *, who: str) -> int:
    """Have just those assets watched that are to be; how many watches have changed.

    One whose file says something new is begun anew, by whoever claims it then. Doing it twice changes nothing.
    """
    tx.lock_name("asset watches")
    wanted, known = watches.wanted(tx), {one.asset_id: one for one in watches.all_(tx)}
    changed = 0
    for asset_id, one in known.items():
        now = wanted.get(asset_id)
        if now is None:
            changed += tx.change(delete(asset_watches).where(_w.id == one.id))
        elif now != (one.dag_id, one.reading_id):
            changed += tx.change(
                update(asset_watches)
                .where(_w.id == one.id)
                .values(
                    dag_id=now[0], reading_id=now[1], runner_id=None, epoch=_w.epoch + 1, watchers=None, trouble=None
                )
            )
    new = [
        {"asset_id": asset_id, "dag_id": dag_id, "reading_id": reading_id, "epoch": 0, "created_date": tx.now()}
        for asset_id, (dag_id, reading_id) in wanted.items()
        if asset_id not in known
    ]
    tx.insert_new(asset_watches, new)
    if changed or new:
        events.emit(tx, events.ASSET_WATCHES, who=who, data={"watched": len(wanted)})
    return changed + len(new)


def claim_watches(tx: Tx, runner_id: str, most: int) -> list[int]:
    """Let a runner have up to MOST watches that nobody has, the oldest first; which ones."""
    return _CLAIMS.claim(tx, runner_id, most)


def return_watches(tx: Tx, runner_id: str, most: int) -> list[int]:
    """Let a runner have up to MOST watches fewer, the youngest first; which ones."""
    return _RETURNS.give_back(tx, runner_id, most)


def tell_watchers(
    tx: Tx, watch_id: int, runner_id: str, epoch: int, watchers: Mapping[str, str] | None, trouble: str | None
) -> bool:
    """A runner has found out which watchers the file has, or why it cannot; false when the watch is not its own."""
    values: dict[str, Any] = {"watchers": None if watchers is None else dumps(dict(watchers)), "trouble": trouble}
    mine = (_w.id == watch_id, _w.runner_id == runner_id, _w.epoch == epoch)
    return bool(tx.change(update(asset_watches).where(*mine).values(**values)))


def fire_watcher(tx: Tx, watch_id: int, key: str, payload: Json, *, told_as: str, who: str) -> list[int]:
    """The trigger of that KEY has yielded an event: something has happened to every asset that it watches. The keys of
    the events of assets; none where that was told before (TOLD_AS names the word), or the asset is watched no more.

    Who tells it need not hold the watch any more: what was seen has happened.
    """
    known = watches.all_(tx)
    if not any(one.id == watch_id for one in known):
        return []
    extra: dict[str, Json] = {"from_trigger": True, "payload": payload}
    told = [
        NewAssetEvent(asset=one.asset, extra=extra, told_as=f"{told_as}/{one.asset_id}")
        for one in known
        if one.id == watch_id or key in (one.watchers or {})
    ]
    return register_asset_events(tx, told, who=who)
