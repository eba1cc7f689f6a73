"""Two daemons with Jobs on the cluster, a PostgreSQL and Lease objects: one is killed, one sleeps, and Jobs go on being
made. The figures are printed (``pytest -s``)."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from goflow.kube.api import KubeApi
from goflow.kube.lease import LEASES
from tests.cluster.daemon import free_port, settings_on
from tests.killing import Marks
from tests.postgres import postgres_server, postgres_url
from tests.several import Several, write_ticking
from tests.switch import Switch

__all__ = ["postgres_server", "postgres_url"]

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
LAUNCHES = "SELECT created_at FROM launches WHERE created_at > %s ORDER BY 1"


@pytest.fixture
def marks(cluster: Any) -> Marks:
    return Marks(cluster.host_address)


@pytest.fixture
def two(
    request: pytest.FixtureRequest,
    cluster: Any,
    runner_image: str,
    namespace: str,
    postgres_url: str,
    tmp_path: Path,
    marks: Marks,
) -> Iterator[Several]:
    """Two daemons behind what would be their Service, and a run every two seconds."""
    del runner_image
    write_ticking(tmp_path / "dags", marks, every_s=2)
    host = cluster.host_address
    ports = {name: free_port(host) for name in ("a", "b")}
    switch = Switch(host, [*ports.values()])
    command = ["daemon", "--dags", str(tmp_path / "dags"), "--port", "0"]
    settings = {
        **settings_on(cluster, namespace),
        "GOFLOW_TASK_API_URL": switch.address,
        "GOFLOW_LEASE_IN": "kubernetes",
    }
    made = Several(postgres_url, tmp_path, command, settings)
    try:
        for name, port in ports.items():
            made.start(name, GOFLOW_TASK_API_PORT=str(port), GOFLOW_LEASE_TTL_S=getattr(request, "param", "5"))
        made["a"].wait_for("launches", lambda: len(launched(made)) > 2, 120)
        yield made
    finally:
        made.stop()
        switch.close()


def launched(several: Several, since: Any = "2000-01-01") -> list[Any]:
    """When Jobs were made."""
    return [moment for (moment,) in several.ask(LAUNCHES, since)]


def pause_after(several: Several, count: int) -> float:
    """The longest time in seconds without a new Job from now until there are COUNT more."""
    [(now,)] = several.ask("SELECT clock_timestamp()")
    next(iter(several.daemons.values())).wait_for("launches", lambda: len(launched(several, now)) >= count, 120)
    moments = [now, *launched(several, now)]
    return max((later - earlier).total_seconds() for earlier, later in itertools.pairwise(moments))


def the_object(cluster: Any, namespace: str) -> tuple[str, int]:
    """Holder and epoch, as the Lease has it."""
    path = f"{LEASES.format(namespace=namespace)}/{namespace}-scheduler"
    spec = KubeApi(cluster.kubeconfig).request("GET", path)["spec"]
    return spec["holderIdentity"].rpartition("_")[2], spec["leaseTransitions"]


def check_all(several: Several, marks: Marks) -> None:
    """What was begun until now ends well, and nothing has begun twice."""
    several.wait_for_success(240)
    assert marks.repeated() == {}


def test_the_other_goes_on_when_the_leader_is_killed(cluster, two, namespace, marks):
    leader, epoch = two.lease()
    holder, transitions = the_object(cluster, namespace)
    assert (two.name_of(holder), transitions) == (leader, epoch)
    two[leader].kill()
    pause = pause_after(two, 8)
    print(f"kill -9 of the leader: for {pause:.1f} s no Job was made (one is due every 2 s)")
    assert pause < 10
    other = two.other(leader)
    assert two.lease()[0] == other
    assert two.name_of(the_object(cluster, namespace)[0]) == other
    two.start(leader)
    check_all(two, marks)


def test_one_that_slept_too_long_is_fenced_off(cluster, two, namespace, marks):
    leader, epoch = two.lease()
    two[leader].process.send_signal(signal.SIGSTOP)
    pause = pause_after(two, 8)
    print(f"SIGSTOP of the leader: for {pause:.1f} s no Job was made (one is due every 2 s)")
    assert pause < 10
    two[leader].process.send_signal(signal.SIGCONT)
    two[leader].wait_for("its return", lambda: "joins again" in two[leader].log.read_text(), 30)
    pause_after(two, 4)
    assert two.lease() == (two.other(leader), epoch + 1)
    assert the_object(cluster, namespace)[1] == epoch + 1
    check_all(two, marks)


@pytest.mark.parametrize("two", ["60"], indirect=True)
def test_a_clean_end_hands_over_at_once(cluster, two, namespace, marks):
    leader, epoch = two.lease()
    begun = time.monotonic()
    two[leader].process.send_signal(signal.SIGTERM)
    two[leader].wait_for("the handover", lambda: two.lease()[1] > epoch, every_s=0.02)
    print(f"SIGTERM to the leader: another led after {time.monotonic() - begun:.2f} s")
    assert time.monotonic() - begun < 20, "without waiting for the lease to expire"
    assert two.name_of(the_object(cluster, namespace)[0]) == two.other(leader)
    two[leader].process.wait(60)
    check_all(two, marks)
