"""What a task has written, as the command line and REST show it: the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.runner.test_output import WRITE
from tests.runners import Started, bash

GOFLOW = str(Path(sys.executable).parent / "goflow")


def goflow(started: Started, *words: str) -> bytes:
    """The standard output of ``goflow WORDS`` on the store of this test, with no daemon."""
    folder = started.server.folder
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GOFLOW_")}
    environment |= {
        "GOFLOW_HOME": str(folder / "home"),
        "GOFLOW_DATABASE_URL": f"sqlite:///{folder / 'goflow.sqlite3'}",
        "GOFLOW_BACKEND": "local",
    }
    return subprocess.run([GOFLOW, *words], env=environment, capture_output=True, check=True, timeout=60).stdout


LOGS = {
    "lines of all kinds": (
        r'w("one\n\n  two  \r\n\x1b[31mred\x1b[0m\t|\u2028|\x85|1%\r50%\r100%\naß😀\n".encode() + b"\xff\nend")',
        "one\n\n  two  \n\x1b[31mred\x1b[0m\t|\u2028|\x85|1%\r50%\r100%\naß😀\n\\xff\nend\n",
    ),
    "more lines than a page has": (
        r'w(b"".join(b"%d\n" % n for n in range(12345)))',
        "".join(f"{number}\n" for number in range(12345)),
    ),
    "brackets that a terminal library might take for markup": (
        r'w(b"[bold]x[/bold] [link=a] :smile: {\"a\": 1}\n")', '[bold]x[/bold] [link=a] :smile: {"a": 1}\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "shown"), LOGS.values(), ids=LOGS.keys())
def test_the_log_that_is_shown_is_what_was_written(server, code, shown):
    started = server.launch(bash("t", WRITE.format(code)))
    assert started.run() == 0, started.said
    assert goflow(started, "tasks", "logs", "d", "r", "t").decode() == shown


def test_a_result_of_any_json_is_shown(server):
    from goflow_runner.client import TaskClient

    started = server.launch(bash("t", "true"))
    client = TaskClient.from_environment(started.id, started.environment())
    client.claim("me")
    values = {"a": "a\udcffb", "b": [1, {"c": None}], "d": float("nan"), "e": float("inf"), "f": "a\0b"}
    client.report(xcoms=[{"key": key, "value": value, "length": None} for key, value in values.items()])
    found = json.loads(goflow(started, "tasks", "show", "d", "r", "t", "--json"))["xcoms"]
    assert found["b"] == [1, {"c": None}]
    assert sorted(found) == sorted(values)
