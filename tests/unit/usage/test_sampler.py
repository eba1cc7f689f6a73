"""The sampler, and the meter of local processes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Mapping

import pytest

from goflow.domain.usage import Sample
from goflow.store import Store, usage
from goflow.store.errors import DatabaseBusyError
from goflow.usage.processes import ProcessMeter
from goflow.usage.sampler import Sampler
from tests.stores import bash_dag, begin, make_run


class Script:
    """A meter that tells what stands in it."""

    source = "processes"

    def __init__(self) -> None:
        self.found: dict[str, Sample] = {}
        self.problem: Exception | None = None

    def measure(self) -> Mapping[str, Sample]:
        if self.problem:
            raise self.problem
        return dict(self.found)


@pytest.fixture
def launch_id(sqlite_store: Store) -> str:
    with sqlite_store.transaction() as tx:
        return begin(tx, make_run(tx, bash_dag("d", "a"))["a"]).id


def kept(store: Store, launch_id: str) -> list[float]:
    with store.reading() as tx:
        found = usage.series(tx, [launch_id])
    return [point.at for point in found[launch_id].points] if found else []


def sampler(store: Store, meter: Script) -> Sampler:
    return Sampler(store, meter, every_s=10.0)


def test_samples_are_written_at_first_and_at_the_end_of_a_launch(sqlite_store: Store, launch_id: str) -> None:
    meter = Script()
    one = sampler(sqlite_store, meter)
    meter.found = {launch_id: Sample(1.0, 0.1, 5)}
    one.round()
    assert kept(sqlite_store, launch_id) == [1.0]
    meter.found = {}
    one.round()
    assert one._held == {}, "nothing is held of what does not run"


def test_one_that_begins_anew_goes_on_where_the_other_was(sqlite_store: Store, launch_id: str) -> None:
    meter = Script()
    for at in (1.0, 11.0, 21.0):
        meter.found = {launch_id: Sample(at, at, 5)}
        sampler(sqlite_store, meter).round()
    assert kept(sqlite_store, launch_id) == [1.0, 11.0, 21.0]


def test_a_launch_that_is_gone_costs_the_others_nothing(sqlite_store: Store, launch_id: str) -> None:
    meter = Script()
    meter.found = {launch_id: Sample(1.0, 0.1, 5), "gone": Sample(1.0, 0.1, 5)}
    one = sampler(sqlite_store, meter)
    one.round()
    assert kept(sqlite_store, launch_id) == [1.0]
    assert set(one._held) == {launch_id}


def test_what_could_not_be_written_is_written_with_the_next(
    sqlite_store: Store, launch_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def away():
        raise DatabaseBusyError("away")
        yield

    meter = Script()
    meter.found = {launch_id: Sample(1.0, 0.1, 5)}
    one = sampler(sqlite_store, meter)
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_store, "transaction", away)
        one.round()
        assert kept(sqlite_store, launch_id) == []
    meter.found = {}
    one.round()
    assert kept(sqlite_store, launch_id) == [1.0]


def test_a_meter_that_fails_ends_nothing(sqlite_store: Store, launch_id: str) -> None:
    meter = Script()
    meter.problem = OSError("no such file")
    one = sampler(sqlite_store, meter)
    one.round()
    meter.problem, meter.found = None, {launch_id: Sample(1.0, 0.1, 5)}
    one.round()
    assert kept(sqlite_store, launch_id) == [1.0]


WORK = """
import subprocess, sys, time
have = bytearray((40 << 20) - 4096 * int(open("/proc/self/statm").read().split()[1]))
have[::4096] = b"x" * len(range(0, len(have), 4096))
while time.process_time() < 0.5: pass
"""
AGENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {WORK!r} + "print(); sys.stdout.flush(); sys.stdin.read()"])
child.wait()
"""


def test_a_local_process_is_measured_without_its_agent() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", AGENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as agent:
        assert agent.stdout is not None
        assert agent.stdin is not None
        agent.stdout.readline()
        meter = ProcessMeter(lambda: {"l": agent.pid, "gone": 2**22 + 1})
        [(launch_id, sample)] = meter.measure().items()
        assert launch_id == "l"
        assert sample.cpu_seconds == pytest.approx(0.5, abs=0.1)
        assert sample.memory_bytes == pytest.approx(40 << 20, rel=0.1)
        agent.stdin.close()
    assert meter.measure() == {}
    assert ProcessMeter(dict).measure() == {}
