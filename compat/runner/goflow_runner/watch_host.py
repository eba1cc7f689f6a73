"""Watches of assets in a host of triggers: the DAG's file is imported once, and each trigger of an asset's watchers
runs again and again, as Airflow's triggerer runs them; what they yield is told with a name of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import traceback
import uuid
from collections.abc import Callable
from typing import Any

from goflow_runner.wire import WatchInfo

PAUSE_S = 1.0
"""Between the end of a trigger and its next beginning."""
LONGEST_PAUSE_S = 60.0
"""After one that fails again and again."""


class Watches:
    """The watches of one DAG. SHIM knows what its watchers are (``airflow._goflow.watching``); SAY tells the runner."""

    def __init__(self, shim: Any, say: Callable[[Any], None]) -> None:
        self._shim = shim
        self._say = say
        self._found: dict[int, dict[str, Any]] = {}
        self._tasks: dict[int, dict[str, asyncio.Task[None]]] = {}

    def begin(self, info: WatchInfo) -> None:
        """Find out which watchers the asset has, and tell; none of their triggers runs yet."""
        word: dict[str, Any] = {"id": info["id"], "epoch": info["epoch"], "watchers": None, "trouble": None}
        try:
            found = self._shim.watchers(info)
            self._found[info["id"]] = found
            self._tasks.setdefault(info["id"], {})
            word["watchers"] = {key: watcher.name for key, watcher in found.items()}
        except BaseException as problem:
            traceback.print_exc()
            word["trouble"] = f"{type(problem).__name__}: {problem}"
        self._say({"watching": word})

    def run(self, watch_id: int, keys: list[str]) -> None:
        """Just those triggers of a watch are to run."""
        running = self._tasks.get(watch_id)
        if running is None:
            return
        for key in [key for key in running if key not in keys]:
            running.pop(key).cancel()
        for key in keys:
            if key not in running and key in self._found[watch_id]:
                running[key] = asyncio.create_task(self._again_and_again(watch_id, key), name=f"watch {watch_id}")

    def leave(self, watch_id: int) -> list[asyncio.Task[None]]:
        """A watch is another runner's, or over: what of it ends now."""
        self._found.pop(watch_id, None)
        ending = list(self._tasks.pop(watch_id, {}).values())
        for task in ending:
            task.cancel()
        return ending

    def leave_all(self) -> list[asyncio.Task[None]]:
        """Every watch."""
        return [task for watch_id in list(self._tasks) for task in self.leave(watch_id)]

    async def _again_and_again(self, watch_id: int, key: str) -> None:
        watcher, pause = self._found[watch_id][key], PAUSE_S
        self._shim.speaks(watch_id)
        while True:
            try:
                await self._once(watch_id, key, watcher)
                pause = PAUSE_S
            except Exception:
                print(f"the trigger of watcher {watcher.name} failed, and is begun again:", flush=True)
                traceback.print_exc()
                pause = min(LONGEST_PAUSE_S, pause * 2)
            await asyncio.sleep(pause)

    async def _once(self, watch_id: int, key: str, watcher: Any) -> None:
        """One trigger, from its making to its ``cleanup``; every event of it is told."""
        trigger = self._shim.make(watch_id, watcher)
        try:
            async for event in trigger.run():
                payload = json.loads(json.dumps(event.payload))  # as a column of JSON takes it
                self._say({"seen": {"id": watch_id, "key": key, "payload": payload, "told_as": uuid.uuid4().hex}})
        finally:
            with contextlib.suppress(Exception):
                await trigger.cleanup()
