"""One GoFlow and one Airflow for all tests of this folder, each asked the same once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.integration.rest.calls import Answer, drive
from tests.integration.rest.sides import goflow, of_airflow
from tests.running import Daemon

Answers = dict[str, Answer]


@pytest.fixture(scope="session")
def of_airflow_begun() -> Iterator[Future[Answers]]:
    """What Airflow answers; its slow start goes on beside what GoFlow is asked."""

    def ask() -> Answers:
        with of_airflow() as caller:
            drive(caller)
            return caller.answers

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(ask)


@pytest.fixture(scope="session")
def driven(
    tmp_path_factory: pytest.TempPathFactory, of_airflow_begun: Future[Answers]
) -> Iterator[tuple[Daemon, Answers]]:
    """A running GoFlow, and what it has answered."""
    with goflow(Path(tmp_path_factory.mktemp("goflow"))) as (daemon, caller):
        drive(caller)
        yield daemon, caller.answers


@pytest.fixture(scope="session")
def answers(driven: tuple[Daemon, Answers]) -> Answers:
    """What GoFlow has answered to every call."""
    return driven[1]


@pytest.fixture(scope="session")
def both(of_airflow_begun: Future[Answers], answers: Answers) -> tuple[Answers, Answers]:
    """What Airflow has answered, and what GoFlow has."""
    return of_airflow_begun.result(), answers
