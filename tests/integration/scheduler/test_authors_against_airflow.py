"""What authors' own timetables answer when our helper asks them, and when real Airflow does; and Airflow's own classes,
which authors derive theirs from, in the shim."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.spec import Dialect
from tests.integration.scheduler.asking import AIRFLOWS, HERE, told_by
from tests.integration.scheduler.test_timetables_against_airflow import random_case
from tests.oracle.environments import environment

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
BY_HAND = [(NOW - dt.timedelta(days=days, minutes=17)).isoformat() for days in range(0, 60, 7)]
FROM = (NOW - dt.timedelta(days=120)).replace(hour=9, minute=20, second=0).isoformat()
UNTIL = (NOW - dt.timedelta(days=3)).isoformat()
MAKES = [
    "AfterWorkdayTimetable()",
    "Uneven()",
    "Uneven('America/New_York')",
    "Growing(2, timedelta(minutes=7))",
    "NotInAugust('30 5 * * *', timezone='Europe/Zurich')",
    "NotInAugust('@hourly', timezone='UTC')",
    "Named('0 */6 * * *', timezone='Asia/Kolkata', interval=timedelta(hours=6))",
    "Either('0 4 * * *', '30 18 * * 5')",
    "Listed(LISTED, restrict_to_events=True, description='of a list')",
]
LIMITS: list[tuple[str | None, str | None, bool]] = [
    (FROM, None, True),
    (FROM, UNTIL, True),
    (FROM, None, False),
    (None, None, False),
]


def asked(make: str, earliest: str | None, latest: str | None, catchup: bool) -> dict[str, Any]:
    by_hand = BY_HAND if catchup else []
    return {"make": make, "earliest": earliest, "latest": latest, "catchup": catchup, "most": 200, "by_hand": by_hand}


def run(python: Path | str, script: str, *args: str, told: Any, folder: Path) -> Any:
    return told_by(python, script, *args, asked=told, home=Path(f"{folder}-home"), folder=folder, timeout=240)


def plain(told: Any) -> Any:
    """Without ids that Airflow itself would give."""
    if isinstance(told, dict):
        runs = [[*run[:4], run[4] if "scheduled-" in (run[4] or "") else None] for run in told["runs"]]
        return {**told, "runs": runs}
    return told


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(HERE / "authors" / "their_timetables.py", tmp_path)
    return tmp_path


@pytest.mark.parametrize("dialect", list(Dialect))
def test_what_they_answer_is_equal(folder: Path, dialect: Dialect) -> None:
    theirs = environment(AIRFLOWS[dialect])
    [plugin] = theirs.python.parent.parent.glob("lib/python3*/site-packages/airflow/example_dags/plugins/workday.py")
    shutil.copy(plugin, folder / "workday_of_airflow.py")
    cases = [asked(make, *limits) for make in MAKES for limits in LIMITS]
    expected = [plain(told) for told in run(theirs.python, "authors/ask_airflow.py", told=cases, folder=folder)]
    ours = run(sys.executable, "authors/ask_shim.py", str(folder), dialect.value, told=cases, folder=folder)
    assert ours == expected
    assert sum(len(told["runs"]) for told in expected if isinstance(told, dict)) > 1000


@pytest.mark.parametrize("dialect", list(Dialect))
def test_airflows_own_classes_answer_alike_in_the_shim(folder: Path, dialect: Dialect) -> None:
    dice = random.Random(f"shim {dialect}")
    cases = [random_case(dice, dialect) for _ in range(300)]
    cases += [random_case(dice, dialect, keyed=True) for _ in range(60 * (dialect is Dialect.AIRFLOW3))]
    for case in cases:
        case["timetable"]["asset_or_time"] = (
            False  # the shim's has no times of its own: the scheduler asks the inner one
        )
    theirs = environment(AIRFLOWS[dialect])
    expected = run(theirs.python, "ask_airflow_timetables.py", told=cases, folder=folder)
    ours = run(sys.executable, "ask_airflow_timetables.py", dialect.value, told=cases, folder=folder)
    unequal = [(case, mine, real) for case, mine, real in zip(cases, ours, expected, strict=True) if mine != real]
    assert not unequal, unequal[:3]


@pytest.mark.parametrize("dialect", list(Dialect))
def test_weights_are_equal(folder: Path, dialect: Dialect) -> None:
    theirs = environment(AIRFLOWS[dialect])
    where = "lib/python3*/site-packages/airflow/example_dags/plugins/decreasing_priority_weight_strategy.py"
    [plugin] = theirs.python.parent.parent.glob(where)
    (folder / "plugins").mkdir()
    for file in (plugin, HERE / "authors" / "their_weights.py"):
        shutil.copy(file, folder / "plugins")
    shutil.copy(HERE / "authors" / "their_weighed_dag.py", folder)
    cases = [
        [task_id, map_index, number]
        for task_id in ("first", "second", "named", "copies", "decreasing")
        for map_index in ((-1, 0, 1) if task_id == "copies" else (-1,))
        for number in range(6)
    ]
    cases.append(["fields", -1, 0])
    expected = run(theirs.python, "authors/ask_airflow_weights.py", told=cases, folder=folder)
    ours = run(sys.executable, "authors/ask_shim_weights.py", str(folder), dialect.value, told=cases, folder=folder)
    assert dict(zip(map(str, cases), ours, strict=True)) == dict(zip(map(str, cases), expected, strict=True))
    assert len(set(expected)) > 10
