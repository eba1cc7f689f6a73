"""How every long-lived part behaves: start, started, stop; and the supervisor that keeps several of them.

A `Service` starts synchronously (``start`` returns once the work is under way in a thread of its own), may be stopped
twice, before it was started, or from any thread, and ``stop`` returns only when it has really ended.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import structlog

log = structlog.get_logger(__name__)


@runtime_checkable
class Service(Protocol):
    """Something that runs until it is told to stop."""

    name: str

    def start(self) -> None:
        """Begin; return when the work is under way. Raises what makes a start impossible (a port in use, say)."""

    def stop(self, timeout_s: float = 10.0) -> None:
        """End; return when ended, or after TIMEOUT_S seconds. Harmless when repeated or when never started."""


class ThreadService:
    """A service that is one thread: subclasses write ``run``, and look at ``stopping`` or wait on ``wake``.

    ``wake`` is set by ``stop`` and by whoever has work for the loop; ``run`` clears it before it looks for work, so
    that a signal which comes while it works is not lost.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.stopping = threading.Event()
        self.started = threading.Event()
        self.wake = threading.Event()
        self.failure: BaseException | None = None
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """The work. It returns soon after ``stopping`` is set."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the thread; a second call does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._guarded, name=self.name, daemon=True)
            self._thread.start()
            self.started.set()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Ask the thread to end and wait for it."""
        self.stopping.set()
        self.wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def _guarded(self) -> None:
        try:
            self.run()
        except BaseException as problem:
            self.failure = problem
            log.exception("service ended by an error", service=self.name)


class Supervisor:
    """Starts services in order, and stops them in the reverse order; what fails to start takes the rest down again."""

    def __init__(self, services: Sequence[Service]) -> None:
        self.services = list(services)
        self._running: list[Service] = []

    def start(self) -> None:
        """Start all. Raises what the first failing service raised, after stopping those that had started."""
        try:
            for service in self.services:
                service.start()
                self._running.append(service)
        except BaseException:
            self.stop()
            raise

    def stop(self, timeout_s: float = 10.0) -> None:
        """Stop all that run, last started first; an error in one does not keep the others from stopping."""
        while self._running:
            service = self._running.pop()
            try:
                service.stop(timeout_s)
            except Exception:
                log.exception("service did not stop cleanly", service=service.name)
