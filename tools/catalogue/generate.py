#!/usr/bin/env python3
"""Write down the facts about every operator class of the installed Airflow providers, one JSON file per provider.

Run it with the interpreter of a virtual environment that has Airflow 3 and the providers of `providers.txt`:

    VENV/bin/python tools/catalogue/generate.py goflow/parser/catalogue/data [PROVIDER ...]

PROVIDER is a package name such as ``airflow.providers.http``; without any, all that are installed are written. Modules
whose own requirements are not installed are named on standard error and left out. Into a folder named ``legacy``, in an
environment with Airflow 2 and providers of its time (`legacy.txt`), only those classes are written that the folder
above it does not have: operators that providers have dropped since. Classes that are in the file already and not in
this environment stay, with their version: so each is known as the last release that had it (of the days below) did.

    uv pip install --override OVERRIDES -r tools/catalogue/providers.txt
    uv pip install --override OVERRIDES --exclude-newer 2023-11-20 -r tools/catalogue/legacy.txt  # Airflow 2.7.3
    uv pip install --override OVERRIDES --exclude-newer 2024-11-25 -r tools/catalogue/legacy.txt  # Airflow 2.10.3

OVERRIDES leaves out the drivers of `STAND_INS` (``mysqlclient ; sys_platform == 'never'``). What stands in the files is
described by `goflow.parser.catalogue`.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib
import importlib.metadata
import importlib.util
import inspect
import io
import json
import logging
import os
import pkgutil
import sys
import unittest.mock
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path[:] = [entry for entry in sys.path if entry != str(Path(__file__).resolve().parent)]
sys.path.append(str(Path(__file__).resolve().parent))
warnings.simplefilter("ignore")

from assignments import Init, init_of  # noqa: E402
from deprecations import deprecation_of  # noqa: E402

# Drivers that are built against libraries of the system; no operator's own code needs them to be looked at.
STAND_INS = ("MySQLdb", "MySQLdb.cursors", "plyvel", "gssapi", "krb5", "apache_beam")
STOP = {"BaseOperator", "AbstractOperator", "BaseSensorOperator"}
RENAMED = {
    "airflow.models.baseoperator.BaseOperator": "airflow.sdk.bases.operator.BaseOperator",
    "airflow.sensors.base.BaseSensorOperator": "airflow.sdk.bases.sensor.BaseSensorOperator",
    "airflow.decorators.base.DecoratedOperator": "airflow.sdk.bases.decorator.DecoratedOperator",
    "airflow.operators.python.PythonOperator": "airflow.providers.standard.operators.python.PythonOperator",
    "airflow.operators.branch.BaseBranchOperator": "airflow.sdk.bases.branch.BaseBranchOperator",
}
"""Where Airflow 3 has what Airflow 2 had elsewhere."""
WHERE = ("operators", "sensors", "transfers", "decorators")


def main() -> None:
    if os.environ.get("PYTHONHASHSEED") != "0":  # some template_fields are made of sets: always the same order, please
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606
    folder, wanted = Path(sys.argv[1]), sys.argv[2:]
    logging.disable(logging.CRITICAL)
    for name in STAND_INS:
        if name.split(".")[0] in sys.modules or importlib.util.find_spec(name.split(".")[0]) is None:
            sys.modules.setdefault(name, unittest.mock.MagicMock())
    versions = {}
    for package, version in installed():
        if wanted and package not in wanted:
            continue
        classes, decorators = read(package)
        if folder.name == "legacy":
            classes, decorators = dropped(folder.parent, package, classes), {}
        if not classes:
            continue
        versions[package] = version
        path = folder / f"{package.removeprefix('airflow.providers.')}.json"
        if folder.name == "legacy":
            classes |= older(path, classes)
        write(path, package, version, classes, decorators)
        print(f"{package} {version}: {len(classes)} classes", file=sys.stderr)


def dropped(current: Path, package: str, classes: dict[str, Any]) -> dict[str, Any]:
    """Those of CLASSES that PACKAGE's file in the folder CURRENT does not have, their bases named as today."""
    path = current / f"{package.removeprefix('airflow.providers.')}.json"
    known = json.loads(path.read_text("utf-8"))["classes"] if path.exists() else {}
    left = {name: facts for name, facts in classes.items() if name.removeprefix(f"{package}.") not in known}
    for facts in left.values():
        facts["bases"] = [RENAMED.get(base, base) for base in facts["bases"]]
    return left


def older(path: Path, classes: dict[str, Any]) -> dict[str, Any]:
    """Those in the file PATH that are not among CLASSES, each with the version that it was taken from."""
    if not path.exists():
        return {}
    data = json.loads(path.read_text("utf-8"))
    named = {f"{data['provider']}.{name}": facts for name, facts in data["classes"].items()}
    return {name: {"version": data["version"], **facts} for name, facts in named.items() if name not in classes}


def installed() -> Iterator[tuple[str, str]]:
    """The package and version of every provider distribution, by the entry point that Airflow itself goes by."""
    for entry in sorted(importlib.metadata.entry_points(group="apache_airflow_provider"), key=lambda e: e.module):
        distribution = entry.dist
        if distribution is not None and distribution.name.startswith("apache-airflow-providers-"):
            yield entry.module.removesuffix(".get_provider_info"), distribution.version


def read(package: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Facts by class path of PACKAGE's operators and of what they derive from, and its TaskFlow decorators."""
    classes: dict[str, Any] = {}
    for module in modules(package):
        for cls in vars(module).values():
            if inspect.isclass(cls) and cls.__module__ == module.__name__ and is_operator(cls):
                classes[path_of(cls)] = facts_of(cls)
                for base in ancestors(cls):
                    if path_of(base).startswith(f"{package}.") and path_of(base) not in classes:
                        classes[path_of(base)] = facts_of(base)
    return classes, decorators_of(package, classes)


def modules(package: str) -> Iterator[ModuleType]:
    """Every module below PACKAGE that may hold operators; those that cannot be imported are told."""
    root = importlib.import_module(package)
    for info in pkgutil.walk_packages(root.__path__, f"{package}.", onerror=lambda name: None):
        parts = info.name.removeprefix(package).split(".")
        if "example_dags" in parts or not any(part in WHERE for part in parts):
            continue
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                module = importlib.import_module(info.name)
        except BaseException as problem:
            print(f"left out: {info.name}: {type(problem).__name__}: {problem}", file=sys.stderr)
            continue
        yield module


def is_operator(cls: type) -> bool:
    return any(base.__name__ in STOP for base in cls.__mro__) and cls.__name__ not in STOP


def path_of(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def ancestors(cls: type) -> list[type]:
    """What CLS derives from, nearest first, down to Airflow's own base classes and with them."""
    found = []
    for base in cls.__mro__[1:]:
        if base.__module__.startswith("airflow."):
            found.append(base)
        if base.__name__ in {"BaseOperator", "AbstractOperator"}:
            break
    return found


def facts_of(cls: type) -> dict[str, Any]:
    """The facts about one class, empty ones left out."""
    mro = [cls, *ancestors(cls)]
    sensor = any(base.__name__ == "BaseSensorOperator" for base in mro)
    inits = [init for init in (init_of(base) for base in mro if base.__name__ not in STOP) if init]
    fields = list(text(getattr(cls, "template_fields", ())))
    own = inits[0] if inits and inits[0].owner is cls else None
    deprecation = deprecation_of(cls)
    facts: dict[str, Any] = {
        "bases": [path_of(base) for base in mro[1:]],
        "template_fields": fields,
        "template_ext": list(text(getattr(cls, "template_ext", ()))),
        "init": parameters(own),
        "arguments": arguments(inits),
        "fields": {name: source for name in fields if (source := source_of(cls, name, inits)) != {"argument": name}},
        "sensor": sensor,
        "ui_color": getattr(cls, "ui_color", "#fff"),
        "decorator": getattr(cls, "custom_operator_name", None) or None,
        "deprecated": deprecation is not None,
        "instead": (deprecation or {}).get("instead"),
    }
    return {key: value for key, value in facts.items() if value not in ([], {}, False, None, "#fff")}


def text(values: Any) -> Iterator[str]:
    if isinstance(values, str):
        yield values
    elif isinstance(values, (list, tuple, set, frozenset)):
        yield from (value for value in values if isinstance(value, str))


def parameters(init: Init | None) -> dict[str, Any]:
    if init is None:
        return {}
    return {p.name: default_of(p) for p in init.parameters}


def arguments(inits: list[Init]) -> dict[str, Any]:
    """All named arguments of the class: its own, and those that its constructors hand on by ``**kwargs``."""
    found: dict[str, Any] = {}
    fixed: set[str] = set()
    for init in inits:
        for parameter in init.parameters:
            if parameter.name not in fixed:
                found.setdefault(parameter.name, default_of(parameter))
        if init.takes_more:
            for name, source in init.taken_out.items():
                if name not in fixed:
                    found.setdefault(name, source.get("constant"))
        fixed |= set(init.handed) - {p.name for p in init.parameters}
        if not init.takes_more:
            break
    return found


def default_of(parameter: inspect.Parameter) -> Any:
    if parameter.default is inspect.Parameter.empty:
        return {"$required": True}
    return tagged(parameter.default)


def tagged(value: Any, depth: int = 0) -> Any:
    """VALUE as JSON with the tags of `goflow.domain.canonical`."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return str(getattr(value, "value", value))
    if isinstance(value, float):
        return (
            value
            if value == value and abs(value) != float("inf")
            else {"$object": {"class": "float", "module": "builtins"}}
        )
    if isinstance(value, dt.timedelta):
        return {"$timedelta": value.total_seconds()}
    if depth < 6:
        if isinstance(value, tuple):
            return {"$tuple": [tagged(inner, depth + 1) for inner in value]}
        if isinstance(value, list):
            return [tagged(inner, depth + 1) for inner in value]
        if isinstance(value, (set, frozenset)):
            return {"$set": sorted((tagged(inner, depth + 1) for inner in value), key=str)}
        if isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {key: tagged(inner, depth + 1) for key, inner in value.items()}
    if inspect.isclass(value) or inspect.isroutine(value):
        return {"$callable": f"{value.__module__}:{value.__qualname__}"}
    return {"$object": {"class": type(value).__name__, "module": type(value).__module__}}


def source_of(cls: type, name: str, inits: list[Init]) -> dict[str, Any]:
    """Where the template field NAME of an instance comes from; `goflow.parser.catalogue.FieldSource` has the kinds."""
    if isinstance(inspect.getattr_static(cls, name, None), property):
        return {"computed": True}
    answer: dict[str, Any] | None = None
    names: dict[str, Any] | None = {}
    for init in inits:
        assigned = init.assigned.get(name)
        if assigned is not None:
            answer = substitute(assigned.source, names)
            if not assigned.before_super:
                break
        if not init.calls_super:
            break
        names = hand_on(init, names)
    if answer is not None:
        return answer
    constant = inspect.getattr_static(cls, name, NotImplemented)
    if constant is NotImplemented or callable(constant) or hasattr(constant, "__get__"):
        return {"computed": True}
    return {"constant": tagged(constant)}


def substitute(source: dict[str, Any], names: dict[str, Any] | None) -> dict[str, Any]:
    """SOURCE, told in a base class's arguments, in those of the class itself: NAMES says what they are there."""
    argument = source.get("argument")
    if argument is None:
        return source
    if names is None:
        return {"computed": True}
    meant = names.get(argument, {"argument": argument})
    if "argument" in meant and len(meant) == 1:
        return {**source, **meant}
    if "constant" in meant:
        value = meant["constant"]
        if ("or" in source and not value) or ("if_none" in source and value is None):
            return {"constant": source.get("or", source.get("if_none"))}
        return meant
    return meant if len(source) == 1 else {"computed": True}


def hand_on(init: Init, names: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the arguments of the next constructor are, in the arguments of the class itself; None: nobody knows."""
    if names is None or init.hands_on_unknown:
        return None
    handed = {name: substitute(source, names) for name, source in init.handed.items()}
    own = {p.name: {"computed": True} for p in init.parameters}
    return {**names, **own, **handed} if init.takes_more else {**own, **handed}


def decorators_of(package: str, classes: dict[str, Any]) -> dict[str, str]:
    """``@task.NAME`` of the provider to the operator class that it makes."""
    info = importlib.import_module(f"{package}.get_provider_info").get_provider_info()
    found = {}
    for entry in info.get("task-decorators", ()):
        module = entry["class-name"].rpartition(".")[0]
        made = [path for path in classes if path.rpartition(".")[0] == module]
        named = [path for path in made if classes[path].get("decorator") == f"@task.{entry['name']}"]
        if named or len(made) == 1:
            found[entry["name"]] = (named or made)[0]
    return found


def write(path: Path, package: str, version: str, classes: dict[str, Any], decorators: dict[str, str]) -> None:
    """One line per class, so that a new release of a provider is a readable difference."""

    def line(value: Any) -> str:
        return json.dumps(value, sort_keys=False, separators=(",", ":"), ensure_ascii=False)

    head = f'"provider":{line(package)},"version":{line(version)},"decorators":{line(decorators)}'
    body = ",\n".join(f"{line(name.removeprefix(package + '.'))}:{line(classes[name])}" for name in sorted(classes))
    path.write_text(f'{{{head},\n"classes":{{\n{body}\n}}}}\n', "utf-8")


if __name__ == "__main__":
    main()
