"""An ASGI application on a port, as a service: bound before ``start`` returns, so that its address is known."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

import structlog
import uvicorn

from goflow.domain.errors import GoFlowError

log = structlog.get_logger(__name__)

NOWHERE = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []}
"""A request as it is matched with routes."""
BACKLOG = 2048
"""Connections that wait to be taken, as uvicorn has it."""


class ListenError(GoFlowError):
    """The server cannot listen"""


class Listener:
    """Serves what APPLICATION gives on HOST and PORT (0: any free one) in a thread of its own.

    PROXIES: addresses or networks whose word is believed about who is behind them (``X-Forwarded-For``, ``-Proto``).
    """

    def __init__(
        self, name: str, application: Callable[[], Any], host: str, port: int, proxies: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.application = application
        self.host = host
        self.port = port
        self.proxies = list(proxies)
        self.ready = threading.Event()
        """Whether its routes are looked up: from then on nobody's answer waits for them."""
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
        # Named, since asyncio looks for TCP by name before it sets TCP_NODELAY: without, the end of each answer on a
        # connection that is kept waits 40 ms for the other side's acknowledgement of its beginning.
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
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
        app = self.application()
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            backlog=BACKLOG,
            timeout_keep_alive=75,
            server_header=False,
            proxy_headers=bool(self.proxies),
            forwarded_allow_ips=self.proxies,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._serve, args=(self._server, app, bound), name=self.name, daemon=True
        )
        self._thread.start()

    def _serve(self, server: uvicorn.Server, app: Any, bound: socket.socket) -> None:
        """FastAPI works out what all routes take when the first request looks for its own among them: that
        is some 0.3 s for all of REST, and nobody's request any more when it is done here."""
        try:
            for route in getattr(app, "routes", ()):
                route.matches(NOWHERE)
        finally:
            self.ready.set()
        server.run(sockets=[bound])

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
