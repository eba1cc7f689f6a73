"""Loader classes of PyYAML, those of the file among them, and the functions that read tags of its own."""

from __future__ import annotations

from typing import Any

import yaml

from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import ClassMethod, bind
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown, Value

HOSTS: dict[str, Any] = {
    "BaseLoader": yaml.BaseLoader, "SafeLoader": yaml.SafeLoader, "CSafeLoader": yaml.SafeLoader,
    "CBaseLoader": yaml.BaseLoader, **dict.fromkeys(("FullLoader", "CFullLoader", "Loader", "CLoader", "UnsafeLoader"),
                                                    yaml.SafeLoader),
}  # fmt: skip
"""Loader class to the one of PyYAML that reads for it."""
SAFE = frozenset({"BaseLoader", "SafeLoader", "CSafeLoader", "CBaseLoader"})
"""Those that make no Python objects."""
_CONSTRUCTORS = ("construct_scalar", "construct_sequence", "construct_mapping", "construct_object", "construct_pairs")
_LEFT_ALONE = frozenset({"__doc__", "__module__", "__qualname__", "__annotations__"})
_KEY = "yaml loaders"


def loader_classes(session: Session) -> dict[str, ClassValue]:
    """PyYAML's loader classes in this session, by name."""
    found: dict[str, ClassValue] | None = session.library.get(_KEY)
    if found is None:
        found = session.library[_KEY] = {name: _loader_class(name) for name in HOSTS}
    return found


def _loader_class(name: str) -> ClassValue:
    methods = {name: NativeFunction(name, _unread, takes_unknown=True) for name in _CONSTRUCTORS}
    adders = {
        name: ClassMethod(NativeFunction(name, run, takes_unknown=True))
        for name, run in {
            "add_constructor": add_constructor,
            "add_multi_constructor": _add_multi_constructor,
            "add_implicit_resolver": _add_resolver,
            "add_path_resolver": _add_resolver,
        }.items()
    }
    starts = {"__init__": NativeFunction("__init__", _start, takes_unknown=True)}
    made = ClassValue(name, (), {**starts, **methods, **adders}, module_name="yaml", construct=_construct)
    made.data["yaml loader"] = name
    return made


def _unread(at: At, *args: Any, **kwargs: Any) -> Any:
    return Unknown("a YAML loader that is used by hand", at)


def _start(at: At, self: Any, stream: Any) -> None:
    """``Loader.__init__``: STREAM is what will be read."""
    if isinstance(self, _Loader):
        self.stream = stream


def _construct(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    return _unread(at)


def add_constructor(at: At, cls: Any, tag: Any, constructor: Any) -> None:
    """``Loader.add_constructor(tag, constructor)``."""
    _own(cls)["constructors"][tag] = constructor


def _add_multi_constructor(at: At, cls: Any, tag_prefix: Any, multi_constructor: Any) -> None:
    _own(cls)["multi"][tag_prefix] = multi_constructor


def _add_resolver(at: At, cls: Any, *args: Any, **kwargs: Any) -> None:
    _own(cls)["resolvers"][True] = True


def _own(cls: Any) -> dict[str, dict[Any, Any]]:
    made: dict[str, dict[Any, Any]] = cls.data.setdefault(
        "yaml own", {"constructors": {}, "multi": {}, "resolvers": {}}
    )
    return made


def reader_of(cls: Any, source: Any, at: At) -> tuple[str, Any, Any] | Unknown:
    """For SOURCE: the loader class of PyYAML that CLS derives from, by name, the class that reads for it, and what that
    is to read, which an ``__init__`` of the file's own may have changed.

    Unknown where a class of the file's own does more than say how tags are read.
    """
    mro = cls.mro if isinstance(cls, ClassValue) else ()
    name = next((base.data["yaml loader"] for base in mro if "yaml loader" in base.data), None)
    if name is None:
        return Unknown("a YAML loader of the file's own", at)
    own: dict[str, dict[Any, Any]] = {"constructors": {}, "multi": {}, "resolvers": {}}
    for base in reversed(mro):
        if "yaml loader" not in base.data and any(_is_override(name) for name in base.attributes):
            return Unknown("a YAML loader of the file's own", at)
        for kind, found in base.data.get("yaml own", {}).items():
            own[kind].update(found)
    if own["resolvers"]:
        return Unknown("a YAML loader with resolvers of its own", at)
    if not own["constructors"] and not own["multi"]:
        return name, HOSTS[name], source
    loader = _Loader(cls)
    loader.stream = source
    init = bind(cls.lookup("__init__"), loader, cls, at)
    call(init, [source], {}, at)
    reader: Any = type(cls.name, (HOSTS[name],), {})
    for tag, function in own["constructors"].items():
        reader.add_constructor(tag, _calls(function, loader, at))
    for prefix, function in own["multi"].items():
        reader.add_multi_constructor(prefix, _calls(function, loader, at))
    return name, reader, loader.stream


def _is_override(name: str) -> bool:
    return name not in _LEFT_ALONE and name != "__init__" and (name.startswith("__") or hasattr(yaml.Loader, name))


def _calls(function: Any, loader: _Loader, at: At) -> Any:
    def run(reader: Any, *args: Any) -> Any:
        loader.reader = reader
        return call(function, [loader, *map(_shown, args)], {}, at)

    return run


class _Loader(Instance):
    """The loader at work, as a constructor gets it."""

    reader: Any = None
    stream: Any = None

    def __init__(self, cls: ClassValue) -> None:
        super().__init__(cls, {})

    def get_attribute(self, name: str, at: At) -> Any:
        """What constructs nodes; what the file's class has."""
        if name not in _CONSTRUCTORS:
            known = name in self.attributes or name == "__class__" or self.cls.owner_of(name)
            return super().get_attribute(name, at) if known else Unknown(f"{name} of a YAML loader", at)
        return NativeFunction(name, lambda at, node, deep=False: self._constructed(name, node, deep, at))

    def _constructed(self, name: str, node: Any, deep: Any, at: At) -> Any:
        if not isinstance(node, _Node):
            return Unknown("what is no node of a YAML document", at)
        if name == "construct_scalar":
            return self.reader.construct_scalar(node.node)
        return getattr(self.reader, name)(node.node, deep=True)  # what is inside is made at once: it is looked into


class _Node(Value):
    """A node of a YAML document."""

    type_name = "Node"

    def __init__(self, node: yaml.Node) -> None:
        self.node = node

    def get_attribute(self, name: str, at: At) -> Any:
        """``tag`` and ``value``."""
        if name == "tag":
            return self.node.tag
        return _shown(self.node.value) if name == "value" else Unknown(f"{name} of a YAML node", at)


def _shown(value: Any) -> Any:
    if isinstance(value, yaml.Node):
        return _Node(value)
    if isinstance(value, list | tuple):
        return type(value)(map(_shown, value))
    return value
