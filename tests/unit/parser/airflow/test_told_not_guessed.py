"""Where two readings are possible, one is taken and said, or it stays unknown: never taken in silence."""

from __future__ import annotations

import pytest

from goflow.domain.diagnostics import Severity
from tests.unit.parser.airflow.reading import TWO, errors, only_task, read


def test_two_dags_of_one_id_are_told_of_and_the_last_is_taken():
    result = read('@dag(schedule=None)\ndef d(name="x"): ...\nd("one")\nd("two")')
    (found,) = result.diagnostics
    assert (found.code, found.severity, found.dag_id) == ("GF007", Severity.WARNING, "d")
    assert result.dags[0].params == {"name": "two"}


def test_the_same_dag_made_twice_is_nothing_to_tell():
    assert read("@dag(schedule=None)\ndef d(): ...\nd()\nd()").diagnostics == ()


def test_a_module_that_is_taken_to_be_installed_is_noted():
    result = read(
        """
        try:
            import unheard_of
            FOUND = True
        except ImportError:
            FOUND = False
        with DAG("d", schedule=None):
            E("with_it" if FOUND else "without_it")
        """
    )
    (found,) = result.diagnostics
    assert (found.code, found.severity) == ("GF006", Severity.NOTE)
    assert "unheard_of" in found.message
    assert [task.task_id for task in result.dags[0].tasks] == ["with_it"]


@pytest.mark.parametrize("kind", ["ImportError", "ModuleNotFoundError", "(KeyError, ImportError)", "Exception"])
def test_whatever_the_handler_is_called(kind):
    assert len(read(f"try:\n    import unheard_of\nexcept {kind}: ...").diagnostics) == 1


@pytest.mark.parametrize("text", ["import yaml", "import unheard_of", "from . import x"])
def test_other_imports_are_not_noted(text):
    kind = "ValueError" if "unheard" in text else "ImportError"
    assert read(f"try:\n    {text}\nexcept {kind}: ...").diagnostics == ()


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("from unheard_of import Base\nclass Own(Base): ...", "unheard_of.Base, which is not read"),
        ("class Meta(type):\n    def __prepare__(*a): ...\nclass Own(metaclass=Meta): ...", "its metaclass Meta"),
    ],
)
def test_a_class_that_something_else_makes_is_unknown(lines, reason):
    task = only_task(f'{lines}\nB(env={{"a": Own().x}})')
    assert task.fields["env"]["a"]["$hole"]["reason"] == f"depends on class Own, which derives from {reason}"


@pytest.mark.parametrize(
    "head", ["class Own(unheard_of.Base):", "class Own(metaclass=unheard_of.Meta):", "class Own(*unheard_of.ALL):"]
)
def test_the_body_of_such_a_class_is_run(head):
    text = f"""import unheard_of
def child():
    with DAG("parent.child", schedule=None) as made: E()
    return made
{head}
    part = child()
"""
    assert [dag.dag_id for dag in read(text).dags] == ["parent.child"]


def test_bases_and_keywords_of_a_class_may_be_unpacked():
    text = """class A:
    def __init_subclass__(cls, tag="", **more): cls.tag = tag
BASES, WORDS = (A,), {"tag": "t"}
class Own(*BASES, **WORDS): ...
"""
    assert only_task(f'{text}B(env={{"a": Own.tag}})').fields["env"] == {"a": "t"}


def test_exec_taints_the_dag_that_is_open():
    result = read('with DAG("d", schedule=None):\n    exec(input())')
    assert result.dags == ()
    assert errors(result) == ["GF101 what exec(...) does to the DAG depends on what exec() runs"]


def test_names_that_nothing_else_defines_may_come_from_a_star_import():
    task = only_task('from unheard_of import *\nB(env={"a": CONSTANT})', prelude=True)
    hole = task.fields["env"]["a"]["$hole"]
    assert hole["reason"] == "depends on what is in unheard_of, which is not read"


def test_names_are_still_missed_where_every_star_import_is_read():
    result = read("from helpers import *\nUNDEFINED", files={"helpers.py": "A = 1"})
    assert errors(result) == ["GF004 NameError: name 'UNDEFINED' is not defined"]


def test_a_star_import_passes_on_what_another_may_have_brought():
    files = {"helpers.py": "from unheard_of import *"}
    assert errors(read("from helpers import *\nSOMETHING\nfrom helpers import OTHER", files=files)) == []


@pytest.mark.parametrize("name", ["HOME", "PATH", "PWD", "HOSTNAME"])
def test_variables_that_every_container_has_are_not_absent(name):
    task = only_task(f'import os\nB(env={{"a": os.environ.get("{name}", "none"), "b": os.environ["{name}"]}})')
    assert {value["$hole"]["reason"] for value in task.fields["env"].values()} == {
        f"depends on {name} in the task's container"
    }


def test_and_are_what_the_folder_says_where_it_does():
    task = only_task('import os\nB(env={"a": os.environ["HOME"]})', environment={"HOME": "/home/airflow"})
    assert task.fields["env"] == {"a": "/home/airflow"}


def test_the_arms_of_an_undecided_expression_are_no_cycle():
    result = read('import requests\nwith DAG("d", schedule=None):\n    a, b = E("a"), E("b")\n'
                  "    a >> b if requests.get('x').ok else b >> a")  # fmt: skip
    assert [words.split()[0] for words in errors(result)] == ["GF101"]


def test_none_for_default_args_is_what_each_airflow_makes_of_it():
    lines = 'DAG("d", default_args=None, schedule=None)'
    assert errors(read(lines)) == ["GF203 TypeError: argument of type 'NoneType' is not iterable"]
    assert errors(read(lines, TWO)) == []


def test_a_task_group_of_a_provider_that_is_not_read_is_told():
    """It may make tasks of its own when its block ends, as that of Databricks does."""
    result = read(
        """
        from airflow.providers.acme.utils.flows import AcmeTaskGroup
        with DAG("d", start_date=START):
            with AcmeTaskGroup(group_id="g"):
                E("a")
        """
    )
    assert result.dags == ()
    assert "AcmeTaskGroup" in errors(result)[0]


def test_dags_of_a_loop_over_a_set_of_texts_of_which_one_is_kept_are_told_of():
    result = read('for t in {"a", "b"}:\n    dag = DAG(t, schedule=None)')
    assert result.dags == ()
    assert sorted(found.message for found in result.diagnostics) == [
        f"the DAG '{name}' is no global of the file; which DAG is the last depends on the order of a set"
        for name in "ab"
    ]


def test_those_that_are_all_kept_are_seen():
    result = read('for t in {"a", "b"}:\n    globals()[t] = dag = DAG(t, schedule=None)')
    assert sorted(dag.dag_id for dag in result.dags) == ["a", "b"]
    assert result.diagnostics == ()
