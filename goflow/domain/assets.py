"""Assets (datasets) in a DAG's meaning: which ones its schedule waits for and its tasks use, and when that is met.

Conditions and outlets are those of `goflow.domain.spec`: ``{"$asset": {"name", "uri"}}`` (``ref`` says that only one of
the two is known), ``{"$asset_alias": name}``, ``{"all": [...]}`` and ``{"any": [...]}``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from goflow.domain.canonical import Json
from goflow.domain.schedules import waits_for_assets
from goflow.domain.spec import DagSpec

Kind = Literal["asset", "alias", "name", "uri"]
Role = Literal["schedule", "outlet", "inlet"]


class AssetKey(NamedTuple):
    """What an asset is known by, over all DAGs."""

    name: str
    uri: str


@dataclass(frozen=True, slots=True)
class Mention:
    """An asset (NAME and URI), an alias (NAME), or a reference to an asset by NAME or by URI alone."""

    kind: Kind
    name: str = ""
    uri: str = ""
    group: str = "asset"
    watched: bool = False
    """Whether triggers watch it (``AssetWatcher``)."""

    @property
    def key(self) -> AssetKey:
        """Name and URI."""
        return AssetKey(self.name, self.uri)


@dataclass(frozen=True, slots=True)
class AssetUse:
    """Where a DAG mentions an asset: in its schedule (TASK_ID empty), or as a task's outlet or inlet."""

    role: Role
    task_id: str
    mention: Mention


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAssetEvent:
    """Something that happened to an asset, as it is told: of a reference only the name or the URI is known, the other
    is empty. ALIASES: under which names of `AssetAlias` it was told."""

    asset: AssetKey
    extra: Mapping[str, Json] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    partition_key: str | None = None
    told_as: str | None = None
    """A name for these words where they may be said twice: they count once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetEvent:
    """Something that happened to an asset, and what made it (all None: nobody's task)."""

    id: int
    timestamp: dt.datetime
    asset: AssetKey
    asset_id: int = 0
    group: str = "asset"
    extra: Mapping[str, Json] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    source_dag_id: str | None = None
    source_run_id: str | None = None
    source_task_id: str | None = None
    source_map_index: int | None = None
    partition_key: str | None = None
    problems: Mapping[str, str] = field(default_factory=dict)
    """The DAGs that wait for partitions of the asset for which it begins nothing, and why."""


def mention_of(leaf: Json) -> Mention | None:
    """What LEAF mentions; None for what is no asset (a hole, another kind of outlet)."""
    if not isinstance(leaf, dict):
        return None
    alias, asset = leaf.get("$asset_alias"), leaf.get("$asset")
    if isinstance(alias, str):
        return Mention("alias", alias)
    if not isinstance(asset, dict):
        return None
    name, uri = asset.get("name"), asset.get("uri")
    if asset.get("ref") == "name":
        return Mention("name", name=str(name))
    if asset.get("ref") == "uri":
        return Mention("uri", uri=str(uri))
    return Mention("asset", str(name or uri), str(uri or name), str(asset.get("group") or "asset"), "watched" in asset)


def mentions(condition: Json) -> Iterator[Mention]:
    """Everything that CONDITION waits for."""
    if isinstance(condition, dict) and not {"all", "any"}.isdisjoint(condition):
        for inner in condition.get("all") or condition.get("any") or ():  # type: ignore[union-attr]
            yield from mentions(inner)
        return
    found = mention_of(condition)
    if found is not None:
        yield found


def is_met(condition: Json, happened: Callable[[Mention], bool]) -> bool:
    """Whether CONDITION holds, when HAPPENED says of each mention whether its turn has come (``AssetEvaluator``)."""
    if isinstance(condition, dict) and "all" in condition:
        return all(is_met(inner, happened) for inner in _parts(condition["all"]))
    if isinstance(condition, dict) and "any" in condition:
        return any(is_met(inner, happened) for inner in _parts(condition["any"]))
    found = mention_of(condition)
    return found is not None and happened(found)


def _parts(value: Any) -> list[Json]:
    return value if isinstance(value, list) else []


def uses(spec: DagSpec) -> tuple[AssetUse, ...]:
    """Every asset that SPEC mentions, each place once. A schedule that is not followed by assets has none."""
    found: dict[AssetUse, None] = {}
    if waits_for_assets(spec.schedule):
        found.update((AssetUse("schedule", "", one), None) for one in mentions(spec.schedule.condition))
    for task in spec.tasks:
        for leaf in task.outlets:
            found.update((AssetUse("outlet", task.task_id, one), None) for one in mentions(leaf))
        for leaf in task.inlets:
            found.update((AssetUse("inlet", task.task_id, one), None) for one in mentions(leaf))
    return tuple(found)


def events_of_outlets(outlets: tuple[Json, ...]) -> tuple[NewAssetEvent, ...]:
    """What a task tells that succeeds and says nothing of its OUTLETS itself: each asset once, nothing of aliases."""
    keys = dict.fromkeys(one.key for leaf in outlets for one in mentions(leaf) if one.kind == "asset")
    return tuple(NewAssetEvent(asset=key) for key in keys)
