"""``re``, ``string``, ``textwrap``, ``urllib``, ``html``, ``io``: work on texts."""

from __future__ import annotations

import html
import re
import string
import textwrap
import urllib.parse
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.files import MemoryFile, OpenFile
from goflow.parser.interpreter.session import BudgetError, Session
from goflow.parser.interpreter.shown import text
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown, Value, first_unknown
from goflow.parser.libraries.registry import function, module, native_class, unknown_function
from goflow.parser.limits import TimeIsUpError, at_most, on_main_thread

LONGEST_SUBJECT = 200_000
LONGEST_PATTERN_S = 5.0


class Matcher(Value):
    """A compiled pattern, or a match: Python's own object, asked by name."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.type_name = type(inner).__name__

    def get_attribute(self, name: str, at: At) -> Any:
        """An attribute or method of it."""
        if name.startswith("_") or not hasattr(self.inner, name):
            return super().get_attribute(name, at)
        found = getattr(self.inner, name)
        if not callable(found):
            return found
        return NativeFunction(name, lambda at, /, *args, **kwargs: run_pattern(at, found, args, kwargs))

    def get_item(self, key: Any, at: At) -> Any:
        """A group."""
        return at.session.guarded(lambda at: self.inner[key], at, (), {}, "group")


def wrapped(found: Any) -> Any:
    """Python's patterns and matches as values of ours."""
    if isinstance(found, re.Match | re.Pattern):
        return Matcher(found)
    return [wrapped(inner) for inner in found] if isinstance(found, list) else found


def run_pattern(at: At, run: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call a function of ``re``; replacements that are functions of the file are called through the evaluator."""
    plain = [arg.inner if isinstance(arg, Matcher) else arg for arg in args]
    for index, arg in enumerate(plain):
        if isinstance(arg, str):
            at.session.budget.check_size(len(arg) * (1_000_000 // LONGEST_SUBJECT), at)
        if isinstance(arg, Value):
            plain[index] = lambda match, arg=arg: call(arg, [Matcher(match)], {}, at)

    def in_time() -> Any:
        with at_most(LONGEST_PATTERN_S):
            found = run(*plain, **kwargs)
            return list(found) if type(found).__name__ == "callable_iterator" else found

    try:
        found = on_main_thread(in_time)
    except TimeIsUpError:
        raise BudgetError(f"more than {LONGEST_PATTERN_S:g} s in a regular expression", at) from None
    return wrapped(found)


@module("re")
def build_re(session: Session) -> dict[str, Any]:
    """``re``."""
    names = ("compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer", "escape")
    found: dict[str, Any] = {
        name: function(name, lambda at, *a, run=getattr(re, name), **k: run_pattern(at, run, a, k)) for name in names
    }
    for kind in (re.Pattern, re.Match):
        found[kind.__name__] = native_class(kind.__name__, "re")
        found[kind.__name__].data["has_instance"] = lambda value, name=kind.__name__: (
            isinstance(value, Matcher) and value.type_name == name
        )
    found["RegexFlag"] = function("RegexFlag", lambda at, flag: int(re.RegexFlag(flag)))
    flags = ("IGNORECASE", "I", "MULTILINE", "M", "DOTALL", "S", "VERBOSE", "X", "ASCII", "A", "UNICODE", "U",
             "LOCALE", "L", "NOFLAG")  # fmt: skip
    return found | {name: int(getattr(re, name)) for name in flags} | {"error": session.exceptions["re.error"]}


class Template(Value):
    """``string.Template``."""

    type_name = "Template"

    def __init__(self, text: str) -> None:
        self.inner = string.Template(text)

    def get_attribute(self, name: str, at: At) -> Any:
        """``substitute``, ``safe_substitute``, ``template``."""
        if name in {"substitute", "safe_substitute"}:
            return NativeFunction(
                name, lambda at, /, *args, **kwargs: self._filled(getattr(self.inner, name), args, kwargs, at)
            )
        return self.inner.template if name == "template" else super().get_attribute(name, at)

    def _filled(self, run: Callable[..., Any], args: Arguments, kwargs: Keywords, at: At) -> Any:
        given = host.as_mapping(args[0], at) if args else {}
        if isinstance(given, Unknown):
            return given
        texts = {name: text(value, at) for name, value in {**given, **kwargs}.items()}
        unknown = first_unknown(texts)
        return unknown if unknown is not None else run(texts)


def _formatter_class() -> ClassValue:
    """``string.Formatter``: as ``str.format``; what a class of the file's makes of it by its own methods is unknown."""

    def formatted(at: At, self: Instance, template: Any, args: Any, kwargs: Any) -> Any:
        if self.cls is not made or not isinstance(template, str):
            return Unknown("what a formatter of the file's own gives", at)
        return host.call_method(template, "format", list(args), dict(kwargs), at)

    made = native_class("Formatter", "string")
    made.attributes["format"] = NativeFunction(
        "format", lambda at, self, template, /, *args, **kwargs: formatted(at, self, template, args, kwargs)
    )
    made.attributes["vformat"] = NativeFunction("vformat", formatted)
    for name in ("parse", "get_field", "get_value", "format_field", "convert_field", "check_unused_args"):
        made.attributes[name] = unknown_function(name, f"string.Formatter.{name}, which is not read")
    return made


@module("string")
def build_string(session: Session) -> dict[str, Any]:
    """``string``."""
    names = ("ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits", "punctuation", "whitespace",
             "printable", "octdigits")  # fmt: skip
    found: dict[str, Any] = {name: getattr(string, name) for name in names}
    return found | {
        "Template": function("Template", lambda at, text: Template(text)),
        "Formatter": _formatter_class(),
        "capwords": function("capwords", lambda at, *args: string.capwords(*args)),
    }


@module("textwrap")
def build_textwrap(session: Session) -> dict[str, Any]:
    """``textwrap``."""
    names = ("dedent", "indent", "fill", "shorten", "wrap")
    found = {name: function(name, lambda at, *a, run=getattr(textwrap, name), **k: run(*a, **k)) for name in names}
    return found | {"indent": function("indent", _indent), "TextWrapper": function("TextWrapper", _wrapper)}


class Wrapper(Value):
    """``textwrap.TextWrapper``: Python's own, whose settings may be set."""

    type_name = "TextWrapper"

    def __init__(self, inner: textwrap.TextWrapper) -> None:
        self.inner = inner

    def get_attribute(self, name: str, at: At) -> Any:
        """``wrap``, ``fill`` and the settings."""
        if name in {"wrap", "fill"}:
            return function(name, lambda at, text: self._wrapped(getattr(self.inner, name), text, at))
        return vars(self.inner)[name] if name in vars(self.inner) else super().get_attribute(name, at)

    def _wrapped(self, run: Callable[[str], Any], text: Any, at: At) -> Any:
        unknown = first_unknown(vars(self.inner))
        if unknown is not None:
            return unknown
        indent = max(len(self.inner.initial_indent), len(self.inner.subsequent_indent), 1)
        at.session.budget.check_size(len(text) * indent, at)
        return run(text)

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """A setting."""
        at.session.journal.touch(vars(self.inner))
        setattr(self.inner, name, value)


def _wrapper(at: At, width: Any = 70, **settings: Any) -> Wrapper:
    return Wrapper(textwrap.TextWrapper(width, **settings))


def _indent(at: At, text: Any, prefix: Any, predicate: Any = None) -> Any:
    if predicate is not None:
        return Unknown("textwrap.indent with a function", at)
    if isinstance(text, str) and isinstance(prefix, str):
        at.session.budget.check_size(len(text) + (text.count("\n") + 1) * len(prefix), at)
    return textwrap.indent(text, prefix)


@module("html")
def build_html(session: Session) -> dict[str, Any]:
    """``html``."""
    return {name: function(name, lambda at, *a, run=getattr(html, name): run(*a)) for name in ("escape", "unescape")}


@module("urllib")
def build_urllib(session: Session) -> dict[str, Any]:
    """``urllib``."""
    return {}


@module("urllib.parse")
def build_urllib_parse(session: Session) -> dict[str, Any]:
    """``urllib.parse``."""
    names = ("quote", "quote_plus", "unquote", "unquote_plus", "urlencode", "urljoin", "urlparse", "urlsplit",
             "urlunparse", "urlunsplit", "parse_qs", "parse_qsl")  # fmt: skip
    return {name: function(name, lambda at, *a, run=getattr(urllib.parse, name), **k: run(*a, **k)) for name in names}


@module("io")
def build_io(session: Session) -> dict[str, Any]:
    """``io``."""
    return {
        "StringIO": function("StringIO", lambda at, text="": MemoryFile(text)),
        "BytesIO": function("BytesIO", lambda at, content=b"": OpenFile(content)),
    }
