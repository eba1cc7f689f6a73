"""What must be true afterwards, of the witness and of the database together: pure functions that give problems in words.

Zero tasks lost, no two containers of one task at the same time, none run again without a recorded disruption or retry,
zero runs stuck.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.chaos.record import Instance, Record
from tests.chaos.witness import Presence, Who

DISRUPTIONS = frozenset({"Disrupted", "PodDeleted", "PodFailurePolicy", "NoServer"})
"""Reasons of a launch that another one of the same attempt may follow."""


@dataclass(frozen=True, slots=True)
class Fate:
    """How a task has to end, and how many attempts fail by design, with WORDS in what is told of them."""

    state: str = "success"
    failures: int = 0
    words: str = ""


FATES: Mapping[tuple[str, str], Fate] = {
    ("retried", "fails_once"): Fate(failures=1, words="non-zero exit code 3"),
    ("retried", "raises"): Fate(failures=2, words="ValueError: by design"),
    ("never", "image_never_comes"): Fate("failed", 2, "StartupTimeout"),
    ("never", "room_never_comes"): Fate("failed", 2, "StartupTimeout"),
}
"""By DAG and task; all others succeed at once."""


def problems(record: Record, presences: Collection[Presence], triggered: Iterable[tuple[str, str]]) -> list[str]:
    """Everything that is not as it must be; TRIGGERED are the runs that GoFlow has said yes to."""
    by_who: dict[Who, list[Presence]] = defaultdict(list)
    for presence in presences:
        by_who[presence.who].append(presence)
    found = [*_runs(record, triggered)]
    for who, instance in sorted(record.instances.items()):
        seen = sorted(by_who.pop(who, []), key=lambda presence: presence.began)
        about = "/".join(map(str, who))
        found += [f"{about}: {problem}" for check in (_fate, _again, _containers) for problem in check(instance, seen)]
    found += [
        f"{'/'.join(map(str, who))}: the witness has seen it, and the database does not have it" for who in by_who
    ]
    return found


def _runs(record: Record, triggered: Iterable[tuple[str, str]]) -> Iterator[str]:
    for key in triggered:
        state = record.runs.get(key)
        if state != "success":
            yield f"run {'/'.join(key)} is {state or 'not there'}"


def _fate(instance: Instance, seen: list[Presence]) -> Iterator[str]:
    """It has ended as its DAG says, after as many attempts, and its work was done."""
    fate = FATES.get((instance.who[0], instance.who[2]), Fate())
    if instance.state != fate.state:
        yield f"is {instance.state}, not {fate.state}"
    failed = [attempt for attempt in instance.attempts if attempt.state in {"failed", "up_for_retry"}]
    for attempt in failed[: fate.failures]:
        if fate.words not in f"{attempt.reason}: {attempt.message}":
            yield f"try {attempt.try_number} failed otherwise than by design: {attempt.reason}: {attempt.message}"
    for attempt in failed[fate.failures :]:
        yield f"try {attempt.try_number} failed, not by design: {attempt.reason}: {attempt.message}"
    if len(failed) < fate.failures:
        yield f"only {len(failed)} of its tries failed"
    if fate.state == "success" and not any(one.done and one.try_number == instance.try_number for one in seen):
        yield "succeeded, and nobody has seen its work done"
    if fate.state != "success" and seen:
        yield "has run, and should not have"


def _again(instance: Instance, seen: list[Presence]) -> Iterator[str]:
    """Each launch but the first of an attempt has an event that says why."""
    by_try: dict[int, list] = defaultdict(list)
    for launch in instance.launches:
        by_try[launch.try_number].append(launch)
    for number, launches in by_try.items():
        told = instance.replaced.get(number, 0) + instance.rescheduled.get(number, 0)
        if len(launches) - 1 > told:
            yield f"try {number} has {len(launches)} launches, and only {told} events say why"
        disrupted = sum(launch.reason in DISRUPTIONS for launch in launches)
        if instance.replaced.get(number, 0) > disrupted:
            reasons = [launch.reason for launch in launches]
            yield f"try {number} was replaced {instance.replaced[number]} times, and its launches say {reasons}"
    numbers = sorted({attempt.try_number for attempt in instance.attempts})
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"has the attempts {numbers}"


def _containers(instance: Instance, seen: list[Presence]) -> Iterator[str]:
    """Each container is a launch's only one, and it was alone."""
    job_of = {launch.job_name: launch for launch in instance.launches}
    began: dict[str, list[str]] = defaultdict(list)
    for presence in seen:
        job = presence.pod.rpartition("-")[0]
        launch = job_of.get(job) or job_of.get(job.rpartition("-")[0])
        if launch is None:
            yield f"ran in {presence.pod}, which is no launch's pod"
            continue
        if launch.try_number != presence.try_number:
            yield f"{presence.pod} is try {launch.try_number}, and believes to be {presence.try_number}"
        began[launch.id].append(presence.pod)
    for launch_id, pods in began.items():
        if len(pods) > 1:
            yield f"launch {launch_id} has begun {len(pods)} times, in {', '.join(pods)}"
    last: Presence | None = None
    for presence in seen:
        if last is not None and _end(last) > presence.began:
            both = "until now" if last.ended is None else f"for {last.ended - presence.began:.3f} s"
            yield f"two containers at the same time {both}: {last.pod} and {presence.pod}"
        if last is None or _end(presence) > _end(last):
            last = presence


def _end(presence: Presence) -> float:
    return math.inf if presence.ended is None else presence.ended
