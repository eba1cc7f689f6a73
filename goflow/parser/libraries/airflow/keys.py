"""What Airflow allows as an id of a DAG, task or group, and the error that says no."""

from __future__ import annotations

import re
from typing import Any

EXCEPTIONS = "airflow.exceptions"
KEY = re.compile(r"^[\w.-]+$")
GROUP_KEY = re.compile(r"^[\w-]+$")
MAX_KEY_LENGTH = 250
MAX_GROUP_KEY_LENGTH = 200


class GraphError(Exception):
    """What Airflow refuses: KIND is the exception's name (dotted for Airflow's own), MESSAGE its text.

    CODE is the diagnostic's, where nothing in the file catches the exception.
    """

    def __init__(self, kind: str, message: str, code: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.kind = kind
        self.message = message
        self.code = code


def check_key(key: Any, what: str = "key") -> None:
    """Airflow's ``validate_key``: letters, digits, ``_``, ``-`` and ``.``, at most 250 characters."""
    if not isinstance(key, str):
        raise GraphError("TypeError", f"The {what} has to be a string and is {type(key)}:{key}", "GF205")
    if len(key) > MAX_KEY_LENGTH:
        text = f"The {what} has to be less than {MAX_KEY_LENGTH} characters, not {len(key)}"
        raise GraphError("ValueError", text, "GF205")
    if not KEY.match(key):
        text = (
            f"The {what} {key!r} has to be made of alphanumeric characters, dashes, dots, and underscores exclusively"
        )
        raise GraphError("ValueError", text, "GF205", _such_as(key, r"[^\w.-]+"))


def check_group_key(key: Any) -> None:
    """Airflow's ``validate_group_key``: as `check_key`, but without dots and at most 200 characters."""
    if not isinstance(key, str):
        raise GraphError("TypeError", f"The key has to be a string and is {type(key)}:{key}", "GF205")
    if len(key) > MAX_GROUP_KEY_LENGTH:
        text = f"The key has to be less than {MAX_GROUP_KEY_LENGTH} characters, not {len(key)}"
        raise GraphError("ValueError", text, "GF205")
    if not GROUP_KEY.match(key):
        text = f"The key {key!r} has to be made of alphanumeric characters, dashes, and underscores exclusively"
        raise GraphError("ValueError", text, "GF205", _such_as(key, r"[^\w-]+"))


def _such_as(key: str, wrong: str) -> str:
    """A key that would do in place of KEY, whose characters WRONG are not taken."""
    found = re.sub(wrong, "_", key, flags=re.ASCII).strip("_")
    return f"such as {found!r}" if found else ""
