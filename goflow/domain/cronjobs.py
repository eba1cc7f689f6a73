"""Which DAGs are Kubernetes CronJobs: what says so, and what a CronJob cannot do for them.

A CronJob knows a cron expression, a time zone and one Job; retries are Kubernetes' own, and it makes up for nothing. A
DAG of which more is asked is run by GoFlow.
https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/
"""

from __future__ import annotations

import functools
import re
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass

from goflow.domain.spec import DagSpec, FileFormat, TaskSpec

CRONJOB = "CronJob"
JOB = "Job"
RUN_AS = (JOB, CRONJOB)
"""What ``RunAs`` may say."""
MONITOR_LABEL = "goflow.io/monitor"
"""Of a CronJob that somebody else has made: with the value ``true`` it is watched, and never touched."""
WATCHED_PREFIX = "cronjob."
"""How the ids of DAGs begin that stand for such a CronJob: ``cronjob.NAMESPACE.NAME``."""
_UNBOUNDED = 16
"""``MaxActiveRuns`` and ``MaxActiveTasks`` where nobody has said them; a CronJob has no other bound than one."""
_DEFAULT_DELAY_S = 300.0


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a DAG cannot be a CronJob: the native KEY that asks for what it cannot do (empty: something is missing), in
    WORDS, and what to do about it."""

    key: str
    words: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class CronJobRule:
    """Which DAGs a daemon places as CronJobs. ENABLED: its tasks run on Kubernetes. BY_DEFAULT: also those that do not
    say it and can be one."""

    enabled: bool = False
    by_default: bool = False

    def takes(self, spec: DagSpec) -> bool:
        """Whether SPEC is one."""
        if not self.enabled or spec.file_format is not FileFormat.YAML:
            return False
        asked = spec.run_as == CRONJOB or (self.by_default and not spec.run_as)
        return asked and next(obstacles(spec), None) is None

    def is_followed_elsewhere(self, spec: DagSpec) -> bool:
        """Whether not GoFlow's scheduler makes the runs of SPEC's schedule, but Kubernetes."""
        return is_watched(spec) or self.takes(spec)


def is_watched(spec: DagSpec) -> bool:
    """Whether SPEC stands for a CronJob that somebody else has made, and that is only watched."""
    return spec.file_format is FileFormat.CRONJOB


def watched_id(namespace: str, name: str) -> str:
    """The id of the DAG that stands for that CronJob of somebody else's."""
    return f"{WATCHED_PREFIX}{namespace}.{name}"


def obstacles(spec: DagSpec) -> Iterator[Obstacle]:
    """Everything that keeps SPEC, a native DAG, from being a CronJob."""
    if len(spec.tasks) != 1 or spec.tasks[0].native is None:
        yield Obstacle("Tasks", f"it has {len(spec.tasks)} tasks, and a CronJob has one container command")
        return
    yield from _of_schedule(spec)
    yield from _of_limits(spec)
    yield from _of_task(spec.tasks[0])


def _of_schedule(spec: DagSpec) -> Iterator[Obstacle]:
    schedule = spec.schedule
    if schedule.kind == "none":
        yield Obstacle("", "it has no Schedule", "give one, or let GoFlow run it when it is triggered")
    elif schedule.kind != "cron" or len(schedule.crons) != 1:
        yield Obstacle("Schedule", "its schedule is no cron expression", "a cron expression or a preset such as @daily")
    elif words := not_understood(schedule.crons[0]):
        yield Obstacle("Schedule", f"Kubernetes does not understand its schedule: {words}")
    if schedule.timezone not in _zones():
        words = f"Kubernetes knows time zones by their names alone, and {schedule.timezone} is none"
        yield Obstacle("Timezone", words, "such as Europe/Berlin")
    if spec.end_date is not None:
        yield Obstacle("EndDateTime", "a CronJob has no end")
    if spec.catchup:
        yield Obstacle("Catchup", "a CronJob does not make up for what it has missed")


@functools.cache
def _zones() -> frozenset[str]:
    """The names of all time zones: finding them out looks through a folder."""
    return frozenset(zoneinfo.available_timezones())


def _of_limits(spec: DagSpec) -> Iterator[Obstacle]:
    for key, most in (("MaxActiveRuns", spec.max_active_runs), ("MaxActiveTasks", spec.max_active_tasks)):
        if 1 < most < _UNBOUNDED:
            yield Obstacle(key, f"a CronJob has one Job at a time or any number, not {most}", "1, or leave it out")


def _of_task(task: TaskSpec) -> Iterator[Obstacle]:
    native = task.native or {}
    if not native.get("DockerImage"):
        yield Obstacle("", "it has no DockerImage", "its container is Kubernetes' to start, without GoFlow's runner")
    parallelism = native.get("Parallelism")
    if isinstance(parallelism, int) and parallelism > 1:
        yield Obstacle("Parallelism", "each attempt of it would be several pods")
    if task.retries and task.retry_delay != _DEFAULT_DELAY_S:
        yield Obstacle("RetryDelay", "Kubernetes decides itself how long it waits for the next try")
    if task.pool != "default_pool" or task.pool_slots != 1:
        key = "Pool" if task.pool != "default_pool" else "PoolSlots"
        yield Obstacle(key, "Kubernetes does not know GoFlow's pools")


def forbids_overlap(spec: DagSpec) -> bool:
    """Whether one run has to end before another may begin."""
    return 1 in {spec.max_active_runs, spec.max_active_tasks}


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, start=1)}),
    ("day of the week", 0, 6, {name: number for number, name in enumerate(_DAYS)}),
)
_PART = re.compile(r"(?:[*?]|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")


def not_understood(cron: str) -> str:
    """What of a CRON expression with five fields Kubernetes refuses, in words; empty where it takes it. (It reads the
    original cron's fields, with names; no ``L``, ``W`` or ``#``, and Sunday is 0.)"""
    for (name, least, most, names), text in zip(_FIELDS, cron.split(), strict=True):
        for part in text.lower().split(","):
            found = _PART.fullmatch(part)
            if found is None or found["step"] == "0":
                return f"{part!r} in the field of the {name}"
            ends = [names.get(end, int(end) if end.isdecimal() else -1) for end in found.group("first", "last") if end]
            if any(not least <= end <= most for end in ends):
                return f"{part!r} is not within {least} to {most} in the field of the {name}"
            if ends != sorted(ends):
                return f"{part!r} ends before it begins, in the field of the {name}"
    return ""
