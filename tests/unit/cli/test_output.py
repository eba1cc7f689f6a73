"""What commands show of rows."""

from __future__ import annotations

from typing import Any

import pytest

from goflow.cli._output import dag_column

COLUMN = [("dag_id", "DAG")]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], []),
        ([{"dag_id": "d", "task_id": "a"}], []),
        ([{"dag_id": "d", "task_id": "a"}, {"dag_id": "e", "task_id": "b"}], COLUMN),
        ([{"task_id": "new"}], []),
        ([{"task_id": "new"}, {"dag_id": "e", "task_id": "b"}], COLUMN),
    ],
    ids=["nothing", "of the DAG", "of another, too", "a task that is yet to be made", "one, and another DAG's"],
)
def test_the_dag_is_shown_where_another_one_is_concerned(rows: list[dict[str, Any]], expected: list[Any]) -> None:
    assert dag_column(rows, "d") == expected
