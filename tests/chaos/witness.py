"""What containers tell of themselves, outside of GoFlow: each holds a connection open for as long as it works.

A connection ends with its process, however that ends (the kernel closes it), so that two containers of one task at the
same time are seen even if one of them was killed. What is told is also written to a file, a line of JSON each.
"""

from __future__ import annotations

import json
import socketserver
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

Who = tuple[str, str, str, int]
"""DAG, run, task, map index."""


@dataclass(slots=True, kw_only=True)
class Presence:
    """One container's work on one attempt. Moments are seconds of this machine's monotonic clock."""

    who: Who
    try_number: int
    pod: str
    """The pod's name: its Job's, and something made by Kubernetes."""
    began: float
    ended: float | None = None
    """None: it goes on."""
    done: bool = False
    """Whether it said that its work was done; otherwise it was killed, or has failed."""


class Witness:
    """The server, at HOST, writing to FOLDER."""

    def __init__(self, host: str, folder: Path) -> None:
        self.presences: list[Presence] = []
        self._lock = threading.Lock()
        self._file = (folder / "witness.jsonl").open("a", encoding="utf-8")
        witness = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                told = json.loads(self.rfile.readline() or b"{}")
                if not told:
                    return
                present = witness.began(told)
                said = b""
                try:
                    self.wfile.write(b"welcome\n")
                    said = self.rfile.readline()
                except OSError:
                    pass
                witness.ended(present, said.strip() == b"end")

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server((host, 0), Handler)
        self.host, self.port = host, self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def began(self, told: dict[str, object]) -> Presence:
        """Somebody has come."""
        dag, run, task, index, number = told["who"]  # type: ignore[misc]
        present = Presence(
            who=(dag, run, task, int(index)), try_number=int(number), pod=str(told["pod"]), began=time.monotonic()
        )
        with self._lock:
            self.presences.append(present)
            self._write(present)
        return present

    def ended(self, present: Presence, done: bool) -> None:
        """They are gone."""
        with self._lock:
            present.ended, present.done = time.monotonic(), done
            self._write(present)

    def all(self) -> list[Presence]:
        """Everybody who has come so far."""
        with self._lock:
            return list(self.presences)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._file.close()

    def _write(self, present: Presence) -> None:
        if not self._file.closed:
            self._file.write(json.dumps(asdict(present)) + "\n")
            self._file.flush()
