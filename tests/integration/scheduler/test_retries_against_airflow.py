"""How long we have failed tasks wait for their next try, and how long real Airflow does, of one DAG file."""

from __future__ import annotations

import datetime as dt
import os
import random
import sys
from pathlib import Path

import pytest

from goflow.domain.retries import retry_delay_s
from goflow.domain.runs import TaskInstance
from goflow.domain.spec import Dialect
from tests.integration.scheduler.asking import AIRFLOWS, told_by
from tests.oracle.environments import AIRFLOW_3, environment
from tests.unit.domain.kit import run_at
from tests.unit.parser.airflow.reading import only_dag

TASKS = int(os.environ.get("GOFLOW_RETRY_TASKS", "250"))
TRIES = 12
"""How many attempts, of any number, are asked for of each task."""
DELAYS = ["0", "1", "0.3", "300", "timedelta(minutes=5)", "timedelta(seconds=7.25)", "timedelta(hours=30)", "None"]
LONGEST = ["None", "0", "60", "timedelta(minutes=10)", "timedelta(days=2)", "1.5"]
BACKOFFS = {
    Dialect.AIRFLOW2: ["True", "True", "False"],
    Dialect.AIRFLOW3: ["True", "False", "0", "1", "1.0", "2", "2.0", "1.5", "0.5", "3", "10.7", "-2"],
}
HEADS = {
    Dialect.AIRFLOW2: "from airflow import DAG\nfrom airflow.operators.bash import BashOperator\n",
    Dialect.AIRFLOW3: "from airflow.sdk import DAG\nfrom airflow.providers.standard.operators.bash import BashOperator\n",
}


def random_file(dice: random.Random, dialect: Dialect) -> str:
    lines = [HEADS[dialect], "from datetime import datetime, timedelta\n", "with DAG('d', schedule=None) as dag:"]
    for number in range(TASKS):
        given = [f"task_id='t{number}'", "retries=40"]
        delay, longest = dice.choice(DELAYS), dice.choice(LONGEST)
        given += [f"retry_delay={delay}"] * (delay != "None") + [f"max_retry_delay={longest}"] * (longest != "None")
        if dice.random() < 0.9:
            given.append(f"retry_exponential_backoff={dice.choice(BACKOFFS[dialect])}")
        words = ", ".join(given)
        mapped = f"BashOperator.partial({words}).expand(bash_command=['true', 'false'])"
        lines.append(f"    {mapped if dice.random() < 0.2 else f'BashOperator({words}, bash_command=str())'}")
    return "\n".join(lines)


def random_asked(dice: random.Random, dialect: Dialect) -> list[tuple[str, str | None, int]]:
    found: list[tuple[str, str | None, int]] = []
    for number in range(TASKS):
        for _ in range(TRIES):
            date = dt.datetime(2025, 3, 30, tzinfo=dt.UTC) + dt.timedelta(seconds=dice.randrange(10**7))
            date += dt.timedelta(microseconds=dice.choice([0, 0, dice.randrange(10**6)]))
            bare = dialect is Dialect.AIRFLOW3 and dice.random() < 0.1
            number_of_try = dice.choice([*range(1, 12), 25, 60, 400, 900])
            found.append((f"t{number}", None if bare else date.isoformat(), number_of_try))
    return found


@pytest.mark.timeout(1200)  # the first time it installs Airflow
@pytest.mark.parametrize("dialect", list(AIRFLOWS), ids=str)
def test_every_random_attempt_waits_as_long_as_airflow_has_it(dialect: Dialect, tmp_path: Path) -> None:
    dice = random.Random(f"{dialect}-{os.environ.get('GOFLOW_RETRY_SEED', '1')}")
    text, asked = random_file(dice, dialect), random_asked(dice, dialect)
    python = environment(AIRFLOWS[dialect]).python
    theirs = told_by(python, "ask_airflow_retries.py", asked={"file": text, "asked": asked}, home=tmp_path)
    spec = only_dag(text, dialect, prelude=False)
    wrong = []
    for (task_id, date, try_number), truth in zip(asked, theirs, strict=True):
        instance = TaskInstance(id=1, dag_run_id=1, dag_id="d", run_id="r", task_id=task_id, try_number=try_number)
        run = run_at(dt.datetime.fromisoformat(date) if date else None)
        found = retry_delay_s(spec.task(task_id), instance, run)
        if dt.timedelta(seconds=found) != dt.timedelta(seconds=truth):
            wrong.append((spec.task(task_id), date, try_number, truth, found))
    assert not wrong, f"{len(wrong)} of {len(asked)}: {wrong[:2]}"
    assert len(asked) == TASKS * TRIES


@pytest.mark.timeout(1200)
def test_retry_policies_decide_as_airflows_do(tmp_path: Path) -> None:
    theirs, ours = (
        told_by(python, "ask_retry_policies.py", home=tmp_path, timeout=120)
        for python in (environment(AIRFLOW_3).python, sys.executable)
    )
    assert theirs == ours
    assert len(theirs) > 25
