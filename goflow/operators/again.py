"""One task's launches, converted once: where nothing of a plan depends on the run but whose launch it is, the next
launch's is the same with another name on it. To work it out anew would take ten times as long.

A conversion may ask for templates to be rendered, for results of other tasks and for files of the version's folder;
that it has asked for none of them is noted while it is done.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from goflow.domain.canonical import Json
from goflow.operators.identity import annotations_of, labels_of
from goflow.operators.plan import JobPlan
from goflow.operators.request import PlanRequest
from goflow.templating.environment import templates_in

Convert = Callable[[PlanRequest], JobPlan]


def is_ordinary(request: PlanRequest) -> bool:
    """Whether the launch is one of whose kind a task has many: no copy (of a mapped task, or of one in a mapped group),
    no further try, and nothing was found out for it by an earlier launch."""
    is_copy = request.task.mapped or request.instance.map_index >= 0
    return not is_copy and request.launch.try_number == 1 and request.resolved is None


def converted(convert: Convert, request: PlanRequest) -> tuple[JobPlan, bool]:
    """What CONVERT makes of REQUEST, and whether `renamed` makes the plan of any other ordinary launch of its task from
    that. Raises what CONVERT raises."""
    asked: list[str] = []

    def render(fields: Mapping[str, Json]) -> Mapping[str, Json]:
        asked.extend(name for name, value in fields.items() if templates_in(value))
        return fields if request.render is None else request.render(fields)

    def pull(task_id: str, key: str) -> Any:
        asked.append(task_id)
        return request.pull(task_id, key)

    def read_file(path: str) -> str:
        asked.append(path)
        return request.read_file(path)

    plan = convert(dataclasses.replace(request, render=render, pull=pull, read_file=read_file))
    return plan, is_ordinary(request) and not (asked or plan.results)  # a Job's results are its own name, say


def renamed(plan: JobPlan, request: PlanRequest) -> JobPlan:
    """PLAN, of an ordinary launch, as that of REQUEST's, another one of the same task."""
    instance, launch = request.instance, request.launch
    return dataclasses.replace(
        plan,
        launch_id=launch.id,
        run_id=instance.run_id,
        ordinal=launch.ordinal,
        job_name=launch.job_name,
        labels={**plan.labels, **labels_of(request)},
        annotations={**plan.annotations, **annotations_of(request)},
    )
