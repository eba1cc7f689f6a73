"""The environment that a file sees, and ``.env`` files that it loads into it (``dotenv``)."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

from goflow.parser.folder import kind_of_path
from goflow.parser.interpreter.exceptions import make_exception
from goflow.parser.interpreter.plain_values import plain_host, type_name
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Raised, Unknown, Value, raised
from goflow.parser.libraries.registry import function, module

IN_EVERY_CONTAINER = frozenset({"PATH", "HOME", "PWD", "HOSTNAME", "AIRFLOW_HOME"})
"""Variables that a process always has, whatever the folder's settings say: what they are is known only there."""


class Environment(Value):
    """``os.environ``: exactly what the folder's settings give; what is asked for is recorded."""

    type_name = "_Environ"

    def __init__(self, session: Session) -> None:
        self.given = session.inputs.environment
        self.values: dict[str, Any] = dict(self.given)
        self.secret = session.inputs.secret_environment
        self.used = session.environment_used
        self.unsure: Unknown | None = None
        """What a name is that is not among the values, once there are some that nobody knows."""

    def ask(self, name: str) -> Any:
        """The variable NAME, or None; Unknown where the file itself has set it to what is not known."""
        if name not in self.secret:  # what it holds when the task imports the file is not ours to say
            self.used.setdefault(name, self.given.get(name))
        return self.values.get(name, self.unsure)

    def _asked(self, name: Any, at: At) -> Any:
        """What `ask` gives for a NAME that `_name` gave; Unknown where every container has a value of its own."""
        if isinstance(name, Unknown):
            return name
        found = self.ask(name)
        if found is None and name in self.secret:
            return Unknown(f"{name}, which comes from a Secret or the daemon's environment", at)
        return Unknown(f"{name} in the task's container", at) if found is None and name in IN_EVERY_CONTAINER else found

    def _any_becomes(self, unknown: Unknown) -> None:
        """Nobody knows which of the variables was set or deleted."""
        self.values.update(dict.fromkeys(self.values, unknown))

    def get_item(self, key: Any, at: At) -> Any:
        """KeyError when it is absent."""
        key = _name(key, at)
        found = self._asked(key, at)
        if found is None:
            problem = make_exception(at.session, "KeyError", (key,))
            problem.data = {"code": "GF008", "hint": f"say what {key} is under environment in goflow.yaml"}
            raise Raised(problem, at)
        return found

    def set_item(self, key: Any, value: Any, at: At) -> None:
        """For what follows in this file."""
        key, value = _name(key, at), _name(value, at)
        at.session.journal.touch(self.values)
        if isinstance(key, Unknown):  # or one more
            self._any_becomes(key)
        else:
            self.values[key] = value

    def delete_item(self, key: Any, at: At) -> None:
        """``del os.environ[key]``."""
        self._pop(at, key)

    def contains(self, item: Any, at: At) -> Any:
        """Whether it is given."""
        found = self._asked(_name(item, at), at)
        return found if isinstance(found, Unknown) else found is not None

    def iterate(self, at: At) -> Iterator[Any]:
        """The names given."""
        return iter(list(self.mapping(at)))

    def mapping(self, at: At) -> Any:
        """``**os.environ``: all that is given."""
        for name in self.values:
            self.ask(name)
        return {name: self._asked(name, at) for name in sorted(self.secret - self.values.keys())} | self.values

    def get_attribute(self, name: str, at: At) -> Any:
        """``get``, ``copy``, ``setdefault``, ``items`` and so on."""
        match name:
            case "get":
                return NativeFunction(name, self._get, takes_unknown=True)
            case "setdefault":
                return NativeFunction(name, self._setdefault, takes_unknown=True)
            case "copy":
                return NativeFunction(name, lambda at: self.mapping(at))
            case "items" | "keys" | "values":
                return NativeFunction(name, lambda at: list(getattr(self.mapping(at), name)()))
            case "update":
                return NativeFunction(name, self._update, takes_unknown=True)
            case "pop":
                return NativeFunction(name, self._pop, takes_unknown=True)
        return super().get_attribute(name, at)

    def _get(self, at: At, key: Any, default: Any = None) -> Any:
        found = self._asked(_name(key, at), at)
        return default if found is None else found

    def _setdefault(self, at: At, key: Any, default: Any = "") -> Any:
        name = _name(key, at)
        if isinstance(name, Unknown):
            return name
        found = self.ask(name)
        if found is None and name in self.secret:
            return self._asked(name, at)
        if found is None:
            self.set_item(name, default, at)
        return self.values[name]

    def _update(self, at: At, *more: Any, **named: Any) -> None:
        from goflow.parser.interpreter.host import as_mapping

        for mapping in (*(as_mapping(one, at) for one in more), named):
            if isinstance(mapping, Unknown):
                self.set_item(mapping, mapping, at)
            else:
                for key, value in mapping.items():
                    self.set_item(key, value, at)

    def _pop(self, at: At, key: Any, *default: Any) -> Any:
        found = self.get_item(key, at) if not default else self._get(at, key, *default)
        name = _name(key, at)
        at.session.journal.touch(self.values)
        if isinstance(name, Unknown):
            self._any_becomes(name)
        else:
            self.values.pop(name, None)
        return found


def _name(value: Any, at: At) -> Any:
    """VALUE as a text, or Unknown. TypeError for anything else, as ``os.environ`` has it."""
    value = plain_host(value)
    if not isinstance(value, str | Unknown):
        raised(at, "TypeError", f"str expected, not {type_name(value)}")
    return value


def environment_of(session: Session) -> Environment:
    """The environment of SESSION."""
    found: Environment = session.library.setdefault("environment", Environment(session))
    return found


# .env files ------------------------------------------------------------------------------------------------------

_LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[^\s=#'"]+)\s*(?:=[^\S\n]*(?P<value>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^\n]*?))?"""
    r"[^\S\n]*(?:(?:^|(?<=\s))\#[^\n]*)?$",
)
_ESCAPED = re.compile(r"\\(.)")
_MEANT = {"n": "\n", "t": "\t", "r": "\r"}


def load_env_file(at: At, path: Any = None, *, override: bool = False, upwards: bool = True) -> Any:
    """Take what a ``.env`` file says into the environment, what is given already before it unless it may OVERRIDE.

    PATH is the file's, by default ``.env`` beside the file that asks; looked for UPWARDS as far as the DAG folder.
    Unknown where there is none: whether there is one above the folder, only the container knows.
    """
    found = _env_file(at, path, upwards=upwards)
    if isinstance(found, Unknown):
        return found
    environment = environment_of(at.session)
    values = env_values(found, at)
    if values is None:
        environment.unsure = Unknown(f"a line of {found} that is not read", at)
        return True
    for name, value in values.items():
        if override or environment.values.get(name) is None:
            environment.set_item(name, value, at)
    return True


def _env_file(at: At, path: Any, *, upwards: bool) -> Any:
    """Where the file lies, as the DAG file would say it."""
    loader = at.session.loader
    told = posixpath.join(posixpath.dirname(loader.told(at.session.root / at.module.path)), ".env")
    if path is not None:
        told = str(getattr(path, "told", path))
        if not posixpath.isabs(told):
            return Unknown("the working folder", at)
    folder, name = posixpath.split(told)
    while True:
        real = loader.real(posixpath.join(folder, name))
        if real.is_relative_to(at.session.root):
            if real.is_file():
                return posixpath.join(folder, name)
            at.session.closure.setdefault(loader.shown(real), kind_of_path(real))
        if not upwards or real.parent == at.session.root or not real.is_relative_to(at.session.root):
            return Unknown(f"a file {name} that is not in the DAG folder", at)
        folder = posixpath.dirname(folder)


def env_values(told: str, at: At) -> dict[str, Any] | None:
    """What the file TOLD says: texts by name, Unknown where one refers to others; None where a line is not read."""
    found: dict[str, Any] = {}
    for line in at.session.loader.read_text(at.session.loader.real(told), at).splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        said = _LINE.match(line)
        if said is None:  # of more than one line, say: what follows may be anything
            return None
        value = said["value"]
        if value is None:
            continue
        if "${" in value and not value.startswith("'"):
            found[said["name"]] = Unknown(f"what {said['name']} refers to in {told}", at)
        elif value[:1] in {"'", '"'} and len(value) > 1 and value[-1] == value[0]:
            found[said["name"]] = _unquoted(value)
        else:
            found[said["name"]] = re.split(r"\s+#", value)[0].rstrip()
    return found


def _unquoted(value: str) -> str:
    if value[0] == "'":
        return _ESCAPED.sub(lambda one: one[1] if one[1] in "\\'" else one[0], value[1:-1])
    return _ESCAPED.sub(lambda one: _MEANT.get(one[1], one[1] if one[1] in "\\'\"" else one[0]), value[1:-1])


@module("dotenv")
def build_dotenv(session: Session) -> dict[str, Any]:
    """``dotenv``."""

    return {"load_dotenv": function("load_dotenv", _load), "dotenv_values": function("dotenv_values", _values)}


def _load(
    at: At, dotenv_path: Any = None, stream: Any = None, verbose: Any = False, override: Any = False, **_: Any
) -> Any:
    if stream is not None:
        return Unknown("what dotenv reads from a stream", at)
    return load_env_file(at, dotenv_path, override=bool(override), upwards=dotenv_path is None)


def _values(at: At, dotenv_path: Any = None, **_: Any) -> Any:
    found = _env_file(at, dotenv_path, upwards=dotenv_path is None)
    values = found if isinstance(found, Unknown) else env_values(found, at)
    return Unknown(f"a line of {found} that is not read", at) if values is None else values
