"""Events of assets in a task's context: what a task tells of its outlets, what has happened to its inlets, and what has
made its run begin. What is told goes with the task's end, and what is asked for comes from the server when somebody
looks (``airflow.sdk.execution_time.context`` of Airflow 3, ``airflow.utils.context`` of Airflow 2)."""

import collections
import datetime as dt
import functools
import json
from collections.abc import Mapping, Sequence

from airflow._goflow import world
from airflow._goflow.assets import (
    Asset,
    AssetAlias,
    AssetAliasUniqueKey,
    AssetNameRef,
    AssetUniqueKey,
    AssetUriRef,
)

_NAMES = ("id", "source_task_id", "source_dag_id", "source_run_id", "source_map_index", "partition_key")
LONGEST_PARTITION_KEY = 250


class AssetEvent:
    """Something that happened to an asset."""

    def __init__(self, **kwargs):
        self.__dict__.update(kwargs)

    @property
    def uri(self):
        """The asset's URI."""
        return self.asset.uri

    dataset = property(lambda self: self.asset)

    @functools.cached_property
    def source_dag_run(self):
        """The run whose task has made it; None where none has, or it is gone."""
        if not self.source_dag_id or not self.source_run_id:
            return None
        from airflow._goflow.dag_run import DagRun, RunOfTask

        kind = DagRun if world.is_airflow2() else RunOfTask
        rows = world.World.client.dag_runs(self.source_dag_id, run_id=self.source_run_id)
        return next((kind(dag_id=self.source_dag_id, **row) for row in rows), None)

    @functools.cached_property
    def source_task_instance(self):
        """The task instance that has made it, as far as its results can be read; None where none has."""
        if self.source_task_id is None or self.source_map_index is None or self.source_dag_run is None:
            return None
        return SourceTaskInstance(self.source_dag_run, self.source_task_id, self.source_map_index)


class SourceTaskInstance:
    """The task instance that has made an event."""

    def __init__(self, dag_run, task_id, map_index):
        self.dag_run, self.task_id, self.map_index = dag_run, task_id, map_index
        self.dag_id, self.run_id = dag_run.dag_id, dag_run.run_id

    def xcom_pull(self, task_ids=None, *, key="return_value", default=None):
        """A result that it has left (of TASK_IDS, another task of its run, under Airflow 2)."""
        from airflow._goflow.serialization import deserialize

        index = self.map_index if task_ids is None else None
        rows = world.World.client.xcoms(self.dag_id, self.run_id, task_ids or self.task_id, key, index)
        found = deserialize(rows[0]["value"]) if rows else None
        return default if found is None else found


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


def _unique(key):
    """What tells assets apart: name and URI, or an alias's name. Raises TypeError."""
    if isinstance(key, Asset):
        return AssetUniqueKey.from_asset(key)
    if isinstance(key, AssetAlias):
        return AssetAliasUniqueKey.from_asset_alias(key)
    if isinstance(key, (AssetNameRef, AssetUriRef)):
        return AssetUniqueKey.from_asset(resolved(key))
    raise TypeError(f"Key should be either an asset or an asset alias, not {type(key)}")


def resolved(ref):
    """The asset that a reference means, as the server knows it. Raises AirflowRuntimeError where it knows none."""
    wanted = {"name": ref.name} if isinstance(ref, AssetNameRef) else {"uri": ref.uri}
    found = world.World.client.assets(**wanted)
    if not found:
        from airflow._goflow.exceptions import AirflowRuntimeError

        raise AirflowRuntimeError(f"ASSET_NOT_FOUND: {wanted}")
    return Asset(found[0]["name"], found[0]["uri"], group=found[0]["group"])


class OutletEventAccessor:
    """What a task tells of one outlet: EXTRA, and for an alias the assets that it stands for."""

    def __init__(self, key):
        self.key = key
        self.extra = {}
        self.asset_alias_events = []
        self.partition_keys = set()

    def add(self, asset, extra=None):
        """The alias stands for ASSET."""
        if not isinstance(self.key, AssetAliasUniqueKey):
            return
        asset = Asset(uri=asset) if isinstance(asset, str) else asset
        self.asset_alias_events.append((self.key.name, _unique(asset), extra or {}))

    def add_partitions(self, keys):
        """Partitions that were made. Raises TypeError for an alias, ValueError for an empty key or one too long."""
        if isinstance(self.key, AssetAliasUniqueKey):
            raise TypeError("add_partitions() is not supported on asset alias outlet events")
        for key in [keys] if isinstance(keys, str) else keys:
            if not key.strip():
                raise ValueError(f"partition_key must not be empty or whitespace-only; got {key!r}.")
            if len(key) > LONGEST_PARTITION_KEY:
                raise ValueError(f"partition_key has {len(key)} characters, more than {LONGEST_PARTITION_KEY}")
            self.partition_keys.add(key)


class OutletEventAccessors(Mapping, _ByAsset):
    """What a task tells of its outlets."""

    def __init__(self):
        self._found = {}

    def __str__(self):
        return f"OutletEventAccessors(_dict={self._found})"

    def __iter__(self):
        if world.is_airflow2():
            return (key.uri if isinstance(key, AssetUniqueKey) else key.name for key in self._found)
        return (key.to_asset() if isinstance(key, AssetUniqueKey) else key.to_asset_alias() for key in self._found)

    def __len__(self):
        return len(self._found)

    def __getitem__(self, key):
        key = _unique(Asset(uri=key) if isinstance(key, str) and world.is_airflow2() else key)
        return self._found.setdefault(key, OutletEventAccessor(key))

    def told(self, outlets):
        """What the end of a task with those OUTLETS tells, as JSON (`goflow_runner.wire.AssetEventInfo`): each asset
        among them, and what aliases among them stand for, once for each extra. Raises TypeError for no JSON."""
        found, aliases = [], {one.name for one in outlets if isinstance(one, AssetAlias)}
        for outlet in outlets if world.is_airflow2() else dict.fromkeys(map(_hashable, outlets)):
            if isinstance(outlet, (Asset, AssetNameRef, AssetUriRef)):
                found += self._of_asset(outlet)
        grouped = {}
        for accessor in self._found.values():
            for alias, key, extra in accessor.asset_alias_events:
                if alias in aliases:
                    grouped.setdefault((key, json.dumps(extra, sort_keys=True)), set()).add(alias)
        for (key, extra), names in grouped.items():
            found.append({"name": key.name, "uri": key.uri, "extra": json.loads(extra), "aliases": sorted(names)})
        return json.loads(json.dumps(found))

    def _of_asset(self, outlet):
        if isinstance(outlet, Asset):
            key, told = AssetUniqueKey.from_asset(outlet), {"name": outlet.name, "uri": outlet.uri}
        else:
            told = {word: getattr(outlet, word, None) for word in ("name", "uri")}
            same = [key for key in self._found if isinstance(key, AssetUniqueKey) and _means(outlet, key)]
            key = same[0] if same else None
        accessor = self._found.get(key)
        if accessor is None:
            return [told]
        told["extra"] = accessor.extra
        return [{**told, "partition_key": one} for one in sorted(accessor.partition_keys)] or [told]


def _hashable(outlet):
    try:
        hash(outlet)
    except TypeError:
        return None  # lineage of another kind: no asset
    return outlet


def _means(ref, key):
    return key.name == ref.name if isinstance(ref, AssetNameRef) else key.uri == ref.uri


class InletEventsAccessor(Sequence):
    """What has happened to one inlet, asked for when somebody looks; by default all of it, the oldest first."""

    def __init__(self, **asked):
        self._asked, self._rows = asked, None

    def _with(self, **more):
        self._asked.update(more)
        self._rows = None
        return self

    def after(self, after):
        """From that moment on."""
        return self._with(after=_text_of(after))

    def before(self, before):
        """Up to that moment."""
        return self._with(before=_text_of(before))

    def ascending(self, ascending=True):
        """The oldest first, or the newest."""
        return self._with(ascending=ascending)

    def limit(self, limit):
        """So many at most."""
        return self._with(limit=limit)

    def _events(self):
        if self._rows is None:
            self._rows = triggering(world.World.client.asset_events(**self._asked))
        return self._rows

    def __iter__(self):
        return iter(self._events())

    def __len__(self):
        return len(self._events())

    def __getitem__(self, key):
        return self._events()[key]


def _text_of(moment):
    return moment if isinstance(moment, str) else moment.isoformat()


class InletEventsAccessors(Mapping, _ByAsset):
    """What happened to a task's inlets."""

    def __init__(self, inlets):
        self._inlets, self._known = list(inlets), {}
        for inlet in self._inlets:
            if isinstance(inlet, (AssetNameRef, AssetUriRef)):
                inlet = resolved(inlet)
            if isinstance(inlet, (Asset, AssetAlias)):
                self._known[_unique(inlet)] = inlet

    def __iter__(self):
        return iter(self._inlets)

    def __len__(self):
        return len(self._inlets)

    def __getitem__(self, key):
        if isinstance(key, int):
            key = self._inlets[key]
            if not isinstance(key, (Asset, AssetAlias, AssetNameRef, AssetUriRef)):
                raise IndexError(key)
        if isinstance(key, str) and world.is_airflow2():
            key = Asset(uri=key)
        if isinstance(key, (AssetNameRef, AssetUriRef)):
            found = next((k for k in self._known if isinstance(k, AssetUniqueKey) and _means(key, k)), None)
            if found is None:
                raise KeyError(key)
            word = "name" if isinstance(key, AssetNameRef) else "uri"
            return InletEventsAccessor(**{word: getattr(found, word)})
        if not isinstance(key, (Asset, AssetAlias)):
            raise TypeError(f"`key` is of unknown type ({type(key).__name__})")
        inlet = self._known[_unique(key)]
        if isinstance(inlet, AssetAlias):
            return InletEventsAccessor(alias=inlet.name)
        return InletEventsAccessor(name=inlet.name, uri=inlet.uri)


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
        asset=Asset(
            row["asset"]["name"], row["asset"]["uri"], group=row["asset"].get("group"), extra=row["asset"].get("extra")
        ),
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
