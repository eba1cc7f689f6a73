"""Which Airflow a repository asks for: its requirements, constraints, Dockerfile, chart values."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from goflow.domain.spec import Dialect
from goflow.parser.folder.asking import ask

_FILES = re.compile(
    r"^(.*\.)?(Dockerfile.*|docker-compose.*|compose\.ya?ml|requirements.*\.(txt|in)|pyproject\.toml|Pipfile|setup\.(py|cfg)|"
    r"constraints.*\.txt|environment\.ya?ml|values.*\.ya?ml|\.env)$"
)
_TESTS = frozenset({"test", "tests"})
_VERSION = re.compile(
    r"apache/airflow:(?:slim-)?(?P<image>\d)\.|"
    r"apache-airflow(?:\[[^\]]*\])?[\"']?\s*(?:==|~=|=)\s*[\"']?[\^~=]*(?P<package>\d)\.|"
    r"apache-airflow(?:\[[^\]]*\])?[\"']?\s*=?\s*[\"']?>=?\s*(?P<least>\d)\.|"
    r"astro-runtime:(?P<astro>\d+)\.|airflowVersion:\s*[\"']?(?P<chart>\d)\.|apache-airflow/constraints-(?P<limits>\d)\."
)
_LARGEST = 1 << 20


def asked_for(root: Path, paths: Iterable[str], *, sure: bool = False) -> tuple[Dialect | None, str]:
    """The Airflow that the first of PATHS, relative to ROOT, which names a version asks for, and that path; None where
    none does. SURE: a lowest version alone says nothing, unless it is one of Airflow 3."""
    for path in paths:
        parts = path.split("/")
        if _FILES.match(parts[-1]) and not _TESTS & set(parts):
            found = ask("version-sure" if sure else "version", f"{root}/{path}", _sure if sure else _first)
            if found is not None:
                return found, path
    return None, ""


def asked_for_in(folders: Iterable[Path]) -> tuple[Dialect | None, str]:
    """What a file that lies in one of FOLDERS itself asks for, surely; and its path."""
    for folder in folders:
        try:
            names = sorted(os.listdir(folder))
        except OSError:
            continue
        found, name = asked_for(folder, names, sure=True)
        if found is not None:
            return found, f"{folder}/{name}"
    return None, ""


def _first(content: bytes) -> Dialect | None:
    return _in(content, sure=False)


def _sure(content: bytes) -> Dialect | None:
    return _in(content, sure=True)


def _in(content: bytes, *, sure: bool) -> Dialect | None:
    for found in _VERSION.finditer(content[:_LARGEST].decode("utf-8", "replace")):
        if found["astro"]:  # Astro Runtime 4 to 13 are Airflow 2
            return Dialect.AIRFLOW3 if found["astro"] == "3" else Dialect.AIRFLOW2
        number = next(found[name] for name in ("image", "package", "chart", "limits", "least") if found[name])
        if number == "3":
            return Dialect.AIRFLOW3
        if number in {"1", "2"} and not (sure and found["least"]):
            return Dialect.AIRFLOW2
    return None
