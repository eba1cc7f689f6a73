"""Our trigger rules and real Airflow's: every state of up to four tasks above, come about in every order.

What is asked of ours is the scheduler's own planning over its own incremental counts: a book whose tasks end one after
the other, and are cleared again on the way back.
"""

from __future__ import annotations

import datetime as dt
import itertools
import os
import random
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from goflow.domain.spec import DagSpec, Dialect, TaskSpec
from goflow.domain.state import TaskState
from goflow.scheduler.book import Book, Cell
from goflow.scheduler.decisions import Advance
from goflow.scheduler.graph import Graph
from goflow.scheduler.planning import decide
from goflow.scheduler.rules import RULES
from tests.integration.scheduler.asking import AIRFLOWS, told_by
from tests.oracle.environments import environment
from tests.unit.domain.kit import run_at

NOW = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
FACTS: Any = SimpleNamespace(now=NOW)
ENDS = ["success", "failed", "skipped", "upstream_failed", "removed"]
MODERN = [*sorted(set(RULES) - {"none_failed_or_skipped"}), "always"]
OF_DIALECT = {
    Dialect.AIRFLOW2: [rule for rule in MODERN if rule != "all_done_min_one_success"],
    Dialect.AIRFLOW3: MODERN,
}
SHAPES = int(os.environ.get("GOFLOW_RULE_SHAPES", "4"))
"""How many random shapes with setups, teardowns and tasks between them are asked for; all orders of each."""

Verdict = list[Any]
"""As Airflow tells it: the state that the task gets, None for none; and whether its dependencies are met."""
Shape = list[tuple[str, str, list[str]]]
"""Tasks from above: id, role (``setup``, ``teardown`` or empty), and what is right above; the last is asked about."""


def airflow_says(dialect: Dialect, cases: list[dict[str, Any]], folder: Path) -> list[list[Verdict]]:
    python = environment(AIRFLOWS[dialect]).python
    answers: list[list[Verdict]] = told_by(
        python, "ask_airflow_rules.py", asked=cases, home=folder, timeout=280 + 10 * len(cases)
    )
    # A state that Airflow gives is what counts: whether it calls the dependencies met beside it changes nothing.
    return [[[state, met and state is None] for state, met in answer] for answer in answers]


class Ours:
    """A book over tasks, of which those asked about never end."""

    def __init__(self, tasks: list[TaskSpec], asked: list[tuple[str, int]], dialect: Dialect) -> None:
        names = [task.task_id for task in tasks if task.task_id not in {name for name, _ in asked}]
        keys = [*((name, -1) for name in names), *asked, *((name, index - 1) for name, index in asked if index > 0)]
        cells = [Cell(number, name, index, TaskState.NONE) for number, (name, index) in enumerate(keys)]
        self.book = Book(run_at(NOW), Graph(DagSpec(dag_id="d", dialect=dialect, tasks=tuple(tasks))), cells)
        self.asked = asked

    def end(self, name: str, state: str | None) -> None:
        cell = self.book.cell(name, -1)
        assert cell is not None
        self.book.advance(cell, TaskState(state) if state else TaskState.NONE)

    def verdicts(self) -> Iterator[Verdict]:
        for name, index in self.asked:
            found = decide(self.book, name, {index}, FACTS)
            assert len(found) <= 1
            new = found[0].new if found and isinstance(found[0], Advance) else None
            yield [None, new is not None] if new in {None, TaskState.SCHEDULED} else [new and new.value, False]


def steps(names: list[str], ours: Ours, *, any_order: bool) -> Iterator[dict[str, str]]:
    """Every way in which NAMES may end one after the other (from the first to the last, or in ANY_ORDER): what has ended
    so far, the book being in step."""
    known: dict[str, str] = {}

    def further() -> Iterator[dict[str, str]]:
        yield known
        left = [name for name in names if name not in known]
        for name in left if any_order else left[:1]:
            for state in ENDS:
                known[name] = state
                ours.end(name, state)
                yield from further()
                del known[name]
                ours.end(name, None)

    return further()


def bare(names: list[str], setups: tuple[bool, ...]) -> Shape:
    above: Shape = [(name, "setup" if setup else "", []) for name, setup in zip(names, setups, strict=True)]
    return [*above, ("x", "", names)]


def several(size: int) -> Iterator[tuple[str | None, ...]]:
    return itertools.product([None, *ENDS], repeat=size)


def same(verdict: Verdict, told: Verdict, of_3: Verdict, *, repaired: bool) -> bool:
    """Whether ours is what Airflow TOLD. Where Airflow 2 has a fault that 3 has REPAIRED, ours is Airflow 3's: 2 waits
    for ever for copies that were removed, and has teardowns begin while tasks of their scope still run."""
    return verdict == told or (repaired and verdict == of_3)


@pytest.mark.timeout(1200)  # the first time it installs Airflow
@pytest.mark.parametrize("dialect", list(AIRFLOWS), ids=str)
def test_up_to_four_tasks_right_above_in_every_order(dialect: Dialect, tmp_path: Path) -> None:
    """Those right above are alike but for who is a setup: that they end from the first to the last, whoever of them is
    one, is every order. For copies of a mapped task: up to three."""
    rules = OF_DIALECT[dialect]
    flags = [flags for size in range(1, 5) for flags in itertools.product([False, True], repeat=size)]
    kinds = sorted({tuple(sorted(each)) for each in flags}, key=lambda each: (len(each), each))
    cases = [
        {
            "tasks": bare([f"t{number}" for number in range(len(kind))], kind),
            "rule": rule,
            "map_index": index,
            "states": sorted({_sorted(states, kind) for states in several(len(kind))}, key=str),
        }
        for kind in kinds
        for rule in rules
        for index in _indexes(len(kind))
    ]
    truth = of_3 = _by_case(cases, Dialect.AIRFLOW3, tmp_path)
    if dialect is Dialect.AIRFLOW2:
        truth = _by_case(cases, dialect, tmp_path)
    wrong, compared = [], 0
    for each in flags:
        names = [f"t{number}" for number in range(len(each))]
        above = [TaskSpec(task_id=name, operator="BashOperator", setup=s) for name, s in zip(names, each, strict=True)]
        below = [_asked(rule, index, names) for rule in rules for index in _indexes(len(each))]
        keys = [(task.task_id, 1 if task.mapped else -1) for task in below]
        ours = Ours([*above, *below], keys, dialect)
        kind = tuple(sorted(each))
        for known in steps(names, ours, any_order=False):
            states = _sorted(tuple(known.get(name) for name in names), each)
            repaired = "removed" in states
            for task, verdict in zip(below, ours.verdicts(), strict=True):
                compared += 1
                key = task.trigger_rule, 1 if task.mapped else -1, kind, states
                if not same(verdict, truth[key], of_3[key], repaired=repaired):
                    wrong.append((task.trigger_rule, task.mapped, dict(known), truth[key], verdict))
    assert not wrong, f"{len(wrong)} of {compared}: {wrong[:5]}"
    assert compared > 150_000


def _indexes(size: int) -> tuple[int, ...]:
    return (-1, 1) if size < 4 else (-1,)


def _by_case(cases: list[dict[str, Any]], dialect: Dialect, folder: Path) -> dict[Any, Verdict]:
    found: dict[Any, Verdict] = {}
    for case, answers in zip(cases, airflow_says(dialect, cases, folder), strict=True):
        kind = tuple(role == "setup" for _, role, _ in case["tasks"][:-1])
        for states, answer in zip(case["states"], answers, strict=True):
            found[case["rule"], case["map_index"], kind, states] = answer
    return found


def _asked(rule: str, index: int, names: list[str]) -> TaskSpec:
    copies: dict[str, Any] = {"mapped": True, "expand": {"x": [1, 2]}} if index >= 0 else {}
    return TaskSpec(
        task_id=f"{rule}{index}", operator="BashOperator", trigger_rule=rule, upstream=tuple(names), **copies
    )


def _sorted(states: tuple[str | None, ...], setups: tuple[bool, ...]) -> tuple[str | None, ...]:
    """STATES as they stand once those that are setups come last, each kind by name."""
    kinds = zip(setups, states, strict=True)
    return tuple(state for _, state in sorted(kinds, key=lambda each: (each[0], each[1] or "")))


def random_shape(dice: random.Random) -> tuple[Shape, str]:
    """Four tasks above the one asked about, setups and teardowns among them, and that one's rule."""
    names = ["a", "b", "c", "e"]
    shape: Shape = []
    for number, name in enumerate(names):
        role = dice.choice(["", "", "setup", "setup", "teardown"])
        above = [other for other in names[:number] if dice.random() < 0.45]
        shape.append((name, role, above))
    is_teardown = dice.random() < 0.4
    above = [name for name in names if dice.random() < 0.5] or ["e"]
    shape.append(("x", "teardown" if is_teardown else "", above))
    return shape, "all_done_setup_success" if is_teardown else dice.choice(MODERN[:-2])


@pytest.mark.timeout(1200 + 60 * SHAPES)
@pytest.mark.parametrize("dialect", list(AIRFLOWS), ids=str)
def test_setups_and_teardowns_further_above_in_every_order(dialect: Dialect, tmp_path: Path) -> None:
    dice = random.Random(os.environ.get("GOFLOW_RULE_SEED", "1"))
    rules = OF_DIALECT[dialect]
    shapes = [
        (shape, rule if rule in rules else "all_done") for shape, rule in (random_shape(dice) for _ in range(SHAPES))
    ]
    all_states = list(several(4))
    cases = [{"tasks": shape, "rule": rule, "map_index": -1, "states": all_states} for shape, rule in shapes]
    told = [airflow_says(dialect, cases, tmp_path)]
    told.append(told[0] if dialect is Dialect.AIRFLOW3 else airflow_says(Dialect.AIRFLOW3, cases, tmp_path))
    for (shape, rule), *answers in zip(shapes, *told, strict=True):
        truth, of_3 = (dict(zip(all_states, answer, strict=True)) for answer in answers)
        ours = Ours([_task(rule, *part) for part in shape], [("x", -1)], dialect)
        names = [name for name, _, _ in shape[:-1]]
        for known in steps(names, ours, any_order=True):
            states = tuple(known.get(name) for name in names)
            repaired = "removed" in states or shape[-1][1] == "teardown"
            verdict = next(ours.verdicts())
            assert same(verdict, truth[states], of_3[states], repaired=repaired), (shape, rule, known, truth[states])


def _task(rule: str, name: str, role: str, above: list[str]) -> TaskSpec:
    return TaskSpec(
        task_id=name,
        operator="BashOperator",
        setup=role == "setup",
        teardown=role == "teardown",
        upstream=tuple(above),
        trigger_rule=rule if name == "x" else "all_success",
    )
