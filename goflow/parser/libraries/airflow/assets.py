"""Assets and datasets, aliases, references, and the expressions of ``|`` and ``&`` that schedules are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from goflow.domain.canonical import Json
from goflow.domain.spec import Dialect
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.shown import text
from goflow.parser.interpreter.values import Arguments, At, Keywords, Unknown, first_unknown
from goflow.parser.libraries.airflow.asset_uris import check_identifier, sanitized
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.airflow.state import native, state_of

_SDK = "airflow.sdk.definitions.asset"
_DATASETS = "airflow.datasets"


class BaseAsset(Instance):
    """Anything that a schedule can wait for."""

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """``a | b`` and ``a & b``; two assets are equal when their URIs (and names) are."""
        if operator in {"|", "&"} and isinstance(other, BaseAsset | Unknown):
            if isinstance(other, Unknown):
                return other
            left, right = (other, self) if reflected else (self, other)
            return combined("any" if operator == "|" else "all", left, right, at)
        if operator in {"==", "!="} and isinstance(other, BaseAsset):
            return (self.condition() == other.condition()) == (operator == "==")
        return super().binary(operator, other, at, reflected=reflected)

    def condition(self) -> Json:
        """What stands in ``Schedule.condition``: ``{"all": [...]}``, ``{"any": [...]}`` or a tagged asset."""
        raise NotImplementedError

    def leaves(self) -> Iterator[BaseAsset]:
        """Every asset, alias and reference in it."""
        yield self


class AssetValue(BaseAsset):
    """``Asset(...)`` or ``Dataset(...)``."""

    def condition(self) -> Json:
        """``{"$asset": {"name", "uri"}}``; with ``class`` for what is no plain asset."""
        return {"$asset": self.to_json()}

    def to_json(self) -> dict[str, Json]:
        """Name and URI; group and class where they are not the usual ones; whether it has watchers."""
        name, uri = self.attributes.get("name"), self.attributes.get("uri")
        found: dict[str, Json] = {"uri": uri if isinstance(uri, str) else None}
        if isinstance(name, str):
            found["name"] = name
        if self.cls.name not in {"Asset", "Dataset"}:
            found["class"] = self.cls.name
        group = self.attributes.get("group")
        if isinstance(group, str) and group != "asset":
            found["group"] = group
        if self.attributes.get("watchers"):  # one that is not known counts: its process finds out
            found["watched"] = True
        return found

    def outlets(self) -> list[BaseAsset]:
        """What a task that produces it has as outlets."""
        return [self]

    @property
    def key(self) -> str:
        """What the oracle's document calls it: its URI."""
        return str(self.attributes.get("uri") or self.attributes.get("name"))

    def text(self, at: At) -> Any:
        """As attrs prints it."""
        return f"{self.cls.name}(uri={self.attributes.get('uri')!r})"


class AliasValue(BaseAsset):
    """``AssetAlias("name")`` or ``DatasetAlias("name")``."""

    def condition(self) -> Json:
        """``{"$asset_alias": name}``."""
        return {"$asset_alias": self.attributes["name"]}

    @property
    def key(self) -> str:
        """Its name."""
        return str(self.attributes["name"])


class RefValue(BaseAsset):
    """``Asset.ref(name=...)`` or ``Asset.ref(uri=...)``: an asset that another file defines."""

    def condition(self) -> Json:
        """``{"$asset": {...}}`` with what is known of it, and ``ref`` saying what that is."""
        known = {name: value for name, value in self.attributes.items() if isinstance(value, str)}
        return {"$asset": {**known, "ref": next(iter(known), "")}}

    @property
    def key(self) -> str:
        """Its URI or name."""
        return str(self.attributes.get("uri") or self.attributes.get("name"))


class ConditionValue(BaseAsset):
    """``a | b`` (KIND ``any``) or ``a & b`` (``all``)."""

    def __init__(self, cls: ClassValue, kind: str, objects: Sequence[BaseAsset]) -> None:
        super().__init__(cls, {"objects": list(objects)})
        self.kind = kind
        self.objects = list(objects)

    def condition(self) -> Json:
        """``{"any": [...]}`` or ``{"all": [...]}``."""
        return {self.kind: [inner.condition() for inner in self.objects]}

    def leaves(self) -> Iterator[BaseAsset]:
        """Of every part."""
        for inner in self.objects:
            yield from inner.leaves()


def combined(kind: str, left: BaseAsset, right: BaseAsset, at: At) -> ConditionValue:
    """``left | right`` or ``left & right``, the left side flattened as Airflow does."""
    flat = left.objects if isinstance(left, ConditionValue) and left.kind == kind else [left]
    return ConditionValue(condition_class(at.session, kind), kind, [*flat, right])


def condition_of(schedule: Any, at: At) -> BaseAsset | Unknown | None:
    """The asset condition that a ``schedule=`` (an asset, or a list of them) means; None if it is no such thing."""
    if isinstance(schedule, BaseAsset):
        return schedule
    if isinstance(schedule, str | dict) or not isinstance(schedule, list | tuple | set | frozenset):
        return None
    unknown = first_unknown(list(schedule), 1)
    if unknown is not None:
        return unknown
    if not all(isinstance(inner, BaseAsset) for inner in schedule):
        airflow2 = state_of(at.session).airflow2
        what = "datasets or dataset aliases" if airflow2 else "either assets, asset references, or asset aliases"
        fail(at, "ValueError", f"All elements in 'schedule' should be {what}", code="GF206")
    return ConditionValue(condition_class(at.session, "all"), "all", list(schedule))


def asset_keys(condition: BaseAsset, dialect: Dialect) -> tuple[str, ...]:
    """Every URI or name in CONDITION. Airflow 2 does not list aliases, which it looks up in its database."""
    leaves = [leaf for leaf in condition.leaves() if isinstance(leaf, AssetValue | AliasValue | RefValue)]
    if dialect is Dialect.AIRFLOW2:
        leaves = [leaf for leaf in leaves if not isinstance(leaf, AliasValue)]
    return tuple(sorted({leaf.key for leaf in leaves}))


# -- classes ----------------------------------------------------------------------------------------------------------


def base_asset_class(session: Session) -> ClassValue:
    """What all of them derive from."""
    name = "BaseDataset" if state_of(session).airflow2 else "BaseAsset"
    return _class(session, name, (), None)


def asset_class(session: Session, name: str = "") -> ClassValue:
    """``Asset`` (``Dataset`` under Airflow 2), or ``Dataset`` and ``Model`` of Airflow 3 by NAME."""
    airflow2 = state_of(session).airflow2
    name = name or ("Dataset" if airflow2 else "Asset")
    if name != "Asset" and not airflow2:
        return _class(session, name, (asset_class(session, "Asset"),), _make_asset, asset_type=name.lower())
    ref = native("ref", make_ref)
    ref.binds = False
    return _class(session, name, (base_asset_class(session),), _make_asset, ref=ref, asset_type="asset")


def alias_class(session: Session) -> ClassValue:
    """``AssetAlias`` or ``DatasetAlias``."""
    name = "DatasetAlias" if state_of(session).airflow2 else "AssetAlias"
    return _class(session, name, (base_asset_class(session),), _make_alias)


def condition_class(session: Session, kind: str) -> ClassValue:
    """``AssetAll``, ``AssetAny`` and their names under Airflow 2."""
    name = f"{'Dataset' if state_of(session).airflow2 else 'Asset'}{kind.capitalize()}"
    return _class(session, name, (base_asset_class(session),), _make_condition, kind=kind)


def _class(session: Session, name: str, bases: tuple[ClassValue, ...], construct: Any, **attributes: Any) -> ClassValue:
    state = state_of(session)
    return state.singleton(
        f"asset class {name}",
        lambda: ClassValue(
            name, bases, attributes, module_name=_DATASETS if state.airflow2 else _SDK, construct=construct
        ),
    )


def _make_asset(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    if state_of(at.session).airflow2:
        attributes = _dataset_attributes(at, *args, **kwargs)
    else:
        attributes = _asset_attributes(at, cls, *args, **kwargs)
    return attributes if isinstance(attributes, Unknown) else AssetValue(cls, attributes)


def _dataset_attributes(at: At, uri: Any, extra: Any = None) -> dict[str, Any] | Unknown:
    uri = text(uri, at)
    if isinstance(uri, Unknown):
        return uri
    return {"uri": _sanitized(uri, at), "extra": extra}


def _asset_attributes(
    at: At,
    cls: ClassValue,
    name: Any = None,
    uri: Any = None,
    *,
    group: Any = None,
    extra: Any = None,
    watchers: Any = None,
    access_control: Any = None,
) -> dict[str, Any] | Unknown:
    if name is None and uri is None:
        fail(at, "TypeError", "Asset() requires either 'name' or 'uri'")
    unknown = first_unknown((name, uri))
    if unknown is not None:
        return unknown
    uri = name if uri is None else text(uri, at)
    if isinstance(uri, Unknown):
        return uri
    name = uri if name is None else name
    kind = cls.name
    for what, value in (("name", name), ("uri", uri)):
        _checked(value, kind, what, at)
    if name in {"self", "context"}:
        fail(at, "ValueError", f"prohibited name for asset: {name}")
    return {
        "name": name,
        "uri": _sanitized(uri, at),
        "group": cls.lookup("asset_type") if group is None else group,
        "extra": {} if extra is None else extra,
        "watchers": [] if watchers is None else watchers,
        "access_control": access_control,
    }


def _sanitized(uri: str, at: At) -> str:
    try:
        return sanitized(uri, at.session.dialect)
    except ValueError as problem:
        fail(at, "ValueError", str(problem))


def _checked(value: Any, kind: str, what: str, at: At) -> None:
    try:
        check_identifier(value, kind, what)
    except ValueError as problem:
        fail(at, "ValueError", str(problem))


def _make_alias(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    def attributes(name: Any, *, group: Any = "asset") -> dict[str, Any]:
        return {"name": name, "group": group}

    found = attributes(*args, **kwargs)
    if isinstance(found["name"], Unknown):
        return found["name"]
    _checked(found["name"], cls.name, "name", at)
    return AliasValue(cls, found)


def _make_condition(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    unknown = first_unknown(list(args), 1)
    if unknown is not None:
        return unknown
    if kwargs or not all(isinstance(inner, BaseAsset) for inner in args):
        fail(at, "TypeError", "expect asset expressions in condition")
    return ConditionValue(cls, cls.lookup("kind"), list(args))


def make_ref(at: At, *args: Any, name: Any = "", uri: Any = "") -> Any:
    """``Asset.ref(name=...)`` or ``Asset.ref(uri=...)``."""
    if isinstance(name, Unknown) or isinstance(uri, Unknown):
        return name if isinstance(name, Unknown) else uri
    if name and uri:
        fail(at, "TypeError", "Asset reference must be made to either name or URI, not both")
    if not name and not uri:
        fail(at, "TypeError", "Asset reference expects keyword argument 'name' or 'uri'")
    kind = "AssetNameRef" if name else "AssetUriRef"
    cls = _class(at.session, kind, (base_asset_class(at.session),), None)
    return RefValue(cls, {"name": name} if name else {"uri": uri})


def as_list(value: Any, at: At) -> Any:
    """One value or several, as ``inlets`` and ``outlets`` come: a list, or the Unknown that it is."""
    if value is None or value is False:
        return []
    if isinstance(value, Unknown):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return elements(value, at)
    return [value]
