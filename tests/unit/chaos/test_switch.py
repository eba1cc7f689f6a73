"""The stand-in for a Service: it leads to daemons in turn, to those that are there, and an answer may take its time."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from tests import switch
from tests.switch import Switch

HOST = "127.0.0.1"


class Teller:
    """A server that answers each caller with NAME, once that one has said something and ``gate`` is set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.gate = threading.Event()
        self.gate.set()
        self.asked = threading.Event()
        self.listener = socket.create_server((HOST, 0))
        self.port = int(self.listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self.listener.accept()
            except OSError:
                return
            with caller:
                caller.recv(100)
                self.asked.set()
                self.gate.wait(60)
                caller.sendall(self.name.encode())

    def close(self) -> None:
        with self.listener:
            self.listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def tellers() -> Iterator[list[Teller]]:
    made = [Teller("a"), Teller("b")]
    yield made
    for one in made[:]:
        one.close()


def ask(through: Switch) -> str:
    port = int(through.address.rpartition(":")[2])
    with socket.create_connection((HOST, port), timeout=30) as caller:
        caller.sendall(b"who?")
        return caller.recv(100).decode()


def test_it_leads_to_each_in_turn_and_past_who_is_gone(tellers: list[Teller]) -> None:
    through = Switch(HOST, [one.port for one in tellers])
    assert [ask(through) for _ in range(4)] == ["a", "b", "a", "b"]
    tellers.pop(0).close()
    assert [ask(through) for _ in range(3)] == ["b", "b", "b"]
    through.close()
    with pytest.raises(OSError, match=r"refused"):
        ask(through)


def test_an_answer_may_take_longer_than_a_connection(tellers: list[Teller], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switch, "CONNECT_S", 0.05)
    slow = tellers[0]
    slow.gate.clear()
    through = Switch(HOST, [slow.port])
    later = threading.Timer(0.5, slow.gate.set)  # ten times as long as a connection may take
    later.start()
    assert ask(through) == "a"
    later.join()
    through.close()
