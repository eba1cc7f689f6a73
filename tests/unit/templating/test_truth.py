"""What the daemon renders itself comes out as Airflow 2.11.2 and 3.3.2 render it (`tests.oracle.rendering`)."""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from typing import Any

import pytest

from goflow.domain.runs import DagRun, TaskInstance
from goflow.domain.spec import DagSpec, Dialect
from goflow.domain.state import RunState, RunType, TaskState
from goflow.domain.written import write_out
from goflow.parser.api import Folder, Inputs, parse_file
from goflow.templating import context as contexts
from goflow.templating.environment import RenderError, environment, render
from goflow.templating.reach import within_reach
from tests.oracle.environments import RELEASES
from tests.oracle.rendering.cases import document
from tests.oracle.rendering.record import truth

BY_DIALECT = {Dialect(f"airflow{release.dialect}"): release for release in RELEASES}
RUNS = [(dialect, name) for dialect in BY_DIALECT for name in document(3)["runs"]]
OWN_WORDS = ("| ds_nodash", "| twice")
"""Filters that the table's DAG defines itself: such a DAG's templates are never rendered in the daemon."""


@cache
def table(dialect: Dialect) -> dict[str, Any]:
    return document(BY_DIALECT[dialect].dialect)


@cache
def expected(dialect: Dialect) -> dict[str, Any]:
    return truth(BY_DIALECT[dialect])


def at(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


def context_of(dag: DagSpec, scenario: dict[str, Any]) -> dict[str, Any]:
    row = scenario["run"]
    moments = {
        name: at(row[name]) for name in ("logical_date", "data_interval_start", "data_interval_end", "start_date")
    }
    run = DagRun(
        id=1, dag_id="d", run_id=row["run_id"], run_type=RunType(row["run_type"]), state=RunState.RUNNING, version_id=1,
        reading_id=1, run_after=dt.datetime.fromisoformat(row["run_after"]), conf=row["conf"], **moments,
    )  # fmt: skip
    instance = TaskInstance(
        id=1, dag_run_id=1, dag_id="d", run_id=row["run_id"], task_id=scenario["task_id"],
        map_index=scenario["map_index"], state=TaskState.RUNNING, try_number=scenario["try_number"],
        max_tries=scenario["max_tries"],
    )  # fmt: skip

    def pull(task_ids: Any, key: str = "return_value") -> Any:
        is_one, found = isinstance(task_ids, str), []
        for task_id in [task_ids] if is_one else task_ids:
            rows = [x for x in scenario["xcoms"] if (x["task_id"], x["key"]) == (task_id, key)]
            found.append(([x["value"] for x in rows], any(x["map_index"] >= 0 for x in rows)))
        return contexts.pull(found, is_one, dag.dialect)

    return contexts.build(
        dag, dag.task(scenario["task_id"]), run, instance, pull_xcom=pull, find_variable=scenario["variables"].get
    )


@cache
def spec(dialect: Dialect, name: str, folder: str) -> DagSpec:
    return parse_file(Folder(folder, parse_path=folder, dialect=dialect), "f.py", Inputs()).dags[0]


@pytest.mark.parametrize(("dialect", "name"), RUNS)
def test_a_template_within_reach_comes_out_as_airflow_renders_it(tmp_path, dialect, name):
    scenario, answers = table(dialect)["runs"][name], expected(dialect)["runs"][name]["templates"]
    (tmp_path / "f.py").write_text(scenario["text"])
    dag = spec(dialect, name, tmp_path)
    stored = DagSpec.from_json(json.loads(json.dumps(dag.to_json(), sort_keys=True)))
    context, jinja = context_of(stored, scenario), environment(contexts.FILTERS)
    reached, different = 0, {}
    for template in table(dialect)["templates"]:
        if any(words in template for words in OWN_WORDS) or not within_reach(template, dialect):
            continue
        reached += 1
        try:
            found = render(template, jinja, context, "field")
        except RenderError as problem:
            found = {"error": problem.problem.partition(":")[0]}
        answer = answers[template]
        if isinstance(answer, dict) and isinstance(found, dict):
            continue  # whatever the words: there is no text
        if "from the macros" in answer:
            continue  # what the DAG's own macro says where there is no such name in the context
        if found != answer:
            different[template] = (answer, found)
    assert different == {}
    assert reached > 50


def test_a_whole_float_among_the_params_is_rendered_as_one(tmp_path):
    lines = ("from airflow.sdk import DAG, Param", "from airflow.providers.standard.operators.bash import BashOperator")
    params = "params={'a': 1.0, 'b': Param(2.0, type='number'), 'c': [3.0], 'd': 4}"
    dag = f"with DAG('d', {params}):\n    BashOperator(task_id='t', bash_command='')\n"
    (tmp_path / "f.py").write_text("\n".join((*lines, dag)))
    stored = DagSpec.from_json(json.loads(write_out(spec(Dialect.AIRFLOW3, "floats", tmp_path)).text))
    scenario = {**next(iter(table(Dialect.AIRFLOW3)["runs"].values())), "task_id": "t"}
    context = context_of(stored, scenario)
    text = "{{ params.a }} {{ params.b }} {{ params.c }} {{ params.d }}"
    assert render(text, environment(contexts.FILTERS), context, "field") == "1.0 2.0 [3.0] 4"
