"""The same calls to Airflow 3.3.2 and to GoFlow over the same DAG files: equal in status, in shape and in content."""

from __future__ import annotations

import pytest

from tests.integration.rest.calls import UNREADABLE
from tests.integration.rest.comparing import Found, compared, known
from tests.integration.rest.conftest import Answers
from tests.integration.rest.differences import CONTENT, SHAPE, STATUS


@pytest.fixture(scope="module")
def found(both: tuple[Answers, Answers]) -> list[Found]:
    """Every difference between the two."""
    return list(compared(*both))


@pytest.mark.timeout(1500)
def test_both_are_asked_the_same(both: tuple[Answers, Answers]) -> None:
    airflow, mine = both
    assert list(airflow) == list(mine)


@pytest.mark.parametrize(("kind", "stated"), [("status", STATUS), ("shape", SHAPE), ("content", CONTENT)])
def test_answers_differ_only_as_is_stated(found: list[Found], kind: str, stated: dict[str, str]) -> None:
    new = [str(one) for one in found if one.kind == kind and not known(one, stated)]
    assert not new, "\n".join(new)


@pytest.mark.parametrize(("kind", "stated"), [("status", STATUS), ("shape", SHAPE), ("content", CONTENT)])
def test_every_difference_that_is_stated_is_there(found: list[Found], kind: str, stated: dict[str, str]) -> None:
    seen = {place for one in found if one.kind == kind for place in known(one, stated)}
    assert set(stated) - seen == set()


def test_the_client_itself_reads_the_answers_of_both_or_of_neither(both: tuple[Answers, Answers]) -> None:
    for side in both:
        assert {answer.operation for answer in side.values() if answer.unread} == set(UNREADABLE)
