"""What the runner accounts for: CPU seconds and peak memory of a task, as its own processes know them."""

from __future__ import annotations

import sys

import pytest

from goflow.store import usage
from tests.runners import bash

FILL = """
import time
have = bytearray(({mb} << 20) - 4096 * int(open("/proc/self/statm").read().split()[1]))
have[::4096] = b"x" * len(range(0, len(have), 4096))
"""
"""A Python process of just so many MB: each page is touched."""
BURN = """
import time
while time.process_time() < {cpu}:
    pass
"""


def run_python(text: str) -> str:
    """A command that has Python run TEXT."""
    return f"{sys.executable} -c '{text}'"


def used_by(server, started):
    with server.store.reading() as tx:
        [tried] = usage.of_task(tx, started.instance_id)
    return tried


def test_eighty_megabytes_and_two_seconds_are_told_within_a_tenth(server):
    started = server.launch(bash("t", run_python(FILL.format(mb=80) + BURN.format(cpu=2.0))))
    assert started.run() == 0, started.said
    tried = used_by(server, started)
    assert tried.usage.source == "runner"
    assert tried.usage.cpu_seconds == pytest.approx(2.0, rel=0.1)
    assert tried.usage.memory_bytes == pytest.approx(80 << 20, rel=0.1)


def test_processes_beside_each_other_are_added_up(server):
    one = run_python(FILL.format(mb=60) + "time.sleep(1.5)")
    started = server.launch(bash("t", f"{one} & {one} & wait"))
    assert started.run() == 0, started.said
    assert used_by(server, started).usage.memory_bytes == pytest.approx(120 << 20, rel=0.1)


def test_what_a_failed_task_has_used_is_told_too(server):
    started = server.launch(bash("t", run_python(BURN.format(cpu=0.5)) + "; exit 3"))
    started.run()
    assert started.state == "failed"
    assert used_by(server, started).usage.cpu_seconds == pytest.approx(0.5, rel=0.2)
