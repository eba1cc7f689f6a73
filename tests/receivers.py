"""Receivers of alerts for the tests: a mail server that keeps what it gets, and a webhook that can stop answering."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.oracle.postgres import free_port

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """A mail server at a port of its own."""

    def __init__(self) -> None:
        from aiosmtpd.controller import Controller

        self.mails: list[EmailMessage] = []
        self.port = free_port()  # the controller connects to the port that it was given: it cannot be 0
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep it."""
        mail = message_from_bytes(envelope.content or b"", policy=policy.default)  # type: ignore[arg-type]
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"

    def subjects(self) -> list[str]:
        """What the mails are about, in the order in which they came."""
        return [str(mail["Subject"]) for mail in self.mails]

    def stop(self) -> None:
        """End it."""
        self._controller.stop()


class Hook:
    """A webhook that notes every request, and answers unless it is told to keep silent."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers = threading.Event()
        self.answers.set()
        self._over = False
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                hook.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                hook.answers.wait()
                if not hook._over:
                    self.send_response(204)
                    self.end_headers()

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def bodies(self) -> list[Any]:
        """The messages, in the order in which they came."""
        return [json.loads(body) for _, body in list(self.got)]

    def titles(self) -> list[str]:
        """What they are about."""
        return [body["title"] for body in self.bodies()]

    def stop(self) -> None:
        """End it."""
        self._over = True
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server of the test's own."""
    made = Mailbox()
    yield made
    made.stop()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A webhook of the test's own."""
    made = Hook()
    yield made
    made.stop()
