"""CronJobs of others: DAGs that stand for them, and that nobody can trigger or clear."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from goflow.cronjobs.jobs import of_others
from goflow.cronjobs.watched import Watch, content_of, is_watched, spec_of
from goflow.domain.errors import InvalidRequestError
from goflow.domain.spec import FileFormat
from goflow.importer.scan import _orphans
from goflow.members.duties import Always
from goflow.scheduler import operations
from goflow.store import Store, blobs, cronjobs, dags, events, versions
from goflow.store.cronjobs import CronJob
from tests.unit.cronjobs.kit import Job, dag_of, plan, recorder
from tests.unit.cronjobs.test_missed import at

THEIRS: dict[str, Any] = {
    "metadata": {
        "name": "backup",
        "namespace": "work",
        "uid": "uid-1",
        "resourceVersion": "5",
        "managedFields": [{}],
        "labels": {"goflow.io/monitor": "true"},
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
    },
    "spec": {
        "schedule": "15 3 * * *",
        "timeZone": "Europe/Berlin",
        "jobTemplate": {
            "spec": {
                "backoffLimit": 1,
                "template": {
                    "spec": {
                        "containers": [
                            {"name": "dump", "image": "busybox", "env": [{"name": "PASSWORD", "value": "secret"}]},
                            {"name": "proxy", "image": "proxy"},
                        ]
                    }
                },
            }
        },
    },
}
DAG_ID = "cronjob.work.backup"


def see(store: Store, item: dict[str, Any]) -> CronJob:
    with store.reading() as tx:
        row = cronjobs.find(tx, "work", "backup")
    return Watch(store, Always()).see(item, row)


def told(store: Store) -> list[str]:
    with store.reading() as tx:
        found = events.after(tx, 0, limit=1000)
    return [event.kind for event in found if event.kind.startswith(("cronjob.", "dag."))]


def changed(**spec: Any) -> dict[str, Any]:
    item = copy.deepcopy(THEIRS)
    item["spec"].update(spec)
    return item


@pytest.mark.parametrize(
    ("labels", "annotations", "watched"),
    [
        ({"goflow.io/monitor": "true"}, {}, True),
        ({"goflow.io/monitor": "false"}, {}, False),
        ({}, {}, False),
        ({"goflow.io/monitor": "true"}, {"goflow/installation": "goflow"}, False),
    ],
)
def test_a_label_says_that_it_is_to_be_watched(labels: Any, annotations: Any, watched: bool) -> None:
    assert is_watched({"metadata": {"labels": labels, "annotations": annotations}}) is watched


def test_it_is_a_dag_of_one_task_with_its_schedule(sqlite_store: Store) -> None:
    see(sqlite_store, THEIRS)
    with sqlite_store.reading() as tx:
        dag = dags.get(tx, DAG_ID)
        spec = versions.spec(tx, dag.reading_id)
    assert (dag.name, dag.namespace, dag.file_format, dag.is_paused) == (
        "work/backup",
        "work",
        FileFormat.CRONJOB,
        False,
    )
    assert (spec.schedule.crons, spec.schedule.timezone) == (("15 3 * * *",), "Europe/Berlin")
    assert [(task.task_id, task.retries) for task in spec.tasks] == [("dump", 1)]
    assert told(sqlite_store) == ["dag.activated", "dag.version", "cronjob.found"]


def test_seeing_it_again_writes_nothing_and_a_change_of_it_is_a_version(sqlite_store: Store) -> None:
    see(sqlite_store, THEIRS)
    before = told(sqlite_store)
    for _ in range(2):
        see(sqlite_store, {**THEIRS, "status": {"lastScheduleTime": "2026-03-01T03:15:00Z"}})
    assert told(sqlite_store) == before
    see(sqlite_store, changed(schedule="0 4 * * *"))
    with sqlite_store.reading() as tx:
        assert dags.get(tx, DAG_ID).version == 2


def test_its_versions_hold_its_content_without_values_of_variables(sqlite_store: Store) -> None:
    see(sqlite_store, THEIRS)
    with sqlite_store.reading() as tx:
        (version,) = versions.list_(tx, DAG_ID)
        files = blobs.folder(tx, version.folder_digest).files
        ((path, (digest, _)),) = files.items()
        text = blobs.content(tx, digest).decode()
    assert path == version.file_path == "cronjobs/work/backup.yaml"
    assert "schedule: 15 3 * * *" in text
    assert "PASSWORD" in text
    for kept_out in ("secret", "managedFields", "resourceVersion", "last-applied"):
        assert kept_out not in text
    assert content_of(THEIRS).decode() == text


def test_it_is_paused_where_it_is_suspended_whatever_a_person_says_here(sqlite_store: Store) -> None:
    see(sqlite_store, THEIRS)
    operations.pause(sqlite_store, DAG_ID, who="ann")
    see(sqlite_store, THEIRS)
    with sqlite_store.reading() as tx:
        assert not dags.get(tx, DAG_ID).is_paused
    see(sqlite_store, changed(suspend=True))
    with sqlite_store.reading() as tx:
        assert dags.get(tx, DAG_ID).is_paused


def test_its_dag_goes_out_of_force_with_it_and_the_importer_leaves_it_alone(sqlite_store: Store) -> None:
    row = see(sqlite_store, THEIRS)
    with sqlite_store.reading() as tx:
        assert _orphans(dags.active_files(tx), {}, set()) == []
    for _ in range(2):
        Watch(sqlite_store, Always()).gone(row)
    with sqlite_store.reading() as tx:
        assert not dags.get(tx, DAG_ID).is_active
        assert cronjobs.all_(tx) == []
    assert told(sqlite_store)[-2:] == ["dag.deactivated", "cronjob.gone"]


def test_it_comes_back_with_its_history(sqlite_store: Store) -> None:
    Watch(sqlite_store, Always()).gone(see(sqlite_store, THEIRS))
    see(sqlite_store, THEIRS)
    with sqlite_store.reading() as tx:
        dag = dags.get(tx, DAG_ID)
    assert (dag.is_active, dag.version) == (True, 1)


def test_a_schedule_that_goflow_does_not_understand_is_no_schedule_here() -> None:
    assert spec_of(changed(schedule="TZ=UTC 0 0 * * *")).schedule.kind == "none"


def test_nobody_triggers_or_clears_it(sqlite_store: Store) -> None:
    see(sqlite_store, THEIRS)
    made = Job(dag_of(), at("11:10"), at("11:10"))
    made.item["metadata"]["ownerReferences"] = [{"uid": "uid-1", "controller": True}]
    made.is_over("Complete")
    run = of_others(made.item, {"uid-1": ("backup", DAG_ID)})
    assert run is not None
    assert not run.placed
    assert recorder(sqlite_store).take(run, []).done
    plan(sqlite_store)
    with pytest.raises(InvalidRequestError, match="does not allow manual runs"):
        operations.trigger(sqlite_store, DAG_ID, who="ann")
    with pytest.raises(InvalidRequestError, match="only watched"), sqlite_store.transaction() as tx:
        operations.clear(tx, DAG_ID, f"scheduled__{at('11:10').isoformat()}", who="ann")
