"""The sitecustomize that makes `random` alike in Airflow's tasks and in GoFlow's."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.oracle.examples import SEEDED, task_environment

DRAW = "import random; print(random.choice('abcdefgh'), random.randint(1, 10**9))"
FORK = f"""
import os, random
random.choice('abcdefgh')  # what the parent drew before
if os.fork() == 0:
    {DRAW}
else:
    os.wait()
"""
OTHERS_DREW_BEFORE = f"import random; random.uniform(0, 1); random.random(); {DRAW}"


def drawn(program: str, **variables: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(SEEDED), **variables}
    command = [sys.executable, "-c", program]
    return subprocess.run(command, check=True, env=environment, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (DRAW, "a process of its own, as GoFlow starts tasks"),
        (FORK, "a fork of a process that drew already, as Airflow starts tasks"),
        (OTHERS_DREW_BEFORE, "a process whose framework drew with other functions first"),
    ],
    ids=lambda text: text.split("\n")[0][:40],
)
def test_every_way_to_start_a_task_draws_the_same(program: str, why: str) -> None:
    assert drawn(program, ORACLE_SEED="1") == drawn(DRAW, ORACLE_SEED="1"), why


def test_another_seed_draws_something_else() -> None:
    assert drawn(DRAW, ORACLE_SEED="1") != drawn(DRAW, ORACLE_SEED="2")


def test_without_a_seed_nothing_is_changed() -> None:
    assert drawn("import random; print(random.choice.__self__ is random._inst)", ORACLE_SEED="") == "True\n"


def test_the_environment_of_tasks_seeds_them_and_keeps_pip_off_the_network() -> None:
    environment = task_environment("/seeded", "/wheels", seed="7")
    assert environment["PYTHONPATH"] == "/seeded"
    assert environment["ORACLE_SEED"] == "7"
    assert (environment["PIP_FIND_LINKS"], environment["PIP_NO_INDEX"]) == ("/wheels", "1")
