"""``tempfile``: where temporary files lie; what is made there is nobody's business while a file is read."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At
from goflow.parser.libraries.registry import function, module

DEFAULT = "/tmp"
VARIABLES = ("TMPDIR", "TEMP", "TMP")


def _directory(at: At) -> str:
    session = at.session
    for name in VARIABLES:
        found = session.inputs.environment.get(name)
        session.environment_used.setdefault(name, found)
        if found:
            return found
    return DEFAULT


@module("tempfile")
def build(session: Session) -> dict[str, Any]:
    """``tempfile``."""
    return {"gettempdir": function("gettempdir", _directory), "tempdir": None}
