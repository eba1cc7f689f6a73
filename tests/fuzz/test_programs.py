"""Programs made by chance, run by the evaluator and by Python itself: the same values, or honest unknowns."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.differential import Differential, differential
from tests.fuzz.programs import HEAD, program

PROGRAMS = 60
AT_LEAST_KNOWN = 0.9
STORED = sorted((Path(__file__).parent / "regressions").glob("*.txt"))


@pytest.fixture(scope="module")
def held() -> Iterator[Differential]:
    with differential() as found:
        yield found


def test_programs_leave_what_they_leave_in_python(held):
    faults, known, unknown = {}, 0, 0
    for seed in range(PROGRAMS):
        verdict = held.check(HEAD + "".join(program(seed)))
        known, unknown = known + verdict.known, unknown + verdict.unknown
        if verdict.faults:
            faults[seed] = verdict.faults
    assert not faults
    assert known / (known + unknown) > AT_LEAST_KNOWN, "what is unknown is not compared"


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_what_was_once_wrong_stays_right(held, path):
    assert held.check(path.read_text()).faults == []
