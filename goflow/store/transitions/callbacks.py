"""Asking for a run's callback, claiming it, and its end: each once, with its event.

It is asked for in the transaction that ends the run, so that it is called after that is stored. Whoever claims it may
be killed in the midst of it: then it is lost, and told so, since calling it twice may be worse than not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select, update

from goflow.domain.callbacks import CallbackState, RunCallback
from goflow.domain.canonical import Json
from goflow.domain.runs import DagRun
from goflow.store import callbacks, events, runs
from goflow.store.columns import dumps
from goflow.store.tables import OPEN_CALLBACKS, run_callbacks, where
from goflow.store.transitions.claims import Claims
from goflow.store.tx import Tx

_S = CallbackState
_c = run_callbacks.c
_FREE = (
    select(_c.id).where(where(OPEN_CALLBACKS), _c.state == _S.WAITING.value).order_by(_c.id).limit(bindparam("most"))
)
_CLAIM = (
    update(run_callbacks)
    .where(_c.id == bindparam("key"), _c.state == _S.WAITING.value)
    .values(
        state=_S.CLAIMED.value,
        runner_id=bindparam("runner", type_=_c.runner_id.type),
        claimed_at=bindparam("at", type_=_c.claimed_at.type),
    )
)
_CLAIMS = Claims(_FREE, _CLAIM)
_END = (
    update(run_callbacks)
    .where(_c.id == bindparam("key"), _c.state.in_([_S.CLAIMED.value, _S.LOST.value]))
    .values(
        state=bindparam("then", type_=_c.state.type),
        ended_at=bindparam("at", type_=_c.ended_at.type),
        output=bindparam("said", type_=_c.output.type),
    )
)
_ORPHANS = select(_c.id).where(where(OPEN_CALLBACKS), _c.state == _S.CLAIMED.value, _c.runner_id.is_(None))


def request_callback(
    tx: Tx,
    run: DagRun,
    kind: str,
    *,
    reason: str,
    ti_id: int | None,
    who: str,
    data: Mapping[str, Json] | None = None,
) -> int:
    """Have the run's callback called, with that task instance in its context and DATA besides; its key."""
    row = {
        "dag_run_id": run.id,
        "kind": kind,
        "reason": reason,
        "task_instance_id": ti_id,
        "state": _S.WAITING.value,
        "created_at": tx.now(),
        "data": None if data is None else dumps(dict(data)),
    }
    key = tx.insert(run_callbacks, row)
    _say(tx, run, key, kind, _S.WAITING, who=who)
    return key


def claim_callbacks(tx: Tx, runner_id: str, most: int) -> list[int]:
    """Let a runner call up to MOST callbacks that nobody has claimed, the oldest first; which ones."""
    return _CLAIMS.claim(tx, runner_id, most, at=tx.now())


def end_callback(tx: Tx, callback_id: int, *, ok: bool, output: str, who: str) -> bool:
    """Store how a callback ended; false when that is stored already. One that was lost may still be heard of."""
    callback = callbacks.find(tx, callback_id)
    if callback is None or callback.state in {_S.DONE, _S.FAILED, _S.WAITING}:
        return False
    return _end(tx, callback, _S.DONE if ok else _S.FAILED, output, who)


def lose_callbacks(tx: Tx, *, who: str) -> list[int]:
    """Note that callbacks are lost whose runner is gone; which ones."""
    lost = []
    for row in tx.rows(_ORPHANS):
        callback = callbacks.find(tx, row.id)
        if callback is not None and _end(tx, callback, _S.LOST, "its process is gone without an answer", who):
            lost.append(callback.id)
    return lost


def _end(tx: Tx, callback: RunCallback, then: CallbackState, output: str, who: str) -> bool:
    params: dict[str, Any] = {"key": callback.id, "then": then.value, "at": tx.now(), "said": output}
    if not tx.change(_END, params):
        return False
    _say(tx, runs.get(tx, callback.dag_run_id), callback.id, callback.kind, then, who=who)
    return True


def _say(tx: Tx, run: DagRun, key: int, kind: str, state: CallbackState, *, who: str) -> None:
    events.emit(
        tx,
        events.CALLBACK_STATE,
        dag_id=run.dag_id,
        run_id=run.run_id,
        who=who,
        data={"callback": key, "kind": kind, "to": state.value},
    )
