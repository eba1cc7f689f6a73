"""One plan for all launches of a task: it is the one that a conversion of its own would make, or there is none."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from goflow.domain.runs import job_name
from goflow.operators import again
from goflow.operators.plan import JobPlan
from goflow.operators.registry import convert
from goflow.operators.request import PlanRequest
from goflow.operators.runner import plan as runner_plan
from tests.unit.operators.manifests import FOUND_OUT, read_families
from tests.unit.operators.test_convert import request

DAG = read_families()
BY_THEMSELVES = {"pod", "job", "job_not_waited_for", "gke_job"}
"""Tasks of `families/dag.py` with a template in them, or whose result is the name of their Job."""


def other(asked: PlanRequest) -> PlanRequest:
    """The same task's launch in another run, after a disruption."""
    instance = dataclasses.replace(asked.instance, id=2, dag_run_id=2, run_id="scheduled")
    launch_id = "f" * 32
    name = job_name(instance.dag_id, instance.task_id, launch_id)
    launch = dataclasses.replace(asked.launch, id=launch_id, task_instance_id=2, ordinal=2, job_name=name)
    return dataclasses.replace(asked, instance=instance, launch=launch, run=dataclasses.replace(asked.run, id=2))


def with_answers(asked: PlanRequest) -> PlanRequest:
    """One whose conversion gets what it asks for."""
    return dataclasses.replace(
        asked,
        render=lambda fields: fields,
        pull=lambda task_id, key: ["a"],
        read_file=lambda path: "spec: {containers: [{image: a}]}",
    )


@pytest.mark.parametrize("task_id", [task.task_id for task in DAG.tasks])
def test_a_plan_with_another_name_on_it_is_the_other_launch_s(task_id: str) -> None:
    asked = with_answers(request(DAG.task(task_id), DAG))
    plan, is_every_launch_s = again.converted(convert, asked)
    assert is_every_launch_s is (task_id not in BY_THEMSELVES)
    if is_every_launch_s:
        assert again.renamed(plan, other(asked)) == convert(other(asked))


def plan_of(asked: PlanRequest) -> JobPlan:
    return runner_plan(dataclasses.replace(asked, render=None))


ASKED: dict[str, Any] = {
    "for a template": lambda asked: asked.render({"a": "{{ ds }}"}),
    "for a template within": lambda asked: asked.render({"a": ["b", {"c": "{% if ds %}{% endif %}"}]}),
    "for a result": lambda asked: asked.pull("before", "return_value"),
    "for a file": lambda asked: asked.read_file("pod.yaml"),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_a_conversion_that_asks_is_its_launch_s_alone(ask: Any) -> None:
    def converts(asked: PlanRequest) -> JobPlan:
        ask(asked)
        return plan_of(asked)

    asked = with_answers(request(DAG.task("bash"), DAG))
    assert again.converted(converts, asked)[1] is False
    assert again.converted(plan_of, asked)[1] is True


ONE_OF_A_KIND: dict[str, Any] = {
    "a further try": lambda asked: dataclasses.replace(asked, launch=dataclasses.replace(asked.launch, try_number=2)),
    "a copy of a mapped task": lambda asked: dataclasses.replace(
        asked, task=dataclasses.replace(asked.task, mapped=True)
    ),
    "a copy in a mapped group": lambda asked: dataclasses.replace(
        asked, instance=dataclasses.replace(asked.instance, map_index=0)
    ),
    "one for which something was found out": lambda asked: dataclasses.replace(asked, resolved={}),
}


@pytest.mark.parametrize("changed", ONE_OF_A_KIND.values(), ids=ONE_OF_A_KIND)
def test_such_a_launch_is_converted_by_itself(changed: Any) -> None:
    asked = changed(with_answers(request(DAG.task("bash"), DAG)))
    assert not again.is_ordinary(asked)
    assert again.converted(plan_of, asked)[1] is False


def test_what_was_found_out_is_one_attempt_s() -> None:
    task_id, found = next(iter(FOUND_OUT.items()))
    asked = dataclasses.replace(request(DAG.task(task_id), DAG), resolved=found)
    assert again.converted(convert, asked)[1] is False
