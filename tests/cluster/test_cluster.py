"""What GoFlow relies on, seen to be true of the test cluster: otherwise a green test on it would say little."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kubernetes import client

from tests.cluster.harness import Cluster
from tests.cluster.harness.layout import BUSYBOX_IMAGE
from tests.cluster.harness.processes import wait_until

Manifest = dict[str, Any]


def _pod(name: str, image: str, command: list[str], **spec: Any) -> Manifest:
    container = {"name": "main", "image": image, "imagePullPolicy": "Never", "command": command}
    container.update(spec.pop("container", {}))
    body = {"restartPolicy": "Never", "containers": [container], "terminationGracePeriodSeconds": 0, **spec}
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": body}


def _core(kube: client.ApiClient) -> Any:
    """Untyped on purpose: the client takes plain manifests, and calls every field of every answer optional."""
    return client.CoreV1Api(kube)


def _batch(kube: client.ApiClient) -> Any:
    return client.BatchV1Api(kube)


def _ended(core: Any, namespace: str, name: str) -> Callable[[], bool]:
    return lambda: core.read_namespaced_pod(name, namespace).status.phase in ("Succeeded", "Failed")


def _run(kube: client.ApiClient, namespace: str, manifest: Manifest) -> tuple[str, str]:
    """Run a pod to its end: its phase and its log."""
    core = _core(kube)
    name = manifest["metadata"]["name"]
    core.create_namespaced_pod(namespace, manifest)
    wait_until(f"the end of pod {name}", _ended(core, namespace, name), 60)
    phase: str = core.read_namespaced_pod(name, namespace).status.phase
    return phase, core.read_namespaced_pod_log(name, namespace)


def test_a_job_runs_to_complete_and_its_log_is_read_through_the_api(kube: client.ApiClient, namespace: str) -> None:
    batch, core = _batch(kube), _core(kube)
    template = _pod("hello", BUSYBOX_IMAGE, ["echo", "good morning"])
    batch.create_namespaced_job(namespace, {"metadata": {"name": "hello"}, "spec": {"template": template}})
    wait_until(
        "the Job's condition Complete",
        lambda: any(
            c.type == "Complete" for c in batch.read_namespaced_job("hello", namespace).status.conditions or ()
        ),
        60,
    )
    (pod,) = core.list_namespaced_pod(namespace, label_selector="batch.kubernetes.io/job-name=hello").items
    assert core.read_namespaced_pod_log(pod.metadata.name, namespace) == "good morning\n"


def test_a_pod_reaches_the_api_server_by_its_service_name(
    kube: client.ApiClient, namespace: str, runner_image: str
) -> None:
    program = """
import ssl, urllib.request
folder = "/var/run/secrets/kubernetes.io/serviceaccount"
request = urllib.request.Request("https://kubernetes.default.svc/api/v1/namespaces/default")
request.add_header("Authorization", "Bearer " + open(folder + "/token").read())
try:
    urllib.request.urlopen(request, context=ssl.create_default_context(cafile=folder + "/ca.crt"))
except urllib.error.HTTPError as error:
    print(error.code, "system:serviceaccount" in error.read().decode())
"""
    phase, log = _run(kube, namespace, _pod("api", runner_image, ["python", "-c", program]))
    assert (phase, log) == ("Succeeded", "403 True\n"), "known by name, and granted nothing"


def test_a_service_leads_to_its_pod_by_short_and_by_full_name(
    kube: client.ApiClient, namespace: str, runner_image: str
) -> None:
    core = _core(kube)
    core.create_namespaced_pod(namespace, _pod("web", runner_image, ["python", "-m", "http.server", "8000"]))
    ports = [{"port": 80, "targetPort": 8000}]
    service = {"metadata": {"name": "web"}, "spec": {"selector": {"app": "web"}, "ports": ports}}
    core.create_namespaced_service(namespace, service)
    wait_until("pod web", lambda: core.read_namespaced_pod("web", namespace).status.phase == "Running", 60)
    program = f"""
import time, urllib.request
for name in ("web", "web.{namespace}.svc.cluster.local"):
    for patience in range(100):
        try:
            print(urllib.request.urlopen(f"http://{{name}}/", timeout=5).status)
            break
        except OSError as error:
            time.sleep(0.1)
            last = error
    else:
        print(name, last)
"""
    phase, log = _run(kube, namespace, _pod("client", runner_image, ["python", "-c", program]))
    assert (phase, log) == ("Succeeded", "200\n200\n")


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"the host")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@contextmanager
def _server(address: str) -> Iterator[int]:
    server = http.server.ThreadingHTTPServer((address, 0), _Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_pod_reaches_a_server_on_the_host(
    cluster: Cluster, kube: client.ApiClient, namespace: str, runner_image: str
) -> None:
    with _server(cluster.host_address) as port:
        program = f"import urllib.request; print(urllib.request.urlopen('http://{cluster.host_address}:{port}').read())"
        phase, log = _run(kube, namespace, _pod("guest", runner_image, ["python", "-c", program]))
    assert (phase, log) == ("Succeeded", "b'the host'\n")


def test_a_projected_token_is_good_for_its_audience_and_names_its_pod(kube: client.ApiClient, namespace: str) -> None:
    source = {"serviceAccountToken": {"audience": "goflow-test", "path": "token", "expirationSeconds": 600}}
    manifest = _pod(
        "token",
        BUSYBOX_IMAGE,
        ["cat", "/tokens/token"],
        volumes=[{"name": "tokens", "projected": {"sources": [source]}}],
        container={"volumeMounts": [{"name": "tokens", "mountPath": "/tokens"}]},
    )
    core = _core(kube)
    core.create_namespaced_pod(namespace, manifest)
    wait_until("the end of pod token", _ended(core, namespace, "token"), 60)
    token = core.read_namespaced_pod_log("token", namespace)

    def review(audience: str) -> Any:
        body = {"spec": {"token": token, "audiences": [audience]}}
        authentication: Any = client.AuthenticationV1Api(kube)
        return authentication.create_token_review(body).status

    good = review("goflow-test")
    assert good.authenticated, good.error
    assert good.user.username == f"system:serviceaccount:{namespace}:default"
    assert good.user.extra["authentication.kubernetes.io/pod-name"] == ["token"]
    assert not review("somebody-else").authenticated
    core.delete_namespaced_pod("token", namespace, grace_period_seconds=0)
    wait_until("the token's end with its pod", lambda: not review("goflow-test").authenticated, 60)


def test_a_container_beyond_its_memory_limit_is_killed_and_says_so(
    kube: client.ApiClient, namespace: str, runner_image: str
) -> None:
    manifest = _pod(
        "greedy",
        runner_image,
        ["python", "-c", "b'x' * (200 << 20)"],
        container={"resources": {"limits": {"memory": "40Mi"}}},
    )
    phase, _ = _run(kube, namespace, manifest)
    (status,) = _core(kube).read_namespaced_pod("greedy", namespace).status.container_statuses
    assert (phase, status.state.terminated.reason) == ("Failed", "OOMKilled")


def test_an_evicted_pod_of_a_job_bears_the_condition_of_a_disruption(kube: client.ApiClient, namespace: str) -> None:
    batch, core = _batch(kube), _core(kube)
    rule = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    spec = {
        "backoffLimit": 0,
        "podReplacementPolicy": "Failed",
        "podFailurePolicy": {"rules": [rule]},
        "template": _pod("long", BUSYBOX_IMAGE, ["sleep", "1000"]),
    }
    batch.create_namespaced_job(namespace, {"metadata": {"name": "long"}, "spec": spec})

    def pods() -> list[Any]:
        found: list[Any] = core.list_namespaced_pod(namespace, label_selector="app=long").items
        return found

    wait_until("the pod", lambda: [p.status.phase for p in pods()] == ["Running"], 60)
    (first,) = pods()
    name = first.metadata.name
    finalizers = ["goflow.test/look"]
    core.patch_namespaced_pod(name, namespace, {"metadata": {"finalizers": finalizers}})
    core.create_namespaced_pod_eviction(name, namespace, {"metadata": {"name": name, "namespace": namespace}})
    conditions = {c.type for c in core.read_namespaced_pod(name, namespace).status.conditions}
    assert "DisruptionTarget" in conditions
    core.patch_namespaced_pod(name, namespace, {"metadata": {"$deleteFromPrimitiveList/finalizers": finalizers}})
    wait_until(
        "the replacement",
        lambda: any(p.metadata.uid != first.metadata.uid and p.status.phase == "Running" for p in pods()),
        60,
    )
    assert not batch.read_namespaced_job("long", namespace).status.failed
