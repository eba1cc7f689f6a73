"""The agent: what becomes of a task, of what it started, and how its end is told."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys

import pytest

from goflow.domain.state import LaunchState, TaskState
from tests.runners import bash, python

WAIT = "exec sleep 1000"

COMMANDS = {
    "a command that ends well": ("echo hello", {}, "success", 0, None, None),
    "exit code 99 means skip": ("exit 99", {}, "skipped", 99, "exit code 99 means skip", None),
    "another code is the command's failure": (
        "exit 3", {}, "failed", 3, "The command returned a non-zero exit code 3.", None,
    ),
    "skip_on_exit_code may be another code": ("exit 5", {"skip_on_exit_code": 5}, "skipped", 5, None, None),
    "skip_on_exit_code may be several codes": ("exit 6", {"skip_on_exit_code": [5, 6]}, "skipped", 6, None, None),
    "without skip_on_exit_code 99 is a failure": ("exit 99", {"skip_on_exit_code": None}, "failed", 99, None, None),
    "exit codes that the runner has meanings for are the task's all the same": (
        "exit 97", {}, "failed", 97, "The command returned a non-zero exit code 97.", None,
    ),
    "a command that SIGKILL ended": (
        "kill -KILL $$", {}, "failed", 137,
        "the process was ended by SIGKILL (exit code 137): killed from outside, or out of memory", "Signal",
    ),
    "a command that SIGSEGV ended": (
        "kill -SEGV $$", {}, "failed", 139, "the process was ended by SIGSEGV (exit code 139)", "Signal",
    ),
    "a command that a real-time signal ended": (
        "kill -37 $$", {}, "failed", 165, "the process was ended by signal 37 (exit code 165)", "Signal",
    ),
    "a command that does not exist": ("no-such-command-anywhere", {}, "failed", 127, None, "Exit"),
    "a folder that does not exist": ("true", {"cwd": "/no/such/folder"}, "failed", None, None, "Runner"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("command", "arguments", "state", "code", "message", "reason"), COMMANDS.values(), ids=COMMANDS.keys()
)
def test_what_becomes_of_a_command(server, command, arguments, state, code, message, reason):
    started = server.launch(bash("t", command, arguments=arguments))
    exit_code = started.run()
    launch = started.launch
    assert (started.state, launch.exit_code) == (state, code), started.said
    assert launch.state is LaunchState.ENDED
    assert message in {None, launch.message}
    assert reason in {None, launch.reason}
    assert (exit_code == 0) == (state != "failed")
    assert exit_code not in {96, 97}, "these codes are the runner's own"


def test_a_command_that_is_told_to_stop_gets_sigterm_and_its_last_words_are_kept(server, bell):
    command = f"trap 'echo bye; exit 0' TERM; echo begun; echo > {bell.path}; while :; do sleep 1000 & wait; done"
    started = server.launch(bash("t", command))
    runner = started.start()
    bell.wait()
    runner.send_signal(signal.SIGTERM)
    started.wait(runner)
    assert started.state is TaskState.FAILED, "it has not done all that it should, whatever its exit code says"
    assert started.launch.reason == "Terminated"
    assert started.output == ["begun", "bye"]


def test_a_task_that_ends_just_when_it_is_told_to_stop_keeps_its_own_end():
    from goflow_runner.agent import Stop

    child = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, "-c", ""])
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    stop = Stop(1.0, child)
    stop(signal.SIGTERM, None)
    assert not stop.told
    os.waitpid(child, 0)


def test_a_signal_that_comes_while_the_task_starts_reaches_it():
    from goflow_runner.agent import Stop

    stop = Stop(1.0, is_preparing=False)
    stop(signal.SIGTERM, None)
    child = os.posix_spawn("/bin/sh", ["sh", "-c", WAIT], os.environ, setpgroup=0)
    stop.task_begins(child)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGTERM
    assert stop.told
    assert stop.kill_at is not None


def test_being_told_twice_is_not_more_time():
    from goflow_runner.agent import Stop

    child = os.posix_spawn("/bin/sh", ["sh", "-c", f"trap '' TERM; {WAIT}"], os.environ, setpgroup=0)
    stop = Stop(1.0, child)
    stop(signal.SIGTERM, None)
    first = stop.kill_at
    stop(signal.SIGTERM, None)
    assert first == stop.kill_at
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_a_process_that_ignores_sigterm_is_killed_in_the_end(server, bell):
    started = server.launch(bash("t", f"trap '' TERM; echo > {bell.path}; while :; do sleep 1000; done"))
    runner = started.start(KILL_AFTER_S="0.2")
    bell.wait()
    runner.send_signal(signal.SIGTERM)
    started.wait(runner)
    launch = started.launch
    assert (launch.reason, launch.exit_code) == ("Terminated", 137)
    assert [line.text for line in started.lines if line.stream == "runner"] == ["the task did not stop: it is killed"]


def test_a_command_that_takes_longer_than_its_execution_timeout(server):
    started = server.launch(bash("t", f"echo begun; {WAIT}", execution_timeout=0.9))
    started.run()
    launch = started.launch
    assert started.state is TaskState.FAILED
    assert launch.reason == "Timeout"
    assert launch.message.startswith("Timeout, PID: ")
    assert started.output == ["begun"]
    assert any("execution_timeout of 0.9 s is over" in line.text for line in started.lines)


LEFTOVERS = {
    "a background process": "sleep 1000 & echo $! > {bell}",
    "a process in a session of its own": (
        "mkfifo there; setsid sh -c 'echo $$ > {bell}; echo > there; exec sleep 1000' & read -r < there"
    ),
    "a process that has left its parent": "setsid sh -c 'sleep 1000 & echo $! > {bell}'; :",
    "one that ignores what it is told": (
        'setsid sh -c \'trap "" TERM HUP INT; sh -c "while :; do sleep 1000; done" & echo $! > {bell}\'; :'
    ),
}


@pytest.mark.parametrize("command", LEFTOVERS.values(), ids=LEFTOVERS.keys())
def test_nothing_that_a_task_started_outlives_it(server, bell, command):
    started = server.launch(bash("t", command.format(bell=bell.path)))
    assert started.run() == 0, started.said
    pid = int(bell.wait())
    assert not os.path.exists(f"/proc/{pid}")


PYTHON_FILE = """
import os, signal, subprocess, sys, time
from datetime import timedelta
from airflow.sdk import DAG
from airflow.providers.standard.operators.python import PythonOperator

BELL = {bell!r}

class Killed(PythonOperator):
    def on_kill(self):
        print("on_kill was called")

def ring():
    with open(BELL, "w") as file:
        file.write("begun")

def wait():
    print("begun")
    ring()
    time.sleep(1000)

def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ring()
    while True:
        time.sleep(1000)

def late():
    print("begun")
    time.sleep(1000)

def killed():
    os.kill(os.getpid(), signal.SIGKILL)

def exits():
    print("before")
    os._exit(42)

def child():
    found = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    with open(BELL, "w") as file:
        file.write(str(found.pid))

with DAG("d", schedule=None):
    Killed(task_id="t", python_callable={function}{more})
"""


def python_launch(server, bell, function, more="", **fields):
    file = PYTHON_FILE.format(bell=str(bell.path), function=function, more=more)
    return server.launch(python("t", "Killed", **fields), file=file)


def test_a_python_task_that_is_told_to_stop_runs_its_on_kill(server, bell):
    started = python_launch(server, bell, "wait")
    runner = started.start()
    bell.wait()
    runner.send_signal(signal.SIGTERM)
    started.wait(runner)
    assert started.launch.reason == "Terminated", started.output
    assert started.output[0] == "begun"
    assert "on_kill was called" in started.output


def test_a_python_task_that_ignores_sigterm_is_killed(server, bell):
    started = python_launch(server, bell, "stubborn")
    runner = started.start(KILL_AFTER_S="0.2")
    bell.wait()
    runner.send_signal(signal.SIGTERM)
    started.wait(runner)
    assert (started.launch.reason, started.launch.exit_code) == ("Terminated", 137)


def test_a_python_task_over_its_execution_timeout_runs_its_on_kill_and_keeps_its_log(server, bell):
    more = ", execution_timeout=timedelta(seconds=1)"
    started = python_launch(server, bell, "late", more, execution_timeout=1.0)
    started.run()
    assert started.state is TaskState.FAILED
    assert started.launch.reason == "Timeout", started.output
    assert "Timeout, PID: " in started.launch.message
    assert started.output[0] == "begun"
    assert "on_kill was called" in started.output


def test_a_python_task_that_does_not_heed_its_timeout_is_stopped_by_the_agent(server, bell):
    started = python_launch(server, bell, "stubborn", execution_timeout=0.2)
    started.run(KILL_AFTER_S="0.2", TIMEOUT_MARGIN_S="0.5")
    assert started.launch.reason == "Timeout", started.output
    assert started.launch.exit_code in {137, 143}, "143 when it was too slow to begin to ignore SIGTERM"


ENDS = {
    "killed by SIGKILL": ("killed", 137, "Signal", "the process was ended by SIGKILL (exit code 137)"),
    "ended behind Python's back": ("exits", 42, "Exit", "the process ended with code 42"),
}


@pytest.mark.parametrize(("function", "code", "reason", "message"), ENDS.values(), ids=ENDS.keys())
def test_a_python_process_that_leaves_no_word(server, bell, function, code, reason, message):
    started = python_launch(server, bell, function)
    started.run()
    launch = started.launch
    assert (launch.exit_code, launch.reason) == (code, reason), started.output
    assert launch.message.startswith(message)


def test_what_a_python_task_leaves_running_is_ended(server, bell):
    started = python_launch(server, bell, "child")
    assert started.run() == 0, started.output
    assert not os.path.exists(f"/proc/{int(bell.wait())}")


def test_a_runner_that_is_told_to_stop_before_its_task_begins_says_so(server):
    started = server.launch(bash("t", "echo never"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server.address.write_text(f"http://127.0.0.1:{silent.getsockname()[1]}")
        runner = started.start()
        silent.accept()[0].recv(1)  # it is claiming, and gets no answer
        runner.send_signal(signal.SIGTERM)
        started.wait(runner)
    word = json.loads((started.folder / "finish.json").read_text())["outcome"]
    assert (word["state"], word["reason"]) == ("failed", "Terminated")
    assert "before it began" in started.said
