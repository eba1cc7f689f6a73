"""The chart's dashboard against Grafana's own types of a dashboard (those of 11.6): nothing in it that Grafana does not know,
every value of the type and among the words that it takes, nothing left out that it needs; and what the types leave open: units,
thresholds, data sources, variables and the names that overrides are for. No Grafana draws it here."""

from __future__ import annotations

import copy
import enum
import itertools
import json
import re
import types
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard

from tests.integration.prometheus.expressions import DASHBOARD, panels

GIVEN: dict[str, Any] = json.loads(DASHBOARD.read_text())
BUILT_IN = {"__rate_interval"}
"""Variables of Grafana's own: https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/"""
COLOURS = {"text", "green", "yellow", "orange", "red"}
PROPERTIES = {"unit", "custom.axisPlacement"}
"""What overrides change here; `custom.` is the panel's own."""


@pytest.fixture(scope="module", autouse=True)
def _panels_and_data_sources() -> None:
    """Types of panels, and of the queries of data sources, are plugins to Grafana."""
    register_default_plugins()


def findings(dashboard: dict[str, Any]) -> list[str]:
    """What Grafana's types do not take of DASHBOARD."""
    made = Dashboard.from_json(copy.deepcopy(dashboard))
    kept = json.loads(json.dumps(made, cls=JSONEncoder))
    return [*_lost(dashboard, kept, ""), *_unfit(made, ""), *_absent(dashboard, kept, "")]


def _absent(given: Any, kept: Any, where: str) -> Iterator[str]:
    """What is not in GIVEN though its type needs it, below the options of panels and the values of variables: elsewhere the
    types also fill in what may be left out."""
    if isinstance(given, list):
        for number, both in enumerate(zip(given, kept, strict=False)):
            yield from _absent(*both, f"{where}[{number}]")
    elif isinstance(given, dict):
        needed = kept if ".options" in where or where.endswith(".current") else {}
        yield from (f"{where}.{key} is needed" for key in needed if key not in given)
        for key in given.keys() & kept.keys():
            yield from _absent(given[key], kept[key], f"{where}.{key}")


def _lost(given: Any, kept: Any, where: str) -> Iterator[str]:
    """What is in GIVEN and was not read from it: from what a type does not know nothing is made."""
    if isinstance(given, dict) and isinstance(kept, dict):
        for key, value in given.items():
            if key in kept:
                yield from _lost(value, kept[key], f"{where}.{key}")
            else:
                yield f"{where}.{key} is not known"
    elif isinstance(given, list) and isinstance(kept, list) and len(given) == len(kept):
        for number, both in enumerate(zip(given, kept, strict=True)):
            yield from _lost(*both, f"{where}[{number}]")
    elif given != kept:
        yield f"{where} is {given!r} and was read as {kept!r}"


def _unfit(thing: object, where: str) -> Iterator[str]:
    """Attributes of THING, and of what is in it, whose values are not of their type."""
    if not hasattr(thing, "to_json"):
        return
    hints = typing.get_type_hints(type(thing))
    for name, value in vars(thing).items():
        at = f"{where}.{name}"
        if value is not None and not _fits(value, hints[name]):
            yield f"{at} is {value!r}, and takes {hints[name]}"
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
        for one in inner:
            yield from _unfit(one, at)


def _fits(value: Any, hint: Any) -> bool:
    origin, of = typing.get_origin(hint), typing.get_args(hint)
    if hint is object or hint is Any or value is None:
        return True
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, one) for one in of)
    if origin is typing.Literal:
        return value in of
    if origin is list:
        return isinstance(value, list) and all(_fits(one, of[0]) for one in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(one, of[1]) for one in value.values())
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return value in {one.value for one in hint}
    if hint is float:
        return isinstance(value, int | float)
    return isinstance(value, hint)


def test_grafanas_types_take_all_of_it() -> None:
    assert findings(GIVEN) == []


def _panel(kind: str) -> int:
    return next(number for number, panel in enumerate(GIVEN["panels"]) if panel["type"] == kind)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("stat", ["options", "colorMode"], "colourful"),
        ("stat", ["options", "nobody"], 1),
        ("stat", ["gridPos", "w"], "wide"),
        ("timeseries", ["targets", 0, "expression"], "1"),
        ("timeseries", ["fieldConfig", "defaults", "custom", "drawStyle"], "curly"),
        ("timeseries", ["options", "legend", "placement"], "left of it"),
        ("timeseries", ["options", "legend"], {"displayMode": "list", "placement": "bottom", "showLegend": True}),
    ],
)
def test_what_grafana_does_not_take_is_found(kind: str, path: list[Any], value: Any) -> None:
    changed = copy.deepcopy(GIVEN)
    place = changed["panels"][_panel(kind)]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert len(findings(changed)) >= 1


def test_no_panel_is_upon_another_or_outside() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in GIVEN["panels"]:
        x, y, w, h = (panel["gridPos"][key] for key in "xywh")
        cells = set(itertools.product(range(x, x + w), range(y, y + h)))
        assert x + w <= 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_unit_is_one_of_grafanas() -> None:
    known = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}
    used = {panel["fieldConfig"]["defaults"]["unit"] for panel in panels()}
    used |= {one["value"] for _, override in _overrides() for one in override["properties"] if one["id"] == "unit"}
    assert len(used) >= 4
    assert used - known == set()


def test_every_override_is_for_a_series_that_is_there() -> None:
    assert list(_overrides())
    for panel, override in _overrides():
        assert override["matcher"]["id"] == "byName"
        assert override["matcher"]["options"] in {target["legendFormat"] for target in panel["targets"]}
        assert {one["id"] for one in override["properties"]} <= PROPERTIES


def test_thresholds_begin_everywhere_and_rise() -> None:
    found = [one for panel in panels() if (one := panel["fieldConfig"]["defaults"].get("thresholds"))]
    assert found
    for steps in (one["steps"] for one in found):
        values = [step["value"] for step in steps]
        assert values[0] is None, "the first is for all that is below the second"
        assert values[1:] == sorted(set(values[1:]))
        assert {step["color"] for step in steps} <= COLOURS


def test_every_question_goes_to_the_data_source_that_is_chosen_with_variables_that_are_there() -> None:
    variables = {one["name"]: one for one in GIVEN["templating"]["list"]}
    assert (variables["datasource"]["type"], variables["datasource"]["query"]) == ("datasource", "prometheus")
    asking = [*panels(), *(one for panel in panels() for one in panel["targets"]), variables["dag"]]
    assert {tuple(one["datasource"].items()) for one in asking} == {(("type", "prometheus"), ("uid", "${datasource}"))}
    named = set(re.findall(r"\$\{?(\w+)", " ".join(one["expr"] for panel in panels() for one in panel["targets"])))
    assert named == {"dag"} | BUILT_IN
    for panel in panels():
        ids = [target["refId"] for target in panel["targets"]]
        assert len(ids) == len(set(ids)), panel["title"]


def _overrides() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Panels with each of their overrides."""
    yield from ((panel, override) for panel in panels() for override in panel["fieldConfig"]["overrides"])
