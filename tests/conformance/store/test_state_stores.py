"""What tasks and assets remember, on SQLite and on PostgreSQL."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete

from goflow.store import Store, state_stores, tables, tasks
from tests.stores import START, make_run


def test_a_value_stays_with_its_task_instance_until_it_expires_or_the_run_goes(store: Store) -> None:
    with store.transaction() as tx:
        run = make_run(tx).run
        first, second, *_ = tasks.of_run(tx, run.id)
        scope = state_stores.of_task(first)
        state_stores.set_(tx, scope, "job", {"id": 1}, START + dt.timedelta(days=1))
        state_stores.set_(tx, scope, "job", {"id": 2}, None)
        state_stores.set_(tx, scope, "gone", 1, START - dt.timedelta(seconds=1))
        assert state_stores.find(tx, scope, "job") == [{"id": 2}]
        assert state_stores.find(tx, scope, "gone") == []
        assert state_stores.find(tx, state_stores.of_task(second), "job") == []
        assert state_stores.clear(tx, scope, "job") == 1
        assert state_stores.find(tx, scope, "job") == []
        state_stores.set_(tx, scope, "job", 3)
        tx.change(delete(tables.dag_runs).where(tables.dag_runs.c.id == run.id))
        assert state_stores.find(tx, scope, "job") == []


def test_an_asset_remembers_whoever_asks(store: Store) -> None:
    with store.transaction() as tx:
        scope = state_stores.of_asset("orders")
        state_stores.set_(tx, scope, "watermark", "2026-01-01")
        state_stores.set_(tx, scope, "runs", 1)
    with store.reading() as tx:
        assert state_stores.find(tx, state_stores.of_asset("orders"), "watermark") == ["2026-01-01"]
        assert state_stores.find(tx, state_stores.of_asset("costs"), "watermark") == []
    with store.transaction() as tx:
        assert state_stores.clear(tx, scope) == 2
