"""Fields of DAGs and tasks that plan nothing and are not known: never the default in silence."""

from __future__ import annotations

import datetime as dt

import pytest

from goflow.parser.export import file_document

from .reading import only_dag, only_task, read

UNKNOWN = "import requests\nu = requests.get('http://x').json()\n"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("argument", "field"),
    [("tags=[u, 'b']", "tags"), ("tags=u", "tags"), ("description=u", "description"), ("doc_md=u", "doc"),
     ("dag_display_name=u", "display_name"), ("user_defined_macros=u", "user_defined_macros"),
     ("user_defined_filters={u: 1, 'f': fn}", "user_defined_filters"), ("jinja_environment_kwargs=u", "jinja_environment_kwargs"),
     ("tags=[datetime.now().strftime('%Y')]", "tags")],
)  # fmt: skip
def test_a_field_of_the_dag_has_its_hole_in_the_version(argument, field):
    dag = only_dag(f"{UNKNOWN}with DAG('d', schedule=None, {argument}): E()")
    assert list(dag.unknown) == [field]
    assert "$hole" in dag.unknown[field]
    known = only_dag("with DAG('d', schedule=None): E()")
    assert dag.digest() != known.digest()


@pytest.mark.parametrize(
    ("argument", "field"),
    [("owner=u", "owner"), ("doc_md=u", "doc"), ("do_xcom_push=u", "do_xcom_push"), ("task_display_name=u", "display_name"),
     ("map_index_template=u", "map_index_template"), ("default_args={'owner': u}", "owner"),
     ("owner=range(3)", "owner"), ("owner=[].append", "owner")],
)  # fmt: skip
def test_a_field_of_a_task_has_its_hole_in_the_version(argument, field):
    task = only_task(f"{UNKNOWN}E({argument})")
    assert list(task.unknown) == [field]


def test_the_export_says_that_they_are_not_known():
    lines = (
        "with DAG('d', schedule=None, tags=[u], description=u, user_defined_macros=u):\n    E(owner=u, do_xcom_push=u)"
    )
    found = file_document(read(UNKNOWN + lines), lambda dag, now: [], NOW)["dags"]["d"]
    assert all("unknown" in found[name] for name in ("tags", "description", "user_defined_macros"))
    assert "unknown" in found["tasks"]["e"]["owner"]
    assert found["user_defined_filters"] == []


def test_whether_a_teardown_fails_the_run_is_what_the_scheduler_plans_with():
    (finding,) = [
        f
        for f in read(
            f"{UNKNOWN}with DAG('d', schedule=None):\n    t = E().as_teardown(on_failure_fail_dagrun=u)"
        ).diagnostics
        if f.code == "GF101"
    ]
    assert "on_failure_fail_dagrun" in finding.message
