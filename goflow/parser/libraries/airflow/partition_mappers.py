"""Airflow's partition mappers, windows and wait policies as values of the file, each described as the scheduler takes
it (`goflow.domain.partition_mappers`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goflow.domain.partition_mappers import FAN_OUT_TO, INPUT_FORMAT, OUTPUT_FORMATS
from goflow.domain.partition_windows import TIME_WINDOWS, WINDOWS
from goflow.parser.interpreter.classes import ClassValue, Instance, default_construct
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown, first_unknown
from goflow.parser.libraries.airflow.enums import EnumClass, plain
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.airflow.schedules import zone_name
from goflow.parser.libraries.airflow.state import state_of

Described = dict[str, Any]
"""A part as JSON, but for what classes of the author's own were given."""
Make = Callable[..., "Described | Unknown"]
_HOME = "airflow.sdk.definitions.partition_mappers"
_BASES = ("PartitionMapper", "Window", "WaitPolicy")


class PartValue(Instance):
    """A mapper, window or wait policy of Airflow's own classes: DATA describes it."""


def described(value: Instance) -> Described:
    """VALUE, a part: of an object of the author's own class, which class that is and what it was made with."""
    if isinstance(value, PartValue) and value.cls.is_native:
        made: Described = value.data
        return made
    own: Described = {"own": f"{value.cls.module_name}.{value.cls.name}"}
    if isinstance(value.data, MadeWith):
        args, kwargs = value.data.args, value.data.kwargs
        own |= {"args": [_given(one) for one in args]} if args else {}
        own |= {"kwargs": {name: _given(one) for name, one in kwargs.items()}} if kwargs else {}
    return own


@dataclass(frozen=True)
class MadeWith:
    """What an author's own class was called with."""

    args: Sequence[Any]
    kwargs: Mapping[str, Any]


def _given(value: Any) -> Any:
    return described(value) if any(_is(value, base) for base in _BASES) else value


def is_mapper(value: Any) -> bool:
    """Whether VALUE is a mapper, the author's own classes included."""
    return _is(value, "PartitionMapper")


def _is(value: Any, base: str) -> bool:
    return isinstance(value, Instance) and any(cls.is_native and cls.name == base for cls in value.cls.mro)


def _part(at: At, value: Any, base: str, name: str, argument: str) -> Described:
    """VALUE, the ARGUMENT of NAME, described. Raises the file's TypeError where it is no such thing."""
    if not _is(value, base):
        fail(at, "TypeError", f"{argument} of {name} must be a {base}", code="GF206")
    return described(value)


def _with_most(at: At, made: Described, most: Any) -> Described:
    if most is None:
        return made
    if not isinstance(most, int) or most < 1:
        fail(at, "ValueError", f"max_downstream_keys must be a positive integer or None, got {most!r}", code="GF206")
    return {**made, "max_downstream_keys": most}


def _plain_mapper(at: At, *, max_downstream_keys: Any = None) -> Described:
    return _with_most(at, {"mapper": "IdentityMapper"}, max_downstream_keys)


def _base(name: str) -> Make:
    kind = {"PartitionMapper": "mapper", "Window": "window", "WaitPolicy": "policy"}[name]
    return lambda at, **_: {kind: name}


def _allowed(at: At, allowed_keys: Any, *, max_downstream_keys: Any = None) -> Described | Unknown:
    keys = elements(allowed_keys, at)
    if isinstance(keys, Unknown):
        return keys
    made = {"mapper": "AllowedKeyMapper", "allowed_keys": [str(plain(key)) for key in keys]}
    return _with_most(at, made, max_downstream_keys)


def _fixed(at: At, downstream_key: Any, *, max_downstream_keys: Any = None) -> Described:
    key = plain(downstream_key)
    if not isinstance(key, str) or not key:
        words = f"FixedKeyMapper downstream_key must be a non-empty str; got {downstream_key!r}."
        fail(at, "ValueError", words, code="GF206")
    return _with_most(at, {"mapper": "FixedKeyMapper", "downstream_key": str(key)}, max_downstream_keys)


def _temporal(name: str) -> Make:
    def make(
        at: At,
        *,
        timezone: Any = "UTC",
        input_format: Any = INPUT_FORMAT,
        output_format: Any = None,
        max_downstream_keys: Any = None,
    ) -> Described:
        made = {
            "mapper": name,
            "timezone": zone_name(timezone),
            "input_format": str(plain(input_format)),
            "output_format": str(plain(output_format) or OUTPUT_FORMATS[name]),
        }
        return _with_most(at, made, max_downstream_keys)

    return make


def _several(name: str, **defaults: Any) -> Make:
    def make(at: At, mapper0: Any, mapper1: Any, /, *mappers: Any, max_downstream_keys: Any = None, **more: Any) -> Any:
        if unexpected := more.keys() - defaults.keys():
            raise TypeError(f"{name}() got an unexpected keyword argument '{min(unexpected)}'")
        parts = [_part(at, one, "PartitionMapper", name, "a mapper") for one in (mapper0, mapper1, *mappers)]
        return _with_most(at, {"mapper": name, "mappers": parts, **defaults, **more}, max_downstream_keys)

    return make


def _rollup(
    at: At, *, upstream_mapper: Any, window: Any, wait_policy: Any = None, max_downstream_keys: Any = None
) -> Described:
    upstream = _part(at, upstream_mapper, "PartitionMapper", "RollupMapper", "upstream_mapper")
    over = _part(at, window, "Window", "RollupMapper", "window")
    policy: Described = {"policy": "WaitForAll"}
    if wait_policy is not None:
        policy = _part(at, wait_policy, "WaitPolicy", "RollupMapper", "wait_policy")
    _check_pair(at, upstream, over)
    made = {"mapper": "RollupMapper", "upstream_mapper": upstream, "window": over, "wait_policy": policy}
    return _with_most(at, made, max_downstream_keys)


def _check_pair(at: At, upstream: Any, window: Any) -> None:
    """A window of time asks for a mapper that knows time, one of segments for one that does not."""
    if "window" not in window or upstream.get("mapper") not in _MAKERS or window["window"] not in WINDOWS:
        return
    decodes = ("str", "datetime")[upstream["mapper"] in OUTPUT_FORMATS]
    expects = ("str", "datetime")[window["window"] in TIME_WINDOWS]
    if decodes != expects:
        words = f"{window['window']} expects decoded values of type {expects!r}, but {upstream['mapper']} decodes to "
        hint = "pair a window and a mapper of the same type: time with time, segments with keys"
        fail(at, "TypeError", f"{words}{decodes!r}", code="GF206", hint=hint)


def _fan_out(
    at: At, *, upstream_mapper: Any, window: Any, downstream_mapper: Any = None, max_downstream_keys: Any = None
) -> Described:
    upstream = _part(at, upstream_mapper, "PartitionMapper", "FanOutMapper", "upstream_mapper")
    over: Any = _part(at, window, "Window", "FanOutMapper", "window")
    if downstream_mapper is not None:
        downstream = _part(at, downstream_mapper, "PartitionMapper", "FanOutMapper", "downstream_mapper")
    else:
        name = window.cls.name
        if name not in FAN_OUT_TO:
            words = f"FanOutMapper has no default downstream_mapper for window type {name}; pass it explicitly"
            fail(at, "ValueError", words, code="GF206")
        made = _MAKERS[FAN_OUT_TO[name]](at)
        assert not isinstance(made, Unknown)
        downstream = made
    fan_out = {"mapper": "FanOutMapper", "upstream_mapper": upstream, "window": over, "downstream_mapper": downstream}
    return _with_most(at, fan_out, max_downstream_keys)


def _window(name: str) -> Make:
    def make(at: At, *, direction: Any = "forward") -> Described:
        found = plain(direction)
        if found not in {"forward", "backward"}:
            fail(at, "ValueError", f"{direction!r} is not a valid Window.Direction", code="GF206")
        return {"window": name, "direction": str(found)}

    return make


def _segments(at: At, segments: Any) -> Described | Unknown:
    found = elements(segments, at)
    if isinstance(found, Unknown):
        return found
    keys = [plain(key) for key in found]
    if not keys or not all(isinstance(key, str) and key for key in keys):
        fail(at, "ValueError", "SegmentWindow requires segment keys: texts that are not empty", code="GF206")
    return {"window": "SegmentWindow", "segments": sorted({str(key) for key in keys})}


def _all_of_them(at: At) -> Described:
    return {"policy": "WaitForAll"}


def _minimum(at: At, n: Any) -> Described:
    if not isinstance(n, int) or n == 0:
        fail(at, "ValueError", f"MinimumCount({n!r}) is degenerate: the number must not be 0", code="GF206")
    return {"policy": "MinimumCount", "n": int(n)}


_MAKERS: Mapping[str, Make] = {
    **{name: _temporal(name) for name in OUTPUT_FORMATS},
    **{name: _window(name) for name in TIME_WINDOWS},
    **{name: _base(name) for name in _BASES},
    "IdentityMapper": _plain_mapper,
    "AllowedKeyMapper": _allowed,
    "FixedKeyMapper": _fixed,
    "ChainMapper": _several("ChainMapper"),
    "ProductMapper": _several("ProductMapper", delimiter="|"),
    "RollupMapper": _rollup,
    "FanOutMapper": _fan_out,
    "SegmentWindow": _segments,
    "WaitForAll": _all_of_them,
    "MinimumCount": _minimum,
}
PARTS = frozenset(_MAKERS)
"""The names that `part_class` knows."""


def part_class(session: Session, name: str) -> ClassValue:
    """The class NAME of this session."""
    return state_of(session).singleton(f"partition part {name}", lambda: _make_class(session, name))


def _base_of(name: str) -> str:
    if name.endswith("Mapper"):
        return "PartitionMapper"
    return "Window" if name.endswith("Window") else "WaitPolicy"


def _make_class(session: Session, name: str) -> ClassValue:
    bases = () if name in _BASES else (part_class(session, _base_of(name)),)
    attributes: dict[str, Any] = {"__init__": NativeFunction("__init__", _init, takes_unknown=True)}
    if name == "Window":
        members = {"BACKWARD": "backward", "FORWARD": "forward"}
        attributes["Direction"] = EnumClass(f"{_HOME}.window.Window.Direction", members, shows_names=True)
    return ClassValue(name, bases, attributes, module_name=_HOME, construct=_construct, fallback=_fallback)


def _init(at: At, part: Instance, /, *args: Any, **kwargs: Any) -> None:
    """``super().__init__(...)`` of a class of the file: what it is given is the author's own affair."""


def _fallback(part: Instance, name: str, at: At) -> Any:
    """What Airflow's own class has besides."""
    return MISSING if name.startswith("__") else Unknown(f"{name} of a {part.cls.name}", at)


def _construct(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    if not cls.is_native:
        own = default_construct(cls, args, kwargs, at)
        if isinstance(own, Instance):
            own.data = MadeWith(args, kwargs)
        return own
    unknown = first_unknown((args, kwargs))
    if unknown is not None:
        return unknown
    made = at.session.guarded(_MAKERS[cls.name], at, args, kwargs, cls.name)
    if isinstance(made, Unknown):
        return made
    part = PartValue(cls, {})
    part.data = made
    return part
