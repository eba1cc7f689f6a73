"""The contract of a backend: it starts launches, tells how they fare, stops them and cleans up after them.

Everything may be done twice: a launch that exists already *and is ours* was launched, one that is gone is stopped and
cleaned. What is true is told by observations; a backend keeps no state that it could not read anew.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

from goflow.domain.runs import Launch, Outcome
from goflow.executor.unsent import Unsent
from goflow.operators.plan import JobPlan


class Phase(enum.StrEnum):
    """How far a launch has come, as its backend sees it."""

    PENDING = "pending"
    """Asked for, not begun: no node, no image, no Secret, or simply not yet."""
    RUNNING = "running"
    ENDED = "ended"
    GONE = "gone"
    """The backend no longer has it."""


CREATED = "Created"
"""The reason of an observation that a Job is there which was to be no more than made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Something a backend has seen of one launch.

    ``outcome`` comes with ENDED. ``final`` is false while a non-zero exit waits for the question whether the pod was
    disrupted (decision 11); then another observation follows. ``message`` says in words why it is where it is.
    """

    launch_id: str
    phase: Phase
    outcome: Outcome | None = None
    final: bool = True
    reason: str = ""
    message: str = ""
    claimant: str | None = None
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """What is needed to find a launch again, all of it from the launch row."""

    launch_id: str
    job_name: str
    namespace: str
    claimed_by: str | None = None
    job_index: int | None = None
    """Its index in the Job, where that is shared: what is done to it is done to its pod alone."""

    @classmethod
    def of(cls, launch: Launch) -> Handle:
        """What LAUNCH says."""
        return cls(
            launch_id=launch.id,
            job_name=launch.job_name,
            namespace=launch.namespace,
            claimed_by=launch.claimed_by,
            job_index=launch.job_index,
        )


class LaunchRefusedError(Exception):
    """The backend will never start this: REASON for machines, MESSAGE for people (a forbidden namespace, say)."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        self.message = message
        super().__init__(f"{reason}: {message}")


class BackendAwayError(Exception):
    """It cannot be done now: try again, after RETRY_AFTER_S seconds. WAITS says what has to wait: ``all`` where the
    backend does not answer, or asks to SLOW_DOWN; ``namespace`` where that of the launch has no room; or the ``launch``
    alone. REASON, where people are to see it with the launch: one word. WHAT is waited for, as metrics and ``/readyz``
    have it, where that is not the backend itself."""

    def __init__(
        self,
        message: str,
        retry_after_s: float = 1.0,
        *,
        reason: str = "",
        waits: Literal["all", "namespace", "launch"] = "all",
        slow_down: bool = False,
        what: str = "",
    ) -> None:
        self.retry_after_s = retry_after_s
        self.reason = reason
        self.waits = waits
        self.slow_down = slow_down
        self.what = what
        super().__init__(message)


Sink = Callable[[Observation], None]


class Backend(Protocol):
    """One way to run launches."""

    name: str
    keeps_s: float
    """Seconds for which what it keeps of a launch stays after its end, so that people may look at it."""

    def start(self, sink: Sink) -> None:
        """Begin to watch and to tell SINK, from any thread. Everything that exists is told once, as found."""

    def stop(self) -> None:
        """Stop watching; what runs goes on running."""

    def launch(self, plan: JobPlan, token: str) -> None:
        """Start PLAN's launch; success too if it is there already and ours. TOKEN is the attempt's, where the backend
        has no tokens of its own. Raises LaunchRefusedError, BackendAwayError."""

    def terminate(self, handle: Handle, grace_s: float) -> None:
        """Tell it to stop: SIGTERM, and SIGKILL after GRACE_S seconds. Harmless when it is gone. Raises
        BackendAwayError."""

    def cleanup(self, handle: Handle) -> bool:
        """Remove what is kept of an ended launch; its end and its log are stored. False: its process has told its end
        and still uses it, ask again. Raises BackendAwayError."""

    def present(self) -> Iterable[Observation]:
        """What exists now, each launch once: the truth for reconciliation. Raises BackendAwayError."""

    def unsent(self, handle: Handle) -> Unsent:
        """What is left of results of a launch whose container has ended well and is not ours, and nobody has heard.
        Raises BackendAwayError."""

    def ready(self) -> str | None:
        """None when it can take launches; else why not, in words for ``/readyz``."""
