"""Launch-time holes (decision 2): what of a task's pod only its file can tell, once it is run for real.

Such a task's attempt begins with a short launch of our runner, which imports the file, finds those arguments out and
hands them back; the attempt's next launch is the pod that is made of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from goflow.domain.canonical import Json, tag_of, walk
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.operators import runner
from goflow.operators.plan import JobPlan
from goflow.operators.request import PlanRequest

_MARKS = ("{{", "{%")


def of_pod(dag: DagSpec, task: TaskSpec) -> tuple[str, ...]:
    """The arguments of a pod of its own that the daemon cannot work out: holes, results that went through a function,
    and templates that may use the DAG's own macros and filters."""
    own_words = bool(dag.user_defined_macros or dag.user_defined_filters)
    own_words = own_words or not {"user_defined_macros", "user_defined_filters"}.isdisjoint(dag.unknown)
    found = [name for name, value in {**task.arguments, **task.fields}.items() if _needs_python(value)]
    for name, value in task.fields.items():
        if name in task.template_fields and (_is_called(value) or (own_words and _has_template(value))):
            found.append(name)
    found += [name for name, value in task.expand.items() if name != "*" and _needs_python(value)]
    if "*" in task.expand and _needs_python(task.expand["*"]):
        found.append("expand_kwargs")
    return tuple(dict.fromkeys(found))


def of_override(task: TaskSpec) -> tuple[str, ...]:
    """``executor_config`` where its pod is not known."""
    return ("executor_config",) if _needs_python(task.executor_config) else ()


def plan(request: PlanRequest) -> JobPlan:
    """The launch that finds out: our runner as for any task of the file, with nothing of the task's own pod."""
    plain = dataclasses.replace(request.task, executor_config=None)
    made = runner.plan(dataclasses.replace(request, task=plain))
    if request.settled().runtime == "airflow":  # that image has no shim
        made = dataclasses.replace(made, image=request.defaults.runner_image)
    return dataclasses.replace(made, resources={})


def _needs_python(value: Json) -> bool:
    return any(_is_hole(inner) for inner in walk(value))


def _is_hole(value: Json) -> bool:
    tag = tag_of(value)
    if tag == "$xcom":
        assert isinstance(value, dict)
        inner = value["$xcom"]
        return isinstance(inner, Mapping) and "task_id" not in inner  # .map(), .zip(), .concat()
    return tag == "$hole"


def _is_called(value: Json) -> bool:
    """A template field that is a function: Airflow 3 calls it with the context."""
    return tag_of(value) == "$callable"


def _has_template(value: Json) -> bool:
    return any(isinstance(inner, str) and any(mark in inner for mark in _MARKS) for inner in walk(value))
