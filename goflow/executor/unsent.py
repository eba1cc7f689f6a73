"""What the sidecar of a pod that is not ours has left of the task's result, where the server did not hear it.

The sidecar (`goflow_runner.xcom`) leaves in its termination message what it could not send, or says there what lines of
its log hold it. Only exit 0 means that everything is stored.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from goflow_runner import log_lines, wire

from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.executor.words import mended
from goflow.kube.api import KubeApi
from goflow.kube.errors import NotFoundError
from goflow.kube.status import container_status
from goflow.operators.manifest import XCOM_CONTAINER

Json = dict[str, Any]
LOG_S = 30.0
"""The longest silence of a log that is being read."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """RESULTS (`goflow_runner.wire.XComValue`) that the server has not heard; FAILED, why what was left is no result;
    LOST, why nobody knows what was left. Each may be empty."""

    results: tuple[Mapping[str, Any], ...] = ()
    failed: str = ""
    lost: str = ""

    def and_also(self, other: Unsent) -> Unsent:
        """What both say."""
        return Unsent(self.results + other.results, self.failed or other.failed, self.lost or other.lost)


NOTHING = Unsent()


def has_sidecar(template: Json) -> bool:
    """Whether a pod or a pod's template has our sidecar."""
    first = (template.get("spec") or {}).get("initContainers") or []
    return any(one.get("name") == XCOM_CONTAINER for one in first)


def unsent_of(pod: Json, api: KubeApi) -> Unsent:
    """What the sidecar of POD has left, which has ended. Raises KubeError when its log cannot be read now."""
    if not has_sidecar(pod):
        return NOTHING
    entry = container_status(pod.get("status") or {}, XCOM_CONTAINER) or {}
    ended = (entry.get("state") or {}).get("terminated")
    if ended is None:
        return Unsent(lost="the sidecar that sends it has not told its end")
    if ended.get("exitCode") == 0:
        return NOTHING
    try:
        word = json.loads(ended.get("message") or "")
        if "in_log" in word:
            word = _from_log(pod, api)
        return _left(word)
    except _LostError as problem:
        return Unsent(lost=str(problem))
    except (ValueError, TypeError, KeyError, AttributeError):
        return Unsent(lost=f"the sidecar that sends it ended with exit code {ended.get('exitCode')} before it had")


def with_unsent(outcome: Outcome, unsent: Unsent, *, is_stored: bool) -> Outcome:
    """OUTCOME, a success, in the light of UNSENT: it has failed where its result is none, or is lost. IS_STORED: the
    server has a result all the same."""
    if unsent.failed:
        return dataclasses.replace(outcome, state=TaskState.FAILED, reason="Result", message=mended(unsent.failed))
    if unsent.lost and not is_stored:
        words = f"its container ended with success, but nobody knows what result it left: {unsent.lost}"
        return dataclasses.replace(outcome, state=TaskState.FAILED, reason="ResultLost", message=words)
    return outcome


class _LostError(Exception):
    """Why a result is lost"""


def _left(word: Json) -> Unsent:
    """WORD (`goflow_runner.wire.UnsentResult`), whose text may be what no database takes."""
    if "failed" in word:
        return Unsent(failed=str(word["failed"]))
    return Unsent(tuple({**one, "key": mended(str(one["key"]))} for one in word["xcoms"]))


def _from_log(pod: Json, api: KubeApi) -> Json:
    """What the sidecar has written to its log. Raises _LostError where that is not whole any more."""
    metadata = pod["metadata"]
    try:
        with api.pod_log(
            metadata["namespace"], metadata["name"], XCOM_CONTAINER, follow=False, timeout_s=LOG_S
        ) as chunks:
            lines = b"".join(chunks).decode("utf-8", "replace").splitlines()
    except NotFoundError as problem:
        raise _LostError(f"its pod is gone before its log was read: {problem}") from problem
    word = log_lines.read_back(lines, wire.RESULT_LINE)
    if word is None:
        raise _LostError("its log has no longer all that the sidecar wrote")
    return word
