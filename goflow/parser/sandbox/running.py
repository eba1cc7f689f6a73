"""Asking for the account of a file: a process of its own, with nothing of this one's environment."""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from goflow.domain.spec import Inputs
from goflow.parser.api import Folder
from goflow.parser.catalogue import all_template_fields
from goflow.parser.libraries.airflow.variables import public_parts

SECONDS = 20.0
"""How long a file may take, both runs and Python's own start together."""
_LETTERS = ("acegikmoqsuwy02468", "bdfhjlnprtvxz13579")
MOMENTS_APART = dt.timedelta(days=401, hours=5, minutes=7, seconds=11, microseconds=130_009)
"""How far the second run's clock is ahead: no whole number of any unit, so that what hangs on the time differs."""
COMMAND = (sys.executable, "-s", "-P", "-m", "goflow_runner.reading")
ENVIRONMENT = {"PYTHONHASHSEED": "0", "LANG": "C.UTF-8", "TZ": "UTC"}


class NoAccountError(Exception):
    """There is no account: the text says why. REFUSED: this machine does not let processes be shut in."""

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


def accounts_of(
    folder: Folder, path: str, inputs: Inputs, modules: Sequence[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The two accounts of the file PATH, or of the MODULES at the top of an archive. Raises NoAccountError."""
    request = request_for(folder, path, inputs, modules)
    try:
        found = subprocess.run(
            COMMAND,
            input=json.dumps(request).encode(),
            capture_output=True,
            env=ENVIRONMENT,
            cwd="/",
            timeout=SECONDS + 5,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise NoAccountError(f"the process that runs it failed: {problem}") from problem
    try:
        answer: dict[str, Any] = json.loads(found.stdout)
    except ValueError:
        last = found.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise NoAccountError(f"the process that runs it failed: {last or found.returncode}") from None
    return accounts_in(answer)


def accounts_in(answer: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The accounts in an answer of `goflow_runner.reading`. Raises NoAccountError where it has none."""
    if "refused" in answer:
        raise NoAccountError(f"this machine does not let a process be shut in ({answer['refused']})", refused=True)
    if "failed" in answer:
        last = str(answer.get("output") or "").strip().rpartition("\n")[2]
        raise NoAccountError(f"{answer['failed']}{f'; it printed: {last}' if last else ''}")
    first, second = answer["accounts"]
    return first, second


def request_for(folder: Folder, path: str, inputs: Inputs, modules: Sequence[str] = ()) -> dict[str, Any]:
    """The request for the account of the file PATH, which sees INPUTS and no password."""
    place = folder.parse_path or str(folder.root)
    now = dt.datetime.now(dt.UTC)
    moments = [now.isoformat(), (now + MOMENTS_APART).isoformat()]
    roots = [str(root) for root in folder.import_roots]
    return {
        "folder": place,
        "file": path,
        "modules": list(modules),
        "roots": [_told(root, folder.root, place) for root in roots],
        "dialect": folder.dialect.value,
        "variables": dict(inputs.variables),
        "environment": dict(inputs.environment),
        "secret_environment": sorted(inputs.secret_environment),
        "connections": {conn_id: connection(uri) for conn_id, uri in inputs.connections.items()},
        "passwords": dict(zip(moments, _stand_ins(), strict=True)),
        "template_fields": _template_fields(),
        "mounts": {place: os.path.realpath(folder.root), **_outside(roots, folder.root)},
        "seconds": SECONDS,
        "moments": moments,
    }


def _stand_ins() -> list[str]:
    """What stands for a password at each of the two moments: of different lengths, and different in every place, so
    that not even a letter that a file takes out of it is the same by chance."""
    return ["".join(secrets.choice(letters) for _ in range(32 + number)) for number, letters in enumerate(_LETTERS)]


def connection(uri: str) -> dict[str, Any]:
    """The parts of a connection as the shim's client gives them, but for the password."""
    parts = public_parts(uri)
    names = ("conn_type", "host", "login", "schema", "port", "description", "extra")
    return {name: parts.get(name) for name in names}


def _told(root: str, folder: Path, place: str) -> str:
    inside = Path(root)
    return f"{place}/{inside.relative_to(folder).as_posix()}" if inside.is_relative_to(folder) else root


def _outside(roots: list[str], folder: Path) -> dict[str, str]:
    elsewhere = [root for root in roots if not Path(root).is_relative_to(folder) and Path(root).is_dir()]
    return {root: os.path.realpath(root) for root in elsewhere}


@functools.cache
def _template_fields() -> dict[str, list[str]]:
    return {path: list(fields) for path, fields in all_template_fields().items()}
