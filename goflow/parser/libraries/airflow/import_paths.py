"""Where Airflow keeps its names: which module of which Airflow has a name, and what it is called today.

The facts lie in text files beside this module, gained by importing Airflow 2.11.2 and 3.3.2 and asking them
(``tools/catalogue/names.py`` asks them again):

``facts/names.txt``
    ``module|versions|names of both|names of Airflow 2 only|names of Airflow 3 only``; a ``*`` among the names says
    that the list is not complete.
``facts/borrowed.txt``
    ``module|names of both|names of Airflow 2 only|names of Airflow 3 only``: names that a module only has because it
    imports them itself, from the standard library or another package; ``name=origin`` where the two differ.
``facts/moves.txt``
    ``old.module new.module Name OldName=NewName ...``: where a name of Airflow 1.10 or 2 went.
``facts/gone.txt``
    ``path|hint``: what to write in place of a module or name of 1.10 that became of nothing.

What only Airflow 1.10 had stands among the names of Airflow 2, as far as a provider of today has it
(``tools/catalogue/first_names.py`` finds it): a file that Airflow 2 would refuse for it is read all the same.

Providers (``airflow.providers.*``) are not listed: which of them are installed is not known to the reader, so each of
their modules is taken to be there.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from goflow.domain.spec import Dialect

STANDARD_PROVIDER = "airflow.providers.standard"


@dataclass(frozen=True, slots=True)
class ModuleNames:
    """The public names of one module of Airflow, by dialect; None where that dialect does not have the module."""

    airflow2: frozenset[str] | None
    airflow3: frozenset[str] | None

    def of(self, dialect: Dialect) -> frozenset[str] | None:
        """The names under DIALECT; None: it has no such module."""
        return self.airflow2 if dialect is Dialect.AIRFLOW2 else self.airflow3


def other(dialect: Dialect) -> Dialect:
    """The dialect that is not DIALECT."""
    return Dialect.AIRFLOW3 if dialect is Dialect.AIRFLOW2 else Dialect.AIRFLOW2


def has_module(module: str, dialect: Dialect) -> bool:
    """Whether Airflow of that DIALECT has MODULE (a package counts when any module below it does)."""
    if is_provider(module):
        return True
    names = _names().get(module)
    if names is None:
        return module in _packages(dialect)
    return names.of(dialect) is not None


def has_name(module: str, name: str, dialect: Dialect) -> bool | None:
    """Whether MODULE has NAME under DIALECT; None where it cannot be told (private names, incomplete lists)."""
    if is_provider(module):
        return None
    known = _names().get(module)
    names = known.of(dialect) if known else None
    if names is None:
        return f"{module}.{name}" in _packages(dialect)
    if name in names or has_module(f"{module}.{name}", dialect) or name in borrowed_by(module, dialect):
        return True
    return None if name.startswith("_") or "*" in names else False


def names_of(module: str, dialect: Dialect) -> frozenset[str]:
    """The public names that MODULE is known to have under DIALECT."""
    known = _names().get(module)
    return (known.of(dialect) if known else None) or frozenset()


def modules_of(dialect: Dialect) -> list[str]:
    """The modules of Airflow under DIALECT, providers left out."""
    return [module for module, names in _names().items() if names.of(dialect) is not None]


def borrowed_by(module: str, dialect: Dialect) -> Mapping[str, str]:
    """What MODULE has only because it imports it itself: the path (``datetime.timedelta``, ``os``) for each name."""
    both, two, three = _borrowed().get(module, ({}, {}, {}))
    return {**both, **(two if dialect is Dialect.AIRFLOW2 else three)}


def is_provider(module: str) -> bool:
    """Whether MODULE belongs to a provider, installed apart from Airflow."""
    return module == "airflow.providers" or module.startswith("airflow.providers.")


def canonical(path: str) -> str:
    """The import path under which Airflow 3 knows what PATH (``module.Name``) names; PATH itself if it never moved."""
    seen = {path}
    while True:
        module, _, name = path.rpartition(".")
        moved = _moves().get(module, {})
        target = moved.get(name) or (f"{moved['*']}.{name}" if "*" in moved else None)
        if target is None or target in seen:
            return path
        path = target
        seen.add(path)


def what_became_of(path: str) -> str:
    """What takes the place of PATH, a module or a name that Airflow 1.10 had and no provider has; empty: not known."""
    while path:
        if path in _gone():
            return _gone()[path]
        path = path.rpartition(".")[0]
    return ""


@functools.cache
def _gone() -> dict[str, str]:
    return dict(line.split("|", 1) for line in _lines("gone.txt"))


@functools.cache
def home_of(name: str, dialect: Dialect) -> str:
    """A module of DIALECT that has NAME: that of the SDK first; ``airflow`` where none is known."""
    homes = (module for module, names in _names().items() if name in (names.of(dialect) or ()))
    return min(homes, key=lambda module: (module != "airflow.sdk", len(module), module), default="airflow")


@functools.cache
def _names() -> dict[str, ModuleNames]:
    table = {}
    for line in _lines("names.txt"):
        module, versions, both, only2, only3 = line.split("|")
        common = both.split()
        table[module] = ModuleNames(
            frozenset((*common, *only2.split())) if "2" in versions else None,
            frozenset((*common, *only3.split())) if "3" in versions else None,
        )
    return table


@functools.cache
def _borrowed() -> dict[str, tuple[dict[str, str], ...]]:
    table = {}
    for line in _lines("borrowed.txt"):
        module, *columns = line.split("|")
        entries = ([entry.partition("=") for entry in column.split()] for column in columns)
        table[module] = tuple({name: origin or name for name, _, origin in column} for column in entries)
    return table


@functools.cache
def _packages(dialect: Dialect) -> frozenset[str]:
    """Every package above a module that DIALECT has."""
    packages: set[str] = set()
    for module, names in _names().items():
        if names.of(dialect) is not None:
            parts = module.split(".")
            packages.update(".".join(parts[:length]) for length in range(1, len(parts)))
    return frozenset(packages)


@functools.cache
def _moves() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = {}
    for line in _lines("moves.txt"):
        old, new, *names = line.split()
        moved = table.setdefault(old, {})
        for entry in names:
            name, _, now = entry.partition("=")
            moved[name] = new if name == "*" else f"{new}.{now or name}"
    return table


def _lines(name: str) -> list[str]:
    return (files(__package__) / "facts" / name).read_text("utf-8").splitlines()
