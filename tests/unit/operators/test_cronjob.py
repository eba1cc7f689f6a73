"""A native DAG of one command as a CronJob: what is in it, and what is not."""

from __future__ import annotations

import re

import pytest

from goflow.operators.cronjob import CRONJOB_LABEL, JOBS_KEPT, LONGEST_NAME, cronjob_manifest, cronjob_name
from tests.unit.cronjobs.kit import DEFAULTS, NIGHTLY, SITE, dag_of

KUBERNETES_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")


def manifest(more: str = "", suspended: bool = False):
    return cronjob_manifest(dag_of(NIGHTLY + more), DEFAULTS, SITE, suspended=suspended)


@pytest.mark.parametrize("dag_id", ["nightly", "Nightly", "a_b", "x" * 52, "x" * 53, "A" * 200, "b_" + "-" * 60])
def test_its_name_is_one_for_kubernetes_and_no_other_dags(dag_id: str) -> None:
    name = cronjob_name(dag_id)
    assert KUBERNETES_NAME.fullmatch(name)
    assert len(name) <= LONGEST_NAME
    assert (name == dag_id) is bool(KUBERNETES_NAME.fullmatch(dag_id) and len(dag_id) <= LONGEST_NAME)


def test_names_that_differ_in_what_kubernetes_does_not_know_stay_apart() -> None:
    assert len({cronjob_name(dag_id) for dag_id in ("a_b", "a-b", "A-b", "a.b")}) == 4


def test_nothing_in_it_names_a_run() -> None:
    assert not re.search(r"run-id|try-number|launch-id|launch-ordinal|map-index", str(manifest()))


def test_jobs_and_pods_say_whose_they_are_and_have_the_authors_labels() -> None:
    found = manifest("    Labels: {team: data}\n    Annotations: {note: x}\n")
    job = found["spec"]["jobTemplate"]
    for metadata in (job["metadata"], job["spec"]["template"]["metadata"]):
        assert metadata["labels"][CRONJOB_LABEL] == "nightly"
        assert metadata["labels"]["app.kubernetes.io/instance"] == "goflow"
        assert (metadata["labels"]["team"], metadata["annotations"]["note"]) == ("data", "x")
        assert metadata["annotations"]["goflow/dag-id"] == "nightly"
    assert "team" not in found["metadata"]["labels"]


def test_kubernetes_keeps_its_jobs_until_goflow_lets_them_go() -> None:
    spec = manifest()["spec"]
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (JOBS_KEPT, JOBS_KEPT)
    assert "ttlSecondsAfterFinished" not in spec["jobTemplate"]["spec"]


@pytest.mark.parametrize(
    ("more", "path", "value"),
    [
        ("", "concurrencyPolicy", "Allow"),
        ("    MaxActiveRuns: 1\n", "concurrencyPolicy", "Forbid"),
        ("    Timezone: Europe/Berlin\n", "timeZone", "Europe/Berlin"),
        ("", "jobTemplate.spec.backoffLimit", 2),
        ("    TimeLimit: 90\n", "jobTemplate.spec.activeDeadlineSeconds", 90),
        ("    RunTimeLimit: 1h\n", "jobTemplate.spec.activeDeadlineSeconds", 3600),
        ("    RunTimeLimit: 60\n    TimeLimit: 90\n", "jobTemplate.spec.activeDeadlineSeconds", 60),
        ("    RetryPolicy: OnFailure\n", "jobTemplate.spec.template.spec.restartPolicy", "OnFailure"),
        ("    RetryPolicy: OnFailure\n", "jobTemplate.spec.backoffLimit", 2),
        ("    Namespace: elsewhere\n", "jobTemplate.spec.template.spec.enableServiceLinks", False),
    ],
)
def test_what_the_file_says_stands_where_kubernetes_has_it(more: str, path: str, value: object) -> None:
    found = manifest(more)["spec"]
    for key in path.split("."):
        found = found[key]
    assert found == value


def test_it_lies_in_the_namespace_that_the_file_says() -> None:
    assert manifest("    Namespace: elsewhere\n")["metadata"]["namespace"] == "elsewhere"
    assert manifest()["metadata"]["namespace"] == "work"
