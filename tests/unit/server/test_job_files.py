"""Writing native DAG files over REST: what is told while one types, and who may save."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from goflow.domain.roles import Role
from goflow.jobfiles import JobFileDesk
from goflow.server.signin import roles
from goflow.store import Store
from tests.unit.server.serving import asking, serving

HELLO = "Name: hello\nSchedule: '@daily'\nDockerImage: busybox\nCommand: [sh, -c, 'echo hi']\n"
TWO = "Name: two\nCommand: [echo]\nTasks:\n  - Name: a\n  - Name: b\n    DependsOn: a\n"


@pytest.fixture
def api(sqlite_store: Store, tmp_path: Path) -> Iterator[httpx.Client]:
    (tmp_path / "dags").mkdir()
    desk = JobFileDesk(sqlite_store, tmp_path / "dags")
    with serving(sqlite_store, open=True, job_files=desk) as url, asking(url) as client:
        yield client


def test_a_text_is_checked_with_graph_runs_and_jobs(api: httpx.Client) -> None:
    told = api.post("/goflow/v1/job-files/check", json={"content": f"{HELLO}---\n{TWO}"}).json()
    assert told["diagnostics"] == []
    assert [one["Name"] for one in told["documents"]] == ["hello", "two"]
    hello, two = told["dags"]
    assert (hello["schedule"], len(hello["next_runs"])) == ("0 0 * * *", 5)
    container = hello["jobs"][0]["job"]["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["command"]) == ("busybox", ["sh", "-c", "echo hi"])
    assert (two["graph"]["structure"]["tasks"]["id"], two["graph"]["edges"], two["next_runs"]) == (
        ["a", "b"],
        [[0, 1]],
        [],
    )


def test_errors_have_their_places(api: httpx.Client) -> None:
    told = api.post("/goflow/v1/job-files/check", json={"content": "Name: hello\nComand: [echo]\n"}).json()
    first = next(one for one in told["diagnostics"] if one["severity"] == "error")
    assert (first["line"], first["column"], "Command" in first["hint"]) == (2, 1, True)
    assert told["dags"] == []


def test_a_file_is_made_changed_and_deleted_by_its_digest(api: httpx.Client, tmp_path: Path) -> None:
    made = api.post("/goflow/v1/job-files", json={"name": "jobs/hello.yaml", "content": HELLO})
    assert (made.status_code, made.json()["dag_ids"], made.json()["kept_in"]) == (201, ["hello"], "folder")
    path, digest = "/goflow/v1/job-files/jobs/hello.yaml", made.json()["digest"]
    assert api.post("/goflow/v1/job-files", json={"name": "jobs/hello.yaml", "content": HELLO}).status_code == 409
    (tmp_path / "dags/jobs/hello.yaml").write_text(HELLO + "Retries: 2\n")
    assert api.put(path, json={"content": TWO, "digest": digest}).status_code == 409
    now = api.get(path).json()
    assert now["content"].endswith("Retries: 2\n")
    changed = api.put(path, json={"content": TWO, "digest": now["digest"]})
    assert (changed.status_code, changed.json()["dag_ids"]) == (200, ["two"])
    assert api.delete(path, params={"digest": digest}).status_code == 409
    assert api.delete(path, params={"digest": changed.json()["digest"]}).status_code == 204
    assert api.get(path).status_code == 404


def test_what_has_errors_is_refused_with_their_lines(api: httpx.Client) -> None:
    answer = api.post("/goflow/v1/job-files", json={"name": "hello.yaml", "content": "Name: hello\nCommand: 3\n"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][:3] == ["body", "content", 2]


def test_on_the_local_backend_it_is_told_what_would_run(sqlite_store: Store, tmp_path: Path) -> None:
    desk = JobFileDesk(sqlite_store, tmp_path)
    content = "Name: xx\nDockerImage: busybox\nEnv: {A: 1}\nTasks:\n  - {Name: a, Command: [sh]}\n  - {Name: b, Command: [no-such-program]}\n  - Name: c\n"
    with serving(sqlite_store, open=True, job_files=desk) as url, asking(url) as client:
        tasks = client.post("/goflow/v1/job-files/try", json={"content": content}).json()["tasks"]
    assert [(one["task_id"], one["problem"] is None) for one in tasks] == [("a", True), ("b", False), ("c", False)]
    assert (tasks[0]["command"], tasks[0]["environment"], tasks[0]["image_passed_over"]) == (
        ["sh"],
        {"A": "1"},
        "busybox",
    )


def test_elsewhere_the_api_server_is_asked(sqlite_store: Store, tmp_path: Path) -> None:
    asked = []

    def answer(plan):
        asked.append((plan.image, plan.command))
        return "quota exceeded" if plan.task_id == "b" else None

    desk = JobFileDesk(sqlite_store, tmp_path)
    content = "Name: xx\nDockerImage: busybox\nTasks:\n  - {Name: a, Command: [a]}\n  - {Name: b}\n"
    with serving(sqlite_store, open=True, job_files=desk, try_job=answer) as url, asking(url) as client:
        told = client.post("/goflow/v1/job-files/try", json={"content": content}).json()
    assert [one["problem"] for one in told["tasks"]] == [None, "quota exceeded"]
    assert asked == [("busybox", ("a",)), ("busybox", None)]


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/goflow/v1/job-files", Role.VIEWER),
        ("GET", "/goflow/v1/job-files/{path:path}", Role.VIEWER),
        ("POST", "/goflow/v1/job-files/check", Role.OPERATOR),
        ("POST", "/goflow/v1/job-files/try", Role.OPERATOR),
        ("POST", "/goflow/v1/job-files", Role.ADMIN),
        ("PUT", "/goflow/v1/job-files/{path:path}", Role.ADMIN),
        ("DELETE", "/goflow/v1/job-files/{path:path}", Role.ADMIN),
    ],
)
def test_which_role_it_takes(method: str, path: str, role: Role) -> None:
    assert roles.needed(method, path) is role
