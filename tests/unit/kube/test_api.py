"""What `KubeApi` makes of the API server's answers, good and bad."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from goflow.kube.api import KubeApi
from goflow.kube.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    GoneError,
    KubeError,
    NotFoundError,
    UnavailableError,
)
from tests.unit.kube.server import Answer, ApiServer, Reply, Silence, Told, api_server, kubeconfig_for, refusal


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with api_server() as running:
        yield running


@pytest.fixture
def api(server: ApiServer, tmp_path: Path) -> KubeApi:
    return KubeApi(kubeconfig_for(server.url, tmp_path))


REFUSALS: dict[str, tuple[Answer, type[KubeError], float | None]] = {
    "too many requests says when to come back": (
        refusal(429, "TooManyRequests", retry_after="7"),
        UnavailableError,
        7.0,
    ),
    "too many requests may leave that open": (refusal(429, "TooManyRequests"), UnavailableError, None),
    "a moment to come back at, instead of seconds, is left aside": (
        refusal(503, "ServiceUnavailable", retry_after="Wed, 21 Oct 2026 07:28:00 GMT"),
        UnavailableError,
        None,
    ),
    "an internal error is for another time": (refusal(500, "InternalError"), UnavailableError, None),
    "a proxy's page of an error is for another time": (Reply(502, "<html>Bad Gateway"), UnavailableError, None),
    "a proxy that knows no such page says nothing of the object": (
        Reply(404, "default backend - 404"),
        UnavailableError,
        None,
    ),
    "a proxy that lets nobody in says nothing of the role": (Reply(403, '{"error": "log in"}'), UnavailableError, None),
    "a gateway that has no such thing any more says nothing of the version": (Reply(410, ""), UnavailableError, None),
    "an error in JSON that is no object is for another time": (Reply(503, "[]"), UnavailableError, None),
    "a closed connection is for another time": (Silence(), UnavailableError, None),
    "a page that is no JSON is for another time": (Reply(200, "<html>Welcome to the proxy"), UnavailableError, None),
    "JSON that is no object is for another time": (Reply(200, "[1]"), UnavailableError, None),
    "what is not there": (refusal(404, "NotFound"), NotFoundError, None),
    "what is there already": (refusal(409, "AlreadyExists"), AlreadyExistsError, None),
    "what somebody else has changed": (refusal(409, "Conflict"), ConflictError, None),
    "a version that is too old": (refusal(410, "Expired"), GoneError, None),
    "a role that does not grant it": (refusal(403, "Forbidden"), ForbiddenError, None),
    "a token that is not known": (refusal(401, "Unauthorized"), ForbiddenError, None),
    "an object that is not valid": (refusal(422, "Invalid"), KubeError, None),
}


@pytest.mark.parametrize(("answer", "error", "retry_after_s"), REFUSALS.values(), ids=REFUSALS)
def test_what_is_refused_becomes_an_error(
    server: ApiServer, api: KubeApi, answer: Answer, error: type[KubeError], retry_after_s: float | None
) -> None:
    server.fault(answer)
    with pytest.raises(KubeError) as raised:
        api.get_job("here", "name")
    assert type(raised.value) is error
    assert raised.value.retry_after_s == retry_after_s


def test_the_servers_own_words_are_kept(server: ApiServer, api: KubeApi) -> None:
    server.fault(refusal(403, "Forbidden", "exceeded quota: jobs"))
    with pytest.raises(ForbiddenError, match="exceeded quota: jobs"):
        api.create_job("here", {})


def test_a_server_that_refuses_connections_does_not_answer(server: ApiServer, tmp_path: Path) -> None:
    server.close()
    with pytest.raises(UnavailableError, match="NoAnswer"):
        KubeApi(kubeconfig_for(server.url, tmp_path)).version()


def test_a_call_after_a_bad_answer_works_again(server: ApiServer, api: KubeApi) -> None:
    for answer in (Silence(), refusal(500, "InternalError"), Reply(200, "<html>")):
        server.fault(answer)
        with pytest.raises(UnavailableError):
            api.list_pods("here", "a=b")
        server.put("pod")
        assert [pod["metadata"]["name"] for pod in api.list_pods("here", "a=b")] == ["pod"]


def test_a_stream_that_is_cut_says_so_after_what_it_told(server: ApiServer, api: KubeApi) -> None:
    server.fault(Told(text="one\ntwo\n", cut=True))
    told: list[bytes] = []
    with pytest.raises(UnavailableError, match="StreamCut"), api.stream("/x") as response:
        told.extend(response.stream(1 << 16))
    assert b"".join(told).startswith(b"one\ntwo\n")


def test_a_stream_that_falls_silent_is_given_up(server: ApiServer, api: KubeApi) -> None:
    with (
        pytest.raises(UnavailableError, match="StreamCut"),
        api.stream("/x", query={"watch": True, "resourceVersion": "0"}, read_timeout_s=0.1) as response,
    ):
        list(response.stream(1 << 16))


def test_calls_say_what_is_asked(server: ApiServer, api: KubeApi) -> None:
    api.create_job("here", {"metadata": {"name": "j"}})
    api.patch_job("here", "j", {"spec": {"ttlSecondsAfterFinished": 5}})
    api.delete_pod("here", "p", grace_s=0)
    api.delete_job("here", "j")
    create, patch, delete_pod, delete_job = server.asked
    assert (create.method, create.path) == ("POST", "/apis/batch/v1/namespaces/here/jobs")
    assert create.query == {"fieldValidation": "Strict", "fieldManager": "goflow"}
    assert (patch.method, patch.body) == ("PATCH", {"spec": {"ttlSecondsAfterFinished": 5}})
    assert (delete_pod.path, delete_pod.body) == ("/api/v1/namespaces/here/pods/p", {"gracePeriodSeconds": 0})
    assert delete_job.body == {"propagationPolicy": "Background"}


def test_a_token_is_used_for_a_while_and_asked_for_anew_when_it_is_not_believed(
    server: ApiServer, api: KubeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, real = [], api._client.param_serialize
    monkeypatch.setattr(
        api._client, "param_serialize", lambda *given, **named: asked.append(1) or real(*given, **named)
    )
    for _ in range(3):
        api.list_pods("here", "a=b")
    assert len(asked) == 1
    server.fault(refusal(401, "Unauthorized"))
    with pytest.raises(ForbiddenError):
        api.list_pods("here", "a=b")
    api.list_pods("here", "a=b")
    assert len(asked) == 2


class _Targets(ThreadingHTTPServer):
    """Writes down what requests are for, as their first line says it; an API server or a proxy."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), _TellsTarget)


class _TellsTarget(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, _Targets)
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("url", "proxied", "target"),
    [
        ("{here}", False, "/version"),
        ("{here}/k8s/clusters/one", False, "/k8s/clusters/one/version"),
        ("http://api.invalid", True, "http://api.invalid/version"),
    ],
    ids=["a server", "a server below a path, as Rancher has them", "a server behind a proxy, which wants it whole"],
)
def test_what_is_asked_of(
    url: str, proxied: bool, target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "")
    with _Targets() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here = f"http://127.0.0.1:{server.server_address[1]}"
        path = kubeconfig_for(url.format(here=here), tmp_path)
        if proxied:
            known = json.loads(path.read_text())
            known["clusters"][0]["cluster"]["proxy-url"] = here
            path.write_text(json.dumps(known))
        KubeApi(path).version()
        server.shutdown()
    assert server.asked == [target]
