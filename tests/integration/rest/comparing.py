"""Holding an answer of GoFlow against Airflow's: what Airflow has must be there, of the same JSON type and the same value."""

from __future__ import annotations

import datetime as dt
import fnmatch
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.integration.rest.calls import Answer
from tests.integration.rest.differences import ITS_OWN, NO_ORDER

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
IDS = ("dag_id", "dag_run_id", "task_id", "map_index", "name", "key")
"""What tells the elements of a list that has no order."""


@dataclass(frozen=True)
class Found:
    """A difference: of which KIND (status, shape, content), in the answer to which CALL, where in it, and what."""

    kind: str
    call: str
    place: str
    words: str

    def __str__(self) -> str:
        return f"{self.call}: {self.place} {self.words}"


def compared(airflow: Mapping[str, Answer], goflow: Mapping[str, Answer]) -> Iterator[Found]:
    """Every difference between the answers of both to the same calls. Bodies are compared where both say the same status."""
    for call, answer in airflow.items():
        other = goflow[call]
        if answer.status != other.status:
            yield Found("status", call, "", f"is {other.status} and not {answer.status}")
            continue
        one, two = answer.body, other.body
        if call.split(" ")[0] in NO_ORDER:
            one, two = _in_order(one), _in_order(two)
        yield from (Found("shape", call, place, words) for place, words in shapes(one, two))
        yield from (Found("content", call, place, words) for place, words in contents(one, two))


def shapes(airflow: Any, goflow: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Where GOFLOW lacks what AIRFLOW has, or has something of another type there. Null fits every type: it is what a
    field without a value has on either side."""
    if airflow is None or goflow is None:
        return
    if isinstance(airflow, dict) and isinstance(goflow, dict):
        for key, value in airflow.items():
            if key not in goflow:
                yield _at(path, key), "is missing"
            else:
                yield from shapes(value, goflow[key], _at(path, key))
    elif isinstance(airflow, list) and isinstance(goflow, list):
        for one, other in zip(airflow, goflow, strict=False):
            yield from shapes(one, other, path)
    elif _kind(airflow) != _kind(goflow):
        yield path, f"is {_kind(goflow)} and not {_kind(airflow)}"


def contents(airflow: Any, goflow: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Where the values of what both have differ. What belongs to one installation and one moment is only compared as to
    whether it is there. Moments are compared as moments, however they are written."""
    if isinstance(airflow, dict) and isinstance(goflow, dict):
        for key, value in airflow.items():
            if key not in goflow:
                continue
            if key not in ITS_OWN:
                yield from contents(value, goflow[key], _at(path, key))
            elif (value is None) != (goflow[key] is None):
                yield _at(path, key), f"is {goflow[key]!r} and not {value!r}"
    elif isinstance(airflow, list) and isinstance(goflow, list):
        if len(airflow) != len(goflow):
            yield path, f"has {len(goflow)} and not {len(airflow)}"
        for one, other in zip(airflow, goflow, strict=False):
            yield from contents(one, other, path)
    elif _value(airflow) != _value(goflow):
        yield path, f"is {goflow!r} and not {airflow!r}"


def known(found: Found, stated: Mapping[str, str]) -> list[str]:
    """Which of the STATED differences it is."""
    operation = found.call.split(" ")[0]
    names = {f"{who}: {found.place}" if found.place else who for who in (operation, found.call, "*")}
    return [one for one in stated if any(fnmatch.fnmatchcase(name, one) for name in names)]


def _in_order(value: Any) -> Any:
    """The same with lists of objects in the order of what tells them apart."""
    if isinstance(value, dict):
        return {key: _in_order(inner) for key, inner in value.items()}
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return sorted(map(_in_order, value), key=lambda one: [str(one.get(name)) for name in IDS])
    return value


def _value(value: Any) -> Any:
    return dt.datetime.fromisoformat(value) if isinstance(value, str) and MOMENT.fullmatch(value) else value


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, int | float):
        return "a number"
    return {str: "a text", dict: "an object", list: "a list"}[type(value)]


def _at(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
