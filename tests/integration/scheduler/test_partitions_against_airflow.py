"""Our partitions and real Airflow's: what random mappers make of random keys, and which runs random events begin."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.assets import AssetKey, NewAssetEvent
from goflow.domain.errors import GoFlowError
from goflow.domain.partition_mappers import Rollup, listed
from goflow.domain.partition_windows import WaitPolicy
from goflow.domain.partitions import date_of_key, not_followed, rules_of
from goflow.domain.runs import DagRun
from goflow.domain.spec import DagSpec
from goflow.domain.state import RunState, RunType
from goflow.store import assets, partitions, transitions
from tests.integration.scheduler.asking import told_by_airflow
from tests.integration.scheduler.partition_cases import LETTERS, Cases, Story
from tests.oracle.environments import AIRFLOW_3
from tests.unit.parser.airflow.reading import read
from tests.unit.scheduler.kit import World, dag, empty

MAPPERS = int(os.environ.get("GOFLOW_PARTITION_MAPPERS", "400"))
SEED = os.environ.get("GOFLOW_PARTITION_SEED", "1")
KEYS = 5
STORIES = int(os.environ.get("GOFLOW_PARTITION_STORIES", "30"))


def random_mapper(dice: random.Random) -> dict[str, Any]:
    """A mapper, keys for it, and which keys of a window are there."""
    cases = Cases(dice)
    text, form = cases.mapper()
    there = [[dice.random() < 0.9 for _ in range(7)], [True], [False, True]]
    return {"mapper": text, "keys": [cases.key(form) for _ in range(KEYS)], "there": there}


def dag_of(mapper: str, **modules: str) -> DagSpec | None:
    """What the reader makes of a DAG with that mapper, MODULES beside it; None: it refuses the file."""
    schedule = f'PartitionedAssetTimetable(assets=Asset("a"), default_partition_mapper={mapper})'
    imports = "\n".join(f"from {name} import *" for name in ("airflow.sdk", *modules))
    text = f"{imports}\nfrom airflow.sdk import Window\nd = DAG('d', schedule={schedule})"
    found = read(text, files={f"{name}.py": source for name, source in modules.items()})
    return found.dags[0] if found.dags else None


def tried(function: Callable[[], Any]) -> Any:
    try:
        return function()
    except Exception:
        return "refused"


def iso(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(dt.UTC).isoformat()


def ours(case: dict[str, Any]) -> Any:
    """As ``ask_airflow_mappers.py`` answers."""
    dag = dag_of(case["mapper"])
    if dag is None or not_followed(dag.schedule):
        return "refused"
    mapper = rules_of(dag.schedule).mapper("a", "a")

    def by_hand(key: str) -> Any:
        try:
            return iso(date_of_key(dag.schedule, key))
        except GoFlowError:
            return "refused"

    def about(key: str) -> list[Any]:
        told = [key, tried(lambda: iso(mapper.date(key))), by_hand(key)]
        if isinstance(mapper, Rollup):
            told.append(tried(lambda: sorted(mapper.expected(key))))
            told += [tried(lambda one=one: enough(mapper, key, one)) for one in case["there"]]
        return told

    found = []
    for key in case["keys"]:
        made = tried(lambda key=key: sorted({*listed(mapper.downstream(key))}))
        found.append([made, [] if made == "refused" else [about(one) for one in [*made, key][:40]]])
    return found


def enough(mapper: Rollup, key: str, there: list[bool]) -> bool:
    return enough_of(mapper.policy, mapper.expected(key), there)


def enough_of(policy: WaitPolicy, expected: frozenset[str], there: list[bool]) -> bool:
    picked = {one for place, one in enumerate(sorted(expected)) if there[place % len(there)]}
    return policy.is_met(picked, expected)


@pytest.mark.timeout(1200)  # the first time it installs Airflow
def test_every_random_mapper_makes_of_keys_what_airflows_makes(tmp_path: Path) -> None:
    dice = random.Random(f"mappers-{SEED}")
    cases = [random_mapper(dice) for _ in range(MAPPERS)]
    told = told_by_airflow(AIRFLOW_3, "ask_airflow_mappers.py", cases, tmp_path, timeout=300 + MAPPERS)
    followed = [answer for answer in told if answer != "refused"]
    assert len(followed) > MAPPERS * 0.5
    assert sum(made != "refused" for answer in followed for made, _ in answer) > MAPPERS * KEYS * 0.3
    for case, truth in zip(cases, told, strict=True):
        assert ours(case) == truth, case


def consumer(number: int, schedule: str) -> DagSpec:
    """The DAG that waits, as the reader makes it of its file."""
    text = f"from airflow.sdk import *\nd = DAG('d{number}', schedule={schedule})"
    (found,) = read(text).dags
    return found


def story_of(world: World, number: int, case: dict[str, Any]) -> list[Any]:
    """As ``ask_airflow_partitions.py`` answers."""
    dag_id, seen, found = f"d{number}", {}, []
    names = [f"{number}{letter}" for letter in LETTERS]
    outlets = [{"$asset": {"name": name, "uri": f"s3://bucket/{name}"}} for name in names]
    world.put(dag(empty("a", outlets=(*outlets, *({"$asset_alias": name} for name in names))), dag_id=f"makes{number}"))
    version = 1
    world.put(consumer(number, case["schedule"]))
    world.settle()
    for step in case["steps"]:
        world.clock.advance(1)
        if "event" in step:
            seen.update({key: len(seen) + place for place, key in enumerate(tell(world, *step["event"]))})
        elif "schedule" in step:
            version += 1
            world.put(consumer(number, step["schedule"]), version=str(version))
        else:
            before = {run.id for run in world.all_runs(dag_id)}
            world.settle()
            made = [run for run in world.all_runs(dag_id) if run.id not in before]
            with world.store.reading() as tx:
                taken = {run.id: sorted(seen[event.id] for event in assets.consumed(tx, run)) for run in made}
            found.append(sorted([run.partition_key, iso(run.partition_date), taken[run.id]] for run in made))
    with world.store.reading() as tx:
        left = partitions.waiting(tx, dag_id)
    return [found, sorted([one.key, sorted(seen[key] for key in one.event_ids)] for one in left)]


def tell(world: World, name: str, key: str | None, date: str | None, by_alias: bool) -> list[int]:
    """Something happens to an asset, in a run for KEY that stands for DATE."""
    at = None if date is None else dt.datetime.fromisoformat(date)
    run = DagRun(
        id=0, dag_id="", run_id="", run_type=RunType.MANUAL, state=RunState.RUNNING, version_id=0, reading_id=0,
        logical_date=None, data_interval_start=None, data_interval_end=None, run_after=world.clock.now(),
        partition_key=key, partition_date=at,
    )  # fmt: skip
    told = NewAssetEvent(asset=AssetKey(name, f"s3://bucket/{name}"), aliases=(name,) if by_alias else ())
    with world.store.transaction() as tx:
        return transitions.register_asset_events(tx, [told], run=run, who="test")


@pytest.mark.timeout(1200)
def test_random_events_begin_the_runs_that_airflows_scheduler_makes(sqlite_url: str, tmp_path: Path) -> None:
    dice = random.Random(f"stories-{SEED}")
    cases = [Story(dice, number).made() for number in range(STORIES)]
    told = told_by_airflow(AIRFLOW_3, "ask_airflow_partitions.py", cases, tmp_path, timeout=300 + 20 * STORIES)
    assert sum(len(tick) for ticks, _ in told for tick in ticks) > STORIES * 2
    assert sum(bool(left) for _, left in told) > STORIES * 0.3
    world = World(sqlite_url)
    for number, (case, truth) in enumerate(zip(cases, told, strict=True)):
        assert story_of(world, number, case) == truth, case
    world.store.close()
