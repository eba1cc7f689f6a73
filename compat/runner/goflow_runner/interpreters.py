"""Becoming a new interpreter, where an environment asks for one: variables such as PYTHONPATH and LD_PRELOAD are read
only when an interpreter starts."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

_PREFIXES = ("PYTHON", "LD_", "MALLOC_")


def needs_new(environment: Mapping[str, str]) -> bool:
    """Whether ENVIRONMENT has a variable that only the start of an interpreter heeds."""
    return any(name.startswith(_PREFIXES) for name in environment)


def become(command: str, given: Any, environment: Mapping[str, str], keep: Iterable[int] = ()) -> NoReturn:
    """Replace this process by ``python -m goflow_runner COMMAND FD`` with ENVIRONMENT. From FD it reads GIVEN (JSON,
    which may hold secrets: it is in no file); the files KEEP stay open."""
    order = os.memfd_create(command)
    with open(order, "w", encoding="utf-8", closefd=False) as file:
        json.dump(given, file)
    for fd in (order, *keep):
        os.set_inheritable(fd, True)
    os.execve(sys.executable, [sys.executable, "-m", "goflow_runner", command, str(order)], dict(environment))  # noqa: S606


def given_at(fd: str) -> Any:
    """What the process before this one has given."""
    with open(int(fd), "rb") as file:
        file.seek(0)
        return json.load(file)
