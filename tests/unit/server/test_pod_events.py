"""What Kubernetes has said of task attempts, over REST and the command line: as it has it now, and as it was kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from goflow.cli import main
from goflow.domain.kube_events import KubeEvent
from goflow.domain.runs import Launch, Outcome
from goflow.domain.state import TaskState
from goflow.executor.noted import Cleaned, cleaned_all
from goflow.executor.outcomes import End, settle_all
from goflow.kube.errors import UnavailableError
from goflow.server.rest.pod_events import MOST_ASKED
from goflow.store import Store, launches, tasks, transitions
from tests.stores import bash_dag, begin, make_run
from tests.unit.domain.test_kube_events import event
from tests.unit.server.serving import asking, serving

PULLED, BACK_OFF, KILLED = (
    event("Pulled", 1, kind="Normal"),
    event("BackOff", 2, count=3),
    event("Killing", 3, kind="Normal"),
)
MORE = event("BackOff", 9, count=7)
EVENTS = "/goflow/v1/dags/d/dagRuns/manual__1/taskInstances/a/events"
Ask = Callable[[Launch], list[KubeEvent]]


def failed(store: Store, kept: list[KubeEvent], backend: str = "kubernetes") -> Launch:
    """A task that has failed, and of which nothing is left but what was KEPT; its launch."""
    with store.transaction() as tx:
        launch = begin(tx, make_run(tx, bash_dag("d", "a"))["a"], backend=backend)
        outcome = Outcome(state=TaskState.FAILED, reason="Exit", exit_code=1)
        settle_all(tx, [End(launch_id=launch.id, outcome=outcome, who="runner")])
        cleaned_all(tx, [Cleaned(launch.id, kept)])
        return launch


def away(launch: Launch) -> list[KubeEvent]:
    raise UnavailableError(503, "ServiceUnavailable", "it is away")


AWAY, ALONE = "the API server gives no events: it is away", "this daemon has no API server to ask"
TOLD: dict[str, tuple[list[KubeEvent], Ask | None, list[tuple[str, int]], str | None, bool]] = {
    "what Kubernetes has now": ([], lambda _: [PULLED], [("Pulled", 1)], None, False),
    "what was kept, when it has none any more": ([BACK_OFF], lambda _: [], [("BackOff", 3)], None, True),
    "both, each once and as it was counted last": (
        [PULLED, BACK_OFF], lambda _: [MORE, KILLED], [("Pulled", 1), ("Killing", 1), ("BackOff", 7)], None, False,
    ),
    "what was kept, while it is away": ([BACK_OFF], away, [("BackOff", 3)], AWAY, True),
    "why there is nothing, while it is away": ([], away, [], AWAY, False),
    "what was kept, where a daemon knows no cluster": ([BACK_OFF], None, [("BackOff", 3)], ALONE, True),
    "nothing, where there is nothing": ([], lambda _: [], [], None, False),
}  # fmt: skip


@pytest.mark.parametrize(("kept", "ask", "events", "reason", "is_kept"), TOLD.values(), ids=TOLD)
def test_told_is(
    sqlite_store: Store,
    kept: list[KubeEvent],
    ask: Ask | None,
    events: list[tuple[str, int]],
    reason: str | None,
    is_kept: bool,
) -> None:
    launch = failed(sqlite_store, kept)
    with serving(sqlite_store, open=True, kube_events=ask) as url, asking(url) as api:
        of_page = api.get(f"/goflow/v1/page/launches/{launch.id}/events").json()
        whole = api.get(EVENTS).json()
    assert [(one["reason"], one["count"]) for one in of_page["events"]] == events
    assert (of_page["reason"], of_page["kept"]) == (reason, is_kept)
    [start] = whole["starts"]
    assert whole["try_number"] == 1
    assert {name: start[name] for name in of_page} == of_page
    assert (start["launch_id"], start["ordinal"], start["job_name"]) == (launch.id, 1, launch.job_name)


def test_an_event_is_told_as_a_user_of_kubernetes_knows_it(sqlite_store: Store) -> None:
    launch = failed(sqlite_store, [BACK_OFF])
    with serving(sqlite_store, open=True) as url, asking(url) as api:
        [told] = api.get(f"/goflow/v1/page/launches/{launch.id}/events").json()["events"]
    assert told == {
        "kind": "Warning",
        "reason": "BackOff",
        "message": "BackOff it is",
        "about": "Pod p",
        "source": "kubelet",
        "count": 3,
        "first_at": "2026-03-01T12:00:00.000000+00:00",
        "last_at": "2026-03-01T12:00:02.000000+00:00",
    }


def test_of_many_starts_the_newest_alone_are_asked_about(sqlite_store: Store) -> None:
    with sqlite_store.transaction() as tx:
        ti = make_run(tx, bash_dag("d", "a"))["a"]
        begin(tx, ti, backend="kubernetes")
        for _ in range(MOST_ASKED + 1):
            [*_, newest] = launches.of_task(tx, ti.id)
            outcome = Outcome(state=TaskState.UP_FOR_RESCHEDULE)
            settle_all(tx, [End(launch_id=newest.id, outcome=outcome, who="runner")])
            cleaned_all(tx, [Cleaned(newest.id, [BACK_OFF] if newest.ordinal == 2 else [])])
            transitions.advance_task(tx, ti.id, TaskState.UP_FOR_RESCHEDULE, TaskState.SCHEDULED, who="test")
            again = transitions.plan_launch(tx, tasks.get(tx, ti.id), backend="kubernetes", new_attempt=False).launch
            assert again is not None
            transitions.claim_launch(tx, again.id, "1:1")
            transitions.advance_task(tx, ti.id, TaskState.QUEUED, TaskState.RUNNING, who="test")
    asked: list[int] = []

    def ask(launch: Launch) -> list[KubeEvent]:
        asked.append(launch.ordinal)
        return [KILLED]

    with serving(sqlite_store, open=True, kube_events=ask) as url, asking(url) as api:
        starts = api.get(EVENTS).json()["starts"]
        assert api.get(EVENTS, params={"try_number": 2}).json() == {"try_number": 2, "starts": []}
        assert api.get(EVENTS.replace("/a/", "/none/")).status_code == 404
    assert asked == [5, 4, 3]
    assert [start["ordinal"] for start in starts] == [1, 2, 3, 4, 5]
    assert [[one["reason"] for one in start["events"]] for start in starts] == [[], ["BackOff"], *[["Killing"]] * 3]
    assert [bool(start["reason"]) for start in starts] == [True, False, False, False, False]


def test_the_command_line_tells_of_it(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    failed(sqlite_store, [PULLED, BACK_OFF])

    def said(*words: str) -> Any:
        return CliRunner().invoke(main, ["tasks", "events", "d", "manual__1", "a", *words])

    with serving(sqlite_store, open=True, kube_events=lambda _: []) as url:
        monkeypatch.setenv("GOFLOW_SERVER", url)
        done = said()
        assert done.exit_code == 0, done.output
        assert [line.split()[:2] for line in done.stdout.splitlines()] == [
            ["TYPE", "REASON"], ["Normal", "Pulled"], ["Warning", "BackOff"],
        ]  # fmt: skip
        assert "2026-03-01 12:00:02  3      kubelet  Pod p   BackOff it is" in done.stdout
        assert "kept with the attempt" in done.stderr
        assert len(json.loads(said("--json").stdout)["starts"][0]["events"]) == 2
        assert "none were kept" in said("--try", "2").output
