"""The whole template context, held against what Airflow 2.11.2 and 3.3.2 themselves render (`tests.oracle.rendering`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.spec import Dialect
from goflow.parser.api import Folder, Inputs, parse_file
from tests.oracle.environments import RELEASES
from tests.oracle.rendering.cases import document
from tests.oracle.rendering.drivers import common
from tests.oracle.rendering.record import truth
from tests.unit.airflow_shim.kit import Client, Dags

BY_DIALECT = {f"airflow{release.dialect}": release for release in RELEASES}


DIFFERENT = {
    "{{ macros.ds_format_locale('12/07/2024', '%d/%m/%Y', 'EEEE dd MMMM yyyy', 'en_US') }}": (
        "the package babel is 30 MB of words; who uses the macro has it in the image, or is told that it is not there"
    ),
    "{{ triggering_asset_events }}": "how Airflow's own classes show themselves",
}
"""Templates that may come out otherwise, and why."""


@cache
def table(dialect: str) -> dict[str, Any]:
    return document(BY_DIALECT[dialect].dialect)


@cache
def expected(dialect: str) -> dict[str, Any]:
    return truth(BY_DIALECT[dialect])


def rendered(dags: Dags, scenario: dict[str, Any], dialect: str, number: int, render: bool) -> tuple[Any, Any]:
    """The context of a scenario, and its task, whose fields are rendered where RENDER says so."""
    from airflow._goflow import building, running, world

    client = dags.client = Client()
    client.variables, client.connections = scenario["variables"], scenario["connections"]
    client.results = {(row["task_id"], row["map_index"], row["key"]): row for row in scenario["xcoms"]}
    path = common.write_dag(scenario["text"], dags.folder, f"case{number}")
    run = scenario["run"]
    given = dags.given(
        scenario["task_id"], dialect, map_index=scenario["map_index"], try_number=scenario["try_number"],
        max_tries=scenario["max_tries"],
        folder={"digest": "x", "path": str(dags.folder), "file": path.name, "import_roots": [], "local": None},
    )  # fmt: skip
    given["run"], given["run_id"] = run, run["run_id"]
    if dialect == "airflow2" and run["run_type"] != "manual":
        given["dag"] = {"dag_id": "d", "schedule": schedule(path.parent, path.name, dialect)}
    mapped = [row for row in scenario["xcoms"] if row["task_id"] == "mapped"]
    given["upstream_map_lengths"] = {"mapped": len(mapped) + 1}
    task = dags.load(dialect, given=given).get_task(scenario["task_id"])
    world.World.task_input = given
    context = building.build(given, client, task)
    if render or scenario["map_index"] >= 0:
        running.render(context)
    else:
        running.copy_task(context)
    return context, context["task"]


def schedule(folder: Path, name: str, dialect: str) -> Any:
    """The schedule of the file's DAG as the daemon reads it."""
    read = parse_file(Folder(folder, parse_path=str(folder), dialect=Dialect(dialect)), name, Inputs())
    (dag,) = read.dags
    return dag.to_json().get("schedule")


@pytest.fixture
def folder(dags: Dags) -> Dags:
    """A DAG folder with the table's files."""
    dags.folder = common.lay_out(table("airflow3"), dags.folder)
    return dags


RUNS = [(dialect, name) for dialect in BY_DIALECT for name in table(dialect)["runs"]]
FIELDS = [(dialect, name) for dialect in BY_DIALECT for name in table(dialect)["fields"]]


@pytest.mark.parametrize(("dialect", "name"), RUNS)
def test_every_template_comes_out_as_airflow_renders_it(folder, dialect, name):
    truth_of_run = expected(dialect)["runs"][name]
    context, task = rendered(folder, table(dialect)["runs"][name], dialect, 0, False)
    found = common.templates(task, context, table(dialect)["templates"])
    different = {
        template: (truth_of_run["templates"][template], found[template])
        for template in found
        if truth_of_run["templates"][template] != found[template] and template not in DIFFERENT
    }
    assert different == {}
    assert sorted(context) == truth_of_run["keys"]
    if "value" in truth_of_run:
        assert common.shown(task.value) == truth_of_run["value"]


@pytest.mark.parametrize(("dialect", "name"), FIELDS)
def test_every_field_comes_out_as_airflow_renders_it(folder, dialect, name):
    scenario = table(dialect)["fields"][name]
    found = common.told_all(scenario["show"], lambda: rendered(folder, scenario, dialect, 0, True)[1])
    assert found == expected(dialect)["fields"][name]
