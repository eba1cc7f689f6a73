"""``environs``: ``Env()`` and its parsers over the environment that the folder's settings give.

A variable that is not given and has no default is Unknown, not an error: who leaves a variable out of the settings has
not said that it is missing where the tasks run. The rules are those of environs 14 (``environs.Env``).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value
from goflow.parser.libraries.environment import Environment, environment_of, load_env_file
from goflow.parser.libraries.registry import module

_TRUE = frozenset({"t", "T", "true", "True", "TRUE", "on", "On", "ON", "y", "Y", "yes", "Yes", "YES", "1"})
_FALSE = frozenset({"f", "F", "false", "False", "FALSE", "off", "Off", "OFF", "n", "N", "no", "No", "NO", "0"})
_MISSING = object()


class EnvironsEnv(Value):
    """An ``Env``; PREFIX is put before every name (``with env.prefixed(...)``)."""

    type_name = "Env"

    def __init__(self, environment: Environment, prefix: str = "") -> None:
        self.environment, self.prefix = environment, prefix

    def call(self, args: Any, kwargs: Any, at: At) -> Any:
        """``env(name, default)``: the text."""
        return self._parser("str").call(args, kwargs, at)

    def get_attribute(self, name: str, at: At) -> Any:
        """A parser by its name; what no parser is for is Unknown."""
        if name in _PARSERS:
            return self._parser(name)
        if name == "read_env":
            return NativeFunction(name, self._read)
        if name == "prefixed":
            return NativeFunction(name, lambda at, prefix: _Prefixed(self, prefix))
        return Unknown(f"{name} of environs.Env", at)

    def _read(self, at: At, path: Any = None, recurse: Any = True, verbose: Any = False, override: Any = False) -> Any:
        return load_env_file(at, path, override=bool(override), upwards=bool(recurse))

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """Changes nothing that is known."""

    def _parser(self, kind: str) -> NativeFunction:
        def parse(at: At, name: Any, default: Any = _MISSING, *, subcast: Any = None, **others: Any) -> Any:
            if isinstance(name, Unknown):
                return name
            text = self.environment.ask(f"{self.prefix}{name}")
            if isinstance(text, Unknown):
                return text
            if text is None:
                missing = Unknown(f"the environment variable {self.prefix}{name}, which is not given", at)
                return missing if default is _MISSING else default
            if others or (subcast is not None and kind != "list"):
                return Unknown(f"what environs makes of {name}", at)
            try:
                found = _PARSERS[kind](text)
            except ValueError:
                return Unknown(f"what environs makes of {name}", at)
            if subcast is None:
                return found
            cast = {"int": int, "float": float, "str": str}.get(getattr(subcast, "name", ""))
            return [cast(one) for one in found] if cast else Unknown(f"what environs makes of {name}", at)

        return NativeFunction(kind, parse, takes_unknown=True)


class _Prefixed(Value):
    """``with env.prefixed("P_"):`` holds for the same ENV until the block ends."""

    type_name = "_GeneratorContextManager"

    def __init__(self, env: EnvironsEnv, prefix: str) -> None:
        self.env, self.prefix, self.before = env, prefix, env.prefix

    def enter(self, at: At) -> Any:
        """The same Env, with the prefix."""
        self.env.prefix = f"{self.before}{self.prefix}"
        return self.env

    def leave(self, problem: Any, at: At) -> bool:
        """Takes the prefix away."""
        self.env.prefix = self.before
        return False


def _boolean(text: str) -> bool:
    if text not in _TRUE | _FALSE:
        raise ValueError(text)
    return text in _TRUE


def _dictionary(text: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in text.split(",")] if text else []
    if not all(separator for _, separator, _ in pairs):
        raise ValueError(text)
    return {name.strip(): value.strip() for name, _, value in pairs}


_PARSERS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "float": float,
    "bool": _boolean,
    "list": lambda text: text.split(",") if text else [],
    "dict": _dictionary,
    "json": json.loads,
}


@module("environs")
def build(session: Session) -> dict[str, Any]:
    """``environs``: the class ``Env``."""
    environment = environment_of(session)
    return {"Env": NativeFunction("Env", lambda at, /, *_, **__: EnvironsEnv(environment))}
