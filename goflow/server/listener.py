"""An ASGI application on a port, as a service: bound before ``start`` returns, so that its address is known."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from typing import Any

import structlog
import uvicorn

from goflow.domain.errors import GoFlowError

log = structlog.get_logger(__name__)

BACKLOG = 2048
"""Connections that wait to be taken, as uvicorn has it."""


class ListenError(GoFlowError):
    """The server cannot listen"""


class Listener:
    """Serves what APPLICATION gives on HOST and PORT (0: any free one) in a thread of its own."""

    def __init__(self, name: str, application: Callable[[], Any], host: str, port: int) -> None:
        self.name = name
        self.application = application
        self.host = host
        self.port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str:
        """``http://host:port`` of what is bound."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def start(self) -> None:
        """Bind and serve. Raises ListenError when the port is taken."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((self.host, self.port))
            bound.listen(BACKLOG)  # from here on nobody is refused, though the first answers wait for the thread
        except (OSError, OverflowError) as problem:
            bound.close()
            why = problem.strerror if isinstance(problem, OSError) else problem
            words = f"{self.name} on {self.host}:{self.port}: {why}"
            raise ListenError(words, hint="choose another port: --port N, or 0 for any free one") from problem
        self._socket, self.port = bound, bound.getsockname()[1]
        config = uvicorn.Config(
            self.application(),
            log_config=None,
            access_log=False,
            lifespan="off",
            backlog=BACKLOG,
            timeout_keep_alive=75,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [bound]}, name=self.name, daemon=True
        )
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Stop serving; open requests get a moment. After TIMEOUT_S seconds the server is left to end by itself."""
        if self._server is not None:
            self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout_s)
            if self._thread.is_alive():  # it still looks at the socket, and closes it
                return
        if self._socket is not None:
            self._socket.close()


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine can reach a listener on HOST."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
