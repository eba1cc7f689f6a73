"""Random partition mappers, keys and events, as texts and plain values that both Airflow and GoFlow are given."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any
from zoneinfo import ZoneInfo

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Taipei", "Africa/Cairo", "Australia/Lord_Howe"]
INPUTS = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d", "%Y-%m-%dT%H", "%Y-%m-%dT%H:%M%z", "%d/%m/%Y %H:%M"]
STARTS = {"Hour": "%Y-%m-%dT%H", "Day": "%Y-%m-%d", "Week": "%Y-%m-%d (W%V)", "Month": "%Y-%m",
          "Quarter": "%Y-Q{quarter}", "Year": "%Y"}  # fmt: skip
OUTPUTS = ["%Y/%m/%d %H", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H%z", "%d.%m.%Y", "%Y-W%V", "Q{quarter} of %Y", "W%W %Y-%m-%d",
           "%Y-%Y", "{x}{y}%Y%m%d", "{x}-%Y", "{}%Y", "100%% %Y-%m-%d", "%j %Y", "[%Y] (%m) %d", "%Y-%m-%d"]  # fmt: skip
WINDOWS = ["HourWindow", "DayWindow", "WeekWindow", "MonthWindow", "QuarterWindow", "YearWindow"]
NEAR = ["2024-03-10", "2024-03-31", "2024-04-26", "2024-10-27", "2024-11-03", "2024-12-30", "2024-01-01", "2024-02-29"]
"""Days on which some clock is changed, a year or its weeks turn, or a month is long."""
REGIONS = ["eu", "us", "asia"]


class Cases:
    """What chance makes; DICE decide."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice

    def moment(self) -> dt.datetime:
        """One that is near a change of something, or anywhere."""
        days = [
            *NEAR,
            *NEAR,
            f"{self.dice.randint(2023, 2026)}-{self.dice.randint(1, 12):02}-{self.dice.randint(1, 28):02}",
        ]
        day = dt.datetime.fromisoformat(self.dice.choice(days))
        return day + dt.timedelta(minutes=self.dice.choice([0, 30, 61, 90, 120, 150, 179, 200, 1439, 600]))

    def key(self, form: str) -> str:
        """A key of that FORM, or now and then something else."""
        if self.dice.random() < 0.08:
            return self.dice.choice(["", " ", "eu", "2024", "2024-13-01", "yesterday", "a|b", "eu|2024-01-01"])
        zone = ZoneInfo(self.dice.choice(ZONES))
        return self.moment().replace(tzinfo=zone).strftime(form)

    def temporal(self) -> tuple[str, str]:
        """A mapper of time, and the form of the keys that it reads."""
        unit = self.dice.choice(list(STARTS))
        reads = self.dice.choice(INPUTS)
        given = []
        if self.dice.random() < 0.6:
            given.append(f"timezone={self.dice.choice(ZONES)!r}")
        if reads != INPUTS[0] or self.dice.random() < 0.2:
            given.append(f"input_format={reads!r}")
        if self.dice.random() < 0.3:
            given.append(f"output_format={self.dice.choice([*OUTPUTS, None])!r}")
        return f"StartOf{unit}Mapper({', '.join([*given, *self.most(0.05)])})", reads

    def most(self, chance: float) -> list[str]:
        """Now and then a bound on the keys that one may become."""
        if self.dice.random() >= chance:
            return []
        return [f"max_downstream_keys={self.dice.choice([1, 3, 7, 24, 30, 31, 60, 0, -1])}"]

    def window(self) -> str:
        """A window of time."""
        way = self.dice.choice(
            ["", "direction='backward'", "direction=Window.Direction.BACKWARD", "direction='forward'"]
        )
        return f"{self.dice.choice(WINDOWS)}({way})"

    def policy(self) -> list[str]:
        """A wait policy."""
        if self.dice.random() < 0.5:
            return []
        found = self.dice.choice(["WaitForAll()", *(f"MinimumCount({n})" for n in (1, 2, 3, 20, -1, -2, -40, 100, 0))])
        return [f"wait_policy={found}"]

    def rollup(self) -> tuple[str, str]:
        """A mapper that waits for a window."""
        if self.dice.random() < 0.25:
            chosen = self.dice.sample(REGIONS, self.dice.randint(1, 3))
            parts = ["upstream_mapper=FixedKeyMapper('world')", f"window=SegmentWindow({chosen!r})", *self.policy()]
            return f"RollupMapper({', '.join(parts)})", self.dice.choice(REGIONS)
        upstream, reads = self.temporal()
        parts = [f"upstream_mapper={upstream}", f"window={self.window()}", *self.policy(), *self.most(0.05)]
        return f"RollupMapper({', '.join(parts)})", reads

    def fan_out(self) -> tuple[str, str]:
        """A mapper that makes several keys of one."""
        upstream, reads = self.temporal()
        parts = [f"upstream_mapper={upstream}", f"window={self.window()}"]
        if self.dice.random() < 0.3:
            downstream = self.dice.choice([self.temporal()[0], "IdentityMapper()"])
            parts.append(f"downstream_mapper={downstream}")
        return f"FanOutMapper({', '.join([*parts, *self.most(0.2)])})", reads

    def mapper(self, depth: int = 2) -> tuple[str, str]:
        """Any mapper, and the form of the keys that it is likely to read."""
        kinds: list[Any] = [self.temporal, self.temporal, self.rollup, self.rollup, self.fan_out, self.fan_out]
        kinds += [lambda: ("IdentityMapper()", self.dice.choice([*REGIONS, "%Y-%m-%d"]))]
        kinds += [lambda: ("AllowedKeyMapper(['eu', 'us'])", self.dice.choice(REGIONS))]
        kinds += [lambda: ("FixedKeyMapper('all')", self.dice.choice(REGIONS))]
        if depth:
            kinds += [lambda: self.chain(depth), lambda: self.product(depth)] * 2
        made: tuple[str, str] = self.dice.choice(kinds)()
        return made

    def chain(self, depth: int) -> tuple[str, str]:
        """One mapper after the other; the second reads what the first writes more often than not."""
        first, reads = self.mapper(depth - 1)
        if self.dice.random() < 0.6:
            unit, form = self.dice.choice([(unit, form) for unit, form in STARTS.items() if unit in {"Hour", "Day"}])
            first, reads = f"StartOf{unit}Mapper()", INPUTS[0]
            coarser = self.dice.choice(["Day", "Month", "Year", "Quarter"])
            second = f"StartOf{coarser}Mapper(input_format={form!r})"
            if self.dice.random() < 0.4:
                second = f"FanOutMapper(upstream_mapper={second}, window={self.window()})"
        else:
            second, _ = self.mapper(depth - 1)
        more = ["IdentityMapper()"] if self.dice.random() < 0.2 else []
        return f"ChainMapper({', '.join([first, second, *more, *self.most(0.1)])})", reads

    def product(self, depth: int) -> tuple[str, str]:
        """A mapper for each segment."""
        parts = [self.mapper(depth - 1) for _ in range(self.dice.randint(2, 3))]
        delimiter = self.dice.choice(["|", "|", "::"])
        given = [text for text, _ in parts] + ([f"delimiter={delimiter!r}"] if delimiter != "|" else [])
        return f"ProductMapper({', '.join(given)})", delimiter.join(reads for _, reads in parts)


def _days(dice: random.Random) -> str:
    return f"2024-03-{dice.choice([4, 5, 6, 10]):02}"


def _hours(dice: random.Random) -> str:
    return f"{_days(dice)}T{dice.choice([0, 4, 12, 23]):02}:30:00"


def _months(dice: random.Random) -> str:
    return f"2024-{dice.randint(1, 6):02}"


def _regions(dice: random.Random) -> str:
    return dice.choice(REGIONS)


_WEEK = "StartOfWeekMapper(input_format='%Y-%m-%d', output_format='%Y-%m-%d')"
FAMILIES: list[list[tuple[str, Any]]] = [
    [
        ("StartOfDayMapper()", _hours),
        ("StartOfDayMapper(timezone='America/New_York')", _hours),
        ("IdentityMapper()", _days),
        (f"FanOutMapper(upstream_mapper={_WEEK}, window=WeekWindow())", _days),
        (
            f"FanOutMapper(upstream_mapper={_WEEK}, window=WeekWindow(direction='backward'), max_downstream_keys=7)",
            _days,
        ),
        (f"FanOutMapper(upstream_mapper={_WEEK}, window=WeekWindow(), max_downstream_keys=6)", _days),
        (f"RollupMapper(upstream_mapper={_WEEK}, window=WeekWindow(), wait_policy=MinimumCount(2))", _days),
        (f"RollupMapper(upstream_mapper={_WEEK}, window=WeekWindow(), wait_policy=MinimumCount(-5))", _days),
    ],
    [
        ("FixedKeyMapper('world')", _regions),
        ("IdentityMapper()", lambda dice: dice.choice(["world", "world", "eu"])),
        (f"RollupMapper(upstream_mapper=FixedKeyMapper('world'), window=SegmentWindow({REGIONS}))", _regions),
        ("RollupMapper(upstream_mapper=FixedKeyMapper('world'), window=SegmentWindow(['eu', 'us']))", _regions),
        (
            f"RollupMapper(upstream_mapper=FixedKeyMapper('world'), window=SegmentWindow({REGIONS}), "
            "wait_policy=MinimumCount(4))",
            _regions,
        ),
    ],
    [
        ("RollupMapper(upstream_mapper=StartOfQuarterMapper(input_format='%Y-%m'), window=QuarterWindow())", _months),
        ("StartOfQuarterMapper(input_format='%Y-%m')", _months),
        ("ChainMapper(StartOfDayMapper(), StartOfQuarterMapper(input_format='%Y-%m-%d'))", _hours),
        ("IdentityMapper()", lambda dice: dice.choice(["2024-Q1", "2024-Q2"])),
    ],
    [
        ("IdentityMapper()", _regions),
        ("AllowedKeyMapper(['eu', 'us'])", _regions),
        ("ProductMapper(IdentityMapper(), StartOfDayMapper())", lambda dice: f"{_regions(dice)}|{_hours(dice)}"),
        ("ProductMapper(AllowedKeyMapper(['eu']), IdentityMapper())", lambda dice: f"{_regions(dice)}|{_days(dice)}"),
    ],
]
"""Mappers that make keys of one kind, and of each the keys that it reads."""
LETTERS = "abc"
DATES = [None, None, "2024-03-04T00:00:00+00:00", "2024-03-05T00:00:00+00:00"]


class Story:
    """A DAG that waits for partitions of assets, and what happens to these; NUMBER keeps it apart from others."""

    def __init__(self, dice: random.Random, number: int) -> None:
        self.dice = dice
        self.names = {letter: f"{number}{letter}" for letter in LETTERS}
        self.family = dice.choice(FAMILIES)
        self.condition = self._condition()
        self.mappers: dict[str, tuple[str, Any]] = {}

    def made(self) -> dict[str, Any]:
        """The schedule to begin with, and the steps: events, what the scheduler does then, other schedules."""
        found: dict[str, Any] = {"schedule": self._schedule(), "steps": []}
        for _ in range(self.dice.randint(15, 40)):
            chance = self.dice.random()
            if chance < 0.62:
                found["steps"].append({"event": self._event()})
            elif chance < 0.96:
                found["steps"].append({"tick": True})
            else:
                # What a DAG waited for by references or aliases alone Airflow 3.3.2 does not forget when it waits for
                # something else (`_add_dag_asset_references` and its fellows return where there is none left).
                if "ref(" not in self.condition and "Alias(" not in self.condition and self.dice.random() < 0.4:
                    self.condition = self._condition(plain=True)
                found["steps"] += [{"tick": True}, {"schedule": self._schedule()}, {"tick": True}]
        found["steps"].append({"tick": True})
        return found

    def _asset(self, letter: str) -> str:
        name = self.names[letter]
        return f"Asset({name!r}, 's3://bucket/{name}')"

    def _leaf(self, letter: str) -> str:
        name = self.names[letter]
        refs = [f"Asset.ref(name={name!r})", f"Asset.ref(uri='s3://bucket/{name}')", f"AssetAlias('{name}')"]
        return self.dice.choice([*[self._asset(letter)] * 6, *refs])

    def _condition(self, *, plain: bool = False) -> str:
        letters = self.dice.sample(LETTERS, self.dice.randint(1, 3))
        leaf = self._asset if plain else self._leaf
        found = leaf(letters[0])
        for letter in letters[1:]:
            found = f"({found} {self.dice.choice('&&|')} {leaf(letter)})"
        return found

    def _schedule(self) -> str:
        self.mappers = {letter: self.dice.choice(self.family) for letter in LETTERS}
        default = self.dice.choice(LETTERS)
        config = []
        for letter, (mapper, _) in self.mappers.items():
            name = self.names[letter]
            keys = [self._asset(letter)] * 5 + [f"Asset.ref(name={name!r})", f"Asset.ref(uri='s3://bucket/{name}')"]
            if letter != default:
                config.append(f"{self.dice.choice(keys)}: {mapper}")
        given = [f"assets={self.condition}", f"partition_mapper_config={{{', '.join(config)}}}"]
        given.append(f"default_partition_mapper={self.mappers[default][0]}")
        return f"PartitionedAssetTimetable({', '.join(given)})"

    def _event(self) -> list[Any]:
        """Asset, key, the moment of the run that made it, whether it was told by an alias."""
        letter = self.dice.choice(LETTERS)
        key = self.mappers[letter][1](self.dice) if self.dice.random() < 0.95 else self.dice.choice([None, "odd"])
        return [self.names[letter], key, self.dice.choice(DATES), self.dice.random() < 0.2]
