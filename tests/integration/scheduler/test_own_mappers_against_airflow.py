"""Partition mappers and windows of authors' own, asked by a helper and by real Airflow's scheduler; and Airflow's own
mappers, which authors derive theirs from, in the shim."""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.assets import AssetKey
from goflow.domain.partition_answers import KeyTold, mapped
from goflow.domain.partitions import MOST_KEYS, MapperError, not_followed, rules_of
from tests.integration.scheduler.asking import HERE, told_by, told_by_airflow
from tests.integration.scheduler.test_partitions_against_airflow import SEED, dag_of, enough_of, iso, random_mapper
from tests.oracle.environments import AIRFLOW_3

DATE = "2024-02-29T12:00:00+00:00"
SHIMS = 150
"""How many of Airflow's own mappers the shim is asked."""
TEXTS = ["EU", "a-b-a-1", "2", "x/y", "", "2024-02-29", "EU|a-b"]
MOMENTS = ["2024-02-29T23:30:00", "2024-03-31T01:30:00", "2024-12-30T12:00:00", "2024-01-01", "EU"]
OWN = [
    ("Lower()", TEXTS),
    ("Lower('in-')", TEXTS),
    ("Lower(prefix='x', max_downstream_keys=2)", TEXTS),
    ("Forgetful('-other')", TEXTS),
    ("Parts()", TEXTS),
    ("Parts(max_downstream_keys=3)", TEXTS),
    ("Nameless()", TEXTS),
    ("Zoneless()", TEXTS),
    ("Same()", TEXTS),
    ("Weeks()", MOMENTS),
    ("Noon()", MOMENTS),
    ("Noon(timezone='Europe/Zurich', output_format='%Y-%m-%dT%H')", MOMENTS),
    ("FromFebruary(timezone='America/New_York')", MOMENTS),
    ("Sundays()", MOMENTS),
    ("ChainMapper(Lower('a-'), Parts())", TEXTS),
    ("ChainMapper(Parts(), Lower('p'), max_downstream_keys=2)", TEXTS),
    ("ChainMapper(StartOfDayMapper(), Weeks())", MOMENTS),
    ("Twice(Lower('_'), IdentityMapper())", TEXTS),
    ("ProductMapper(Lower(), Forgetful('?'))", ["EU|a", "EU", "a|b|c"]),
    ("ProductMapper(Lower(), Parts(), delimiter='/')", ["EU/7", "EU/a-b"]),
    ("ProductMapper(Weeks(), Lower())", ["2024-02-29|EU"]),
    ("RollupMapper(upstream_mapper=Weeks(), window=WeekWindow())", MOMENTS),
    ("RollupMapper(upstream_mapper=Weeks(), window=WeekWindow(), wait_policy=MinimumCount(-2))", MOMENTS),
    ("RollupMapper(upstream_mapper=Noon(), window=DayWindow(), wait_policy=MinimumCount(30))", MOMENTS),
    ("RollupMapper(upstream_mapper=StartOfDayMapper(), window=Hours())", MOMENTS),
    ("RollupMapper(upstream_mapper=FixedKeyMapper('all'), window=Letters(3))", TEXTS),
    ("RollupMapper(upstream_mapper=Lower(), window=SegmentWindow(['a', 'b']), wait_policy=MinimumCount(1))", TEXTS),
    ("RollupMapper(upstream_mapper=Zoneless(), window=Letters(2), max_downstream_keys=1)", TEXTS),
    ("RollupMapper(upstream_mapper=Sundays(), window=WeekWindow(direction=Window.Direction.BACKWARD))", MOMENTS),
    ("RollupMapper(upstream_mapper=Weeks(), window=MonthWindow())", MOMENTS),
    ("RollupMapper(upstream_mapper=Lower(), window=DayWindow())", TEXTS),
    ("Most(upstream_mapper=Weeks(), window=WeekWindow())", MOMENTS),
    ("FanOutMapper(upstream_mapper=Weeks(), window=WeekWindow())", MOMENTS),
    (
        "FanOutMapper(upstream_mapper=StartOfDayMapper(), window=Hours(), downstream_mapper=StartOfHourMapper())",
        MOMENTS,
    ),
    ("FanOutMapper(upstream_mapper=StartOfDayMapper(), window=Hours())", MOMENTS),
    ("FanOutMapper(upstream_mapper=FixedKeyMapper('all'), window=Letters(2), downstream_mapper=Lower())", TEXTS),
    ("FanOutMapper(upstream_mapper=Parts(), window=Letters(2), downstream_mapper=Lower())", TEXTS),
]
"""Mappers with code of an author's own, and keys for them."""
THERE = [[True], [True, True, True, False], [False, True], [False]]


def as_taken(told: Any, there: list[list[bool]]) -> list[Any]:
    """What a helper has TOLD of a key, in the words of ``ask_airflow_mappers.py``."""
    if told == "refused":
        return ["refused", [], "refused"]
    answer = mapped(told)
    found = []
    for key in sorted(answer.keys)[:40]:
        about = KeyTold.of(answer.keys[key])
        line: list[Any] = [key, "refused" if about.is_dateless else iso(about.date), told["by_hand"][key]]
        if about.is_held:
            line += ["refused"] * (1 + len(there))
        elif about.expected is not None:
            assert about.policy is not None
            line.append(sorted(about.expected))
            line += [enough_of(about.policy, about.expected, one) for one in there]
        found.append(line)
    return [sorted(answer.keys), found, iso(answer.carried)]


def as_airflow_has_it(truth: list[Any]) -> list[Any]:
    made, about, carried = truth
    if made == "refused":
        return ["refused", [], "refused"]
    if not all(isinstance(one, str) for one in made):
        return ["refused", [], "refused"]  # its database would
    return [made, about[: len(made)], carried]


def compared(cases: list[dict[str, Any]], folder: Path) -> list[tuple[dict[str, Any], Any, Any]]:
    """Each case with what Airflow makes of it, and what the shim does."""
    truth = told_by_airflow(AIRFLOW_3, "ask_airflow_mappers.py", cases, folder, timeout=900)
    shutil.copy(HERE / "authors" / "their_mappers.py", folder)
    given = {"asked": cases, "home": Path(f"{folder}-home"), "folder": folder, "timeout": 900}
    ours = told_by(sys.executable, "authors/ask_shim_mappers.py", str(folder), **given)
    return list(zip(cases, truth, ours, strict=True))


def hold(case: dict[str, Any], truth: Any, ours: Any) -> None:
    if truth == "refused":
        assert ours == "refused", case
        return
    for key, theirs, told in zip(case["keys"], truth, ours, strict=True):
        if told != "refused" and not told["keys"] and told["count"]:  # too many: Airflow counts when it queues them
            assert told["count"] >= len(theirs[0]), (case["mapper"], key)
            assert told["count"] > (told["most"] or MOST_KEYS), (case["mapper"], key)
            continue
        assert as_taken(told, case["there"]) == as_airflow_has_it(theirs), (case["mapper"], key)


@pytest.mark.timeout(1200)  # the first time it installs Airflow
def test_what_authors_mappers_tell_is_what_airflows_scheduler_hears(tmp_path: Path) -> None:
    cases = [{"mapper": text, "keys": list(keys), "there": THERE, "date": DATE} for text, keys in OWN]
    followed = rolled_up = 0
    for case, truth, ours in compared(cases, tmp_path):
        hold(case, truth, ours)
        followed += truth != "refused"
        rolled_up += truth != "refused" and any(len(line) > 3 for _, about, _ in truth for line in about)
    assert followed > len(OWN) * 0.8
    assert rolled_up > 5


@pytest.mark.timeout(1200)
def test_airflows_own_mappers_answer_alike_in_the_shim(tmp_path: Path) -> None:
    dice = random.Random(f"shim {SEED}")
    cases = [{**random_mapper(dice), "date": DATE} for _ in range(SHIMS)]
    mapped_keys = 0
    for case, truth, ours in compared(cases, tmp_path):
        hold(case, truth, ours)
        mapped_keys += sum(made != "refused" for made, _, _ in truth) if truth != "refused" else 0
    assert mapped_keys > SHIMS


@pytest.mark.parametrize("text", [text for text, _ in OWN])
def test_the_reader_takes_them_and_knows_that_they_are_asked(text: str) -> None:
    dag = dag_of(text, their_mappers=(HERE / "authors/their_mappers.py").read_text())
    if dag is None:
        return  # refused by the file's own constructors: see above
    assert not_followed(dag.schedule) is None
    assert rules_of(dag.schedule).asks(AssetKey("a", "a"))
    with pytest.raises(MapperError, match="has to be asked"):
        rules_of(dag.schedule).targets(AssetKey("a", "a"), "x")
