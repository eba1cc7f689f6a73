"""``task_state_store`` and ``asset_state_store`` of a context: what tasks and assets remember, kept by the server
(``airflow.sdk.execution_time.context`` of Airflow 3.3)."""

import datetime as dt

from airflow._goflow.assets import Asset, AssetNameRef, AssetUriRef
from airflow._goflow.words import NEVER_EXPIRE
from airflow._goflow.world import World

DEFAULT_RETENTION_DAYS = 30
"""Airflow's ``[state_store] default_retention_days``."""


def _checked(value):
    if value is None:
        raise ValueError("Cannot set value as None")
    return value


class TaskStateStore:
    """What this task instance remembers, over its retries."""

    def get(self, key, default=None):
        """The value, or DEFAULT."""
        return next(iter(World.client.state(key)), default)

    def set(self, key, value, *, retention=None):
        """Keep VALUE (JSON) for RETENTION. Raises ValueError for None."""
        World.client.set_state(key, _checked(value), expires_at=_expiry(retention))

    def delete(self, key):
        """Forget one."""
        World.client.delete_state(key)

    def clear(self):
        """Forget all."""
        World.client.delete_state()


def _expiry(retention):
    if retention is None:
        from airflow._goflow.configuration import conf

        days = conf.getint("state_store", "default_retention_days", DEFAULT_RETENTION_DAYS)
        if days < 0:
            raise ValueError(
                f"[state_store] default_retention_days must be >= 0, got {days}. Set to 0 to disable expiry."
            )
        retention = dt.timedelta(days=days) if days else NEVER_EXPIRE
    return None if retention == NEVER_EXPIRE else (dt.datetime.now(dt.timezone.utc) + retention).isoformat()


class AssetStateStore:
    """What one asset remembers, over all runs."""

    def __init__(self, name):
        self.name = name

    def get(self, key, default=None):
        """The value, or DEFAULT."""
        return next(iter(World.client.state(key, asset=self.name)), default)

    def set(self, key, value):
        """Keep VALUE (JSON). Raises ValueError for None."""
        World.client.set_state(key, _checked(value), asset=self.name)

    def delete(self, key):
        """Forget one."""
        World.client.delete_state(key, asset=self.name)

    def clear(self):
        """Forget all."""
        World.client.delete_state(asset=self.name)

    async def aget(self, key, default=None):
        """`get`."""
        return self.get(key, default)

    async def aset(self, key, value):
        """`set`."""
        self.set(key, value)

    async def adelete(self, key):
        """`delete`."""
        self.delete(key)

    async def aclear(self):
        """`clear`."""
        self.clear()


class AssetStateStores:
    """By asset, for those among the task's inlets and outlets; with a single one, its own methods as well."""

    def __init__(self, inlets, outlets):
        named = [asset.name for asset in (*inlets, *outlets) if isinstance(asset, (Asset, AssetNameRef))]
        self._by_name = {name: AssetStateStore(name) for name in named}

    def __getitem__(self, key):
        if isinstance(key, AssetUriRef):
            raise ValueError("GoFlow keeps what an asset remembers under its name: ask with Asset(name=...)")
        if not isinstance(key, (Asset, AssetNameRef)):
            raise TypeError(f"Expected Asset, AssetNameRef, or AssetUriRef; got {type(key).__name__}")
        if key.name not in self._by_name:
            raise KeyError(f"{key!r} is not in this task's inlets or outlets")
        return self._by_name[key.name]

    def __getattr__(self, name):
        if name.startswith("_") or not hasattr(AssetStateStore, name):
            raise AttributeError(name)
        if len(self._by_name) != 1:
            raise ValueError(
                f"Task has {len(self._by_name)} concrete inlets and outlets: "
                "use context['asset_state_store'][MY_ASSET] to specify which"
            )
        return getattr(next(iter(self._by_name.values())), name)
