"""Words between a trigger runner and its hosts: JSON, one to a line, over a pair of sockets."""

from __future__ import annotations

import contextlib
import json
import socket
from typing import Any


class Pipe:
    """One end. The runner's end waits for nobody when it listens; words that are cut off are kept until they end."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self._left = b""

    @classmethod
    def pair(cls) -> tuple[Pipe, Pipe]:
        """Two ends."""
        one, other = socket.socketpair()
        return cls(one), cls(other)

    def fileno(self) -> int:
        """For ``select``."""
        return self.socket.fileno()

    def send(self, word: Any) -> None:
        """Say WORD; one that nobody hears any more is lost."""
        with contextlib.suppress(OSError):
            self.socket.sendall(json.dumps(word).encode() + b"\n")

    def receive(self) -> tuple[list[dict[str, Any]], bool]:
        """The words that have come, at least a part of one; and whether the other end is still there."""
        try:
            part = self.socket.recv(1 << 20)
        except BlockingIOError:  # an end that does not wait
            return [], True
        except OSError:
            part = b""
        *lines, self._left = (self._left + part).split(b"\n")
        return [json.loads(line) for line in lines if line], bool(part)

    def close(self) -> None:
        """Close it."""
        self.socket.close()
