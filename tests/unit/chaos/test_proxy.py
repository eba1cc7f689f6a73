"""The chaos proxy: what it passes on, what it keeps for itself, and that a reflector behind it still sees what is true."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from goflow.kube.api import JOBS, KubeApi
from goflow.kube.errors import GoneError, KubeError, NotFoundError, UnavailableError
from goflow.kube.reflector import Reflector
from tests.chaos.proxy import Proxy
from tests.chaos.weather import ROUGH, Weather
from tests.unit.kube.server import ApiServer, api_server, kubeconfig_for, refusal

PATH = JOBS.format(namespace="here")


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with api_server() as running:
        yield running


@pytest.fixture
def proxy(server: ApiServer) -> Iterator[Proxy]:
    made = Proxy(("127.0.0.1", 0), server.url, None, seed=1)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def api(proxy: Proxy, tmp_path: Path) -> KubeApi:
    return KubeApi(kubeconfig_for(url(proxy), tmp_path))


def url(proxy: Proxy) -> str:
    return f"http://127.0.0.1:{proxy.server_address[1]}"


def own(proxy: Proxy, method: str, what: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(f"{url(proxy)}/chaos/{what}", data=json.dumps(body).encode(), method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_in_clear_weather_calls_and_their_answers_are_passed_on(server: ApiServer, api: KubeApi) -> None:
    made = api.create_job("here", {"metadata": {"name": "j"}})
    assert made == {"metadata": {"name": "j"}}
    (asked,) = server.asked
    assert asked.query == {"fieldValidation": "Strict", "fieldManager": "goflow"}
    server.fault(refusal(404, "NotFound"))
    with pytest.raises(NotFoundError):
        api.get_job("here", "j")


def test_an_answer_is_lost_though_the_call_was_carried_out(server: ApiServer, proxy: Proxy, api: KubeApi) -> None:
    own(proxy, "PUT", "weather", {"unanswered": 1.0})
    with pytest.raises(UnavailableError):
        api.create_job("here", {"metadata": {"name": "j"}})
    assert [asked.method for asked in server.asked] == ["POST"]
    assert proxy.done["answer lost (POST)"] == 1


@pytest.mark.parametrize(
    "weather", [{"lost": 1.0}, {"refused": 1.0}, {"strange": 1.0}, {"silent": 1.0, "silence_s": 0.1}]
)
def test_a_call_that_does_not_come_through_is_not_carried_out(
    server: ApiServer, proxy: Proxy, api: KubeApi, weather: dict[str, float]
) -> None:
    own(proxy, "PUT", "weather", weather)
    with pytest.raises(UnavailableError):
        api.create_job("here", {"metadata": {"name": "j"}})
    assert server.asked == []


def test_a_watch_is_told_that_its_version_is_gone_in_both_ways(proxy: Proxy, api: KubeApi) -> None:
    own(proxy, "PUT", "weather", {"gone": 1.0})
    query = {"watch": True, "resourceVersion": "1"}
    for _ in range(20):
        try:
            with api.stream(PATH, query=query) as answer:
                assert json.loads(answer.data)["object"]["code"] == 410
        except GoneError:
            pass
    assert set(proxy.done) == {"watch answered 410", "watch told 410 by an event"}


@pytest.mark.parametrize("before", [True, False])
def test_a_caller_is_held_at_a_call_until_it_is_gone(
    server: ApiServer, proxy: Proxy, tmp_path: Path, before: bool
) -> None:
    came: list[bool] = []
    trap = {"method": "POST", "part": "/jobs", "before": before, "wait_s": 20}
    waiting = threading.Thread(target=lambda: came.append(own(proxy, "POST", "trap", trap)["sprung"]))
    waiting.start()
    while not proxy.traps:
        waiting.join(0.01)
    api = KubeApi(kubeconfig_for(url(proxy), tmp_path))

    def create() -> None:
        with pytest.raises(KubeError):
            api.create_job("here", {"metadata": {"name": "j"}})

    caller = threading.Thread(target=create)
    caller.start()
    waiting.join(20)
    assert came[0] > 0
    assert len(server.asked) == (0 if before else 1)
    caller.join(20)  # the proxy ends the connection by itself when it was not killed


@pytest.mark.parametrize("lean", [False, True], ids=["JSON", "protobuf"])
@pytest.mark.parametrize("seed", range(3))
def test_a_reflector_sees_what_is_true_when_the_storm_is_over(
    server: ApiServer, proxy: Proxy, api: KubeApi, seed: int, lean: bool
) -> None:
    proxy.moments.seed(seed)
    proxy.weather = Weather(
        **{name: getattr(ROUGH, name) for name in ("refused", "gone", "rewound", "cut", "twice", "held")}
    )
    seen: dict[str, str] = {}
    told = threading.Condition()

    def handle(change: str, item: dict[str, Any]) -> None:
        metadata = item["metadata"]
        with told:
            if change == "seen":
                seen[metadata["name"]] = metadata["resourceVersion"]
            else:
                seen.pop(metadata["name"], None)
            told.notify_all()

    reflector = Reflector(api, PATH, "", handle, lean=lean)
    reflector.start()
    try:
        for number in range(60):
            server.put(f"j{number % 7}", step=number)
            if number % 5 == 4:
                server.remove(f"j{number % 7}")
        proxy.weather = Weather()
        truth = {name: item["metadata"]["resourceVersion"] for name, item in server.objects.items()}
        server.bookmark()
        with told:
            assert told.wait_for(lambda: seen == truth, 30), (seen, truth)
    finally:
        reflector.stop()
