"""BashOperators whose command is a template: they go through the shim, and end as plain commands do."""

from __future__ import annotations

import os
import signal

import pytest

from goflow.domain.state import TaskState
from tests.runners import bash

FILE = """
from datetime import timedelta
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator

with DAG("d", schedule=None):
    BashOperator(task_id="t", bash_command={command!r}{more})
"""
SAME = "{{ '' }}"
"""A template that renders to nothing."""


def templated(server, command: str, more: str = "", **fields):
    file = FILE.format(command=command + SAME, more=more)
    return server.launch(bash("t", command + SAME, **fields), file=file)


ENDS = {
    "it ends well": ("echo hello", "", "success", 0, ""),
    "exit code 99 means skip": ("exit 99", "", "skipped", None, "Bash command returned exit code 99. Skipping."),
    "another code that means skip": (
        "exit 5", ", skip_on_exit_code=[4, 5]", "skipped", None, "Bash command returned exit code 5. Skipping.",
    ),
    "a failure": (
        "exit 3", "", "failed", 3, "Bash command failed. The command returned a non-zero exit code 3.",
    ),
    "SIGKILL": (
        "kill -KILL $$", "", "failed", 137, "Bash command failed. The command returned a non-zero exit code -9.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("command", "more", "state", "code", "message"), ENDS.values(), ids=ENDS.keys())
def test_what_becomes_of_it(server, command, more, state, code, message):
    started = templated(server, command, more)
    started.run()
    assert started.state.value == state, started.output
    assert message in (started.launch.message or "")
    assert code in {None, started.launch.exit_code}


def test_its_output_is_the_tasks(server):
    started = templated(server, r"printf 'one\n'; printf '\xff\n' >&2; printf 'no newline'")
    assert started.run() == 0, started.output
    shown = [line.rpartition("INFO - ")[2] for line in started.output]
    assert [line for line in shown if line in {"one", r"\xff", "no newline"}] == ["one", r"\xff", "no newline"]
    assert started.xcoms["return_value"] == "no newline"


def test_told_to_stop_it_tells_its_command(server, bell):
    # A line that no pipe holds: whoever has begun the command reads from it, and knows its process, when the bell rings.
    long = "printf '%0200000d\\n' 0"
    command = f"trap 'echo bye; exit 0' TERM; {long}; echo $$ > {bell.path}; while :; do sleep 1000 & wait; done "
    started = templated(server, command)
    runner = started.start()
    pid = int(bell.wait())
    runner.send_signal(signal.SIGTERM)
    started.wait(runner)
    assert started.state is TaskState.FAILED
    assert started.launch.reason == "Terminated", started.output
    assert any("Sending SIGTERM signal to process group" in line for line in started.output), started.output
    assert not os.path.exists(f"/proc/{pid}")


def test_a_command_that_ignores_sigterm_does_not_outlive_its_task(server, bell):
    command = f"trap '' TERM; echo $$ > {bell.path}; while :; do sleep 1000; done "
    started = templated(server, command)
    runner = started.start(KILL_AFTER_S="0.5")
    pid = int(bell.wait())
    runner.send_signal(signal.SIGTERM)
    started.wait(runner)
    assert started.launch.reason == "Terminated", started.output
    assert not os.path.exists(f"/proc/{pid}")


def test_over_its_execution_timeout_its_command_is_told_to_stop(server, bell):
    command = f"echo $$ > {bell.path}; exec sleep 1000 "
    started = templated(server, command, ", execution_timeout=timedelta(seconds=1.5)", execution_timeout=1.5)
    started.run()
    assert started.launch.reason == "Timeout", started.output
    assert started.launch.message.startswith("AirflowTaskTimeout: Timeout, PID: ")
    assert not os.path.exists(f"/proc/{int(bell.wait())}")
