"""Foreign containers' logs: many on two threads, each line once, whatever is cut off and whoever is away meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from goflow.executor.backend import Observation, Phase
from goflow.executor.follow import LogFollower
from goflow.executor.pods import RESULT_ANNOTATION, VERDICT_ANNOTATION
from goflow.kube import log_streams
from goflow.kube.api import KubeApi
from goflow.operators.plan import Verdict
from goflow.store import DatabaseBusyError, Store, logs
from goflow.store.rows import LogRow
from tests.logs_kit import writer
from tests.unit.kube.server import kubeconfig_for

ENOUGH_S = 60.0
MANY = 60


def stamped(number: int, text: str) -> bytes:
    return f"2026-03-01T12:00:{number % 60:02}.123456789Z {text}\n".encode()


class Kubelet:
    """Serves the logs of pods by name. What a log is may depend on how often it was asked for; a `threading.Event` in it is
    waited for, ``None`` cuts the connection."""

    def __init__(self) -> None:
        self.logs: dict[str, list[list[bytes | threading.Event | None]]] = {}
        self.asked: list[str] = []
        self.open = threading.Semaphore(0)
        kubelet = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                name = self.path.split("/")[6]
                kubelet.asked.append(self.path)
                if name not in kubelet.logs:
                    self.send_error(404, "no such pod")
                    return
                tries = kubelet.logs[name]
                parts = tries.pop(0) if len(tries) > 1 else tries[0]
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for part in parts:
                    if part is None:
                        self.wfile.write(b"40\r\nhalf")
                        self.close_connection = True
                        return
                    if isinstance(part, threading.Event):
                        kubelet.open.release()
                        part.wait(ENOUGH_S)
                        continue
                    self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
                    self.wfile.flush()
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.request_queue_size = 2 * MANY
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


class Followed:
    """A follower over a store and a kubelet, and the pods that it knows."""

    def __init__(self, store: Store, kubelet: Kubelet, folder: Path) -> None:
        self.store, self.kubelet = store, kubelet
        self.pods: dict[str, dict[str, Any]] = {}
        api = KubeApi(kubeconfig_for(kubelet.url, folder))
        self.follower = LogFollower(store, api, self.pods.get, self.mask)

    def mask(self, rows: list[LogRow]) -> list[LogRow]:
        return [replace(row, text=row.text.replace("hunter22", "***")) for row in rows]

    def pod(
        self,
        *tries: list[bytes | threading.Event | None],
        launch_id: str = "",
        phase: Phase = Phase.RUNNING,
        **annotations: str,
    ) -> str:
        """A pod with that log, of a launch of its own; what it is asked for the first time and from then on."""
        launch_id = launch_id or writer(self.store)[0].id
        name = f"pod-{launch_id}"
        self.kubelet.logs[name] = list(tries)
        metadata = {"name": name, "namespace": "n", "uid": f"uid-{launch_id}", "annotations": annotations}
        self.pods[launch_id] = {"metadata": metadata}
        self.follower.consider(Observation(launch_id=launch_id, phase=phase))
        return launch_id

    def until_done(self, *launch_ids: str) -> None:
        waited = threading.Event()
        for _ in range(int(ENOUGH_S / 0.02)):
            if not any(self.follower.busy(launch_id) for launch_id in launch_ids):
                return
            waited.wait(0.02)
        raise AssertionError("it is still being read")

    def texts(self, launch_id: str) -> list[str]:
        with self.store.reading() as tx:
            found = logs.read(tx, launch_id, limit=100_000)
        assert [row.seq for row in found] == list(range(1, len(found) + 1))
        return [row.text for row in found]


@pytest.fixture
def followed(sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Followed]:
    monkeypatch.setattr("goflow.executor.follow.BEGIN_AFTER_S", 0.0)
    kubelet = Kubelet()
    made = Followed(sqlite_store, kubelet, tmp_path)
    yield made
    made.follower.stop()
    kubelet.server.shutdown()
    kubelet.server.server_close()


def test_many_are_followed_by_two_threads(followed: Followed):
    gate = threading.Event()
    before = {thread.name for thread in threading.enumerate()}
    launches = [followed.pod([stamped(1, "first"), gate, stamped(2, "last")]) for _ in range(MANY)]
    for _ in launches:
        assert followed.kubelet.open.acquire(timeout=ENOUGH_S), "all are open at the same time"
    ours = [thread.name for thread in threading.enumerate() if thread.name.startswith("log-")]
    assert sorted(ours) == ["log-streams", "log-writer"]
    assert "log-streams" not in before
    gate.set()
    followed.until_done(*launches)
    assert all(followed.texts(launch_id) == ["first", "last"] for launch_id in launches)


def test_lines_may_come_in_pieces_and_the_last_without_an_end(followed: Followed):
    content = stamped(1, "one") + stamped(2, "zwei €") + stamped(3, "") + stamped(4, "four")[:-1]
    launch_id = followed.pod([content[n : n + 7] for n in range(0, len(content), 7)])
    followed.until_done(launch_id)
    assert followed.texts(launch_id) == ["one", "zwei €", "", "four"]
    with followed.store.reading() as tx:
        assert logs.read(tx, launch_id)[0].at == 1772366401.123456


def test_a_log_that_is_cut_off_is_read_again_and_each_line_is_there_once(followed: Followed, monkeypatch):
    monkeypatch.setattr("goflow.executor.follow.AGAIN_AFTER_S", 0.01)
    lines = [stamped(number, f"line {number}") for number in range(1, 6)]
    launch_id = followed.pod([*lines[:3], lines[3][:9], None], lines)
    followed.until_done(launch_id)
    assert followed.texts(launch_id) == [f"line {number}" for number in range(1, 6)]
    assert len(followed.kubelet.asked) == 2


def test_a_log_that_does_not_end_with_its_container_is_read_once_more_as_it_is(followed: Followed, monkeypatch):
    monkeypatch.setattr("goflow.executor.follow.AGAIN_AFTER_S", 0.01)
    monkeypatch.setattr("goflow.executor.follow.SILENCE_S", 0.05)
    never = threading.Event()
    launch_id = followed.pod([stamped(1, "one"), never], [stamped(1, "one"), stamped(2, "two")])
    assert followed.kubelet.open.acquire(timeout=ENOUGH_S)
    assert followed.follower.busy(launch_id)
    for _ in range(2):  # an end may be told twice
        followed.follower.consider(Observation(launch_id=launch_id, phase=Phase.ENDED))
    followed.until_done(launch_id)
    never.set()
    assert followed.texts(launch_id) == ["one", "two"]
    assert ["follow=true" in path for path in followed.kubelet.asked] == [True, False]


def test_a_container_that_ends_soon_is_read_once_and_not_followed(followed: Followed, monkeypatch):
    monkeypatch.setattr("goflow.executor.follow.BEGIN_AFTER_S", ENOUGH_S)
    launch_id = followed.pod([stamped(1, "one")])
    assert followed.follower.busy(launch_id)
    followed.follower.consider(Observation(launch_id=launch_id, phase=Phase.ENDED))
    followed.until_done(launch_id)
    assert followed.texts(launch_id) == ["one"]
    assert ["follow=true" in path for path in followed.kubelet.asked] == [False]


def test_of_a_container_that_is_over_the_log_is_read_and_not_followed(followed: Followed):
    launch_id = followed.pod([stamped(1, "one")], phase=Phase.ENDED)
    followed.until_done(launch_id)
    assert followed.texts(launch_id) == ["one"]
    assert ["follow=true" in path for path in followed.kubelet.asked] == [False]


def test_of_many_that_are_over_a_few_are_asked_for_at_the_same_time(followed: Followed, monkeypatch):
    monkeypatch.setattr(log_streams, "PATIENCE_S", ENOUGH_S)
    gate = threading.Event()
    launches = [followed.pod([gate, stamped(1, "one")], phase=Phase.ENDED) for _ in range(MANY)]
    for _ in range(log_streams.SHORT_AT_ONCE):
        assert followed.kubelet.open.acquire(timeout=ENOUGH_S)
    assert len(followed.kubelet.asked) == log_streams.SHORT_AT_ONCE
    gate.set()
    followed.until_done(*launches)
    assert all(followed.texts(launch_id) == ["one"] for launch_id in launches)


def test_a_node_that_does_not_answer_and_long_logs_keep_nobody_elses_back(followed: Followed, monkeypatch):
    monkeypatch.setattr(log_streams, "PATIENCE_S", 0.05)
    never = threading.Event()
    silent = [followed.pod([never], phase=Phase.ENDED) for _ in range(log_streams.SHORT_AT_ONCE)]
    long = [followed.pod([stamped(1, "one"), never], phase=Phase.ENDED) for _ in range(log_streams.SHORT_AT_ONCE)]
    others = [followed.pod([stamped(1, "one")], phase=Phase.ENDED) for _ in range(MANY)]
    followed.until_done(*others)
    assert all(followed.follower.busy(launch_id) for launch_id in (*silent, *long))
    never.set()


def test_a_log_without_a_line_is_done_when_it_has_ended(followed: Followed, monkeypatch):
    monkeypatch.setattr("goflow.executor.follow.STORE_EVERY_S", 3600.0)  # nobody writes
    launch_id = followed.pod([], phase=Phase.ENDED)
    followed.until_done(launch_id)
    assert followed.texts(launch_id) == []


def test_a_pod_that_is_gone_is_given_up(followed: Followed, monkeypatch):
    monkeypatch.setattr("goflow.executor.follow.AGAIN_AFTER_S", 0.01)
    launch_id = writer(followed.store)[0].id
    followed.pods[launch_id] = {"metadata": {"name": "gone", "namespace": "n", "uid": "u"}}
    followed.follower.consider(Observation(launch_id=launch_id, phase=Phase.ENDED))
    followed.until_done(launch_id)
    assert followed.texts(launch_id) == []
    assert len(followed.kubelet.asked) == 5


def test_one_that_writes_faster_than_it_is_stored_is_read_on_when_it_was(followed: Followed):
    block = b"".join(stamped(number, "x" * 50) for number in range(1000))
    launch_id = followed.pod([block] * 10)
    followed.until_done(launch_id)
    assert len(followed.texts(launch_id)) == 10_000


def test_while_the_database_is_away_lines_wait(followed: Followed, monkeypatch):
    kept, failures = logs.append_many, [DatabaseBusyError("away")] * 2

    def append_many(tx: Any, lines: Any) -> None:
        if failures:
            raise failures.pop()
        kept(tx, lines)

    monkeypatch.setattr(logs, "append_many", append_many)
    launch_id = followed.pod([stamped(1, "one")])
    followed.until_done(launch_id)
    assert followed.texts(launch_id) == ["one"]
    assert failures == []


def test_the_log_of_a_run_that_was_deleted_keeps_nobody_elses_back(followed: Followed):
    gate = threading.Event()
    gone = followed.pod([stamped(1, "gone"), gate], launch_id="f" * 32)
    there = followed.pod([stamped(1, "there"), gate])
    gate.set()
    followed.until_done(gone, there)
    assert followed.texts(there) == ["there"]


def test_secrets_are_masked_but_for_lines_that_are_a_result(followed: Followed):
    plain = followed.pod([stamped(1, "is hunter22")])
    result = followed.pod([stamped(1, "is hunter22")], **{RESULT_ANNOTATION: "last"})
    followed.until_done(plain, result)
    assert followed.texts(plain) == ["is ***"]
    assert followed.texts(result) == ["is hunter22"]
    told = followed.follower.result(result)
    assert told is not None
    assert told["xcoms"][0]["value"] == "is hunter22"


def test_a_container_of_our_own_runner_and_one_that_was_followed_are_left_alone(followed: Followed):
    ours = followed.pod([stamped(1, "x")], **{VERDICT_ANNOTATION: Verdict.RUNNER})
    foreign = followed.pod([stamped(1, "x")])
    followed.until_done(ours, foreign)
    followed.follower.consider(Observation(launch_id=foreign, phase=Phase.ENDED))
    followed.until_done(foreign)
    assert len(followed.kubelet.asked) == 1
