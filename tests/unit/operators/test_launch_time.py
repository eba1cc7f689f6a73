"""What of a pod only its running file can tell is found out by a launch of our runner, before the pod's own."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from goflow.domain.spec import DagSpec, RuntimeSpec, TaskSpec
from goflow.operators.plan import JobPlan, Verdict
from goflow.operators.registry import convert, diagnose, speaks_for_itself, to_resolve
from tests.unit.operators.test_convert import BASH, KPO, request

HOLE = {"$hole": {"reason": "requests.get(...)", "line": 3, "column": 1, "when": "launch"}}
MACROS = DagSpec(dag_id="d", user_defined_macros=("today",))
LENIENT = DagSpec(dag_id="d", template_undefined={"$callable": "jinja2:Undefined"})
PLAIN = DagSpec(dag_id="d")
ELSEWHERE = DagSpec(dag_id="d", runtime=RuntimeSpec(environment_from_secrets={"AIRFLOW_VAR_A": "shop/a"}))


def pod(**values: Any) -> TaskSpec:
    expand = values.pop("expand", {})
    return TaskSpec(
        task_id="t", operator="KubernetesPodOperator", operator_path=KPO, do_xcom_push=False, mapped=bool(expand),
        template_fields=("image", "cmds"), fields={"image": "own:1", **values.pop("fields", {})},
        expand=expand, **values,
    )  # fmt: skip


CASES = {
    "nothing where all is known": (PLAIN, pod(), ()),
    "an image that is not known": (PLAIN, pod(fields={"image": HOLE}), ("image",)),
    "a part of an argument": (PLAIN, pod(arguments={"labels": {"a": [HOLE]}}), ("labels",)),
    "a result that went through a function": (PLAIN, pod(fields={"cmds": {"$xcom": {"map": {}}}}), ("cmds",)),
    "no plain result": (PLAIN, pod(fields={"cmds": {"$xcom": {"task_id": "a", "key": "k"}}}), ()),
    "a template field that is a function": (PLAIN, pod(fields={"cmds": {"$callable": "f:words"}}), ("cmds",)),
    "a template that may use the DAG's macros": (MACROS, pod(fields={"cmds": ["{{ today() }}"]}), ("cmds",)),
    "a template of a DAG that says what an undefined name is": (LENIENT, pod(fields={"cmds": ["{{ x }}"]}), ("cmds",)),
    "no template of a DAG without macros": (PLAIN, pod(fields={"cmds": ["{{ ds }}"]}), ()),
    "a template with what only a container knows": (PLAIN, pod(fields={"cmds": ["{{ conn.db.host }}"]}), ("cmds",)),
    "a template with an earlier run": (PLAIN, pod(fields={"cmds": ["{{ prev_start_date_success }}"]}), ("cmds",)),
    "a template that includes a file": (PLAIN, pod(fields={"cmds": ["{% include 'a.sql' %}"]}), ("cmds",)),
    "templates that give objects": (DagSpec(dag_id="d", native=True), pod(fields={"cmds": ["{{ ds }}"]}), ("cmds",)),
    "marks of one's own": (
        DagSpec(dag_id="d", jinja_environment_kwargs={"block_start_string": "<%"}),
        pod(fields={"cmds": ["{{ ds }}"]}),
        ("cmds",),
    ),
    "a pull of all copies": (PLAIN, pod(fields={"cmds": ["{{ ti.xcom_pull('a', map_indexes=[0]) }}"]}), ("cmds",)),
    "no plain pull": (PLAIN, pod(fields={"cmds": ["{{ ti.xcom_pull(task_ids='a', key='k')['x'] }}"]}), ()),
    "no Variable of the database": (PLAIN, pod(fields={"cmds": ["{{ var.value.a }}"]}), ()),
    "a Variable that the environment may give": (ELSEWHERE, pod(fields={"cmds": ["{{ var.value.a }}"]}), ("cmds",)),
    "a Variable that a secrets backend may have": (
        PLAIN,
        pod(
            fields={"cmds": ["{{ var.json.a }}"]},
            runtime=RuntimeSpec(environment={"AIRFLOW__SECRETS__BACKEND": "vault.Backend"}),
        ),
        ("cmds",),
    ),
    "params as a whole": (PLAIN, pod(fields={"cmds": ["{{ params }}"]}), ("cmds",)),
    "no single param": (DagSpec(dag_id="d", params={"a": [1]}), pod(fields={"cmds": ["{{ params.a }}"]}), ()),
    "a param that is a moment": (
        DagSpec(dag_id="d", params={"a": {"$datetime": "2026-01-01T00:00:00"}}),
        pod(fields={"cmds": ["{{ params.a }}"]}),
        ("cmds",),
    ),
    "copies over templates of the author's own": (MACROS, pod(expand={"cmds": [["{{ today() }}"]]}), ("cmds",)),
    "copies over a result that went through a function": (PLAIN, pod(expand={"cmds": {"$xcom": {"zip": []}}}), ("cmds",)),
    "copies over whole sets of arguments": (PLAIN, pod(expand={"*": {"$xcom": {"map": {}}}}), ("expand_kwargs",)),
    "the pod override of a task of the runner": (
        PLAIN,
        TaskSpec(task_id="t", operator="BashOperator", operator_path=BASH, executor_config={"pod_override": HOLE}),
        ("executor_config",),
    ),
    "no field of a task of the runner": (
        PLAIN,
        TaskSpec(task_id="t", operator="BashOperator", operator_path=BASH, fields={"bash_command": HOLE}),
        (),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("dag", "task", "names"), CASES.values(), ids=CASES)
def test_what_has_to_be_found_out(dag: DagSpec, task: TaskSpec, names: tuple[str, ...]) -> None:
    assert to_resolve(dag, task, "kubernetes", None) == names
    assert to_resolve(dag, task, "kubernetes", {}) == (), "it is found out once in an attempt"
    assert to_resolve(dag, task, "local", None) == (), "there are no pods"


def made(task: TaskSpec, resolved: dict[str, Any] | None = None) -> JobPlan:
    return convert(dataclasses.replace(request(task), resolved=resolved))


def test_the_first_launch_is_our_runner_without_anything_of_the_pod() -> None:
    task = pod(fields={"image": HOLE}, arguments={"container_resources": {"limits": {"nvidia.com/gpu": 1}}})
    plan = made(task)
    assert (plan.verdict, plan.image, plan.command) == (Verdict.RUNNER, "runner:1", ("goflow-runner", "run"))
    assert not plan.resources
    assert speaks_for_itself(PLAIN, task, "kubernetes", None), "it claims itself"


def test_the_next_launch_is_the_pod_with_what_was_found_out() -> None:
    task = pod(fields={"image": HOLE, "cmds": ["{{ never rendered here }}"]})
    plan = made(task, {"image": "found:2", "cmds": {"$tuple": ["sh", "-c"]}})
    assert (plan.verdict, plan.image, plan.command) == (Verdict.CONTAINER, "found:2", ("sh", "-c"))
    assert not speaks_for_itself(PLAIN, task, "kubernetes", {"image": "found:2"})


def test_a_mapped_pod_takes_its_share_from_what_was_found_out() -> None:
    task = pod(expand={"cmds": {"$xcom": {"map": {}}}})
    assert made(task, {"cmds": ["echo", "two"], "image": "own:1"}).command == ("echo", "two")


def test_a_pod_override_that_was_found_out_is_merged() -> None:
    override = {"$object": {"class": "V1Pod", "module": "kubernetes.client.models", "arguments": {
        "spec": {"$object": {"class": "V1PodSpec", "module": "k", "arguments": {"node_selector": {"disk": "ssd"}}}},
    }}}  # fmt: skip
    task = TaskSpec(task_id="t", operator="BashOperator", operator_path=BASH, executor_config={"pod_override": HOLE})
    plan = made(task, {"executor_config": {"pod_override": override}})
    assert plan.pod["spec"] == {"nodeSelector": {"disk": "ssd"}}
    assert "spec" not in made(task).pod, "the launch that asks has no override yet"


def test_nothing_is_complained_about_when_the_file_is_read() -> None:
    task = pod(fields={"image": HOLE})
    assert diagnose(DagSpec(dag_id="d", tasks=(task,)), "f.py") == []
