#!/usr/bin/env python3
"""Write down the constants and enumerations that the installed Airflow providers have, as one JSON file.

Run it with the interpreter of a virtual environment that has Airflow 3 and the providers of `providers.txt`:

    VENV/bin/python tools/catalogue/constants.py goflow/parser/libraries/airflow/facts/constants.json

``{module: {name: fact}}``, where a fact is a plain value (a constant of the module), ``{"$class": {name: fact}}``
(what a class has that is plain, or a class inside it), ``{"$enum": mixed, "members": {name: value}}`` (MIXED is true
where members are texts or numbers themselves), or ``{"$is": "module.Name"}`` (another name for what a provider has).
"""

from __future__ import annotations

import enum
import importlib
import inspect
import json
import logging
import os
import sys
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path[:] = [entry for entry in sys.path if entry != str(Path(__file__).resolve().parent)]
sys.path.append(str(Path(__file__).resolve().parent))
warnings.simplefilter("ignore")

import pkgutil  # noqa: E402

from generate import STAND_INS, installed, is_operator  # noqa: E402

NOTHING = object()
LONGEST = 250
WHERE = {"operators", "sensors", "transfers", "hooks", "utils", "notifications", "notifiers"}
"""The modules that DAG files import from."""
_ROOTS = {"object", "LoggingMixin", "BaseHook", "BaseTrigger", "BaseOperatorLink", "Protocol", "Generic"}


_QUERIES = {"sql_check_template", "column_checks"}
"""What operators make their queries of, which are template fields."""


def main() -> None:
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606
    logging.disable(logging.CRITICAL)
    import unittest.mock

    for name in STAND_INS:
        if name.split(".")[0] in sys.modules or importlib.util.find_spec(name.split(".")[0]) is None:
            sys.modules.setdefault(name, unittest.mock.MagicMock())
    facts: dict[str, dict[str, Any]] = {}
    for package, _ in installed():
        root = importlib.import_module(package)
        for info in pkgutil.walk_packages(root.__path__, f"{package}.", onerror=lambda name: None):
            if not WHERE & set(info.name.split(".")) or "example_dags" in info.name.split("."):
                continue
            try:
                module = importlib.import_module(info.name)
            except BaseException as problem:
                print(f"left out: {info.name}: {type(problem).__name__}: {problem}", file=sys.stderr)
                continue
            if found := of_module(module):
                facts[info.name] = found
    known = {f"{module}.{name}" for module, names in facts.items() for name in names}
    for names in facts.values():
        for name in [name for name, fact in names.items() if is_alias(fact) and fact["$is"] not in known]:
            del names[name]
    lines = [
        f"{json.dumps(module)}:{json.dumps(names, separators=(',', ':'))}" for module, names in facts.items() if names
    ]
    Path(sys.argv[1]).write_text("{" + ",\n".join(lines) + "}\n", "utf-8")


def is_alias(fact: Any) -> bool:
    return isinstance(fact, dict) and "$is" in fact


def of_module(module: ModuleType) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in sorted(vars(module).items()):
        if name.startswith(("_", "send_")) or name == "TYPE_CHECKING":
            continue
        if inspect.isclass(value):
            fact = of_class(value) if value.__module__ == module.__name__ else alias(value)
            if value.__module__ == module.__name__ and value.__name__ != name:
                fact = alias(value)
            if fact is not NOTHING:
                found[name] = fact
        elif name.isupper() and (value := plain(value)) is not NOTHING:
            found[name] = value
    return found


def alias(cls: type) -> Any:
    path = f"{cls.__module__}.{cls.__qualname__}"
    return {"$is": path} if path.startswith("airflow.providers.") and not is_operator(cls) else NOTHING


def of_class(cls: type) -> Any:
    if issubclass(cls, enum.Enum):
        members = {name: plain(member.value) for name, member in cls.__members__.items()}
        known = {name: value for name, value in members.items() if value is not NOTHING}
        return {"$enum": issubclass(cls, (str, int)), "members": known} if known else NOTHING
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base.__name__ in _ROOTS or not base.__module__.startswith("airflow.providers."):
            continue
        for name, value in vars(base).items():
            of_operator = name.isupper() or name in _QUERIES or inspect.isclass(value)
            if name.startswith("_") or (is_operator(cls) and not of_operator):
                continue
            fact = plain(value)
            if inspect.isclass(value) and value.__module__ == base.__module__ and value.__name__ == name:
                fact = of_class(value)
            if fact is not NOTHING:
                found[name] = fact
    return {"$class": found} if found else NOTHING


def plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, enum.Enum):
        return plain(value.value) if isinstance(value, (str, int)) else NOTHING
    if type(value) is str:
        return value if len(value) <= LONGEST else NOTHING
    if type(value) in {list, tuple} and len(value) <= 40:
        inner = [plain(one) for one in value]
        if any(one is NOTHING for one in inner):
            return NOTHING
        return inner if type(value) is list else {"$tuple": inner}
    if type(value) is dict and all(type(one) is str for one in (*value, *value.values())):
        return {"$dict": value}
    if type(value) in {set, frozenset} and all(type(one) is str for one in value):
        return {"$set": sorted(value)}
    return NOTHING


if __name__ == "__main__":
    main()
