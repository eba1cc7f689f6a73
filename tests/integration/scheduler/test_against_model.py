"""Random DAGs with random ends, orders, crashes and time: the scheduler on its store against a slow, obvious model."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.integration.scheduler.model.mutants import MUTANTS, ROOT, Mutant
from tests.integration.scheduler.model.stories import Stories
from tests.postgres import TEMPLATE, Server

EXAMPLES = int(os.environ.get("GOFLOW_MODEL_EXAMPLES", "60"))
STEPS = int(os.environ.get("GOFLOW_MODEL_STEPS", "20"))
LONG = "GOFLOW_MODEL_EXAMPLES" in os.environ
SEED = int(os.environ.get("GOFLOW_MODEL_SEED") or random.randrange(10**6))
"""Of the long form; the short one has the same examples every time."""
SHRINK = [Phase.shrink] if os.environ.get("GOFLOW_MODEL_SHRINK", "1") == "1" else []


def check(make: Callable[[], tuple[str, Callable[[], None]]], examples: int) -> None:
    """Run the machine over so many EXAMPLES, each on a database that MAKE makes, always at the same URL."""

    class Here(Stories):
        pass

    Here.make = staticmethod(make)
    if LONG:
        print(f"GOFLOW_MODEL_SEED={SEED}")
        seed(SEED)(Here)
    limits = settings(
        max_examples=examples,
        derandomize=not LONG,
        print_blob=True,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate, *SHRINK],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    run_state_machine_as_test(Here, settings=limits)


@pytest.mark.timeout(0 if LONG else 600)
def test_the_scheduler_does_what_the_model_does(sqlite_template: Path, tmp_path: Path) -> None:
    def make() -> tuple[str, Callable[[], None]]:
        folder = tmp_path / "here"
        folder.mkdir()
        shutil.copy(sqlite_template, folder / "world.sqlite3")
        return f"sqlite:///{folder}/world.sqlite3", lambda: shutil.rmtree(folder)

    check(make, EXAMPLES)


@pytest.mark.postgres
@pytest.mark.timeout(0 if LONG else 600)
def test_the_scheduler_does_it_on_postgresql_too(postgres_server: Server) -> None:
    def make() -> tuple[str, Callable[[], None]]:
        name = postgres_server.create(TEMPLATE, f"goflow_model_{os.getpid()}")
        return postgres_server.url(name), lambda: postgres_server.drop(name)

    check(make, max(1, EXAMPLES // 6))


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS)
def test_what_the_mutants_change_stands_in_the_code(mutant: Mutant) -> None:
    assert mutant.text() != (ROOT / mutant.path).read_text()
