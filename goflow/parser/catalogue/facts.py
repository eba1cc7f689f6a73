"""`lookup`: the facts about one operator class, by its canonical import path."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

from goflow.domain.canonical import Json


class _Required:
    """The type of `REQUIRED`."""

    def __repr__(self) -> str:
        return "REQUIRED"


REQUIRED: Final = _Required()
"""Stands for the default of an argument that has none."""


@dataclass(frozen=True, slots=True)
class FieldSource:
    """Where the value of a template field comes from when an operator is made.

    ``computed``: from code that the catalogue does not follow; it can only be left to run time. Else CONSTANT where
    ARGUMENT is None, or the value of ARGUMENT as given, or CONSTANT in its stead where WHEN says so: ``or`` (it is
    false), ``if_none`` (it is None).
    """

    argument: str | None = None
    when: str = ""
    constant: Json = None
    computed: bool = False
    unless: tuple[str, ...] = ()
    """Arguments that make it computed where any of them is given, and not None."""


@dataclass(frozen=True, slots=True)
class OperatorFacts:
    """One operator class of a provider.

    PATH is ``module.Class`` as Airflow 3 knows it, BASES are the paths of what it derives from, nearest first, down to
    ``BaseOperator``. INIT are the parameters of its own constructor, ARGUMENTS all that it takes besides those of
    BaseOperator and BaseSensorOperator, each with its default (JSON with the tags of `goflow.domain.canonical`) or
    `REQUIRED`. FIELDS has a `FieldSource` for every template field. DECORATOR is ``@task.NAME`` for the classes that
    TaskFlow makes. DEPRECATED: it warns that it will go; REMOVED: newer versions of the provider do not have it;
    INSTEAD is the path of what takes its place, where the provider names it.
    """

    path: str
    bases: tuple[str, ...] = ()
    template_fields: tuple[str, ...] = ()
    template_ext: tuple[str, ...] = ()
    init: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, FieldSource] = field(default_factory=dict)
    sensor: bool = False
    ui_color: str = "#fff"
    decorator: str | None = None
    deprecated: bool = False
    removed: bool = False
    instead: str | None = None

    @property
    def name(self) -> str:
        """The class's own name."""
        return self.path.rpartition(".")[2]

    @property
    def deferrable(self) -> bool:
        """Whether it can wait in a trigger runner."""
        return "deferrable" in self.arguments


def lookup(path: str) -> OperatorFacts | None:
    """The facts about the class PATH (``airflow.providers.http.operators.http.HttpOperator``); None: not known here."""
    return _facts(path)


def siblings(path: str) -> list[str]:
    """The names of the classes that the module of PATH has, or has had; none where the module is not known here."""
    provider = _provider_of(path)
    if provider is None:
        return []
    module, _, _ = path.removeprefix(f"airflow.providers.{provider}.").rpartition(".")
    return [name for place, name in _classes_of(provider) if place == module]


def namesakes(path: str) -> list[str]:
    """The modules of PATH's provider that have, or have had, a class of its name."""
    provider = _provider_of(path)
    if provider is None:
        return []
    wanted = path.rpartition(".")[2]
    return sorted({f"airflow.providers.{provider}.{place}" for place, name in _classes_of(provider) if name == wanted})


def _classes_of(provider: str) -> Iterator[tuple[str, str]]:
    """(module inside the provider, name) of each class that it has, or has had."""
    for file in (provider, f"legacy/{provider}"):
        for path in _data(file)["classes"] if file in _providers() else ():
            module, _, name = path.rpartition(".")
            yield module, name


def decorated(name: str) -> str | None:
    """The path of the operator class that ``@task.NAME`` makes; None for the built-in and unknown ones."""
    return _decorators().get(name)


def decorator_names() -> frozenset[str]:
    """The NAME of every ``@task.NAME`` that a provider has."""
    return frozenset(_decorators())


def provider_version(path: str) -> str | None:
    """Which version of the provider the facts about the class PATH were taken from: an old one for operators that the
    provider has dropped since."""
    found = _provider_of(path)
    if found is None:
        return None
    dropped = _legacy(found) if f"legacy/{found}" in _providers() else {}
    entry = dropped.get(path.removeprefix(f"airflow.providers.{found}."))
    file = f"legacy/{found}" if entry is not None or found not in _providers() else found
    return str((entry or {}).get("version") or _data(file)["version"])


@functools.lru_cache(maxsize=4096)
def _facts(path: str) -> OperatorFacts | None:
    provider = _provider_of(path)
    if provider is None:
        return None
    name = path.removeprefix(f"airflow.providers.{provider}.")
    for file in (provider, f"legacy/{provider}"):
        entry = _data(file)["classes"].get(name) if file in _providers() else None
        if entry is not None:
            return _from_json(path, entry, removed=file != provider)
    return None


def _from_json(path: str, entry: dict[str, Any], *, removed: bool) -> OperatorFacts:
    fields = tuple(entry.get("template_fields", ()))
    sources = entry.get("fields", {})
    return OperatorFacts(
        path=path,
        bases=tuple(entry.get("bases", ())),
        template_fields=fields,
        template_ext=tuple(entry.get("template_ext", ())),
        init=_defaults(entry.get("init", {})),
        arguments=_defaults(entry.get("arguments", {})),
        fields={name: _source(sources[name]) if name in sources else FieldSource(name) for name in fields},
        sensor=bool(entry.get("sensor", False)),
        ui_color=entry.get("ui_color", "#fff"),
        decorator=entry.get("decorator"),
        deprecated=bool(entry.get("deprecated", False)),
        removed=removed,
        instead=entry.get("instead"),
    )


def _defaults(values: dict[str, Any]) -> dict[str, Any]:
    return {name: REQUIRED if value == {"$required": True} else value for name, value in values.items()}


def _source(entry: dict[str, Any]) -> FieldSource:
    if entry.get("computed"):
        return FieldSource(computed=True)
    if "argument" not in entry:
        return FieldSource(constant=entry["constant"])
    unless = tuple(entry.get("unless", ()))
    for when in ("or", "if_none"):
        if when in entry:
            return FieldSource(entry["argument"], when, entry[when], unless=unless)
    return FieldSource(entry["argument"], unless=unless)


def _provider_of(path: str) -> str | None:
    """``cncf.kubernetes`` for ``airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator``."""
    if not path.startswith("airflow.providers."):
        return None
    parts = path.split(".")[2:]
    known = _providers()
    names = (".".join(parts[:2]), parts[0])
    return next((name for name in names if name in known or f"legacy/{name}" in known), None)


@functools.cache
def _providers() -> frozenset[str]:
    data = files(__package__) / "data"
    here = {entry.name.removesuffix(".json") for entry in data.iterdir() if entry.name.endswith(".json")}
    old = {f"legacy/{entry.name.removesuffix('.json')}" for entry in (data / "legacy").iterdir()}
    return frozenset(here | old)


def _legacy(provider: str) -> Mapping[str, Any]:
    classes: Mapping[str, Any] = _data(f"legacy/{provider}")["classes"]
    return classes


@functools.cache
def _data(provider: str) -> Any:
    return json.loads((files(__package__) / "data" / f"{provider}.json").read_bytes())


@functools.cache
def _decorators() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for provider in sorted(name for name in _providers() if not name.startswith("legacy/")):
        head = (files(__package__) / "data" / f"{provider}.json").read_text("utf-8").partition("\n")[0]
        found.update(json.loads(head.rstrip(",") + "}")["decorators"])
    return found


def all_template_fields() -> Mapping[str, tuple[str, ...]]:
    """The template fields of every operator class that the catalogue has, by its path; newer facts over older ones."""
    found: dict[str, tuple[str, ...]] = {}
    for file in sorted(_providers(), reverse=True):
        provider = file.removeprefix("legacy/")
        for name, entry in _data(file)["classes"].items():
            path = f"airflow.providers.{provider}.{name}"
            if path not in found or file == provider:
                found[path] = tuple(entry.get("template_fields", ()))
    return found
