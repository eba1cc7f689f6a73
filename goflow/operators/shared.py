"""Copies of a mapped task that share one Indexed Job: whose may, and what becomes of a copy's plan.

The pods of an Indexed Job are all made from one template. So only copies may share whose pod says nothing of the copy
but whose it is: those that our runner runs, since it asks the server for its arguments.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from goflow.domain.canonical import Json, walk
from goflow.domain.precedence import over
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.operators.identity import OF_ONE_COPY, PREFIX, SHARED
from goflow.operators.plan import JobPlan
from goflow.operators.registry import family_of, to_resolve
from goflow.operators.runner import plan as runner_plan
from goflow.operators.runner import pod_override

_OF_EACH_POD = frozenset({"hostname"})
"""Fields of a pod's spec that an Indexed Job sets by itself."""


def may_share(dag: DagSpec, task: TaskSpec, backend: str) -> bool:
    """Whether copies of TASK differ in nothing but which copy each is, so that one Job can have all of their pods."""
    if backend == "local" or family_of(task) is not runner_plan or to_resolve(dag, task, backend, None):
        return False
    said = over(task.runtime, dag.runtime)
    return not any(_is_of_one_copy(pod) for pod in (said.pod_template, _override(task)))


def _override(task: TaskSpec) -> Json:
    try:
        return pod_override(task.executor_config)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError):
        return {"spec": {"hostname": "?"}}  # it is no pod: each copy is told so by itself


def _is_of_one_copy(pod: Json) -> bool:
    """Whether what the author says of the POD may be another's in each copy: he asks for a label or an annotation of
    ours (``fieldRef``), or gives a name that Kubernetes gives each pod of such a Job."""
    for inner in walk(pod):
        if isinstance(inner, str) and PREFIX in inner:
            return True
        if isinstance(inner, Mapping) and not _OF_EACH_POD.isdisjoint(inner):
            return True
    return False


def as_shared(plan: JobPlan, shared_job: str, copies: int) -> JobPlan:
    """The PLAN of one copy as that of the Job which COPIES share."""

    def common(given: Mapping[str, str]) -> dict[str, str]:
        return {**{name: text for name, text in given.items() if name not in OF_ONE_COPY}, SHARED: shared_job}

    return dataclasses.replace(
        plan,
        labels=common(plan.labels),
        annotations=common(plan.annotations),
        shared_job=shared_job,
        copies=copies,
    )
