"""Events of assets in a task's context. What a task writes is kept while it runs; the task API does not carry it yet,
and events of others are not told: their lists are empty."""

import collections
import datetime as dt
from collections.abc import Mapping, Sequence

from airflow._goflow.assets import (
    Asset,
    AssetAlias,
    AssetAliasUniqueKey,
    AssetNameRef,
    AssetUniqueKey,
    AssetUriRef,
)

_NAMES = ("source_task_id", "source_dag_id", "source_run_id", "source_map_index", "partition_key")


class AssetEvent:
    """Something that happened to an asset."""

    source_dag_run = source_task_instance = None

    def __init__(self, **kwargs):
        self.__dict__.update(kwargs)

    @property
    def uri(self):
        """The asset's URI."""
        return self.asset.uri

    dataset = property(lambda self: self.asset)


DatasetEvent = AssetEvent


class _ByAsset:
    def for_asset(self, *, name=None, uri=None):
        """What belongs to an asset."""
        if name and uri:
            return self[Asset(name=name, uri=uri)]
        if not name and not uri:
            raise ValueError("name and uri cannot both be None")
        return self[Asset.ref(name=name) if name else Asset.ref(uri=uri)]

    def for_asset_alias(self, *, name):
        """What belongs to an alias."""
        return self[AssetAlias(name=name)]


class OutletEventAccessor:
    """What a task tells of one outlet: EXTRA, and for an alias the assets that it stands for."""

    def __init__(self, key):
        self.key = key
        self.extra = {}
        self.asset_alias_events = []
        self.partition_keys = set()

    def add(self, asset, extra=None):
        """The alias stands for ASSET."""
        if isinstance(self.key, AssetAlias):
            self.asset_alias_events.append(
                (self.key.name, Asset(asset) if isinstance(asset, str) else asset, extra or {})
            )

    def add_partitions(self, keys):
        """Partitions that were made. Raises TypeError for an alias, ValueError for an empty key."""
        if isinstance(self.key, AssetAlias):
            raise TypeError("add_partitions() is not supported on asset alias outlet events")
        for key in [keys] if isinstance(keys, str) else keys:
            if not key.strip():
                raise ValueError(f"partition_key must not be empty or whitespace-only; got {key!r}.")
            self.partition_keys.add(key)


class OutletEventAccessors(Mapping, _ByAsset):
    """What a task tells of its outlets."""

    def __init__(self):
        self._found = {}

    def __iter__(self):
        return iter(self._found)

    def __len__(self):
        return len(self._found)

    def __getitem__(self, key):
        key = Asset(key) if isinstance(key, str) else key
        if not isinstance(key, (Asset, AssetAlias, AssetNameRef, AssetUriRef)):
            raise TypeError(f"Key should be either an asset or an asset alias, not {type(key)}")
        return self._found.setdefault(key, OutletEventAccessor(key))


class _NoEvents(Sequence):
    def __len__(self):
        return 0

    def __getitem__(self, index):
        if isinstance(index, slice):
            return []
        raise IndexError("list index out of range")

    def _same(self, *args, **kwargs):
        return self

    after = before = ascending = limit = _same


class InletEventsAccessors(Mapping, _ByAsset):
    """What happened to a task's inlets."""

    def __init__(self, inlets):
        self._inlets = list(inlets)

    def __iter__(self):
        return iter(self._inlets)

    def __len__(self):
        return len(self._inlets)

    def __getitem__(self, key):
        if isinstance(key, int):
            key = self._inlets[key]
        if not isinstance(key, (Asset, AssetAlias, AssetNameRef, AssetUriRef, str)):
            raise TypeError(f"`key` is of unknown type ({type(key).__name__})")
        return _NoEvents()


class TriggeringEvents(Mapping, _ByAsset):
    """The events that made the run begin (``TriggeringAssetEventsAccessor`` of Airflow 3): by asset and by alias. What
    is asked for and was not there is there from then on, empty, as in its ``defaultdict``."""

    def __init__(self, events):
        self._events = collections.defaultdict(list)
        for event in events:
            self._events[AssetUniqueKey(event.asset.name, event.asset.uri)].append(event)
            for alias in event.source_aliases:
                self._events[AssetAliasUniqueKey(alias.name)].append(event)

    def __str__(self):
        return f"TriggeringAssetEventAccessor(_events={self._events})"

    def __iter__(self):
        return (key.to_asset() if isinstance(key, AssetUniqueKey) else key.to_asset_alias() for key in self._events)

    def __len__(self):
        return len(self._events)

    def __getitem__(self, key):
        return self._events[self._key(key)]

    def _key(self, key):
        if isinstance(key, Asset):
            return AssetUniqueKey.from_asset(key)
        if isinstance(key, AssetAlias):
            return AssetAliasUniqueKey.from_asset_alias(key)
        if isinstance(key, (AssetNameRef, AssetUriRef)):
            wanted = ("name", key.name) if isinstance(key, AssetNameRef) else ("uri", key.uri)
            for known in self._events:
                if isinstance(known, AssetUniqueKey) and getattr(known, wanted[0]) == wanted[1]:
                    return known
            return AssetUniqueKey(wanted[1], wanted[1])
        raise TypeError(f"Key should be either an asset or an asset alias, not {type(key)}")


def triggering(rows):
    """Events as the task API tells them (``RunInfo.consumed_asset_events``)."""
    return [_event(row) for row in rows or ()]


def _event(row):
    return AssetEvent(
        **{name: row.get(name) for name in _NAMES},
        asset=Asset(row["asset"]["name"], row["asset"]["uri"], extra=row["asset"].get("extra")),
        extra=row.get("extra") or {},
        source_aliases=[AssetAlias(alias["name"]) for alias in row.get("source_aliases") or ()],
        timestamp=dt.datetime.fromisoformat(row["timestamp"]),
    )


def triggering_by_uri(rows):
    """The same as Airflow 2's ``triggering_dataset_events`` has them: lists by URI."""
    found = collections.defaultdict(list)
    for event in triggering(rows):
        found[event.asset.uri].append(event)
    return found
