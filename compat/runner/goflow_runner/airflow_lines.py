"""The log lines of Airflow's supervisor, which are JSON, as people read them."""

from __future__ import annotations

import json
from typing import Any

from goflow_runner.command import signal_name

STREAMS = frozenset({"task.stdout", "task.stderr"})
"""Loggers of what a task prints: nothing is put before it."""
_OWN = frozenset({"timestamp", "level", "event", "logger", "filename", "lineno", "error_detail", "func_name"})
_CONTEXT = frozenset({"ti_id", "dag_id", "task_id", "run_id", "try_number", "map_index"})
"""Says for each line which task it is of; the log is that task's."""
_OVER = "Workload finished"
"""What the supervisor says last; that its task's process was killed it writes into a file of its own alone."""
_NOBODY_HERE = "No module named 'airflow"


class Lines:
    """Translates lines one by one, and remembers the last exception (``last_error``: its type and its words)."""

    def __init__(self) -> None:
        self.last_error = ""
        self.has_no_airflow = False

    def line(self, text: str) -> list[str]:
        """TEXT as the lines that are shown; as it is where it is none of Airflow's."""
        if not text.startswith("{"):
            self.has_no_airflow = self.has_no_airflow or _NOBODY_HERE in text
            return [text]
        try:
            told = json.loads(text)
        except ValueError:
            return [text]
        if not isinstance(told, dict) or "event" not in told or "level" not in told:
            return [text]
        event = str(told["event"])
        if told.get("logger") in STREAMS:
            return event.split("\n")
        code = told.get("exit_code")
        if event == _OVER and isinstance(code, int) and code < 0:
            self.last_error = f"the task's process was ended by {signal_name(-code)}"
        more = " ".join(
            f"{name}={_short(value)}" for name, value in told.items() if name not in _OWN and name not in _CONTEXT
        )
        shown = f"[{told.get('timestamp', '')}] {str(told['level']).upper()} - {event}" + (f" {more}" if more else "")
        return [*shown.split("\n"), *self._traceback(told.get("error_detail"))]

    def _traceback(self, detail: Any) -> list[str]:
        """The exceptions of DETAIL, the cause before what it led to."""
        if not isinstance(detail, list):
            return []
        shown: list[str] = []
        for one in reversed([one for one in detail if isinstance(one, dict)]):
            shown.append("Traceback (most recent call last):")
            shown += [
                f'  File "{frame.get("filename")}", line {frame.get("lineno")}, in {frame.get("name")}'
                for frame in one.get("frames") or ()
                if isinstance(frame, dict)
            ]
            self.last_error = f"{one.get('exc_type')}: {one.get('exc_value')}"
            shown += self.last_error.split("\n")
        return shown


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
