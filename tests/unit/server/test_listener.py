"""Listeners: bound and heard before they are started with, and never open to strangers without tokens."""

from __future__ import annotations

import socket
import urllib.request

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from goflow.daemon import Daemon
from goflow.server.listener import Listener, ListenError, is_loopback
from goflow.settings import InvalidSettingsError, Settings


def hello() -> Starlette:
    return Starlette(routes=[Route("/", lambda _: Response("hello"))])


@pytest.fixture
def listen():
    made = []

    def one(host="127.0.0.1", port=0):
        made.append(Listener("test", hello, host, port))
        made[-1].start()
        return made[-1]

    yield one
    for listener in made:
        listener.stop()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_it_is_heard_as_soon_as_it_has_started(listen, host):
    if host == "::1" and not _has_ipv6():
        pytest.skip("this machine has no IPv6")
    for _ in range(5):
        with urllib.request.urlopen(listen(host).url, timeout=30) as answer:
            assert answer.read() == b"hello"


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_a_port_that_is_taken_is_told_in_words(listen):
    first = listen()
    with pytest.raises(ListenError, match=f"test on 127.0.0.1:{first.port}: Address already in use") as caught:
        listen(port=first.port)
    assert "--port" in caught.value.hint


@pytest.mark.parametrize("port", [70_000, -1])
def test_a_port_that_is_none_is_told_in_words(listen, port):
    with pytest.raises(ListenError, match="0-65535"):
        listen(port=port)


def test_an_address_that_is_not_this_machines_is_told_in_words(listen):
    with pytest.raises(ListenError, match=r"test on 192\.0\.2\.1:0: "):
        listen("192.0.2.1")


def test_stopping_twice_or_before_the_start_is_harmless(listen):
    Listener("test", hello, "127.0.0.1", 0).stop()
    listener = listen()
    listener.stop()
    listener.stop()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(listener.url, timeout=5)


HOSTS = {
    "127.0.0.1": True, "127.8.9.10": True, "::1": True, "localhost": True,
    "0.0.0.0": False, "::": False, "": False, "192.168.0.1": False, "example.org": False, "localhost.example.org": False,
}  # fmt: skip


@pytest.mark.parametrize(("host", "answer"), HOSTS.items(), ids=[host or "(empty)" for host in HOSTS])
def test_what_only_this_machine_can_reach(host, answer):
    assert is_loopback(host) is answer


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.1"])
def test_a_daemon_without_tokens_does_not_open_its_api_to_others(tmp_path, host, monkeypatch):
    monkeypatch.setenv("GOFLOW_HOME", str(tmp_path / "home"))
    (tmp_path / "dags").mkdir()
    with pytest.raises(InvalidSettingsError, match="reachable from other machines, and there is no API token"):
        Daemon(Settings(home=tmp_path / "home", dags_folder=tmp_path / "dags", backend="local", api_host=host))
