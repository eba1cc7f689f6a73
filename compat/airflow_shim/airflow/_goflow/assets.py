"""Assets (datasets): named things that tasks make and DAGs wait for. Here they are what tasks mention."""

import os

from airflow._goflow import world


class BaseAsset:
    """What may stand in a schedule."""

    def __or__(self, other):
        return _joined(AssetAny, self, other)

    def __and__(self, other):
        return _joined(AssetAll, self, other)


def _joined(kind, left, right):
    """``left | right`` or ``left & right``: of a left side of the same kind the parts."""
    if not isinstance(right, BaseAsset):
        return NotImplemented
    return kind(*(left.objects if isinstance(left, kind) else [left]), right)


BaseDataset = BaseAsset


class AssetAccessControl:
    """Who may use an asset."""

    def __init__(self, producer_teams=(), consumer_teams=None, allow_global=True):
        self.producer_teams, self.consumer_teams = list(producer_teams), consumer_teams
        self.allow_global = allow_global

    def __repr__(self):
        return (
            f"AssetAccessControl(producer_teams={self.producer_teams!r}, consumer_teams={self.consumer_teams!r}, "
            f"allow_global={self.allow_global!r})"
        )


class AssetUniqueKey:
    """Name and URI."""

    def __init__(self, name, uri):
        self.name, self.uri = name, uri

    @classmethod
    def from_asset(cls, asset):
        """An asset's."""
        return cls(asset.name, asset.uri)

    def to_asset(self):
        """The asset."""
        return Asset(self.name, self.uri)

    def __repr__(self):
        return f"AssetUniqueKey(name={self.name!r}, uri={self.uri!r})"

    def __eq__(self, other):
        return isinstance(other, AssetUniqueKey) and (self.name, self.uri) == (other.name, other.uri)

    def __hash__(self):
        return hash((self.name, self.uri))


class AssetAliasUniqueKey:
    """An alias's name."""

    def __init__(self, name):
        self.name = name

    @classmethod
    def from_asset_alias(cls, asset_alias):
        """An alias's."""
        return cls(asset_alias.name)

    def to_asset_alias(self):
        """The alias."""
        return AssetAlias(self.name)

    def __repr__(self):
        return f"AssetAliasUniqueKey(name={self.name!r})"

    def __eq__(self, other):
        return isinstance(other, AssetAliasUniqueKey) and self.name == other.name

    def __hash__(self):
        return hash(("alias", self.name))


class Asset(os.PathLike, BaseAsset):
    """A name, a URI and what is known of it."""

    asset_type = "asset"
    __version__ = 1

    def __init__(self, name=None, uri=None, *, group=None, extra=None, watchers=None, access_control=None, **kwargs):
        if name is None and uri is None:
            raise TypeError("Asset() requires either 'name' or 'uri'")
        self.uri = _sanitized(str(name if uri is None else uri))
        self.name = name
        if name is None:
            self.name = self.uri if world.is_airflow2() else str(uri)
        self.group = self.asset_type if group is None else group
        self.extra, self.watchers = dict(extra or {}), list(watchers or [])
        self.access_control = access_control

    @staticmethod
    def ref(*, name="", uri=""):
        """A reference by name or URI."""
        if bool(name) == bool(uri):
            raise TypeError("Asset reference expects one keyword argument of 'name' and 'uri'")
        return AssetNameRef(name) if name else AssetUriRef(uri)

    def __fspath__(self):
        return self.uri

    def as_of_airflow2(self):
        """As Airflow 2 keeps it as a result: path, version and data."""
        return "airflow.datasets.Dataset", 1, {"uri": self.uri, "extra": self.extra or None}

    def __eq__(self, other):
        if not isinstance(other, Asset):
            return NotImplemented
        return (self.name, self.uri, self.group, self.extra) == (other.name, other.uri, other.group, other.extra)

    def __hash__(self):
        return hash((self.name, self.uri))

    def __repr__(self):
        if world.is_airflow2():
            return f"Dataset(uri={self.uri!r}, extra={self.extra or None!r})"
        access = AssetAccessControl() if self.access_control is None else self.access_control
        return (
            f"{type(self).__name__}(name={self.name!r}, uri={self.uri!r}, group={self.group!r}, extra={self.extra!r}, "
            f"watchers={self.watchers!r}, access_control={access!r})"
        )

    def iter_assets(self):
        """Itself."""
        yield AssetUniqueKey.from_asset(self), self


class Dataset(Asset):
    """Airflow 2's word for an asset, and a kind of its own in Airflow 3."""

    asset_type = "dataset"

    def __init__(self, uri=None, extra=None, *, name=None, **kwargs):
        super().__init__(name=name, uri=uri, extra=extra, **{"group": "dataset", **kwargs})


class Model(Asset):
    """A model as an asset."""

    asset_type = "model"


def _sanitized(uri):
    """URI in its normal form: no password, the scheme in small letters, sorted parameters, no slash at the end."""
    from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

    parts = urlsplit(uri)
    if not parts.scheme or parts.scheme.lower().startswith("x-") or (not parts.scheme and not parts.netloc):
        return uri
    if parts.scheme.lower() == "airflow":
        raise ValueError("Asset scheme 'airflow' is reserved")
    netloc = parts.netloc.rpartition("@")[2] if parts.password or world.is_airflow2() else parts.netloc
    query = urlencode(sorted(parse_qsl(parts.query))) if parts.query else ""
    return urlunsplit((parts.scheme.lower(), netloc, parts.path.rstrip("/") or "/", query, ""))


class AssetRef(BaseAsset):
    """An asset by name or URI."""


class AssetNameRef(AssetRef):
    """An asset by name."""

    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return isinstance(other, AssetNameRef) and self.name == other.name

    def __hash__(self):
        return hash(("name", self.name))


class AssetUriRef(AssetRef):
    """An asset by URI."""

    def __init__(self, uri):
        self.uri = uri

    def __eq__(self, other):
        return isinstance(other, AssetUriRef) and self.uri == other.uri

    def __hash__(self):
        return hash(("uri", self.uri))


class AssetAlias(BaseAsset):
    """A name under which tasks tell assets at run time."""

    def __init__(self, name, group="asset"):
        self.name, self.group = name, group

    def __eq__(self, other):
        return isinstance(other, AssetAlias) and self.name == other.name

    def __hash__(self):
        return hash(("alias", self.name))

    def __repr__(self):
        if world.is_airflow2():
            return f"DatasetAlias(name={self.name!r})"
        return f"AssetAlias(name={self.name!r}, group={self.group!r})"

    def as_of_airflow2(self):
        """As Airflow 2 keeps it as a result: path, version and data."""
        return "airflow.datasets.DatasetAlias", 0, {"name": self.name}


DatasetAlias = AssetAlias


class _Several(BaseAsset):
    def __init__(self, *objects):
        self.objects = list(objects)


class AssetAll(_Several):
    """All of several."""


class AssetAny(_Several):
    """Any of several."""


DatasetAll, DatasetAny = AssetAll, AssetAny


class AssetWatcher:
    """A trigger that watches an asset."""

    def __init__(self, name, trigger=None):
        self.name, self.trigger = name, trigger


class Metadata:
    """What a task tells of an asset."""

    def __init__(self, asset, extra=None, alias=None):
        self.asset, self.extra, self.alias = asset, dict(extra or {}), alias
