"""Lists as REST asks for them, on SQLite and on PostgreSQL: conditions, patterns, bounds, orders, pages."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from goflow.domain.errors import InvalidRequestError
from goflow.domain.spec import TaskSpec
from goflow.domain.state import RunState
from goflow.store import Store, favorites, import_errors, lists, pools, runs, variables, versions, xcoms
from goflow.store.listing import Condition, Op, Page
from tests.stores import START, bash_dag, make_run, record

DAY = dt.timedelta(days=1)


@pytest.fixture
def filled(store: Store) -> Store:
    """Three runs of ``example``: a success that took a minute, one that failed and took two, and one that waits."""
    with store.transaction() as tx:
        record(tx, bash_dag("other", tags=("x",), owners=("ada", "bob")))
        ends = {"a": (RunState.SUCCESS, 60), "b": (RunState.FAILED, 120), "c": (RunState.QUEUED, None)}
        for day, (run_id, (state, seconds)) in enumerate(ends.items()):
            date = None if run_id == "c" else START + day * DAY
            run = make_run(tx, run_id=run_id, logical_date=date, conf={"n": run_id}).run
            _set(tx, run.id, state, seconds)
    return store


def _set(tx: Any, key: int, state: RunState, seconds: int | None) -> None:
    from sqlalchemy import update

    from goflow.store.tables import dag_runs

    began = None if seconds is None else START
    ended = None if seconds is None else START + dt.timedelta(seconds=seconds)
    values = {"status": state.value, "start_date": began, "end_date": ended}
    tx.change(update(dag_runs).where(dag_runs.c.id == key).values(**values))


def ids(store: Store, *conditions: Condition, **page: Any) -> list[str]:
    """The ids of the runs that a list has."""
    with store.reading() as tx:
        rows, total = lists.of_runs(tx, conditions, Page(**page))
        _, every = lists.of_runs(tx, conditions, lists.EVERYTHING)
    assert total == every
    return [row.run_id for row in rows]


CASES: dict[str, tuple[Condition, list[str]]] = {
    "one of": (Condition("state", Op.IN, ["success", "failed"]), ["a", "b"]),
    "none of": (Condition("state", Op.IN, []), []),
    "without a value": (Condition("logical_date", Op.IN, [None]), ["c"]),
    "without a value or one of": (Condition("logical_date", Op.IN, [None, START]), ["a", "c"]),
    "a part": (Condition("run_id", Op.CONTAINS, "B"), ["b"]),
    "one part or another": (Condition("run_id", Op.CONTAINS, "a | C"), ["a", "c"]),
    "any": (Condition("run_id", Op.CONTAINS, "~"), ["a", "b", "c"]),
    "a beginning": (Condition("dag_id", Op.PREFIX, "exam"), ["a", "b", "c"]),
    "a beginning in another case": (Condition("dag_id", Op.PREFIX, "Exam"), []),
    "a bound": (Condition("logical_date", Op.GT, START), ["b"]),
    "an upper bound": (Condition("logical_date", Op.LTE, START), ["a"]),
    "what has not begun counts as later": (Condition("start_date", Op.GTE, START + DAY), ["c"]),
    "and as now": (Condition("end_date", Op.LTE, START + DAY), ["a", "b", "c"]),
    "seconds": (Condition("duration", Op.GT, 90.0), ["b"]),
    "a version": (Condition("dag_version", Op.IN, [1]), ["a", "b", "c"]),
    "no version": (Condition("dag_version", Op.IN, [7]), []),
    "a part of conf": (Condition("conf_contains", Op.IN, ['"n":"b"']), ["b"]),
}


@pytest.mark.parametrize(("condition", "expected"), CASES.values(), ids=CASES)
def test_conditions_mean_what_airflows_do(filled: Store, condition: Condition, expected: list[str]) -> None:
    assert ids(filled, condition) == expected


ORDERS: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "as they were made": ((), ["a", "b", "c"]),
    "falling": (("-run_id",), ["c", "b", "a"]),
    "those without a value last": (("logical_date",), ["a", "b", "c"]),
    "falling, those first": (("-logical_date",), ["c", "b", "a"]),
    "several": (("dag_id", "-duration"), ["c", "b", "a"]),
}


@pytest.mark.parametrize(("order", "expected"), ORDERS.values(), ids=ORDERS)
def test_orders_are_the_same_on_both_databases(filled: Store, order: tuple[str, ...], expected: list[str]) -> None:
    assert ids(filled, order_by=order) == expected


def test_pages_are_parts_of_one_list(filled: Store) -> None:
    assert [ids(filled, limit=2, offset=offset) for offset in (0, 2, 4)] == [["a", "b"], ["c"], []]
    assert ids(filled, limit=0) == []


@pytest.mark.parametrize("order", [("nothing",), ("id",) * 11])
def test_an_order_that_there_is_not_is_refused(filled: Store, order: tuple[str, ...]) -> None:
    with pytest.raises(InvalidRequestError, match="Ordering with"):
        ids(filled, order_by=order)


DAG_CASES: dict[str, tuple[Condition, list[str]]] = {
    "a tag": (Condition("tags", Op.IN, ["x", "y"]), ["other"]),
    "all tags": (Condition("all_tags", Op.IN, ["x", "y"]), []),
    "an owner": (Condition("owners", Op.IN, ["BO"]), ["other"]),
    "with errors": (Condition("has_import_errors", Op.IN, [True]), []),
    "without a schedule by assets": (Condition("has_asset_schedule", Op.IN, [False]), ["example", "other"]),
    "by an asset": (Condition("asset_dependency", Op.IN, ["s3"]), []),
    "by the newest run": (Condition("last_dag_run_state", Op.IN, ["queued"]), ["example"]),
    "by an older run": (Condition("last_dag_run_state", Op.IN, ["failed"]), []),
    "favourites": (Condition("favorite_of", Op.IN, ["me"]), ["example"]),
    "no favourites": (Condition("not_favorite_of", Op.IN, ["me"]), ["other"]),
}


@pytest.mark.parametrize(("condition", "expected"), DAG_CASES.values(), ids=DAG_CASES)
def test_dags_are_found_by_what_they_are(filled: Store, condition: Condition, expected: list[str]) -> None:
    with filled.transaction() as tx:
        assert favorites.add(tx, "example", "me")
        assert not favorites.add(tx, "example", "me")
    with filled.reading() as tx:
        rows, total = lists.of_dags(tx, [condition], Page(order_by=("last_run_state", "dag_id")))
        assert ([row.dag_id for row in rows], total) == (expected, len(expected))


def test_a_favourite_is_none_any_more_once(filled: Store) -> None:
    with filled.transaction() as tx:
        favorites.add(tx, "other", "me")
        assert favorites.remove(tx, "other", "me")
        assert not favorites.remove(tx, "other", "me")
        assert not favorites.is_one(tx, "other", "me")


def test_tasks_are_found_by_what_stands_in_their_spec(filled: Store) -> None:
    def found(fits: Any) -> int:
        with filled.reading() as tx:
            return lists.of_tasks(tx, [Condition("dag_id", Op.IN, ["example"])], Page(), fits)[1]

    def is_bash(spec: TaskSpec) -> bool:
        return spec.operator == "BashOperator"

    every = found(None)
    assert every > 0
    assert found(is_bash) == every
    assert found(lambda spec: not is_bash(spec)) == 0


def test_what_is_told_of_dags_is_found_without_reading_their_specs(filled: Store) -> None:
    with filled.transaction() as tx:
        import_errors.put(tx, "no_such.py", [])
        readings = [row.reading_id for row in lists.of_dags(tx, [], Page())[0]]
        assert versions.mentions(tx, readings, ("no_such_field",)) == {key: frozenset() for key in readings}
        assert versions.mentions(tx, [], ("x",)) == {}
        assert [row.id for row in versions.by_ids(tx, [])] == []


def test_runs_are_counted_by_state(filled: Store) -> None:
    with filled.reading() as tx:
        assert runs.count_states(tx) == {"example": {"success": 1, "failed": 1, "queued": 1}}
        assert runs.count_states(tx, ["other"]) == {}


def test_results_variables_and_pools_come_in_pages(filled: Store) -> None:
    with filled.transaction() as tx:
        run = runs.by_run_id(tx, "example", "a")
        for number in (2, 1):
            xcoms.push(tx, run.id, "t", number, "k", number)
            variables.set_(tx, f"v{number}", "x", who="me")
            pools.set_(tx, f"p{number}", number, who="me")
        rows, total = xcoms.page(tx, [Condition("run_id", Op.IN, ["a"])], Page(limit=1))
        assert ([row.map_index for row in rows], rows[0].dag_id, total) == ([1], "example", 2)
        named, total = variables.page(tx, [Condition("variable_key", Op.PREFIX, "v")], Page(order_by=("-key",)))
        assert ([row.name for row in named], total) == (["v2", "v1"], 2)
        found, _ = pools.page(tx, [Condition("pool_name", Op.CONTAINS, "P2")], Page())
        assert [(pool.name, pool.slots) for pool in found] == [("p2", 2)]
        variables.describe(tx, "v1", "words")
        assert variables.get(tx, "v1").description == "words"
