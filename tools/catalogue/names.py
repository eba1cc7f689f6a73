#!/usr/bin/env python3
"""Hold the names that Airflow's modules have, as the reader knows them, against an installed Airflow.

    VENV/bin/python tools/catalogue/names.py goflow/parser/libraries/airflow/facts [--write]

Run it with the interpreter of a virtual environment with Airflow 2 and again with one of Airflow 3: each has its own
columns in ``names.txt`` and ``borrowed.txt``, which `goflow.parser.libraries.airflow.import_paths` describes. Names
that modules have and the files do not are printed, and the exit code is 1; with ``--write`` they are put into the
files. Names that are not there are printed too, and kept: mostly it takes a provider that is not installed to have
them.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path[:] = [entry for entry in sys.path if entry != str(Path(__file__).resolve().parent)]
NEVER = {"annotations", "TYPE_CHECKING"}
"""What nearly every module has, and no DAG file imports from Airflow."""
ANY = "*"
Table = dict[str, dict[str, dict[str, str]]]
"""Module to version (``2`` or ``3``) to name to where it comes from: the empty text for Airflow's own names."""


def main() -> int:
    folder = Path(sys.argv[1])
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    with contextlib.redirect_stdout(io.StringIO()):
        import airflow

        version = airflow.__version__[0]
        table = read(folder)
        found = {module: differences(module, facts[version]) for module, facts in table.items() if version in facts}
    for module, (more, less) in found.items():
        if more or less:
            print(f"{module}: not known {sorted(more)}, not there {sorted(less)}")
    if "--write" in sys.argv:
        for module, (more, _) in found.items():
            table[module][version].update(more)
        write(folder, table)
    return int(any(more for more, _ in found.values()))


def differences(module: str, known: dict[str, str]) -> tuple[dict[str, str], set[str]]:
    """What MODULE has that is not KNOWN, and what of that it does not have; neither where it cannot be imported."""
    try:
        loaded = importlib.import_module(module)
    except BaseException:
        return {}, set()
    less = {name for name in known if name != ANY and not has(loaded, name)}
    if ANY in known:  # the list is not complete, and is not meant to be
        return {}, less
    public = {name: value for name, value in vars(loaded).items() if not name.startswith("_")}
    more = {
        name: origin(name, value)
        for name, value in public.items()
        if name not in known and name not in NEVER and not is_below(value, module)
    }
    return more, less


def has(module: ModuleType, name: str) -> bool:
    """Whether MODULE has NAME, were it only as a name that a provider which is not installed would give it."""
    try:
        getattr(module, name)
    except AttributeError:
        with contextlib.suppress(BaseException):
            importlib.import_module(f"{module.__name__}.{name}")
            return True
        return False
    except BaseException:
        return True
    return True


def origin(name: str, value: Any) -> str:
    """Where VALUE comes from: the empty text for what is Airflow's own."""
    if isinstance(value, ModuleType):
        place = value.__name__
    else:
        module = getattr(value, "__module__", None)
        place = f"{module}.{getattr(value, '__qualname__', name)}" if isinstance(module, str) else ""
    return "" if not place or place.partition(".")[0] == "airflow" else place


def is_below(value: Any, module: str) -> bool:
    """Whether VALUE is a module inside MODULE: it has a line of its own, and is there once it was imported."""
    return isinstance(value, ModuleType) and value.__name__.startswith(f"{module}.")


def read(folder: Path) -> Table:
    """The two files as one table."""
    table: Table = {}
    for line in (folder / "names.txt").read_text("utf-8").splitlines():
        module, versions, *columns = line.split("|")
        table[module] = {version: dict.fromkeys(own(columns, version), "") for version in versions}
    for line in (folder / "borrowed.txt").read_text("utf-8").splitlines():
        module, *columns = line.split("|")
        for version, names in table.get(module, {}).items():
            names.update((name, place or name) for name, _, place in map(split, own(columns, version)))
    return table


def own(columns: list[str], version: str) -> list[str]:
    """The words of both versions and of VERSION."""
    return [*columns[0].split(), *columns[int(version) - 1].split()]


def split(entry: str) -> tuple[str, str, str]:
    return entry.partition("=")


def write(folder: Path, table: Table) -> None:
    """The table as the two files."""
    names, borrowed = [], []
    for module, facts in table.items():
        versions = "".join(sorted(facts))
        names.append("|".join((module, versions, *columns(facts, mine=True))))
        elsewhere = columns(facts, mine=False)
        if any(elsewhere):
            borrowed.append("|".join((module, *elsewhere)))
    (folder / "names.txt").write_text("\n".join(names) + "\n", "utf-8")
    (folder / "borrowed.txt").write_text("\n".join(sorted(borrowed, key=lambda line: line.split("|"))) + "\n", "utf-8")


def columns(facts: dict[str, dict[str, str]], *, mine: bool) -> tuple[str, ...]:
    """The words of both versions, of 2 alone and of 3 alone: Airflow's own names, or those from elsewhere."""
    words = {version: {word(name, place) for name, place in facts.get(version, {}).items() if (not place) is mine}
             for version in "23"}  # fmt: skip
    parts = (words["2"] & words["3"], words["2"] - words["3"], words["3"] - words["2"])
    return tuple(" ".join(sorted(part)) for part in parts)


def word(name: str, place: str) -> str:
    return name if place in {"", name} else f"{name}={place}"


if __name__ == "__main__":
    sys.exit(main())
