"""What a pod's status says about its launch: pure functions from a pod's JSON to an `Observation`.

The end is told as early as it is sure (decision 11). Exit 0 of the main container, or our runner's own word in the
termination message, is sure at once. A non-zero exit is not: an evicted or deleted pod ends its containers by SIGTERM
too. It is final once the pod's phase is terminal and nothing marks it as disrupted.
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.executor.backend import Observation, Phase
from goflow.executor.words import outcome_from_word
from goflow.operators.identity import PREFIX
from goflow.operators.manifest import MAIN, XCOM_CONTAINER

Json = dict[str, Any]
LAUNCH_LABEL = f"{PREFIX}launch-id"
VERDICT_ANNOTATION = f"{PREFIX}verdict"
SKIP_ANNOTATION = f"{PREFIX}skip-exit-codes"
TERMINAL_PHASES = frozenset({"Succeeded", "Failed"})


def observe_pod(pod: Json) -> Observation | None:
    """What POD tells; None for a pod that is no launch's, or of a Job whose own verdict counts."""
    metadata = pod["metadata"]
    launch_id = (metadata.get("labels") or {}).get(LAUNCH_LABEL)
    if not launch_id or (metadata.get("annotations") or {}).get(VERDICT_ANNOTATION) == "job":
        return None
    status = pod.get("status") or {}
    main = _container_status(status, MAIN)
    terminated = ((main or {}).get("state") or {}).get("terminated")
    if terminated is not None or status.get("phase") in TERMINAL_PHASES:
        return _ended(pod, launch_id, terminated or {})
    if main is not None and "running" in (main.get("state") or {}):
        return Observation(launch_id=launch_id, phase=Phase.RUNNING, claimant=metadata["uid"], at=_started(main))
    reason, message = why_pending(pod)
    return Observation(
        launch_id=launch_id, phase=Phase.PENDING, reason=reason, message=message, claimant=metadata["uid"]
    )


def deleted_pod(pod: Json) -> Observation | None:
    """What the disappearance of POD tells: its end if it had one, else that it was disrupted."""
    seen = observe_pod(pod)
    if seen is None:
        return None
    if seen.phase is Phase.ENDED and seen.outcome is not None and seen.outcome.state is TaskState.SUCCESS:
        return seen
    outcome = Outcome(
        state=TaskState.FAILED, reason="PodDeleted", message=_disruption(pod) or "its pod was deleted", disrupted=True
    )
    return Observation(launch_id=seen.launch_id, phase=Phase.ENDED, outcome=outcome, claimant=pod["metadata"]["uid"])


def why_pending(pod: Json) -> tuple[str, str]:
    """Why the pod has not begun: a reason for machines, and words for people as kubelet and scheduler say them."""
    status = pod.get("status") or {}
    for entry in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (entry.get("state") or {}).get("waiting")
        if waiting and waiting.get("reason") not in {None, "ContainerCreating", "PodInitializing"}:
            return str(waiting["reason"]), str(waiting.get("message") or waiting["reason"])
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("reason") or "Unschedulable"), str(condition.get("message") or "")
    return "", ""


def observe_job(job: Json) -> Observation | None:
    """What the Job's own condition says: the verdict for native parallel tasks, the backstop for all others."""
    launch_id = (job["metadata"].get("labels") or {}).get(LAUNCH_LABEL)
    if not launch_id:
        return None
    for condition in (job.get("status") or {}).get("conditions") or []:
        if condition.get("status") != "True":
            continue
        if condition["type"] in {"Complete", "SuccessCriteriaMet"}:
            return Observation(
                launch_id=launch_id, phase=Phase.ENDED, outcome=Outcome(state=TaskState.SUCCESS), reason="Complete"
            )
        if condition["type"] in {"Failed", "FailureTarget"}:
            return _failed_job(launch_id, condition)
    return None


def is_parallel(job: Json) -> bool:
    """Whether the Job's own condition alone is the verdict."""
    return (job["metadata"].get("annotations") or {}).get(VERDICT_ANNOTATION) == "job"


def _failed_job(launch_id: str, condition: Json) -> Observation:
    reason = str(condition.get("reason") or "Failed")
    disrupted = reason == "PodFailurePolicy" and "DisruptionTarget" in str(condition.get("message"))
    outcome = Outcome(
        state=TaskState.FAILED,
        reason="Timeout" if reason == "DeadlineExceeded" else reason,
        message=str(condition.get("message") or reason),
        disrupted=disrupted,
    )
    return Observation(launch_id=launch_id, phase=Phase.ENDED, outcome=outcome, reason=reason)


def _ended(pod: Json, launch_id: str, terminated: Json) -> Observation:
    status, metadata = pod.get("status") or {}, pod["metadata"]
    code = terminated.get("exitCode")
    over = status.get("phase") in TERMINAL_PHASES
    ended_at = _moment(terminated.get("finishedAt"))
    word = _word(terminated.get("message"))
    disruption = _disruption(pod)
    if word is not None and word.get("reason") != "Terminated":
        outcome = outcome_from_word(word, ended_at)
        return _observation(launch_id, metadata, outcome, final=True)
    if code == 0 and word is None:
        final = over or _container_status(status, XCOM_CONTAINER) is None  # results first: the sidecar sends them
        return _observation(
            launch_id, metadata, Outcome(state=TaskState.SUCCESS, exit_code=0, at=ended_at), final=final
        )
    reason = str(terminated.get("reason") or status.get("reason") or "Failed")
    message = str(status.get("message") or "") or _in_words(reason, code)
    if disruption:
        outcome = Outcome(
            state=TaskState.FAILED, exit_code=code, reason="Disrupted", message=disruption, disrupted=True, at=ended_at
        )
    elif code in _skip_codes(metadata):
        words = f"exit code {code} means skip"
        outcome = Outcome(state=TaskState.SKIPPED, exit_code=code, reason="PodExit", message=words, at=ended_at)
    else:
        outcome = Outcome(state=TaskState.FAILED, exit_code=code, reason=reason, message=message, at=ended_at)
    return _observation(launch_id, metadata, outcome, final=over)


def _skip_codes(metadata: Json) -> set[int]:
    text = (metadata.get("annotations") or {}).get(SKIP_ANNOTATION) or ""
    return {int(code) for code in text.split(",") if code}


def _observation(launch_id: str, metadata: Json, outcome: Outcome, *, final: bool) -> Observation:
    return Observation(
        launch_id=launch_id, phase=Phase.ENDED, outcome=outcome, final=final, claimant=metadata["uid"], at=outcome.at
    )


def _in_words(reason: str, code: int | None) -> str:
    if reason == "OOMKilled":
        return "its container was killed for using more memory than its limit"
    if code == 137:
        return "its container was killed (exit code 137, SIGKILL)"
    return f"its container ended with exit code {code}" if code is not None else f"its pod ended: {reason}"


def _disruption(pod: Json) -> str:
    """Why the pod was taken away, in words; empty when it was not."""
    for condition in (pod.get("status") or {}).get("conditions") or []:
        if condition.get("type") == "DisruptionTarget" and condition.get("status") == "True":
            return f"{condition.get('reason')}: {condition.get('message')}"
    if pod["metadata"].get("deletionTimestamp"):
        return "its pod was deleted"
    return ""


def _word(message: str | None) -> Json | None:
    """Our runner's word in a termination message; None for anybody else's."""
    if not message or not message.startswith("{"):
        return None
    try:
        word = json.loads(message)
    except ValueError:
        return None
    return word if isinstance(word, dict) and "state" in word else None


def _container_status(status: Json, name: str) -> Json | None:
    for entry in [*(status.get("containerStatuses") or []), *(status.get("initContainerStatuses") or [])]:
        if entry.get("name") == name:
            return dict(entry)
    return None


def _started(main: Json) -> dt.datetime | None:
    return _moment(main["state"]["running"].get("startedAt"))


def _moment(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
