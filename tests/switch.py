"""What a Service is in a cluster: one address for several daemons."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
from collections.abc import Sequence

CONNECT_S = 2.0


class Switch:
    """A port of HOST that leads to PORTS there in turn, past those where nobody listens."""

    def __init__(self, host: str, ports: Sequence[int]) -> None:
        self._host = host
        self._ports = ports
        self._listener = socket.create_server((host, 0), backlog=256)
        self.address = f"http://{host}:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # who waits in accept() is told
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            for turn in itertools.count():
                caller, _ = self._listener.accept()
                first = turn % len(self._ports)
                order = [*self._ports[first:], *self._ports[:first]]
                threading.Thread(target=self._connect, args=(caller, order), daemon=True).start()

    def _connect(self, caller: socket.socket, ports: Sequence[int]) -> None:
        for port in ports:
            with contextlib.suppress(OSError):
                server = socket.create_connection((self._host, port), timeout=CONNECT_S)
                server.settimeout(None)  # an answer may take its time
                threading.Thread(target=_pass_on, args=(caller, server), daemon=True).start()
                _pass_on(server, caller)
                return
        caller.close()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    """Until either side ends; the other ends then, too."""
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
