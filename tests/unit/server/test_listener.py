"""Listeners: bound and heard before they are started with, and never open to strangers without tokens."""

from __future__ import annotations

import contextlib
import os
import socket
import urllib.request
from typing import ClassVar

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from goflow.daemon import Daemon, refuse_open_listeners
from goflow.domain.roles import Role
from goflow.server.listener import Listener, ListenError, is_loopback
from goflow.settings import InvalidSettingsError, Settings
from goflow.store import tokens, users
from goflow.wiring import sign_in_of


def hello() -> Starlette:
    return Starlette(routes=[Route("/", lambda _: Response("hello"))])


@pytest.fixture
def listen():
    made = []

    def one(host="127.0.0.1", port=0, application=hello, proxies=()):
        made.append(Listener("test", application, host, port, proxies))
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


def test_answers_are_sent_at_once_and_wait_for_no_acknowledgement(listen):
    seen = []

    def look(request):
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(int(name))) as one:
                if one.getpeername() == tuple(request.client):
                    seen.append(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        return Response("looked")

    listener = listen(application=lambda: Starlette(routes=[Route("/", look)]))
    with urllib.request.urlopen(listener.url, timeout=30) as answer:
        answer.read()
    assert seen == [1]


def test_routes_are_ready_before_anybody_asks(listen):
    class Slow(Route):
        looked: ClassVar[list[str]] = []

        def matches(self, scope):
            self.looked.append(scope["path"])
            return super().matches(scope)

    listener = listen(application=lambda: Starlette(routes=[Slow("/deep", lambda _: Response("hello"))]))
    assert listener.ready.wait(30)
    assert Slow.looked == ["/"]
    with urllib.request.urlopen(f"{listener.url}/deep", timeout=30) as answer:
        assert answer.read() == b"hello"
    assert Slow.looked == ["/", "/deep"]


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


def who_asks() -> Starlette:
    return Starlette(routes=[Route("/", lambda request: Response(f"{request.client.host} by {request.url.scheme}"))])


@pytest.mark.parametrize(
    ("proxies", "told"),
    [
        ((), "127.0.0.1 by http"),
        (("192.0.2.1",), "127.0.0.1 by http"),
        (("127.0.0.1",), "192.0.2.7 by https"),
        (("127.0.0.0/8", "192.0.2.0/24"), "203.0.113.5 by https"),
    ],
)
def test_who_is_behind_a_proxy_is_believed_of_those_that_are_trusted(listen, proxies, told):
    headers = {"X-Forwarded-For": "203.0.113.5, 192.0.2.7", "X-Forwarded-Proto": "https"}
    asked = urllib.request.Request(listen(application=who_asks, proxies=proxies).url, headers=headers)
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert answer.read().decode() == told


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
    with pytest.raises(InvalidSettingsError, match="reachable from other machines, and there is no way to sign in"):
        Daemon(Settings(home=tmp_path / "home", dags_folder=tmp_path / "dags", backend="local", api_host=host))


WAYS = {
    "a user": lambda tx: users.create(tx, "anna", Role.VIEWER, password_hash="$", who="test"),
    "a token": lambda tx: tokens.create(tx, "ci", who="test"),
    "a token of the settings": {"api_token": "t"},
    "an identity provider": {
        "oidc_issuer": "https://login.example.org", "oidc_client_id": "goflow", "oidc_roles": {"*": "viewer"},
    },
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_one_with_a_way_to_sign_in_does(sqlite_store, way):
    settings = Settings(api_host="0.0.0.0", **({} if callable(way) else way))
    if callable(way):
        with sqlite_store.transaction() as tx:
            way(tx)
    refuse_open_listeners(settings, sqlite_store, sign_in_of(settings))


def test_a_user_of_a_provider_that_is_not_set_any_more_is_no_way_in(sqlite_store):
    with sqlite_store.transaction() as tx:
        users.create(tx, "anna", Role.ADMIN, oidc_subject="i#1", who="test")
    settings = Settings(api_host="0.0.0.0")
    with pytest.raises(InvalidSettingsError, match="there is no way to sign in"):
        refuse_open_listeners(settings, sqlite_store, sign_in_of(settings))
