"""What the executor waits for since its backend takes no launches: the backend itself, or what that has to have."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from goflow.executor.backend import Backend, BackendAwayError
from goflow.store.absence import DISK, QUIET_S
from goflow.telemetry.waiting import Waits


@runtime_checkable
class NeedsRoom(Protocol):
    """What a backend says besides that keeps its launches on a disk."""

    def no_room(self) -> str | None:
        """Why no launch can be begun for want of room, as far as it knows; None: there is some."""


class Away:
    """Tells WAITS of BACKEND."""

    def __init__(self, backend: Backend, waits: Waits) -> None:
        self._backend = backend
        self._waits = waits

    def asked(self, problem: BackendAwayError) -> None:
        """It was asked in vain."""
        if problem.what:
            self._waits.begin(problem.what, str(problem), where=self._backend.name)
        else:
            self._waits.begin(self._backend.name, str(problem))

    def tell(self, last: BackendAwayError | None) -> None:
        """What is waited for, now and then. LAST: how the last launch that was asked for failed, unless it did not."""
        why = self._backend.ready() or (str(last) if last is not None and not last.what else None)
        if why is None:
            self._waits.end(self._backend.name)
        else:
            self._waits.begin(self._backend.name, why, retry=False)
        no_room = self.no_room()
        if no_room is not None:
            self._waits.begin(DISK, no_room, where=self._backend.name)
        elif last is None or last.what != DISK:
            self._waits.end(DISK, where=self._backend.name, quiet_s=QUIET_S)

    def no_room(self) -> str | None:
        """Why the backend has no room for launches; None where it has, or needs none."""
        return self._backend.no_room() if isinstance(self._backend, NeedsRoom) else None
