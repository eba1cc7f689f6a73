"""What a pod's status says about its launch: pure functions from a pod's JSON to an `Observation`.

The end is told as early as it is sure (decision 11). Exit 0 of the main container, or our runner's own word in the
termination message, is sure at once. A non-zero exit is not: an evicted or deleted pod ends its containers by SIGTERM
too. It is final once the pod's phase is terminal and nothing marks it as disrupted.
https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Any

from goflow.domain.runs import Outcome, launch_of
from goflow.domain.state import TaskState
from goflow.executor.backend import CREATED, Observation, Phase
from goflow.executor.words import outcome_from_word
from goflow.kube.status import condition_of, container_status, final_condition, in_words, moment, why_pending
from goflow.operators.identity import INDEX, PREFIX, SHARED
from goflow.operators.manifest import MAIN, XCOM_CONTAINER
from goflow.operators.plan import Verdict

Json = dict[str, Any]
LAUNCH_LABEL = f"{PREFIX}launch-id"
VERDICT_ANNOTATION = f"{PREFIX}verdict"
RESULT_ANNOTATION = f"{PREFIX}result-lines"
"""Which lines of the container's output are the task's result: ``last`` or ``all``."""
SKIP_ANNOTATION = f"{PREFIX}skip-exit-codes"
DEADLINE_ANNOTATION = f"{PREFIX}active-deadline-s"
"""On pods whose Job has a deadline: the Job controller deletes them when it is over; a deletion alone says nothing."""
FORGOTTEN_GRACE_S = 60
"""Seconds from a deletion to the object's removal, at most: the kubelet's last step, once the containers have ended,
sets the deletion anew without grace, so that the moment when it was asked for is no longer known."""
VERDICTS = ("Complete", "SuccessCriteriaMet", "Failed", "FailureTarget")
"""Conditions of a Job that will have no other pod."""
_OF_THE_JOB = frozenset({Verdict.JOB.value, Verdict.CREATED.value})
TERMINAL_PHASES = frozenset({"Succeeded", "Failed"})
_NO_MORE_THAN_FAILED = frozenset({"BackoffLimitExceeded", "IndexFailed"})


def observe_pod(pod: Json) -> Observation | None:
    """What POD tells; None for a pod that is no launch's, or of a Job whose own verdict counts."""
    metadata = pod["metadata"]
    launch_id = launch_of_item(pod)
    if not launch_id or verdict_of(pod) in _OF_THE_JOB:
        return None
    status = pod.get("status") or {}
    main = container_status(status, MAIN)
    terminated = ((main or {}).get("state") or {}).get("terminated")
    if terminated is not None or status.get("phase") in TERMINAL_PHASES:
        return _ended(pod, launch_id, terminated or {})
    if main is not None and "running" in (main.get("state") or {}):
        lost = _disruption(pod, {})  # on a node that does not answer: its replacement waits until the pod is gone
        return Observation(
            launch_id=launch_id,
            phase=Phase.RUNNING,
            claimant=metadata["uid"],
            at=_started(main),
            reason="Disrupted" if lost else "",
            message=lost,
        )
    reason, message = why_pending(pod)
    return Observation(
        launch_id=launch_id, phase=Phase.PENDING, reason=reason, message=message, claimant=metadata["uid"]
    )


def deleted_pod(pod: Json) -> Observation | None:
    """What the disappearance of POD tells: its end if it had come to one by itself, else that it was disrupted."""
    seen = observe_pod(pod)
    if seen is None:
        return None
    outcome = seen.outcome
    if outcome is not None and not outcome.disrupted and (seen.final or outcome.state is TaskState.SUCCESS):
        return dataclasses.replace(seen, final=True)
    disruption = _disruption(pod, {}) or "its pod was deleted"
    outcome = Outcome(state=TaskState.FAILED, reason="PodDeleted", message=disruption, disrupted=True)
    final = not _may_be_the_deadline(pod)
    return _observation(seen.launch_id, pod["metadata"], outcome, final=final)


def held_of(pod: Json) -> Json:
    """What is held of POD: nothing of who has written what of it, and of one that has ended no more of what it was made
    from than tells where it was and whether it has a sidecar."""
    metadata = {name: value for name, value in pod["metadata"].items() if name != "managedFields"}
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    if status.get("phase") in TERMINAL_PHASES:
        spec = {name: spec[name] for name in ("initContainers", "nodeName") if name in spec}
    return {"metadata": metadata, "spec": spec, "status": status}


def launch_of_item(item: Json) -> str | None:
    """The launch that a Job or pod belongs to; None for a Job that launches share, and for what is none of ours."""
    metadata = item["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    if SHARED in labels and INDEX in annotations:
        return launch_of(labels[SHARED], int(annotations[INDEX]))
    found: str | None = labels.get(LAUNCH_LABEL)
    return found


def judge(seen: Observation, job: Json | None) -> Observation:
    """SEEN of a pod in the light of its JOB (None: nothing is known of it).

    The pod knows best how its container ended; the Job knows whether a deletion was its own deadline's doing, and that
    nothing will follow any more.
    """
    verdict = None if job is None else observe_job(job)
    if job is None or verdict is None or verdict.outcome is None:
        return seen
    own = seen.outcome
    if verdict.outcome.reason == "Timeout" and (own is None or own.disrupted or not seen.final):
        over = own is not None or is_over(job)
        code, at = (None, None) if own is None else (own.exit_code, own.at)
        outcome = dataclasses.replace(verdict.outcome, exit_code=code, at=at)
        return dataclasses.replace(seen, phase=Phase.ENDED, outcome=outcome, final=True) if over else seen
    if not is_over(job) or (own is not None and seen.final):
        return seen
    if own is None:
        return seen if hangs_on_pod(verdict, job) else dataclasses.replace(verdict, claimant=seen.claimant)
    disrupted = own.disrupted or verdict.outcome.disrupted
    return dataclasses.replace(seen, outcome=dataclasses.replace(own, disrupted=disrupted), final=True)


def observe_job(job: Json) -> Observation | None:
    """What the Job's own condition says: the verdict for native parallel tasks, the backstop for all others."""
    launch_id = launch_of_item(job)
    if not launch_id:
        return None
    if verdict_of(job) == Verdict.CREATED:
        there = Outcome(state=TaskState.SUCCESS, message="its Job is there, and is not waited for")
        return Observation(launch_id=launch_id, phase=Phase.ENDED, outcome=there, reason=CREATED)
    condition = condition_of(job, *VERDICTS)
    if condition is None:
        return None
    if condition["type"] in {"Failed", "FailureTarget"}:
        return _failed_job(launch_id, condition)
    done = Outcome(state=TaskState.SUCCESS)
    return Observation(launch_id=launch_id, phase=Phase.ENDED, outcome=done, reason="Complete")


def hangs_on_pod(verdict: Observation, job: Json) -> bool:
    """Whether VERDICT of JOB says no more than that its pod has failed: the pod itself knows how and why. Where the Job
    alone is asked (`is_parallel`), it has said all that there is to say."""
    return not is_parallel(job) and verdict.outcome is not None and verdict.outcome.reason in _NO_MORE_THAN_FAILED


def without_pod(verdict: Observation, job: Json) -> Observation:
    """VERDICT of JOB, which has no pod any more. Pods stay until their Job goes: where all that it says is that the pod
    has failed, somebody has deleted that, and nobody has seen how it ended. (Or Kubernetes has, which removes pods that
    have ended above ``terminated-pod-gc-threshold``; that cannot be told apart.)"""
    if not hangs_on_pod(verdict, job) or verdict.outcome is None:
        return verdict
    words = (
        f"its pod was deleted while nobody looked, and all that is left is its Job's word: {verdict.outcome.message}"
    )
    outcome = Outcome(state=TaskState.FAILED, reason="PodDeleted", message=words, disrupted=True)
    return dataclasses.replace(verdict, outcome=outcome, reason="PodDeleted")


def is_over(job: Json) -> bool:
    """Whether the Job has come to its end with all of its pods (`final_condition`)."""
    return final_condition(job) is not None


def is_parallel(job: Json) -> bool:
    """Whether the Job alone gives the verdict, whatever its pods say."""
    return verdict_of(job) in _OF_THE_JOB


def verdict_of(item: Json) -> str:
    """Whose word ends the task that a Job or pod belongs to (`Verdict`); empty where it is its container's."""
    return str((item["metadata"].get("annotations") or {}).get(VERDICT_ANNOTATION) or "")


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
    ended_at = moment(terminated.get("finishedAt"))
    word = _word(terminated.get("message"))
    disruption = _disruption(pod, terminated)
    if word is not None and word.get("reason") != "Terminated":
        outcome = _told(word, ended_at)
        if terminated.get("reason") == "OOMKilled" and outcome.state is TaskState.FAILED:
            words = f"{outcome.message} ({in_words('OOMKilled', code)})".lstrip()
            outcome = dataclasses.replace(outcome, reason="OOMKilled", message=words)
        return _observation(launch_id, metadata, outcome, final=True)
    if code == 0 and word is None:
        final = over or container_status(status, XCOM_CONTAINER) is None  # results first: the sidecar sends them
        return _observation(
            launch_id, metadata, Outcome(state=TaskState.SUCCESS, exit_code=0, at=ended_at), final=final
        )
    reason = str(terminated.get("reason") or status.get("reason") or "Failed")
    message = str(status.get("message") or "") or in_words(reason, code)
    if disruption:
        over = over and not _may_be_the_deadline(pod)
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


def _disruption(pod: Json, terminated: Json) -> str:
    """Why the pod was taken away before its container had TERMINATED by itself, in words; empty when it was not."""
    if target := condition_of(pod, "DisruptionTarget"):
        return f"{target.get('reason')}: {target.get('message')}"
    metadata = pod["metadata"]
    deadline = moment(metadata.get("deletionTimestamp"))
    if deadline is None:
        return ""
    grace_s = metadata.get("deletionGracePeriodSeconds") or FORGOTTEN_GRACE_S
    asked_at = deadline - dt.timedelta(seconds=grace_s)
    ended_at = moment(terminated.get("finishedAt"))
    return "" if ended_at is not None and ended_at < asked_at else "its pod was deleted"


def _may_be_the_deadline(pod: Json) -> bool:
    """Whether the Job has to say first if its own deadline has deleted POD."""
    return (
        DEADLINE_ANNOTATION in (pod["metadata"].get("annotations") or {})
        and condition_of(pod, "DisruptionTarget") is None
    )


def _word(message: str | None) -> Json | None:
    """Our runner's word in a termination message; None for anybody else's."""
    if not message or not message.startswith("{"):
        return None
    try:
        word = json.loads(message)
    except ValueError:
        return None
    return word if isinstance(word, dict) and "state" in word else None


def _told(word: Json, at: dt.datetime | None) -> Outcome:
    """What our runner's word says. A deferral leaves out what the task waits for, which the server alone is told, and
    others what a termination message has no room for: when the server has not heard it, nobody has."""
    try:
        if word.get("cut") and word["state"] != TaskState.FAILED:
            raise ValueError(f"{', '.join(map(str, word['cut']))} had no room in it")
        return outcome_from_word(word, at)
    except ValueError as problem:
        message = f"its runner could not tell the server its end, and its last word is not enough: {problem}"
        return Outcome(state=TaskState.FAILED, reason="Lost", message=message, at=at)


def _started(main: Json) -> dt.datetime | None:
    return moment(main["state"]["running"].get("startedAt"))
