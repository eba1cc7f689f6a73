"""Lines of Airflow's supervisor, as they stand in a task's log."""

from __future__ import annotations

import json

import pytest
from goflow_runner.airflow_lines import Lines

SAID = {"timestamp": "2026-01-01T00:00:00Z", "level": "info", "event": "Done.", "logger": "task"}
RAISED = [
    {
        "exc_type": "ValueError",
        "exc_value": "two\nlines",
        "frames": [{"filename": "f.py", "lineno": 3, "name": "work"}],
    },
    {"exc_type": "KeyError", "exc_value": "'a'", "frames": []},
]

CASES = {
    "what the task prints, as it is": ({"event": "hello", "level": "info", "logger": "task.stdout"}, ["hello"]),
    "several lines that it prints at once": ({**SAID, "event": "a\nb", "logger": "task.stderr"}, ["a", "b"]),
    "time and level before Airflow's own": (SAID, ["[2026-01-01T00:00:00Z] INFO - Done."]),
    "what else a line says": ({**SAID, "count": 2, "ti_id": "x"}, ["[2026-01-01T00:00:00Z] INFO - Done. count=2"]),
    "an exception after its cause": (
        {**SAID, "level": "error", "event": "Task failed", "error_detail": RAISED},
        [
            "[2026-01-01T00:00:00Z] ERROR - Task failed",
            "Traceback (most recent call last):",
            "KeyError: 'a'",
            "Traceback (most recent call last):",
            '  File "f.py", line 3, in work',
            "ValueError: two",
            "lines",
        ],
    ),
}


@pytest.mark.parametrize(("told", "shown"), CASES.values(), ids=CASES)
def test_what_is_shown(told: dict, shown: list[str]) -> None:
    assert Lines().line(json.dumps(told)) == shown


@pytest.mark.parametrize("text", ["plain", "{", '{"a": 1}', "[1]", ""])
def test_other_lines_stay_as_they_are(text: str) -> None:
    assert Lines().line(text) == [text]


def test_the_last_exception_is_remembered() -> None:
    lines = Lines()
    lines.line(json.dumps({**SAID, "error_detail": RAISED}))
    lines.line(json.dumps(SAID))
    assert lines.last_error == "ValueError: two\nlines"


def test_a_signal_that_has_ended_the_task_is_remembered() -> None:
    lines = Lines()
    lines.line(json.dumps({**SAID, "event": "Workload finished", "exit_code": -9}))
    assert lines.last_error == "the task's process was ended by SIGKILL"


def test_a_python_without_airflow_is_noticed() -> None:
    lines = Lines()
    lines.line(
        "/usr/bin/python: Error while finding module specification (ModuleNotFoundError: No module named 'airflow')"
    )
    assert lines.has_no_airflow
