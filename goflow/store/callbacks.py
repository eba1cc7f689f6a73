"""Callbacks of DAG runs: reading them. Their states: see `transitions`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, func, select

from goflow.domain.callbacks import CallbackState, RunCallback
from goflow.store.columns import loads
from goflow.store.tables import OPEN_CALLBACKS, run_callbacks, where
from goflow.store.tx import Tx

_c = run_callbacks.c
_GET = select(run_callbacks).where(_c.id == bindparam("callback_id"))
_OF_RUN = select(run_callbacks).where(_c.dag_run_id == bindparam("run")).order_by(_c.id)
_HELD = select(run_callbacks).where(where(OPEN_CALLBACKS), _c.runner_id == bindparam("runner")).order_by(_c.id)
_OPEN = select(func.count()).select_from(run_callbacks).where(where(OPEN_CALLBACKS))
_WAITING = _OPEN.where(_c.state == CallbackState.WAITING.value)


def find(tx: Tx, callback_id: int) -> RunCallback | None:
    """The callback of that id, or None."""
    row = tx.first(_GET, {"callback_id": callback_id})
    return None if row is None else _callback(row)


def of_run(tx: Tx, dag_run_id: int) -> list[RunCallback]:
    """The callbacks of a run, one for each of its ends that had one, in order."""
    return [_callback(row) for row in tx.rows(_OF_RUN, {"run": dag_run_id})]


def held_by(tx: Tx, runner_id: str) -> list[RunCallback]:
    """What a runner has claimed and not told the end of."""
    return [_callback(row) for row in tx.rows(_HELD, {"runner": runner_id})]


def count_open(tx: Tx, *, waiting: bool = False) -> int:
    """How many are to be called or being called; with WAITING those that nobody has claimed."""
    return int(tx.value(_WAITING if waiting else _OPEN))


def _callback(row: Row[Any]) -> RunCallback:
    values = row._asdict()
    values["state"], values["data"] = CallbackState(values["state"]), loads(values["data"], {})
    return RunCallback(**values)
