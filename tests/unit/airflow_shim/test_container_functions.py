"""Functions in an image of the author's: their text, arguments and commands are found out before there is a pod."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.airflow_shim.conftest import Dags

DAG = """
from airflow.sdk import DAG, task
from airflow.exceptions import AirflowSkipException

with DAG("d", schedule=None):

    @task.kubernetes(image="i", do_xcom_push=True)
    def kubernetes(x, *, times):
        return {"all": x * times}

    @task.docker(image="i", python_command="python3")
    def docker(x):
        return x

    @task.kubernetes_cmd(image="i")
    def command(word, ds=None):
        return ["echo", word, "{{ run_id }}"]

    @task.kubernetes_cmd(image="i", args_only=True)
    def only_arguments():
        return ["a"]

    @task.kubernetes_cmd(image="i")
    def no_list():
        return "echo"

    @task.kubernetes_cmd(image="i")
    def skips():
        raise AirflowSkipException("not today")

    kubernetes("{{ run_id }}", times=2)
    docker(1)
    command("{{ run_id }}")
    only_arguments()
    no_list()
    skips()
"""


def found_out(dags: Dags, task_id: str) -> dict[str, Any]:
    names = ["command", "function_variables"] if task_id == "docker" else ["cmds", "arguments", "function_variables"]
    fields = {"template_fields": ["op_args", "op_kwargs", "image"]}
    return dags.write(DAG).run(task_id, task={"task_id": task_id, **fields}, resolve=names)


def run_here(words: list[str], variables: dict[str, str], folder: Path) -> Any:
    """What the container's program leaves as its result, run by this Python with FOLDER for the paths."""
    for name, file in (("__PYTHON_SCRIPT", "script.py"), ("__PYTHON_INPUT", "script.in")):
        (folder / file).write_bytes(base64.b64decode(variables[name]))
        assert f"/tmp/{file}" in words[2]
    result = folder / "return.json"
    subprocess.run([sys.executable, folder / "script.py", folder / "script.in", result], check=True, cwd=folder, env={})
    return json.loads(result.read_text())


def test_a_function_and_its_arguments_become_a_program(dags: Dags, tmp_path: Path) -> None:
    resolved = found_out(dags, "kubernetes")["resolved"]
    assert resolved["cmds"][:2] == ["python", "-c"]
    run_id = resolved["op_args"]["$tuple"][0] if isinstance(resolved["op_args"], dict) else resolved["op_args"][0]
    assert run_here(resolved["cmds"], resolved["function_variables"], tmp_path) == {"all": run_id * 2}


def test_docker_s_python_is_the_one_that_is_named(dags: Dags, tmp_path: Path) -> None:
    resolved = found_out(dags, "docker")["resolved"]
    assert resolved["command"][:2] == ["python3", "-c"]
    assert run_here(resolved["command"], resolved["function_variables"], tmp_path) == 1


def test_a_command_is_what_the_function_gives_with_templates_rendered(dags: Dags) -> None:
    resolved = found_out(dags, "command")["resolved"]
    word, run_id = resolved["cmds"][1:]
    assert resolved["cmds"][0] == "echo"
    assert word == run_id != "{{ run_id }}"
    assert resolved["arguments"] == []
    only = found_out(dags, "only_arguments")["resolved"]
    assert (only["cmds"], only["arguments"]) == ([], ["a"])


ENDS = {"no_list": ("failed", "list of strings"), "skips": ("skipped", "not today")}


@pytest.mark.parametrize(("task_id", "end"), ENDS.items(), ids=ENDS)
def test_what_the_function_raises_is_the_task_s_end(dags: Dags, task_id: str, end: tuple[str, str]) -> None:
    outcome = found_out(dags, task_id)
    assert outcome["state"] == end[0]
    assert end[1] in outcome["message"]
