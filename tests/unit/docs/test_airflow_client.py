"""The table of Airflow's own client is what its package and the code say."""

from __future__ import annotations

from tests.integration.rest.operations import BUT, NOT, PAGE, operations, page


def test_the_table_is_what_the_client_has() -> None:
    assert PAGE.read_text() == page(), "run `make docs`"


def test_only_operations_that_there_are_are_spoken_of() -> None:
    assert (NOT.keys() | BUT.keys()) - {one.name for one in operations()} == set()
