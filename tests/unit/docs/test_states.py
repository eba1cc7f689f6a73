"""``docs/states.md`` and ``docs/scheduling.md`` say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from goflow.domain.state import (
    LAUNCH_TRANSITIONS,
    OCCUPYING_STATES,
    RUN_TRANSITIONS,
    TASK_TRANSITIONS,
    TERMINAL_TASK_STATES,
    LaunchState,
    RunState,
    TaskState,
)
from goflow.scheduler.rules import RULES

DOCS = Path(__file__).parents[3] / "docs"
STATES = (DOCS / "states.md").read_text()


def table(heading: str) -> dict[str, list[str]]:
    """First word of each row of the first table under a heading, to its other columns."""
    section = STATES.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", section, re.MULTILINE)
    return {name: [column.strip() for column in rest.split("|")] for name, rest in rows}


KINDS = pytest.mark.parametrize(
    ("heading", "kind", "changes"),
    [
        ("Task instances", TaskState, TASK_TRANSITIONS),
        ("Launches", LaunchState, LAUNCH_TRANSITIONS),
        ("Runs", RunState, RUN_TRANSITIONS),
    ],
)


@KINDS
def test_the_tables_have_every_state_and_every_change(heading: str, kind: type, changes: dict) -> None:
    found = {
        kind(name): frozenset(map(kind, re.findall(r"`(\w+)`", rest[-1]))) for name, rest in table(heading).items()
    }
    assert found == changes


def test_the_table_says_who_holds_a_slot_and_what_is_an_end() -> None:
    rows = table("Task instances")
    assert {TaskState(name) for name, rest in rows.items() if rest[1] == "yes"} == OCCUPYING_STATES
    assert {TaskState(name) for name in list(rows)[-5:]} == TERMINAL_TASK_STATES


@KINDS
def test_the_charts_draw_only_changes_that_there_are(heading: str, kind: type, changes: dict) -> None:
    section = STATES.split(f"## {heading}\n")[1].split("\n## ")[0]
    arrows = [tuple(map(kind, pair)) for pair in re.findall(r"^    (\w+) --> (\w+)", section, re.MULTILINE)]
    assert arrows
    assert [(before, after) for before, after in arrows if after not in changes[before]] == []
    assert {state for arrow in arrows for state in arrow} == set(kind)


@pytest.mark.parametrize(
    ("heading", "kind", "changes"), [("Launches", LaunchState, LAUNCH_TRANSITIONS), ("Runs", RunState, RUN_TRANSITIONS)]
)
def test_the_charts_of_few_states_draw_every_change(heading: str, kind: type, changes: dict) -> None:
    """That of task instances leaves out what can happen from nearly every state: marks, clears, a run whose time is up."""
    section = STATES.split(f"## {heading}\n")[1].split("\n## ")[0]
    arrows = {tuple(map(kind, pair)) for pair in re.findall(r"^    (\w+) --> (\w+)", section, re.MULTILINE)}
    assert arrows == {(before, after) for before, following in changes.items() for after in following}


def test_every_trigger_rule_is_explained() -> None:
    text = (DOCS / "scheduling.md").read_text().split("### Trigger rules")[1].split("###")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == {*RULES, "always"}
