"""Results of containers that are not ours, where the server is away when their sidecar would send them."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from goflow_runner import agent, wire, xcom

from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.executor.backend import BackendAwayError, Handle
from goflow.executor.kubernetes import KubernetesBackend
from goflow.executor.outcomes import with_unsent_results
from goflow.executor.unsent import NOTHING, Unsent, unsent_of
from goflow.kube.api import KubeApi
from goflow.operators.manifest import Site
from goflow.store import xcoms
from tests.unit.executor.kit import SUCCESS, World
from tests.unit.kube.server import Reply, api_server, kubeconfig_for, refusal

Json = dict[str, Any]
LAUNCH = "b" * 32
LIMITS = {"largest": 1 << 20, "store": "", "threshold": 1 << 20}
LARGE = [random.Random(1).randbytes(40).hex() for _ in range(500)]


@pytest.fixture
def left(tmp_path, monkeypatch, capsys):
    """What a sidecar leaves of CONTENT that nobody hears: exit code, termination message and log."""
    message = tmp_path / "termination-log"
    (tmp_path / "token").write_text("t")
    monkeypatch.setattr(agent, "TERMINATION_LOG", message)
    monkeypatch.setattr(xcom, "PATIENCE_S", 0.2)
    monkeypatch.setattr(xcom, "SOON_S", 0.1)
    given = {
        wire.ENV_LAUNCH: LAUNCH, wire.ENV_API_URL: "http://127.0.0.1:9", wire.ENV_TOKEN_FILE: str(tmp_path / "token"),
        wire.ENV_RESULTS: json.dumps({"limits": LIMITS, "place": ["d", "r", "t", "-1"]}),
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    def run(content: str, *, multiple_outputs: bool = False) -> tuple[int, str, str]:
        message.write_text("")
        path = tmp_path / "return.json"
        path.write_text(content)
        code = xcom.send(path, multiple_outputs=multiple_outputs)
        return code, message.read_text(), capsys.readouterr().out

    return run


def pod(code: int | None, message: str = "") -> Json:
    state = {"running": {}} if code is None else {"terminated": {"exitCode": code, "message": message}}
    status = {"phase": "Succeeded", "initContainerStatuses": [{"name": "airflow-xcom-sidecar", "state": state}]}
    metadata = {"name": "p", "namespace": "here", "uid": "u", "labels": {"goflow/launch-id": LAUNCH}}
    return {"metadata": metadata, "status": status, "spec": {"initContainers": [{"name": "airflow-xcom-sidecar"}]}}


def as_log(text: str) -> Reply:
    """As the kubelet sends it, with the time of each line."""
    lines = "".join(f"2026-01-01T00:00:00.000000000Z {line}\n" for line in text.splitlines())
    return Reply(200, lines)


def read(code: int, message: str, log: str, folder: Path) -> Unsent:
    with api_server() as server:
        server.fault(as_log(log), where=lambda asked: asked.path.endswith("/pods/p/log"))
        return unsent_of(pod(code, message), KubeApi(kubeconfig_for(server.url, folder)))


def values(unsent: Unsent) -> Json:
    return {one["key"]: one["value"] for one in unsent.results}


@pytest.mark.parametrize("value", [{"a": 1, "b": [2]}, LARGE], ids=["short: the message", "long: the log"])
def test_a_result_that_the_server_did_not_hear_is_in_the_pod(left, tmp_path, value):
    code, message, log = left(json.dumps(value))
    assert code == wire.EXIT_NO_SERVER
    assert (wire.RESULT_LINE in log) is (value is LARGE)
    found = read(code, message, log, tmp_path)
    assert (values(found), found.failed, found.lost) == ({"return_value": value}, "", "")


def test_each_key_is_a_result_of_its_own_where_the_author_says_so(left, tmp_path):
    found = read(*left('{"a": 1}', multiple_outputs=True), tmp_path)
    assert values(found) == {"a": 1, "return_value": {"a": 1}}


def test_what_is_no_result_fails_the_task_although_nobody_heard_it(left, tmp_path):
    found = read(*left("no json"), tmp_path)
    assert found.results == ()
    assert "return.json cannot be the task's result: it is no JSON" in found.failed


def test_a_log_that_is_not_whole_is_a_result_that_is_lost(left, tmp_path):
    code, message, log = left(json.dumps(LARGE))
    found = read(code, message, log.split("\n", 1)[1], tmp_path)
    assert found.results == ()
    assert found.lost.startswith("its log has ")


ENDS = {
    "a sidecar that has sent it": (pod(0), NOTHING),
    "a pod without one": ({"metadata": {}, "spec": {"containers": []}, "status": {}}, NOTHING),
    "a sidecar that was killed": (pod(137), Unsent(lost="the sidecar that sends it ended with exit code 137 before it had")),
    "one whose end nobody has told": (pod(None), Unsent(lost="the sidecar that sends it has not told its end")),
    "words that are not its own": (pod(1, "Traceback"), Unsent(lost="the sidecar that sends it ended with exit code 1 before it had")),
}  # fmt: skip


@pytest.mark.parametrize(("seen", "expected"), ENDS.values(), ids=ENDS.keys())
def test_only_the_sidecars_own_word_is_believed(seen, expected):
    assert unsent_of(seen, None) == expected  # type: ignore[arg-type]


HANDLE = Handle(launch_id=LAUNCH, job_name="j", namespace="here")


def backend(url: str, folder: Path) -> KubernetesBackend:
    site = Site(task_api="http://here", runner_image="runner")
    return KubernetesBackend(KubeApi(kubeconfig_for(url, folder)), site, namespaces=["here"], installation="i")


def test_the_backend_asks_the_pods_that_are_there_and_says_when_it_cannot(tmp_path):
    word = json.dumps({"xcoms": [{"key": "return_value", "value": 1, "length": None}]})
    with api_server() as server:
        one = Reply(200, {"items": [pod(96, word)]})
        none = Reply(200, {"items": []})
        server.fault(refusal(503, "Away"), one, none, where=lambda asked: asked.path.endswith("/pods"))
        job = {"metadata": {"name": "j"}, "spec": {"template": pod(0)}}
        server.fault(Reply(200, job), where=lambda asked: asked.path.endswith("/jobs/j"))
        asked = backend(server.url, tmp_path)
        with pytest.raises(BackendAwayError):
            asked.unsent(HANDLE)
        assert values(asked.unsent(HANDLE)) == {"return_value": 1}
        assert asked.unsent(HANDLE) == Unsent(lost="its pod is gone before it was asked")


STORED = {
    "what is left is stored with the end": (Unsent(({"key": "return_value", "value": 7, "length": None},)), {}, "success", 7),
    "what is no result fails it": (Unsent(failed="it is no JSON"), {}, "failed", None),
    "what is lost fails it": (Unsent(lost="killed"), {}, "failed", None),
    "what seems lost and was stored before it does not": (Unsent(lost="killed"), {"return_value": 3}, "success", 3),
}  # fmt: skip


@pytest.mark.parametrize(("unsent", "before", "state", "value"), STORED.values(), ids=STORED.keys())
def test_a_task_never_succeeds_without_its_result(world: World, monkeypatch, unsent, before, state, value):
    executor = world.executor()
    monkeypatch.setattr(executor.planner, "claims_itself", lambda launch_id: False)
    launch = world.queue()
    executor._launching.launch(launch.id)
    world.claim(launch)
    instance = world.instance(launch)
    place = (instance.dag_run_id, instance.task_id, instance.map_index)
    with world.store.transaction() as tx:
        xcoms.push_many(tx, *place, [(key, one, None) for key, one in before.items()])
    world.backend.left = unsent
    world.backend.sink = executor.observe
    world.backend.end(launch.id)
    with world.store.reading() as tx:
        found = xcoms.of_task(tx, *place)
    assert (world.instance(launch).state, found.get("return_value")) == (TaskState(state), value)
    if state == "failed":
        assert (unsent.failed or unsent.lost) in str(world.launch(launch.id).message)


def test_lines_of_output_that_are_a_result_stay_beside_what_the_sidecar_left(world: World):
    launch = world.queue()
    lines = {"xcoms": [{"key": "return_value", "value": "line", "length": None}]}
    more = Unsent(({"key": "more", "value": 1, "length": None},))
    outcome, report = with_unsent_results(world.store, launch, SUCCESS, lines, more)
    assert outcome == Outcome(state=TaskState.SUCCESS, exit_code=0)
    assert [one["key"] for one in report["xcoms"]] == ["return_value", "more"]
