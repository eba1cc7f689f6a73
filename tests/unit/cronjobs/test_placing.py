"""CronJobs are placed, changed, mended and removed; and all of it again after a death anywhere."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from goflow.cronjobs.keeping import Keeper
from goflow.cronjobs.placing import Placer
from goflow.cronjobs.watched import Watch
from goflow.domain.cronjobs import CronJobRule
from goflow.kube.errors import ForbiddenError, KubeError, UnavailableError
from goflow.members.duties import Always, Duty, NotLeadingError
from goflow.store import Store, Tx, cronjobs, dags, events
from goflow.store.cronjobs import CronJob
from tests.stores import record
from tests.unit.cronjobs.kit import DEFAULTS, NIGHTLY, RULE, SITE, ApiServer, Killed, View, dag_of

KEY = ("work", "nightly")
Change = Callable[[dict[str, Any]], Any]


class World:
    """A store with DAGs, and an API server."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.api = ApiServer()
        self.rule = RULE
        self.files = 0

    def put(self, text: str = NIGHTLY) -> None:
        """The file is TEXT now."""
        self.files += 1
        with self.store.transaction() as tx:
            digest = f"{self.files:064x}"
            record(tx, dag_of(text), file_hash=digest, namespace=DEFAULTS.namespace, paused=False)

    def keeper(self, rule: CronJobRule | None = None, duty: Duty | None = None) -> Keeper:
        """That of a daemon which begins to look now."""
        duty = duty or Always()
        namespaces = (DEFAULTS.namespace,)
        placer = Placer(self.api, self.store, duty, lambda _: None, installation="goflow", namespaces=namespaces)
        watch = Watch(self.store, duty)
        return Keeper(self.store, placer, watch, rule or self.rule, DEFAULTS, SITE)

    def look(self, rule: CronJobRule | None = None) -> None:
        """What it does then."""
        keeper = self.keeper(rule)
        keeper.read_dags()
        keeper.keep(View(self.api))  # type: ignore[arg-type]

    def change(self, change: Change) -> None:
        """Somebody changes it."""
        item = self.api.cronjobs[KEY]
        change(item)
        self.api.number += 1
        item["metadata"]["resourceVersion"] = str(self.api.number)

    @property
    def row(self) -> CronJob:
        with self.store.reading() as tx:
            found = cronjobs.find(tx, *KEY)
        assert found is not None
        return found

    def told(self) -> list[str]:
        with self.store.reading() as tx:
            found = events.after(tx, 0, limit=1000)
        return [event.kind.removeprefix("cronjob.") for event in found if event.kind.startswith("cronjob.")]


@pytest.fixture
def world(sqlite_store: Store) -> World:
    return World(sqlite_store)


def test_it_is_placed_once_and_left_alone_while_nothing_changes(world: World) -> None:
    world.put()
    world.look()
    made = copy.deepcopy(world.api.cronjobs)
    for _ in range(3):
        world.look()
    assert world.api.cronjobs == made
    assert (world.told(), list(made)) == (["placed"], [KEY])
    spec = made[KEY]["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["suspend"]) == ("*/10 * * * *", "UTC", False)
    template = spec["jobTemplate"]
    assert template["spec"]["backoffLimit"] == 2
    assert template["spec"]["podFailurePolicy"]["rules"][0]["action"] == "Ignore"
    assert template["metadata"]["annotations"]["goflow/dag-version"] == "1"


def test_a_change_of_the_file_changes_it(world: World) -> None:
    world.put()
    world.look()
    world.put(NIGHTLY.replace("*/10", "*/20"))
    world.look()
    assert world.api.cronjobs[KEY]["spec"]["schedule"] == "*/20 * * * *"
    assert world.told() == ["placed", "changed"]


def test_a_paused_dag_is_suspended(world: World) -> None:
    world.put()
    world.look()
    for paused in (True, False):
        with world.store.transaction() as tx:
            dags.set_paused(tx, "nightly", paused, who="ann")
        world.look()
        assert world.api.cronjobs[KEY]["spec"]["suspend"] is paused
        assert world.row.suspended is paused


def test_it_is_suspended_until_its_first_day(world: World) -> None:
    world.put(NIGHTLY + "    StartDateTime: 2026-03-02\n")
    world.look()
    assert world.api.cronjobs[KEY]["spec"]["suspend"] is True
    world.store.clock.advance(86400)  # type: ignore[attr-defined]
    world.look()
    assert world.api.cronjobs[KEY]["spec"]["suspend"] is False


DRIFTS: list[tuple[str, Change, str]] = [
    ("schedule", lambda item: item["spec"].update(schedule="0 0 * * *"), 'spec.schedule: "0 0 * * *" instead of'),
    ("suspend", lambda item: item["spec"].update(suspend=True), "spec.suspend: true instead of false"),
    ("label", lambda item: item["metadata"]["labels"].pop("goflow/dag-id"), "label goflow/dag-id: None instead of"),
    ("an addition", lambda item: item["spec"].update(more=1), "spec.more: 1 instead of nothing"),
    (
        "deep down",
        lambda item: item["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0].update(image="evil"),
        'containers[0].image: "evil" instead of "busybox"',
    ),
]


@pytest.mark.parametrize(("change", "words"), [d[1:] for d in DRIFTS], ids=[d[0] for d in DRIFTS])
def test_what_somebody_changes_is_mended_and_told(world: World, change: Change, words: str) -> None:
    world.put()
    world.look()
    wanted = copy.deepcopy(world.api.cronjobs[KEY]["spec"])
    world.change(change)
    world.look()
    assert world.api.cronjobs[KEY]["spec"] == wanted
    assert world.api.cronjobs[KEY]["metadata"]["labels"]["goflow/dag-id"] == "nightly"
    assert world.told() == ["placed", "drifted", "mended"]
    assert words in str(world.row.mended)
    assert world.row.mended_at is not None
    world.look()
    assert world.told() == ["placed", "drifted", "mended"]


def test_labels_and_annotations_of_others_are_left_alone(world: World) -> None:
    world.put()
    world.look()
    world.change(lambda item: item["metadata"]["labels"].update(team="data"))
    world.look()
    assert world.api.cronjobs[KEY]["metadata"]["labels"]["team"] == "data"
    assert world.told() == ["placed"]


def test_one_that_somebody_deletes_is_placed_again_and_told(world: World) -> None:
    world.put()
    world.look()
    del world.api.cronjobs[KEY]
    world.look()
    assert KEY in world.api.cronjobs
    assert (world.told(), world.row.mended) == (["placed", "drifted", "mended"], "it was deleted")


def gone(world: World) -> None:
    with world.store.transaction() as tx:
        dags.deactivate(tx, ["nightly"], who="importer")


def says_job(world: World) -> None:
    world.put(NIGHTLY.replace("RunAs: CronJob", "RunAs: Job"))


def says_nothing(world: World) -> None:
    world.put(NIGHTLY.replace("    RunAs: CronJob\n", ""))


@pytest.mark.parametrize("change", [gone, says_job, says_nothing])
def test_it_goes_with_its_file_and_when_that_says_so_no_more(world: World, change: Callable[[World], None]) -> None:
    world.put()
    world.look()
    change(world)
    world.look()
    assert world.api.cronjobs == {}
    world.look()
    assert world.told() == ["placed", "removed"]
    with world.store.reading() as tx:
        assert cronjobs.all_(tx) == []


def test_the_setting_makes_cronjobs_of_all_that_can_be_one(world: World) -> None:
    says_nothing(world)
    world.look(CronJobRule(enabled=True, by_default=True))
    assert KEY in world.api.cronjobs


def test_one_of_a_dag_that_this_database_does_not_know_is_left_alone(world: World) -> None:
    """A database that is new, or was restored, must not be the end of everybody's CronJobs."""
    world.put()
    world.look()
    with world.store.transaction() as tx:
        dags.deactivate(tx, ["nightly"], who="test")
        dags.delete_(tx, "nightly", who="test")
    world.look()
    assert KEY in world.api.cronjobs


@pytest.mark.parametrize("mine", ["goflow/installation", "goflow/dag-id"])
def test_one_of_that_name_that_is_somebody_elses_is_not_touched(world: World, mine: str) -> None:
    world.put()
    world.look()
    world.change(lambda item: item["metadata"]["annotations"].update({mine: "another"}))
    theirs = copy.deepcopy(world.api.cronjobs)
    world.look()
    assert world.api.cronjobs == theirs
    assert "not this DAG's" in str(world.row.problem)
    assert world.told() == ["placed", "refused"]
    gone(world)
    world.look()
    assert world.api.cronjobs == theirs


def test_a_namespace_that_is_not_looked_after_is_told(world: World) -> None:
    world.put(NIGHTLY + "    Namespace: elsewhere\n")
    world.look()
    with world.store.reading() as tx:
        found = cronjobs.find(tx, "elsewhere", "nightly")
    assert found is not None
    assert "job_namespaces" in str(found.problem)
    assert world.api.cronjobs == {}


@pytest.mark.parametrize(
    "refusal", [KubeError(422, "Invalid", "no such thing"), ForbiddenError(403, "Forbidden", "no")]
)
def test_what_the_api_server_refuses_is_told_once_and_tried_again(world: World, refusal: KubeError) -> None:
    world.put()
    world.api.refuses = refusal
    for _ in range(3):
        world.look()
    assert world.told() == ["refused"]
    assert refusal.message in str(world.row.problem)
    world.api.refuses = None
    world.look()
    assert (world.told(), world.row.problem) == (["refused", "placed"], None)


def test_an_api_server_that_is_away_is_nobodys_refusal(world: World) -> None:
    world.put()
    world.api.refuses = UnavailableError(0, "NoAnswer", "away")
    with pytest.raises(UnavailableError):
        world.look()
    world.api.refuses = None
    world.look()
    assert world.told() == ["placed"]


def restart(world: World) -> None:
    """Look until no daemon dies any more: each dies at another call, or at the commit after it."""
    number = 0
    while True:
        number += 1
        count = 0

        def at(what: str, number: int = number) -> None:
            nonlocal count
            count += 1
            if count == number:
                raise Killed(what)

        world.api.at = at
        try:
            world.look()
        except Killed:
            continue
        finally:
            world.api.at = lambda what: None
        if count < number:
            return


STEPS: list[tuple[str, Callable[[World], None], list[str]]] = [
    ("place", lambda world: None, ["placed"]),
    ("change", lambda world: world.put(NIGHTLY.replace("*/10", "*/20")), ["placed", "changed"]),
    ("mend", lambda world: world.change(DRIFTS[0][1]), ["placed", "drifted", "mended"]),
    ("mend an addition", lambda world: world.change(DRIFTS[3][1]), ["placed", "drifted", "mended"]),
    ("place again", lambda world: world.api.cronjobs.clear(), ["placed", "drifted", "mended"]),
    ("remove", gone, ["placed", "removed"]),
]


@pytest.mark.parametrize(("step", "told"), [step[1:] for step in STEPS], ids=[step[0] for step in STEPS])
def test_killed_at_any_call_it_comes_to_the_same_and_tells_it_once(
    world: World, step: Callable[[World], None], told: list[str]
) -> None:
    world.put()
    if told != ["placed"]:
        world.look()
    step(world)
    restart(world)
    restart(world)
    assert world.told() == told
    there = world.api.cronjobs.get(KEY)
    if "removed" in told:
        assert there is None
    else:
        assert there is not None
        assert there["spec"]["schedule"] == world.row.schedule
        assert "more" not in there["spec"]


def test_what_has_not_changed_is_not_compared_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.put()
    keeper = world.keeper()
    keeper.read_dags()
    compared = 0
    real = Placer.place

    def place(*given: Any) -> CronJob:
        nonlocal compared
        compared += 1
        return real(*given)

    monkeypatch.setattr(Placer, "place", place)
    for _ in range(5):
        keeper.keep(View(world.api))  # type: ignore[arg-type]
    assert compared == 2, "once to place it, and once to see what it has become"
    world.change(DRIFTS[0][1])
    for _ in range(5):
        keeper.keep(View(world.api))  # type: ignore[arg-type]
    assert compared == 4
    assert world.told() == ["placed", "drifted", "mended"]


class Lost(Always):
    """The duty of a daemon that slept, and does not know yet that another has it."""

    def check(self, tx: Tx) -> int:
        raise NotLeadingError("cronjobs")


@pytest.mark.parametrize("text", [NIGHTLY.replace("RunAs: CronJob", "RunAs: Job"), NIGHTLY])
def test_who_wakes_in_the_middle_of_a_look_writes_nothing_of_what_was_wanted_before(
    sqlite_store: Store, text: str
) -> None:
    world = World(sqlite_store)
    world.put(text)
    sleeper = world.keeper(duty=Lost())
    sleeper.read_dags()
    world.put(NIGHTLY + "    TimeLimit: 100\n")
    world.look()
    placed = copy.deepcopy(world.api.cronjobs)
    with pytest.raises(NotLeadingError):
        sleeper.keep(View(world.api))  # type: ignore[arg-type]
    assert world.api.cronjobs == placed
