"""``re``, ``string``, ``textwrap``, ``hashlib``, ``base64``, ``urllib``, ``html``, ``io``: work on texts."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import string
import textwrap
import urllib.parse
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter import host
from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.files import MemoryFile, OpenFile
from goflow.parser.interpreter.operations import text
from goflow.parser.interpreter.session import BudgetError, Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown, Value, first_unknown
from goflow.parser.libraries.registry import function, module
from goflow.parser.limits import TimeIsUpError, at_most

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
    try:
        with at_most(LONGEST_PATTERN_S):
            found = run(*plain, **kwargs)
            if type(found).__name__ == "callable_iterator":
                found = list(found)
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
    flags = ("IGNORECASE", "I", "MULTILINE", "M", "DOTALL", "S", "VERBOSE", "X", "ASCII", "A", "UNICODE", "U")
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


@module("string")
def build_string(session: Session) -> dict[str, Any]:
    """``string``."""
    names = ("ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits", "punctuation", "whitespace",
             "printable", "octdigits")  # fmt: skip
    found: dict[str, Any] = {name: getattr(string, name) for name in names}
    return found | {
        "Template": function("Template", lambda at, text: Template(text)),
        "capwords": function("capwords", lambda at, *args: string.capwords(*args)),
    }


@module("textwrap")
def build_textwrap(session: Session) -> dict[str, Any]:
    """``textwrap``."""
    names = ("dedent", "indent", "fill", "shorten", "wrap")
    found = {name: function(name, lambda at, *a, run=getattr(textwrap, name), **k: run(*a, **k)) for name in names}
    return found | {"indent": function("indent", _indent)}


def _indent(at: At, text: Any, prefix: Any, predicate: Any = None) -> Any:
    if predicate is not None:
        return Unknown("textwrap.indent with a function", at)
    if isinstance(text, str) and isinstance(prefix, str):
        at.session.budget.check_size(len(text) + (text.count("\n") + 1) * len(prefix), at)
    return textwrap.indent(text, prefix)


@module("hashlib")
def build_hashlib(session: Session) -> dict[str, Any]:
    """``hashlib``."""

    def make(name: str) -> NativeFunction:
        return function(name, lambda at, content=b"", **_: Digest(hashlib.new(name, content)))

    return {name: make(name) for name in ("md5", "sha1", "sha256", "sha512", "sha224", "sha384", "blake2b")}


class Digest(Value):
    """A hash under way."""

    type_name = "HASH"

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def get_attribute(self, name: str, at: At) -> Any:
        """``hexdigest``, ``digest``, ``update``."""
        if name in {"hexdigest", "digest", "update"}:
            return NativeFunction(name, lambda at, *args: getattr(self.inner, name)(*args))
        return super().get_attribute(name, at)


@module("base64")
def build_base64(session: Session) -> dict[str, Any]:
    """``base64``."""
    names = ("b64encode", "b64decode", "urlsafe_b64encode", "urlsafe_b64decode", "b32encode", "b32decode")
    return {name: function(name, lambda at, *a, run=getattr(base64, name): run(*a)) for name in names}


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
