"""Leases as Lease objects of a real API server: who gets one, who loses one, and what the database's fence makes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from goflow.domain.clock import VirtualClock
from goflow.kube.api import KubeApi
from goflow.kube.lease import LEASES, KubeLease
from goflow.members.duties import NotLeadingError
from goflow.members.kube_lessor import KubeLessor, leases_in
from goflow.members.roster import Roster
from goflow.store import Store, leases
from tests.stores import START

Make = Callable[..., KubeLease]


@pytest.fixture
def api(cluster: Any) -> KubeApi:
    """Calls to the cluster's API server."""
    return KubeApi(cluster.kubeconfig)


@pytest.fixture
def kube_clock() -> VirtualClock:
    """What both sides judge silence by."""
    return VirtualClock(START)


@pytest.fixture
def lease(api: KubeApi, namespace: str, kube_clock: VirtualClock) -> Make:
    """Makes the lease of one who wants it."""

    def make(holder: str) -> KubeLease:
        return KubeLease(
            api, namespace, "goflow-scheduler", holder, 5, kube_clock, {"app.kubernetes.io/managed-by": "goflow"}
        )

    return make


def stored(api: KubeApi, namespace: str) -> dict[str, Any]:
    return api.request("GET", f"{LEASES.format(namespace=namespace)}/goflow-scheduler")


def test_one_holds_it_until_it_has_not_changed_for_its_time(
    api: KubeApi, namespace: str, lease: Make, kube_clock: VirtualClock
) -> None:
    a, b = lease("a"), lease("b")
    assert (a.look().holder, a.look().expires_in_s, a.take(1)) == ("", 0.0, 1)
    found = stored(api, namespace)["spec"]
    assert (found["holderIdentity"], found["leaseDurationSeconds"], found["leaseTransitions"]) == ("a", 5, 1)
    for _ in range(3):
        assert b.look().expires_in_s == 5, "it has just changed"
        kube_clock.advance(4)
        assert b.look().expires_in_s == 1
        assert a.renew(1)
    kube_clock.advance(5)
    b.look()
    kube_clock.advance(4.9)
    assert 0 < b.look().expires_in_s < 0.2
    kube_clock.advance(0.2)
    assert b.look().expires_in_s < 0
    assert b.take(1) == 2
    assert not a.renew(1), "the late holder is told"
    assert not a.release(1)
    assert b.renew(2)


def test_one_that_is_released_is_free_at_once_and_keeps_its_epoch(lease: Make) -> None:
    a, b = lease("a"), lease("b")
    a.look()
    a.take(1)
    assert a.release(1)
    standing = b.look()
    assert (standing.holder, standing.epoch, standing.expires_in_s) == ("", 1, 0.0)
    assert b.take(1) == 2


def test_of_many_that_want_it_at_the_same_moment_one_gets_it(lease: Make) -> None:
    for round_ in range(5):
        wanting = [lease(f"{round_}-{number}") for number in range(8)]
        line = threading.Barrier(len(wanting))

        def want(one: KubeLease, line: threading.Barrier = line) -> int | None:
            one.look()
            line.wait(30)
            return one.take(1)

        with ThreadPoolExecutor(len(wanting)) as threads:
            epochs = [epoch for epoch in threads.map(want, wanting) if epoch is not None]
        assert epochs == [round_ + 1]
        [holder] = [one for one in wanting if one.holder == one.look().holder]
        assert holder.release(round_ + 1)


def test_a_label_that_somebody_puts_on_it_is_no_loss_and_stays(api: KubeApi, namespace: str, lease: Make) -> None:
    a = lease("a")
    a.look()
    a.take(1)
    path = f"{LEASES.format(namespace=namespace)}/goflow-scheduler"
    patch = {"metadata": {"labels": {"team": "etl"}}}
    api.request("PATCH", path, body=patch, content_type="application/merge-patch+json")
    assert a.renew(1)
    assert stored(api, namespace)["metadata"]["labels"]["team"] == "etl"


def test_one_that_was_deleted_does_not_begin_from_one_again(api: KubeApi, namespace: str, lease: Make) -> None:
    a, b = lease("a"), lease("b")
    a.look()
    a.take(7)
    api.request("DELETE", f"{LEASES.format(namespace=namespace)}/goflow-scheduler")
    assert not a.renew(7)
    b.look()
    assert b.take(8) == 8


# With the fence in the database ----------------------------------------------------------------------------------------


@pytest.fixture
def join(api: KubeApi, namespace: str, sqlite_url: str, kube_clock: VirtualClock) -> Iterator[Callable[[str], Roster]]:
    """A daemon of that name, whose leases are objects."""
    stores: list[Store] = []

    def make(name: str) -> Roster:
        stores.append(Store(sqlite_url, clock=kube_clock))
        made = leases_in(api, namespace, "goflow", holder=f"pod_{name}", ttl_s=5, clock=kube_clock)
        lessor = KubeLessor(made, stores[-1], name, 5)
        roster = Roster(stores[-1], name, name=name, backend="kubernetes", version="1", ttl_s=5, lessor=lessor)
        roster.duty("scheduler")
        roster._join()
        roster.started.set()
        return roster

    yield make
    for store in stores:
        store.close()


def epochs(roster: Roster, api: KubeApi, namespace: str) -> tuple[str, int, str, int]:
    """Holder and epoch by the database, and by the object."""
    with roster.store.reading() as tx:
        written = leases.get(tx, "scheduler")
    assert written is not None
    found = stored(api, namespace)["spec"]
    return written.holder, written.epoch, found["holderIdentity"], found["leaseTransitions"]


def test_the_object_decides_and_the_database_fences(
    join: Callable[[str], Roster], api: KubeApi, namespace: str, kube_clock: VirtualClock
) -> None:
    a = join("a")
    a.look()
    assert epochs(a, api, namespace) == ("a", 1, "pod_a", 1)
    b = join("b")
    for _ in range(2):
        b.look()
    assert not b.duties["scheduler"].leads
    kube_clock.advance(5.1)
    for _ in range(3):
        b.look()
    assert epochs(b, api, namespace) == ("b", 2, "pod_b", 2)
    with a.store.transaction() as tx, pytest.raises(NotLeadingError):
        a.duties["scheduler"].check(tx)
    a.look()
    assert not a.duties["scheduler"].leads
    b.leave()
    for _ in range(2):
        a.look()
    assert epochs(a, api, namespace) == ("a", 3, "pod_a", 3)


def test_who_takes_the_object_and_sleeps_is_not_let_in_when_it_wakes(
    join: Callable[[str], Roster], kube_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = join("a"), join("b")
    write = leases.seize
    with monkeypatch.context() as asleep:
        asleep.setattr(leases, "seize", lambda tx, *given: None)
        a.look()
    assert not a.duties["scheduler"].leads
    b.look()
    kube_clock.advance(5.1)
    for _ in range(3):
        b.look()
    assert (b.duties["scheduler"].leads, b.duties["scheduler"].epoch) == (True, 2)
    with a.store.transaction() as tx:
        assert write(tx, "scheduler", "a", 5, 1) is None, "it wakes, and writes down what it took"


def test_a_deleted_object_is_made_again_above_what_the_database_knows(
    join: Callable[[str], Roster], api: KubeApi, namespace: str, kube_clock: VirtualClock
) -> None:
    a = join("a")
    a.look()
    api.request("DELETE", f"{LEASES.format(namespace=namespace)}/goflow-scheduler")
    kube_clock.advance(2.5)
    for _ in range(3):
        a.look()
    assert epochs(a, api, namespace) == ("a", 2, "pod_a", 2)


def test_who_is_alone_renews_the_object_when_half_of_its_time_has_gone_by(
    join: Callable[[str], Roster], api: KubeApi, namespace: str, kube_clock: VirtualClock
) -> None:
    def writes_in_10_s() -> int:
        seen = {stored(api, namespace)["metadata"]["resourceVersion"]}
        for _ in range(6):
            kube_clock.advance(5 / 3)
            for one in there:
                one.look()
            seen.add(stored(api, namespace)["metadata"]["resourceVersion"])
        return len(seen) - 1

    there = [join("a")]
    there[0].look()
    assert writes_in_10_s() == 3
    there.append(join("b"))
    assert writes_in_10_s() == 6, "another one would take what it has not seen to change for 5 s"
    assert [one.duties["scheduler"].leads for one in there] == [True, False]
    there.pop().leave()
    assert writes_in_10_s() == 3


def test_while_the_api_server_is_away_who_leads_goes_on(
    join: Callable[[str], Roster], kube_clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from goflow.kube.errors import UnavailableError

    def away(*_: Any, **__: Any) -> Any:
        raise UnavailableError(0, "NoAnswer", "it is away")

    a, b = join("a"), join("b")
    a.look()
    b.look()
    monkeypatch.setattr(KubeApi, "request", away)
    for _ in range(5):
        kube_clock.advance(2)
        a.look()
        b.look()
    assert a.duties["scheduler"].leads
    assert not b.duties["scheduler"].leads
    assert a.is_sure
    assert b.is_sure
    kube_clock.advance(10)
    for _ in range(3):
        b.look()
    assert not b.duties["scheduler"].leads, "nobody can take it there"
    a.leave()
