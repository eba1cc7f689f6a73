"""``configparser``: parsers that hold what they have read; a file they read belongs to what the DAG file depends on."""

from __future__ import annotations

import configparser
from typing import Any

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.exceptions import make_exception
from goflow.parser.interpreter.files import OpenFile
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Raised, Unknown, Value, first_unknown, raised
from goflow.parser.libraries.paths import path_text
from goflow.parser.libraries.registry import function, module

_READING = frozenset({"read", "read_file", "readfp"})
_CHANGING = frozenset({"set", "add_section", "remove_section", "remove_option", "clear"})
_ASKING = frozenset(
    {"get", "getint", "getfloat", "getboolean", "has_option", "has_section", "options", "sections", "items", "defaults",
     "keys", "values", "read_string", "read_dict"}
)  # fmt: skip
_ERRORS = ("Error", "NoSectionError", "NoOptionError", "DuplicateSectionError", "DuplicateOptionError",
           "InterpolationError", "MissingSectionHeaderError", "ParsingError")  # fmt: skip


class ParserValue(Value):
    """A parser, or one of its sections: HELD is Python's own object. UNKNOWN: it has read what is not known here."""

    def __init__(self, held: Any) -> None:
        self.held = held
        self.unknown: Unknown | None = None

    @property
    def type_name(self) -> str:  # type: ignore[override]
        """Its class."""
        return type(self.held).__name__

    def get_attribute(self, name: str, at: At) -> Any:
        """Its methods."""
        if self.unknown is not None:
            return self.unknown
        if name in _READING:
            return NativeFunction(name, self._read if name == "read" else self._read_file)
        if name in _CHANGING or name in _ASKING:
            if not hasattr(self.held, name):
                raised(at, "AttributeError", f"'{self.type_name}' object has no attribute '{name}'")
            return NativeFunction(name, lambda at, /, *args, **kwargs: self._run(name, args, kwargs, at))
        if name == "name":
            return getattr(self.held, "name", "")
        return Unknown(f"configparser's {name}, which is not read", at)

    def get_item(self, key: Any, at: At) -> Any:
        """A section, or an option of a section."""
        if self.unknown is not None:
            return self.unknown
        return key if isinstance(key, Unknown) else self._run("__getitem__", (key,), {}, at)

    def set_item(self, key: Any, value: Any, at: At) -> None:
        """``parser["section"] = {...}``; ``section["option"] = text``."""
        if first_unknown((key, value)) is None:
            self._run("__setitem__", (key, value), {}, at)

    def contains(self, item: Any, at: At) -> Any:
        """Whether there is such a section or option."""
        if self.unknown is not None:
            return self.unknown
        return item if isinstance(item, Unknown) else item in self.held

    def iterate(self, at: At) -> Any:
        """Over the names of its sections or options."""
        if self.unknown is not None:
            return self.unknown
        return iter(list(self.held))

    def length(self, at: At) -> Any:
        """How many."""
        return len(self.held) if self.unknown is None else self.unknown

    def truth(self, at: At) -> bool | Unknown:
        """Whether there are any."""
        return bool(len(self.held)) if self.unknown is None else self.unknown

    def mapping(self, at: At) -> dict[Any, Any]:
        """``dict(section)``."""
        return {key: _seen(value) for key, value in self.held.items()}

    def _run(self, name: str, args: Any, kwargs: Any, at: At) -> Any:
        try:
            answer = at.session.guarded(lambda at, *a, **k: getattr(self.held, name)(*a, **k), at, args, kwargs, name)
        except configparser.Error as problem:
            raise _raised(problem, at) from None
        return _seen(answer)

    def _read(self, at: At, names: Any, encoding: Any = None) -> Any:
        """``read``: the files that are there, in order; the names of those."""
        found = elements(names, at) if isinstance(names, list | tuple) else [names]
        if isinstance(found, Unknown):
            return found
        read: list[Any] = []
        loader = at.session.loader
        for name in found:
            told = path_text(name)
            if not any(loader.real(told).is_relative_to(root) for root in loader.roots):
                self.unknown = Unknown(f"the file {told}, which is outside the DAG folder", at)
                return self.unknown
            try:
                text = loader.read_text(loader.real(told), at)
            except Raised:  # as configparser does with an OSError
                continue
            self._run("read_string", (text, told), {}, at)
            read.append(told)
        return read

    def _read_file(self, at: At, source: Any, *_: Any) -> Any:
        lines = source.stream.readlines() if isinstance(source, OpenFile) else elements(source, at)
        return lines if isinstance(lines, Unknown) else self._run("read_file", (lines,), {}, at)


def _seen(answer: Any) -> Any:
    """ANSWER as the file's value: sections wrapped, views as lists."""
    if isinstance(answer, configparser.RawConfigParser | configparser.SectionProxy):
        return ParserValue(answer)
    if answer is None or isinstance(answer, str | int | float | bool):
        return answer
    if isinstance(answer, tuple):
        return tuple(_seen(inner) for inner in answer)
    return {key: _seen(value) for key, value in answer.items()} if isinstance(answer, dict) else [*map(_seen, answer)]


def _raised(problem: configparser.Error, at: At) -> Raised:
    kind = type(problem).__name__
    known = at.session.exceptions.get(f"configparser.{kind}") or at.session.exceptions["configparser.Error"]
    return Raised(make_exception(at.session, known, [problem.message]), at)


@module("configparser")
def build(session: Session) -> dict[str, Any]:
    """``configparser``."""
    base = ClassValue("Error", [session.exceptions["Exception"]], module_name="configparser")
    errors = {name: ClassValue(name, [base], module_name="configparser") for name in _ERRORS if name != "Error"}
    errors["Error"] = base
    session.exceptions |= {f"configparser.{name}": made for name, made in errors.items()}

    def make(kind: type[configparser.RawConfigParser]) -> Any:
        return lambda at, **options: ParserValue(kind(**options))

    kinds = (configparser.ConfigParser, configparser.RawConfigParser)
    return {
        **{kind.__name__: function(kind.__name__, make(kind)) for kind in kinds},
        "SafeConfigParser": function("SafeConfigParser", make(configparser.ConfigParser)),
        "ExtendedInterpolation": function("ExtendedInterpolation", lambda at: Unknown("interpolation", at)),
        **errors,
    }
