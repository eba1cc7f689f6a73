"""What only one daemon may do at a time: a lease with an epoch, and the question that fences off one that slept."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from goflow.domain.clock import Clock
from goflow.domain.errors import GoFlowError
from goflow.members.lessors import Lessor
from goflow.store import Tx, leases

log = structlog.get_logger(__name__)


class NotLeadingError(GoFlowError):
    """Another daemon does this now"""


class Duty(Protocol):
    """What a service asks that only one daemon may run."""

    @property
    def leads(self) -> bool:
        """Whether it is this daemon that does it, as far as is known."""

    @property
    def is_lost(self) -> bool:
        """Whether this daemon does it no more, or never did; while neither holds, nobody can tell."""

    def check(self, tx: Tx) -> int:
        """Asked in the transaction that does it: no other begins before this has ended. The epoch: what is remembered
        of an earlier one may not be true any more. Raises NotLeadingError."""

    def watch(self, callback: Callable[[], None]) -> None:
        """Call CALLBACK, from any thread, whenever ``leads`` has changed."""


class Always:
    """The duty of a daemon that is alone."""

    leads = True
    is_lost = False

    def check(self, tx: Tx) -> int:
        """It is, from the beginning."""
        return 0

    def watch(self, callback: Callable[[], None]) -> None:
        """It never changes."""


def renew_all(
    duties: Iterable[LeasedDuty], lessor: Lessor, clock: Clock, *, alone: bool = False
) -> dict[str, Callable[[], None]]:
    """Have LESSOR renew the leases that this daemon, which may be ALONE, has for its DUTIES: for each name what notes
    how that went, and raises what keeps it from knowing. Raises what keeps all of them from it."""
    asked_at = clock.monotonic()
    held = {duty: duty.epoch for duty in duties if duty.epoch is not None}
    kept = lessor.renew_all({duty.name: epoch for duty, epoch in held.items()}, alone=alone) if held else {}
    return {
        duty.name: functools.partial(duty.renewed, epoch, kept[duty.name], asked_at) for duty, epoch in held.items()
    }


class LeasedDuty:
    """The duty NAME of the daemon HOLDER, by a lease of LESSOR's. `renew_all` and `turn` are called by whoever keeps
    it, every little while: a lease that was not renewed for VALID_S seconds counts as lost here before others may take
    it."""

    def __init__(self, name: str, holder: str, lessor: Lessor, clock: Clock, valid_s: float) -> None:
        self.name = name
        self.holder = holder
        self.epoch: int | None = None
        self._lessor = lessor
        self._clock = clock
        self._valid_s = valid_s
        self._valid_until = 0.0
        self._renewed_at = 0.0
        self._held_back = False
        self._closed = False
        self._guard = threading.RLock()
        self._callbacks: list[Callable[[], None]] = []

    @property
    def leads(self) -> bool:
        """Whether this daemon has the lease, and has renewed it lately."""
        return self.epoch is not None and self._clock.monotonic() < self._valid_until

    @property
    def is_lost(self) -> bool:
        """Whether it has no lease, not even one that it could not renew lately."""
        return self.epoch is None

    @property
    def age_s(self) -> float | None:
        """Seconds since it was renewed; None where this daemon does not have it."""
        return None if self.epoch is None else self._clock.monotonic() - self._renewed_at

    def check(self, tx: Tx) -> int:
        """The epoch. Raises NotLeadingError, and is lost from then on, when another has taken the lease."""
        epoch = self.epoch
        if epoch is None:
            raise NotLeadingError(self.name)
        if not leases.in_force(tx, self.name, self.holder, epoch):
            self._set(None)
            raise NotLeadingError(self.name)
        return epoch

    def watch(self, callback: Callable[[], None]) -> None:
        """Call CALLBACK whenever the lease was taken or lost."""
        self._callbacks.append(callback)

    def renewed(self, epoch: int, kept: bool | Exception, asked_at: float) -> None:
        """Whether its lease with that EPOCH was KEPT, as the lessor, asked at that moment of the monotonic clock, says.

        Raises what keeps that from knowing: then it stays as it is until its time has run out.
        """
        if isinstance(kept, Exception):
            raise kept
        with self._guard:
            if not self._closed and self.epoch == epoch:
                self._note(epoch if kept else None, asked_at)

    def turn(self, *, preferred: bool) -> None:
        """Take the lease when it is free: at once where this daemon is PREFERRED, else the next time. Raises what keeps
        it from knowing whether it is."""
        with self._guard:
            if self._closed or self.epoch is not None:
                return
            asked_at = self._clock.monotonic()
            if self._lessor.is_free(self.name):
                if preferred or self._held_back:
                    self._note(self._lessor.take(self.name), asked_at)
                self._held_back = True
            else:
                self._held_back = False

    def wait_s(self) -> float:
        """Seconds after which another look may find it free."""
        return self._lessor.wait_s(self.name)

    def release(self) -> None:
        """Let another have it at once, and take it no more. Raises what keeps it from that; it expires then."""
        with self._guard:
            self._closed = True
            epoch = self.epoch
            self._set(None)
            if epoch is not None:
                self._lessor.release(self.name, epoch)
                log.info("a lease is released", lease=self.name, epoch=epoch)

    def _note(self, epoch: int | None, asked_at: float) -> None:
        slept = self.epoch is not None and not self.leads
        if epoch is not None:
            self._renewed_at, self._valid_until = asked_at, asked_at + self._valid_s
        self._set(epoch, anyway=slept)

    def _set(self, epoch: int | None, *, anyway: bool = False) -> None:
        if epoch == self.epoch and not anyway:
            return
        lost = epoch is None
        log.info(
            "a lease is lost" if lost else "a lease is taken", lease=self.name, epoch=self.epoch if lost else epoch
        )
        self.epoch = epoch
        for callback in self._callbacks:
            callback()
