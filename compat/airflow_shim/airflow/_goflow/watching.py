"""Watchers of assets (``AssetWatcher``), for `goflow_runner.watch_host`: which ones the DAG's file has, and making
their triggers anew from what they say of themselves, as Airflow does."""

import hashlib
import json
import sys
from types import SimpleNamespace

from airflow._goflow import loading, tracebacks, triggering, world
from airflow._goflow.serialization import packed


class _Settled:
    dag = folder = None
    assets = {}


def settle_in(info, folder, client, log):
    """Make this process the world of the watches of INFO's DAG (`goflow_runner.wire.WatchInfo`)."""
    triggering.settle_in(info, None, client, log)
    given = {"dag_id": info["dag_id"], "task_id": "", "folder": info["folder"], "inputs": info["inputs"]}
    world.World.task_input = {**given, "run_id": "", "folder_here": str(folder)}
    tracebacks.moved(str(folder), info["folder"]["path"])
    sys.dont_write_bytecode = True
    _Settled.dag, _Settled.folder = None, (given, folder)


def watchers(info):
    """The asset's watchers by the key of their triggers: ``name``, ``classpath`` and ``kwargs``. Raises what the file
    raises, and LookupError where it does not have the asset."""
    speaks(info["id"])
    if _Settled.dag is None:
        _Settled.dag = loading.load_dag(*_Settled.folder)
    wanted = info["asset"]
    same = [one for one in _assets(_Settled.dag) if (one.name, one.uri) == (wanted["name"], wanted["uri"])]
    if not same:
        raise LookupError(f"the file has no asset {wanted['name']} in the schedule of {info['dag_id']}")
    _Settled.assets[info["id"]] = same[0]
    found = {}
    for watcher in same[-1].watchers:
        classpath, kwargs = watcher.trigger.serialize()
        text = json.dumps([classpath, packed(kwargs)], sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:32]
        found.setdefault(key, SimpleNamespace(name=watcher.name, classpath=classpath, kwargs=kwargs))
    return found


def _assets(dag):
    """The assets that the DAG's schedule waits for."""
    from airflow._goflow.assets import Asset

    waiting, found = [getattr(dag, "schedule", None), getattr(dag, "timetable", None)], []
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, Asset):
            found.append(one)
        elif isinstance(one, (list, tuple, set, frozenset)):
            waiting += one
        else:
            waiting += [getattr(one, name) for name in ("objects", "assets", "asset_condition") if hasattr(one, name)]
            waiting += [value for name, value in getattr(one, "_kwargs", {}).items() if name in {"assets", "datasets"}]
    return found


def speaks(watch_id):
    """From here on (in this asyncio task) that watch speaks."""
    triggering.speaks({"task": {"launch_id": f"watch-{watch_id}"}, "watch": watch_id})


def make(watch_id, watcher):
    """The trigger. Raises whatever keeps it from being made."""
    from airflow._goflow.helpers import import_string
    from airflow._goflow.state_store import AssetStateStores

    trigger = import_string(watcher.classpath)(**watcher.kwargs)
    trigger.asset_state_store = AssetStateStores([_Settled.assets[watch_id]], [])
    return trigger
