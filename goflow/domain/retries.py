"""How long a failed attempt waits before the next one, as Airflow reckons it (``TaskInstance.next_retry_datetime``)."""

from __future__ import annotations

import hashlib
import math

from goflow.domain.runs import DagRun, TaskInstance
from goflow.domain.spec import TaskSpec

MAX_RETRY_DELAY_S = 24 * 60 * 60
"""Airflow's ``core.max_task_retry_delay``: no back-off is longer."""


def retry_delay_s(task: TaskSpec, instance: TaskInstance, run: DagRun) -> float:
    """Seconds from the end of the attempt that INSTANCE is at (its ``try_number``) until the next may begin.

    With back-off the delay grows by ``retry_exponential_backoff`` (Airflow 2: always 2) with each attempt, and gets a
    jitter of up to its own length that is always the same for the same attempt.
    """
    factor = task.retry_exponential_backoff
    if factor in {0.0, 1.0} or factor < 0:
        return task.retry_delay
    try:
        least = max(1, math.ceil(task.retry_delay * factor ** (instance.try_number - 1)))
    except OverflowError:
        least = MAX_RETRY_DELAY_S
    name = f"{instance.dag_id}#{instance.task_id}#{run.logical_date}#{instance.try_number}"
    jitter = int(hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest(), 16) % least
    delay = float(min(least + jitter, MAX_RETRY_DELAY_S))
    return min(delay, task.max_retry_delay) if task.max_retry_delay else delay
