"""What every runner says twice of its launch, that it begins and how it ended: for one launch or for many at once.

Those that come together are written in one transaction, with a few statements for all of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from goflow_runner import wire
from goflow_runner.wire import TaskInput

from goflow.domain.errors import InvalidRequestError
from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.executor.outcomes import End, settle_all
from goflow.executor.words import outcome_from_word
from goflow.server import task_bodies
from goflow.server.door import RequestRefusedError
from goflow.server.execution.states import NO_WORDS
from goflow.server.task_input import InputBuilder
from goflow.store import Store, Tx, launches, logs, transitions
from goflow.store.rows import LogRow
from goflow.store.transitions import Claimed, TaskChange

_REFUSALS = {
    Claimed.TAKEN: (409, "another process has claimed this launch"),
    Claimed.UNWANTED: (410, "this launch is not wanted any more"),
}


def claimant_of(body: Any) -> str:
    """Who claims, as BODY (`goflow_runner.wire.Claim`) says. Raises RequestRefusedError (409) for a runner that speaks
    another protocol, and InvalidRequestError."""
    if task_bodies.number(body, "protocol") != wire.PROTOCOL:
        raise RequestRefusedError(409, f"this server speaks protocol {wire.PROTOCOL}: use its own runner image")
    return task_bodies.text(body, "claimant")


def waits_for_pod(tx: Tx, launch_id: str, outcome: Outcome) -> bool:
    """Whether it is for its pod to say how a launch ended, which was told to stop by nobody here (decision 11)."""
    launch = launches.find(tx, launch_id) if outcome.reason == "Terminated" else None
    return launch is not None and launch.backend == "kubernetes" and launch.stop_requested_at is None


Mask = Callable[[Sequence[LogRow]], Sequence[LogRow]]
"""Takes secrets out of lines (`goflow.logs.masking`)."""


def unmasked(rows: Sequence[LogRow]) -> Sequence[LogRow]:
    """ROWS as they are."""
    return rows


class LaunchCalls:
    """Claims and ends of STORE's launches. INPUTS makes what a claim is answered with. HOME is the `Door`'s. MASK takes
    secrets out of lines."""

    def __init__(self, store: Store, inputs: InputBuilder, home: str = "", mask: Mask = unmasked) -> None:
        self.store = store
        self._mask = mask
        self._home = home
        self.inputs = inputs

    def claim(self, claims: Mapping[str, str]) -> dict[str, TaskInput | RequestRefusedError]:
        """Let each of CLAIMS (launch to claimant) be the one that runs its launch, and tell all about it."""
        with self.store.transaction() as tx:
            claimed = transitions.claim_launches(tx, claims, home=self._home)
            found = launches.with_tasks(tx, claims)
            begun = [
                TaskChange(instance.id, TaskState.QUEUED, TaskState.RUNNING, who="runner", try_number=launch.try_number)
                for launch, instance in found.values()
                if claimed[launch.id] is Claimed.CLAIMED
            ]
            transitions.apply(tx, begun)
            now = self.store.clock.now()
            return {
                launch_id: RequestRefusedError(*_REFUSALS[what])
                if what in _REFUSALS
                else self.inputs.build(tx, *found[launch_id], now)
                for launch_id, what in claimed.items()
            }

    def finish(self, told: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Store ends (launch and `goflow_runner.wire.Finish`). A task that was told to stop waits for its backend's
        word on why (decision 11). Raises InvalidRequestError where one is not as it should be, and NotFoundError."""
        ends = [_end(launch_id, body, self.store.clock.now(), self._mask) for launch_id, body in told]
        with self.store.transaction() as tx:
            final: list[End] = []
            for end in ends:
                if not waits_for_pod(tx, end.launch_id, end.outcome):
                    final.append(end)
                    continue
                logs.append(tx, end.launch_id, end.lines)
                words = "told to stop; its pod's end decides"
                launches.set_message(tx, end.launch_id, reason="Terminated", message=words)
            for end, was_open in zip(final, settle_all(tx, final), strict=True):
                if not was_open:
                    _say_why(tx, end)


def _end(launch_id: str, body: Mapping[str, Any], at: dt.datetime, mask: Mask) -> End:
    word = task_bodies.word(body.get("outcome"))
    lines = mask(task_bodies.lines(body.get("lines") or []))
    told = task_bodies.report(body)
    return End(launch_id=launch_id, outcome=_outcome(word, at), who="runner", report=told, lines=lines)


def _outcome(word: Mapping[str, Any], at: dt.datetime) -> Outcome:
    try:
        return outcome_from_word(word, at)
    except ValueError as problem:
        raise InvalidRequestError(f"outcome: {problem}") from problem


def _say_why(tx: Tx, end: End) -> None:
    """Airflow's supervisor has told the end, without its reason; the runner has read that in its log."""
    now = launches.get(tx, end.launch_id)
    if end.outcome.message and now.message == NO_WORDS:
        launches.set_message(tx, end.launch_id, reason=now.reason, message=end.outcome.message)
