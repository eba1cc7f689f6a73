"""Two real daemons on one PostgreSQL, with processes of their own machine: the work is shared, and when one of them is
killed, stopped or ended the other goes on. The figures are printed (``pytest -s``)."""

from __future__ import annotations

import signal
import time
from collections import Counter

import pytest

from tests.killing import Marks, write_dag
from tests.several import Several, longest_pause, write_ticking

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(300)]


@pytest.fixture
def marks():
    return Marks("127.0.0.1")


@pytest.fixture
def several(postgres_url, tmp_path):
    command = ["daemon", "--backend", "local", "--dags", str(tmp_path / "dags"), "--port", "0"]
    made = Several(postgres_url, tmp_path, command, {"GOFLOW_TASK_API_PORT": "0"})
    yield made
    made.stop()


@pytest.fixture
def ticking(request, several, marks, tmp_path):
    """Two daemons and a run every second; the parameter is the leases' time to live."""
    write_ticking(tmp_path / "dags", marks)
    several.start("a", "b", GOFLOW_LEASE_TTL_S=getattr(request, "param", "5"))
    longest_pause(marks, 5)
    return several


def nothing_doubled(several: Several, marks: Marks) -> None:
    assert marks.repeated() == {}
    assert (
        several.ask("SELECT task_instance_id, try_number FROM launches GROUP BY 1, 2 HAVING count(claimed_by) > 1")
        == []
    )


def test_the_work_is_shared_and_nothing_begins_twice(several, marks, tmp_path):
    write_dag(tmp_path / "dags", marks, chains=6, links=4, pause=0)
    several.start("a", "b")
    a = several["a"]
    a.wait_for("the DAG", lambda: a.json("dags", "list"))
    for n in range(2):
        several["ab"[n]].run("dags", "trigger", "killed", "--run-id", f"run{n}")
    a.wait_for("the ends", lambda: [row["state"] for row in a.json("runs", "list")] == ["success"] * 2, 120)
    nothing_doubled(several, marks)
    assert len(marks.seen) == 2 * (6 * 4 + 1)
    homes = Counter(several.name_of(home) for (home,) in several.ask("SELECT home FROM launches"))
    print(f"launches by daemon: {dict(homes)}")
    assert set(homes) == {"a", "b"}
    assert homes.total() == 50
    assert several.ask("SELECT count(*) FROM launches WHERE state NOT IN ('ended', 'cleaned')") == [(0,)]


def test_the_other_goes_on_when_the_leader_is_killed(ticking, marks):
    leader, epoch = ticking.lease()
    ticking[leader].kill()
    gap = longest_pause(marks, 15)
    print(f"kill -9 of the leader: for {gap:.1f} s no task began")
    assert gap < 10
    assert ticking.lease() == (ticking.other(leader), epoch + 1)
    ticking.start(leader)  # and what runs in its home is adopted
    ticking.wait_for_success()
    nothing_doubled(ticking, marks)


def test_one_that_slept_too_long_is_fenced_off(ticking, marks):
    leader, epoch = ticking.lease()
    slept, other = ticking[leader], ticking.other(leader)
    slept.process.send_signal(signal.SIGSTOP)
    gap = longest_pause(marks, 15)
    print(f"SIGSTOP of the leader: for {gap:.1f} s no task began")
    assert gap < 10
    assert ticking.lease() == (other, epoch + 1)
    slept.process.send_signal(signal.SIGCONT)
    slept.wait_for("its return", lambda: "joins again" in slept.log.read_text(), 30)
    longest_pause(marks, 5)
    assert ticking.lease() == (other, epoch + 1)
    assert slept.process.poll() is None
    nothing_doubled(ticking, marks)
    told = {one["name"]: one["epoch"] for one in slept.json("status")["members"]["leases"]}
    assert told["scheduler"] == epoch + 1
    assert "2 daemons, " in slept.run("status")


@pytest.mark.parametrize("ticking", ["60"], indirect=True)
def test_a_clean_end_hands_over_at_once(ticking, marks):
    leader, epoch = ticking.lease()
    begun = time.monotonic()
    ticking[leader].process.send_signal(signal.SIGTERM)
    other = ticking[ticking.other(leader)]
    other.wait_for("the handover", lambda: ticking.lease()[1] > epoch, every_s=0.01)
    handed = time.monotonic() - begun
    gap = longest_pause(marks, 8)
    print(f"SIGTERM to the leader: another led after {handed:.2f} s, for {gap:.1f} s no task began")
    assert handed < 20, "without waiting for the lease to expire"
    ticking[leader].process.wait(60)
    nothing_doubled(ticking, marks)


def test_a_second_daemon_on_one_home_is_refused(several, tmp_path):
    (tmp_path / "dags").mkdir()
    several.start("a")
    with pytest.raises(AssertionError, match="Another daemon uses it: the home"):
        several["a"].run("daemon", "--backend", "local")
