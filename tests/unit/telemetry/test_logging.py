"""What the log shows, and what it must not show."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

PROGRAM = """
import logging, sys
import structlog
from goflow.telemetry.logging import configure

configure(sys.argv[1], "info")

def fail(password):
    raise ValueError("it broke")

try:
    fail("hush" + "-hush")
except ValueError:
    structlog.get_logger("goflow").exception("a step failed", step="one")
    logging.getLogger("library").exception("a library failed")
structlog.get_logger("goflow").debug("not asked for")
"""


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_failure_is_told_without_the_values_of_local_variables(form: str) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, form], capture_output=True, text=True, check=True)
    assert "hush-hush" not in done.stderr
    assert done.stderr.count("it broke") == 2
    assert "a step failed" in done.stderr
    assert "a library failed" in done.stderr
    assert "not asked for" not in done.stderr


def test_json_is_one_object_a_line() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, "json"], capture_output=True, text=True, check=True)
    first, second = map(json.loads, done.stderr.splitlines())
    assert (first["event"], first["step"], first["level"]) == ("a step failed", "one", "error")
    assert first["exception"][0]["exc_type"] == "ValueError"
    assert second["event"] == "a library failed"
    assert logging.getLevelName(second["level"].upper()) == logging.ERROR
