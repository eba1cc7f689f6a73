"""Real files changed by chance are read without an internal error, and what is claimed of them is so when they are run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.mutated import Case, Ran, cases, own_files, reader
from tests.fuzz.mutations import CHANGES, mutated

READ, RUN = 150, 16
STORED = sorted((Path(__file__).parent / "regressions" / "mutated").glob("*.txt"))


@pytest.fixture(scope="module")
def read():
    with reader() as found:
        yield found


@pytest.fixture(scope="module")
def ran():
    found = Ran()
    yield found
    found.accounts.end()


@pytest.mark.timeout(300)
def test_changed_files_are_read_without_an_internal_error(read):
    faults = {case.name: found for case in cases(own_files(), range(READ)) if (found := read.faults(case))}
    assert faults == {}
    assert read.codes["GF002"] < READ, "changes that are not Python show little"


@pytest.mark.timeout(300)
def test_what_is_claimed_of_changed_files_is_so_when_they_are_run(ran):
    faults = {case.name: found for case in cases(own_files(), range(1000, 1000 + RUN)) if (found := ran.faults(case))}
    assert faults == {}


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
@pytest.mark.timeout(300)
def test_what_once_failed_does_not_fail_again(read, ran, path):
    case = Case(path.stem, path.read_bytes(), path.parent)
    assert read.faults(case) == []
    assert ran.faults(case) == []


def test_a_seed_gives_the_same_change_each_time():
    source = b"from airflow import DAG\nwith DAG('a') as dag:\n    x = 1\n    y = 'b'\n"
    made = [mutated(seed, source, source) for seed in range(40)]
    assert made == [mutated(seed, source, source) for seed in range(40)]
    assert len(set(made)) > 30
    assert len(set(CHANGES)) == 8
