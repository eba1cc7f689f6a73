"""Partitions of assets in a DAG's meaning: which keys a schedule takes, which runs an event's key is for, and when such
a run has what it waits for (``PartitionedAssetTimetable``, ``CronPartitionTimetable``, the scheduler of Airflow 3.3).
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from goflow.domain.assets import AssetKey, Mention, is_met, mentions
from goflow.domain.canonical import Json, canonical_json, digest
from goflow.domain.errors import InvalidRequestError
from goflow.domain.moments import localized, zone_info
from goflow.domain.partition_answers import KeyTold
from goflow.domain.partition_mappers import Asked, Identity, Mapper, MapperError, Rollup, listed, mapper_of
from goflow.domain.partition_windows import WaitPolicy
from goflow.domain.schedules import asks_its_author
from goflow.domain.spec import Schedule

BY_ASSETS = "PartitionedAssetTimetable"
BY_CRON = "CronPartitionTimetable"
AT_RUNTIME = "PartitionedAtRuntime"
LONGEST_KEY = 250
"""Characters of a key at most, as in Airflow."""
MOST_KEYS = 1000
"""How many keys a mapper may make of one where it sets no ``max_downstream_keys`` itself
(``[scheduler] partition_mapper_max_downstream_keys`` of Airflow, its default)."""
KEY_FORMAT = "%Y-%m-%dT%H:%M:%S"


def waits_for_partitions(schedule: Schedule) -> bool:
    """Whether events of assets begin runs of SCHEDULE, each for a key."""
    return schedule.kind == "assets" and schedule.timetable == BY_ASSETS


def is_partitioned(schedule: Schedule) -> bool:
    """Whether the runs that SCHEDULE makes have keys (``Timetable.partitioned``). Assets or time never do, whatever
    is inside them, as in Airflow."""
    return waits_for_partitions(schedule) or (schedule.kind == "cron" and schedule.timetable == BY_CRON)


def check_key(dag_id: str, schedule: Schedule, key: str | None) -> None:
    """Hold the key of a run that somebody orders to what Airflow takes (``validate_partition_key``): only for DAGs with
    partitions. Those of a timetable of the author's own are taken to have them. Raises InvalidRequestError."""
    if key is None:
        return
    if not is_partitioned(schedule) and schedule.timetable != AT_RUNTIME and schedule.kind != "custom":
        hint = f"its schedule is no {BY_ASSETS}, {BY_CRON} or {AT_RUNTIME}"
        raise InvalidRequestError(f"DAG {dag_id} has no partitions and takes no partition key", hint=hint)
    problem = wrong_with(key)
    if problem is not None:
        raise InvalidRequestError(problem)


def wrong_with(key: str) -> str | None:
    """Why KEY is no key of a partition; None: it is one."""
    if not key.strip():
        return "a partition key must not be empty or white space"
    if len(key) > LONGEST_KEY:
        return f"a partition key has at most {LONGEST_KEY} characters, not {len(key)}"
    return None


def date_of_key(schedule: Schedule, key: str | None) -> dt.datetime | None:
    """The moment that KEY of a run by hand stands for (``resolve_partition_date``); None where it stands for none,
    where mappers do not agree, or where SCHEDULE `asks_for_date`. Raises InvalidRequestError for a key that cannot be
    read."""
    if key is None or not is_partitioned(schedule) or not_followed(schedule) or asks_for_date(schedule):
        return None
    try:
        if schedule.timetable == BY_CRON:
            return _utc(_date_by_cron(schedule, key))
        dates = _distinct(rules_of(schedule).dates(key))
    except Exception as problem:  # strptime raises more than ValueError where its format is none
        raise InvalidRequestError(f"partition key {key!r} is not one of this schedule: {problem}") from None
    return _utc(dates[0]) if len(dates) == 1 else None


def asks_for_date(schedule: Schedule) -> bool:
    """Whether code of the author's own has to be asked for the moment that a key of SCHEDULE stands for."""
    if asks_its_author(schedule):
        return True
    if not waits_for_partitions(schedule) or not_followed(schedule):
        return False
    rules = rules_of(schedule)
    return any(rules.asks(AssetKey(one.name, one.uri)) for one in _with_mappers(schedule.condition))


def dated_by(schedule: Schedule) -> Json:
    """Name and URI of each asset whose mapper is asked for the moment of a key; None where the timetable itself is."""
    return None if asks_its_author(schedule) else [[one.name, one.uri] for one in _with_mappers(schedule.condition)]


def _with_mappers(condition: Json) -> list[Mention]:
    """All that CONDITION waits for, but for aliases, which have no mappers."""
    return [one for one in mentions(condition) if one.kind != "alias"]


def key_by_cron(schedule: Schedule, date: dt.datetime) -> str:
    """The key that a ``CronPartitionTimetable`` gives to DATE: by the clocks of its own zone."""
    form = schedule.arguments.get("key_format")
    return date.astimezone(zone_info(schedule.timezone)).strftime(form if isinstance(form, str) else KEY_FORMAT)


def _date_by_cron(schedule: Schedule, key: str) -> dt.datetime:
    form = schedule.arguments.get("key_format")
    plain = dt.datetime.strptime(key, form if isinstance(form, str) else KEY_FORMAT)  # noqa: DTZ007 - its zone follows
    if plain.tzinfo is not None:
        raise ValueError("it has a zone, and the schedule has its own")
    return localized(plain, zone_info(schedule.timezone))


def by_clocks(schedule: Schedule, moment: dt.datetime) -> dt.datetime:
    """The moment at which clocks in the zone of a ``CronPartitionTimetable`` show what clocks in UTC show at MOMENT
    (``localize_partition_datetime``); of other schedules MOMENT itself."""
    if schedule.timetable != BY_CRON:
        return moment
    return _utc(localized(_utc(moment).replace(tzinfo=None), zone_info(schedule.timezone)))


def _utc(date: dt.datetime) -> dt.datetime:
    return date.astimezone(dt.UTC)


def _distinct(dates: Iterable[dt.datetime]) -> list[dt.datetime]:
    return list({_utc(date): None for date in dates})


Told = Mapping[AssetKey, KeyTold]
"""Of each asset what its mapper, one of the author's own, has told of the key of a run."""
_NOTHING: Told = {}


def good_keys(asset: AssetKey, key: str, made: Iterable[str], count: int, most: int | None) -> list[str]:
    """The keys MADE of an event's, COUNT in all, each once. Raises MapperError where they are more than the mapper's
    MOST, or one of them is none."""
    most = MOST_KEYS if most is None else most
    if count > most:
        raise MapperError(f"key {key!r} of {asset.name} becomes {count} keys, more than {most}")
    for one in made:
        problem = wrong_with(one)
        if problem is not None:
            raise MapperError(f"key {key!r} of {asset.name} becomes {one!r}: {problem}")
    return list(dict.fromkeys(made))


@dataclass(frozen=True)
class Rules:
    """What a ``PartitionedAssetTimetable`` says of keys. FINGERPRINT changes with the mappers and with nothing else
    (``compute_rollup_fingerprint``)."""

    condition: Json
    default: Mapper
    by_name: Mapping[str, Mapper]
    by_uri: Mapping[str, Mapper]
    fingerprint: str

    def mapper(self, name: str, uri: str) -> Mapper:
        """The mapper of an asset. By its URI only where there is no name, as in Airflow 3.3: a mapper that was given
        for a reference by URI is never found for the asset that it means."""
        found = self.by_name.get(name) if name else self.by_uri.get(uri)
        return found or self.default

    def asks(self, asset: AssetKey) -> bool:
        """Whether the mapper of an asset is one of the author's own, which has to be asked."""
        return isinstance(self.mapper(*asset), Asked)

    def targets(self, asset: AssetKey, key: str) -> list[str]:
        """The keys of the runs that an event of ASSET with KEY is for. Raises MapperError, which says why for none."""
        mapper = self.mapper(*asset)
        try:
            made = listed(mapper.downstream(key))
        except Exception as problem:  # a mapper raises whatever strptime, arithmetic and formats raise
            raise MapperError(f"key {key!r} of {asset.name} cannot be mapped: {problem}") from problem
        return good_keys(asset, key, made, len(made), mapper.most)

    def carried(self, asset: AssetKey, date: dt.datetime | None) -> dt.datetime | None:
        """What of the moment of the run that made an event is the waiting run's, too (``carry_partition_date``)."""
        return date if isinstance(self.mapper(*asset), Identity) else None

    def missing(self, asset: AssetKey, key: str, there: Collection[str], told: Told = _NOTHING) -> Missing:
        """What a run for KEY waits for yet, of an asset of which events with the keys THERE have come. TOLD: what
        mappers of the author's own have told of KEY. Raises whatever its mapper raises for KEY."""
        mapper, about = self.mapper(*asset), told.get(asset)
        if isinstance(mapper, Asked) and (about is None or about.is_held):
            return Missing(met=False)
        if about is not None and about.expected is not None:
            expected, policy = about.expected, about.policy or WaitPolicy()
        elif isinstance(mapper, Rollup):
            expected, policy = mapper.expected(key), mapper.policy
        else:
            return Missing(met=True)
        return Missing(
            met=policy.is_met(there, expected),
            keys=tuple(sorted(expected - set(there))),
            expected=len(expected),
            out_of_reach=policy.is_out_of_reach(expected),
        )

    def is_met(
        self, key: str, there: Mapping[AssetKey, Collection[str]], stands_for: StandsFor, told: Told = _NOTHING
    ) -> bool:
        """Whether a run for KEY has all that it waits for; THERE: the keys that have come of each asset, STANDS_FOR:
        the assets that something in the condition means, TOLD as for `missing`. What a mapper cannot read has not
        come."""

        def has_come(mention: Mention) -> bool:
            return any(asset in met for asset in stands_for(mention))

        met = {asset for asset, keys in there.items() if self._has_come(asset, key, keys, told)}
        return is_met(self.condition, has_come)

    def date(
        self, key: str, assets: Iterable[AssetKey], carried: dt.datetime | None, told: Told = _NOTHING
    ) -> dt.datetime | None:
        """The moment that a run for KEY stands for, by the mappers of ASSETS, which have brought it about, or, where
        none of them knows time, the one CARRIED over; None where they do not agree (``_resolve_partition_date``)."""
        known = {asset: told[asset] for asset in assets if asset in told}
        if any(about.is_dateless for about in known.values()):
            return None
        try:
            dates = [known[one].date if one in known else self.mapper(*one).date(key) for one in assets]
        except Exception:  # as for keys
            return None
        found = _distinct(date for date in dates if date is not None)
        return carried if not found else found[0] if len(found) == 1 else None

    def dates(self, key: str) -> list[dt.datetime]:
        """The moments that KEY stands for by the mappers of all that the condition waits for, aliases left out. Raises
        ValueError."""
        mappers = [self.mapper(one.name, one.uri) for one in _with_mappers(self.condition)]
        return [date for mapper in mappers if (date := mapper.date(key)) is not None]

    def _has_come(self, asset: AssetKey, key: str, there: Collection[str], told: Told) -> bool:
        try:
            return self.missing(asset, key, there, told).met
        except Exception:  # as for keys
            return False


StandsFor = Callable[[Mention], Collection[AssetKey]]


@dataclass(frozen=True, slots=True)
class Missing:
    """Whether all has come (MET), which KEYS have not of those EXPECTED (0: any one), and whether the wait policy asks
    for more than there ever can be."""

    met: bool
    keys: tuple[str, ...] = ()
    expected: int = 0
    out_of_reach: bool = False


def rules_of(schedule: Schedule) -> Rules:
    """What SCHEDULE, a ``PartitionedAssetTimetable``, says of keys. Raises MapperError where it has a mapper that
    cannot be followed."""
    return _rules(canonical_json({"condition": schedule.condition, "arguments": dict(schedule.arguments)}))


@functools.lru_cache(maxsize=1024)
def _rules(text: str) -> Rules:
    given = json.loads(text)
    arguments: Mapping[str, Any] = given["arguments"]
    default, config = arguments.get("default_partition_mapper"), arguments.get("partition_mapper_config") or []
    described: dict[str, dict[str, Json]] = {"name": {}, "uri": {}}
    for condition, mapper in config:
        for one in mentions(condition):
            for part in ("name", "uri") if one.kind == "asset" else (one.kind,):
                if part in described:  # not those of aliases, which Airflow does not support either
                    described[part][one.name if part == "name" else one.uri] = mapper
    rules = Rules(
        condition=given["condition"],
        default=Identity() if default is None else mapper_of(default),
        by_name={name: mapper_of(mapper) for name, mapper in described["name"].items()},
        by_uri={uri: mapper_of(mapper) for uri, mapper in described["uri"].items()},
        fingerprint=_fingerprint(given["condition"], described, default),
    )
    for _, mapper in config:
        mapper_of(mapper)
    return rules


def _fingerprint(condition: Json, described: Mapping[str, Mapping[str, Json]], default: Json) -> str:
    found: dict[str, Json] = {}
    for one in _with_mappers(condition):
        name, uri = described["name"].get(one.name), described["uri"].get(one.uri)
        found[f"{one.name}|{one.uri}"] = (name if one.name else uri) or default
    return digest(found)


def carried_over(dates: Iterable[dt.datetime | None]) -> dt.datetime | None:
    """What is left of the moments that events, one after the other, have carried over to the run that waits for them:
    where two of them differ, none, until another comes (``_get_or_create_apdr``)."""
    kept: dt.datetime | None = None
    for date in dates:
        if kept is None:
            kept = date
        elif date is not None and date != kept:
            kept = None
    return kept


def not_followed(schedule: Schedule) -> str | None:
    """What of SCHEDULE starts no runs here although it would in Airflow, in words; None when all of it does."""
    if not waits_for_partitions(schedule):
        return None
    try:
        rules_of(schedule)
    except MapperError as problem:
        return f"this DAG is scheduled by partitions of assets, and {problem}; trigger it by hand"
    return None


__all__ = [
    "AT_RUNTIME",
    "BY_ASSETS",
    "BY_CRON",
    "MapperError",
    "Missing",
    "Rules",
    "asks_for_date",
    "by_clocks",
    "carried_over",
    "check_key",
    "date_of_key",
    "dated_by",
    "good_keys",
    "is_partitioned",
    "key_by_cron",
    "not_followed",
    "rules_of",
    "waits_for_partitions",
    "wrong_with",
]
