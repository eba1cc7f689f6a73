"""The service over watches: from a file to a CronJob, from its Job to a run; the duty, and an API server that is away."""

from __future__ import annotations

import copy
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from goflow.cronjobs.following import KEEP_S
from goflow.cronjobs.jobs import FINALIZER
from goflow.cronjobs.service import CronJobs
from goflow.kube.errors import UnavailableError
from goflow.scheduler.timetables import moments_between
from goflow.store import Store, cronjobs, dags, installation, runs
from goflow.store import Tx as Transaction
from tests.stores import record
from tests.unit.cronjobs.kit import DEFAULTS, NIGHTLY, RULE, SITE, ApiServer, Job, Logs, Object, dag_of, plan
from tests.unit.cronjobs.test_missed import at
from tests.unit.cronjobs.test_watched import DAG_ID, THEIRS

ENOUGH_S = 30.0


class Cluster(ApiServer):
    """The same with Jobs and pods, lists and watches."""

    def __init__(self) -> None:
        super().__init__()
        self.things: dict[str, dict[str, Object]] = {"jobs": {}, "pods": {}}
        self.history: list[tuple[str, str, Object]] = []
        self.changed = threading.Condition()
        self.is_away = False

    def put(self, kind: str, item: Object) -> None:
        """A Job or a pod is there, or has changed."""
        with self.changed:
            self.number += 1
            item = copy.deepcopy(item)
            item["metadata"]["resourceVersion"] = str(self.number)
            self.things[kind][item["metadata"]["name"]] = item
            self._tell(kind, "MODIFIED", item)

    def remove(self, kind: str, name: str) -> None:
        with self.changed:
            self.number += 1
            self._tell(kind, "DELETED", self.things[kind].pop(name))

    def _tell(self, kind: str, event: str, item: Object) -> None:
        self.history.append(
            (kind, event, {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.number)}})
        )
        self.changed.notify_all()

    def _changed(self, item: Object, before: Object | None = None) -> Object:
        with self.changed:
            made = super()._changed(item, before)
            if "generateName" not in made["metadata"]:
                self._tell("cronjobs", "MODIFIED", copy.deepcopy(made))
            return made

    def apply_job(self, namespace: str, name: str, uid: str, fields: Object, manager: str) -> Object:
        super().apply_job(namespace, name, uid, fields, manager)
        item = copy.deepcopy(self.things["jobs"][name])
        item["metadata"]["finalizers"] = fields.get("metadata", {}).get("finalizers")
        item["spec"].update(fields.get("spec", {}))
        self.put("jobs", item)
        return item

    def request(self, method: str, path: str, *, query: dict[str, Any]) -> Object:
        if self.is_away:
            raise UnavailableError(0, "NoAnswer", "away")
        kind = path.rsplit("/", 1)[1]
        with self.changed:
            there = list(self.cronjobs.values()) if kind == "cronjobs" else list(self.things[kind].values())
            items = [copy.deepcopy(one) for one in there if _fits(one, query["labelSelector"])]
            return {"metadata": {"resourceVersion": str(self.number)}, "items": items}

    @contextmanager
    def stream(self, path: str, *, query: dict[str, Any], read_timeout_s: float, accept: str) -> Iterator[Any]:
        yield _Watch(self, path.rsplit("/", 1)[1], query)


class _Watch:
    headers = {"Content-Type": "application/json"}

    def __init__(self, cluster: Cluster, kind: str, query: dict[str, Any]) -> None:
        self.cluster = cluster
        self.kind = kind
        self.query = query
        self.is_over = False

    def shutdown(self) -> None:
        with self.cluster.changed:
            self.is_over = True
            self.cluster.changed.notify_all()

    def stream(self, size: int, decode_content: bool) -> Iterator[bytes]:
        seen = int(self.query["resourceVersion"])
        while not self.is_over and not self.cluster.is_away:
            with self.cluster.changed:
                news = [
                    (event, item)
                    for kind, event, item in self.cluster.history
                    if kind == self.kind and int(item["metadata"]["resourceVersion"]) > seen
                ]
                if not news:
                    self.cluster.changed.wait(ENOUGH_S)
            for event, item in news:
                seen = int(item["metadata"]["resourceVersion"])
                if _fits(item, self.query["labelSelector"]):
                    yield json.dumps({"type": event, "object": item}).encode() + b"\n"


def _fits(item: Object, selector: str) -> bool:
    labels = item["metadata"].get("labels") or {}
    for part in filter(None, selector.split(",")):
        name, negated, value = re.fullmatch(r"([^=!]+)(?:(!?)=(.*))?", part).groups()  # type: ignore[union-attr]
        holds = name in labels if value is None else (labels.get(name) == value) != bool(negated)
        if not holds:
            return False
    return True


class Turn:
    """A duty that is given and taken."""

    def __init__(self) -> None:
        self.leads = True
        self.is_lost = False
        self._callback: Callable[[], None] = lambda: None

    def check(self, tx: Transaction) -> int:
        return 0

    def watch(self, callback: Callable[[], None]) -> None:
        self._callback = callback

    def give(self, leads: bool) -> None:
        self.leads = leads
        self._callback()


class Stage:
    """A service whose looks a test asks for."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.cluster = Cluster()
        self.duty = Turn()
        self.service = CronJobs(
            store,
            self.cluster,  # type: ignore[arg-type]
            Logs(),
            rule=RULE,
            defaults=DEFAULTS,
            site=SITE,
            namespaces=[DEFAULTS.namespace],
            moments=moments_between,
            duty=self.duty,
        )
        store.subscribe(self.service._heard)

    def put(self, text: str = NIGHTLY) -> None:
        with self.store.transaction() as tx:
            record(tx, dag_of(text), namespace=DEFAULTS.namespace)

    def until(self, condition: Callable[[], Any]) -> Any:
        """Look, as the service's own loop does, until CONDITION has an answer."""
        for _ in range(int(ENOUGH_S / 0.25)):
            self.service.wake.clear()
            self.service._turn()
            if answer := condition():
                return answer
            self.service.wake.wait(0.25)
        raise AssertionError("it did not come to that")

    def run(self, state: str) -> Any:
        plan(self.store)
        with self.store.reading() as tx:
            return next((run for run in runs.list_(tx) if run.state == state), None)


@pytest.fixture
def stage(sqlite_store: Store) -> Iterator[Stage]:
    made = Stage(sqlite_store)
    yield made
    made.service.stop()
    made.service._leave()


def test_from_a_file_to_a_run_that_is_recorded(stage: Stage) -> None:
    stage.put()
    stage.until(lambda: stage.cluster.cronjobs)
    made = Job(dag_of(), at("11:10"), at("11:10"))
    stage.cluster.put("jobs", made.item)
    stage.cluster.put("pods", _pod(made))
    stage.until(lambda: stage.run("running"))
    assert stage.cluster.things["jobs"]["nightly-job-1"]["metadata"]["finalizers"] == [FINALIZER]
    made.ends(0)
    stage.cluster.put("pods", _pod(made, new=False))
    made.is_over("Complete")
    stage.cluster.put("jobs", {**made.item, "metadata": {**made.item["metadata"], "finalizers": [FINALIZER]}})
    stage.until(lambda: stage.run("success"))
    done = stage.until(
        lambda: (job := stage.cluster.things["jobs"]["nightly-job-1"])["spec"].get("ttlSecondsAfterFinished") and job
    )
    assert (done["spec"]["ttlSecondsAfterFinished"], done["metadata"]["finalizers"]) == (KEEP_S, None)
    assert stage.service.in_words() == "1 placed, 0 watched"
    stage.cluster.remove("jobs", "nightly-job-1")

    def forgotten() -> bool:
        with stage.store.reading() as tx:
            return not cronjobs.jobs(tx)

    stage.until(forgotten)


def _pod(made: Job, *, new: bool = True) -> Object:
    if new:
        made.pod()
        made.begins()
    item = copy.deepcopy(made.pods[-1].item)
    template = made.item["spec"]["template"]["metadata"]["labels"]
    item["metadata"]["labels"].update(template)
    return item


def test_one_of_others_is_a_dag_as_soon_as_it_bears_the_label(stage: Stage) -> None:
    theirs = copy.deepcopy(THEIRS)
    theirs["metadata"]["labels"] = {}
    stage.cluster.cronjobs["work", "backup"] = stage.cluster._changed(theirs)
    stage.until(stage.service._opened().has_cronjobs)
    labelled = copy.deepcopy(THEIRS)
    labelled["spec"] = theirs["spec"]
    stage.cluster.cronjobs["work", "backup"] = stage.cluster._changed(labelled, theirs)

    def is_there() -> bool:
        with stage.store.reading() as tx:
            return dags.find(tx, DAG_ID) is not None

    stage.until(is_there)


def test_an_api_server_that_is_away_is_told_and_nothing_is_missed_by_that(stage: Stage) -> None:
    def trouble() -> str | None:
        with stage.store.reading() as tx:
            return installation.find(tx, cronjobs.TROUBLE)

    stage.cluster.is_away = True
    stage.put()
    stage.until(lambda: "away" in (trouble() or ""))
    assert "not looked after now" in stage.service.in_words()
    stage.cluster.is_away = False
    stage.until(lambda: stage.cluster.cronjobs and trouble() == "")


def test_a_job_that_came_before_its_dag_was_known_is_recorded_then(stage: Stage) -> None:
    with stage.store.transaction() as tx:
        record(tx, dag_of(NIGHTLY.replace("nightly", "other")), namespace=DEFAULTS.namespace)
    made = Job(dag_of(), at("11:10"), at("11:10"))
    made.is_over("Complete")
    stage.cluster.put("jobs", made.item)
    stage.until(lambda: stage.cluster.things["jobs"]["nightly-job-1"]["metadata"].get("finalizers"))
    stage.put()
    stage.until(lambda: stage.run("success"))


def test_whoever_has_not_the_duty_watches_nothing(stage: Stage) -> None:
    stage.put()
    stage.service.start()
    waited = threading.Event()
    for _ in range(200):
        if stage.cluster.cronjobs:
            break
        waited.wait(0.1)
    assert stage.cluster.cronjobs
    stage.duty.give(False)
    assert stage.service.in_words() == "another daemon looks after them"
    for _ in range(200):
        if stage.service._view is None:
            break
        waited.wait(0.1)
    assert stage.service._view is None
