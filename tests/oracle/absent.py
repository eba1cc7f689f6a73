"""Which modules the truth's environment does not have: what `absent_modules` in `goflow.yaml` says of the containers."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.oracle.environments import Release, alone, cache_folder, environment
from tests.oracle.truth import airflow_home

_ASK = """
import importlib, json, sys

def is_absent(name):
    try:
        importlib.import_module(name)
    except BaseException as problem:
        while problem is not None:  # a provider's module says in its own words that a library is missing
            if isinstance(problem, ImportError):
                return True
            problem = problem.__cause__ or problem.__context__
    return False

print(json.dumps([name for name in json.load(sys.stdin) if is_absent(name)]), file=sys.__stdout__)
"""


def absent_modules(release: Release, folders: Sequence[Path]) -> list[str]:
    """Of the modules that files in FOLDERS try to import, those that the environment of RELEASE cannot: it is asked."""
    names = sorted({name for folder in folders for path in folder.rglob("*.py") for name in _tried(path)})
    key = hashlib.sha256(json.dumps([release.pins.read_text(), names]).encode()).hexdigest()[:24]
    kept = cache_folder() / "truth" / f"absent-{release.name}-{key}.json"
    with alone("absent-modules"):
        if not kept.exists():
            kept.parent.mkdir(exist_ok=True)
            installed = environment(release)
            command = [installed.python, "-W", "ignore", "-c", _ASK]
            home = airflow_home(installed)
            told = subprocess.run(
                command, input=json.dumps(names), check=True, stdout=subprocess.PIPE, text=True, env=home
            ).stdout
            kept.write_text(told.splitlines()[-1])
        found: list[str] = json.loads(kept.read_text())
    return found


def _tried(path: Path) -> Iterator[str]:
    """The modules whose import is under a `try` in the file: any other that is not there ends the file's reading."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    bodies = [node for attempt in ast.walk(tree) if isinstance(attempt, ast.Try) for node in attempt.body]
    for node in (inner for statement in bodies for inner in ast.walk(statement)):
        match node:
            case ast.Import():
                yield from (alias.name for alias in node.names)
            case ast.ImportFrom(module=str() as module, level=0):
                yield module
