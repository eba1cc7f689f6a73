"""Mapped tasks and groups: which arguments a copy has, and what results tasks outside see."""

from __future__ import annotations

import pytest

HEAD = """
from airflow.sdk import DAG, task, task_group, BaseOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator
class Keep(BaseOperator):
    template_fields = ("a", "b")
    def __init__(self, a=None, b=None, **kwargs):
        super().__init__(**kwargs)
        self.a, self.b = a, b
    def execute(self, context):
        return self.a, self.b
with DAG("d", schedule=None, default_args={"retries": 4}) as the_dag:
    @task
    def rows():
        return ROWS
    @task
    def t(a, b=None):
        return a, b
"""


def body(text, rows="[1, 2]"):
    return HEAD.replace("ROWS", rows) + "".join(f"    {line}\n" for line in text.strip("\n").splitlines())


COPIES = {
    "a list": ("t.expand(a=[1, 2])", "[]", [(1, None), (2, None)]),
    "a map, as pairs": ("t.expand(a={'x': 1, 'y': 2})", "[]", [(("x", 1), None), (("y", 2), None)]),
    "every combination of two lists, the last changing fastest": (
        "t.expand(a=[1, 2], b=['x', 'y', 'z'])",
        "[]",
        [(1, "x"), (1, "y"), (1, "z"), (2, "x"), (2, "y"), (2, "z")],
    ),
    "shared arguments beside": ("t.partial(b='s').expand(a=[1, 2])", "[]", [(1, "s"), (2, "s")]),
    "another task's list": ("t.expand(a=rows())", "[5, 6]", [(5, None), (6, None)]),
    "another task's map": ("t.expand(a=rows())", "{'x': 5}", [(("x", 5), None)]),
    "another task's list with a list": ("t.expand(a=rows(), b=[0, 1])", "[5, 6]", [(5, 0), (5, 1), (6, 0), (6, 1)]),
    "each element through a function": ("t.expand(a=rows().map(lambda n: n * 10))", "[5, 6]", [(50, None), (60, None)]),
    "two functions, one after the other": (
        "t.expand(a=rows().map(str).map(lambda s: s + '!'))",
        "[5]",
        [("5!", None)],
    ),
    "two lists side by side": (
        "t.expand(a=rows().zip(rows.override(task_id='r2')()))",
        "[5, 6]",
        [((5, 5), None), ((6, 6), None)],
    ),
    "side by side, filled up": (
        "t.expand(a=rows().zip(rows.override(task_id='r2')().map(str), fillvalue=0))",
        "[5, 6]",
        [((5, "5"), None), ((6, "6"), None)],
    ),
    "one list after the other": (
        "t.expand(a=rows().concat(rows.override(task_id='r2')()))",
        "[5, 6]",
        [(5, None), (6, None), (5, None), (6, None)],
    ),
    "rows of arguments": ("t.expand_kwargs([{'a': 1, 'b': 2}, {'a': 3}])", "[]", [(1, 2), (3, None)]),
    "another task's rows": ("t.expand_kwargs(rows())", "[{'a': 1, 'b': 2}, {'a': 3}]", [(1, 2), (3, None)]),
    "rows made by a function": ("t.expand_kwargs(rows().map(lambda n: {'a': n}))", "[7]", [(7, None)]),
    "templates among them": ("t.partial(b='{{ ds }}').expand(a=['{{ run_id }}'])", "[]", [("r", "2026-01-02")]),
    "an operator": ("Keep.partial(task_id='t', b=1).expand(a=[1, 2])", "[]", [(1, 1), (2, 1)]),
    "an operator's rows": (
        "Keep.partial(task_id='t').expand_kwargs([{'a': 1}, {'b': 2}])",
        "[]",
        [(1, None), (None, 2)],
    ),
    "an operator over a task's output": (
        "Keep.partial(task_id='t').expand(a=PythonOperator(task_id='rows', python_callable=lambda: [8]).output)",
        "[]",
        [(8, None)],
    ),
}


@pytest.mark.parametrize(("text", "rows", "expected"), COPIES.values(), ids=COPIES.keys())
def test_every_copy_has_its_arguments(dags, text, rows, expected):
    dags.write(body(text, rows))
    for task_id in dags.load().task_ids:
        if task_id != "t":
            assert dags.run(task_id)["state"] == "success"
    for index in range(len(expected)):
        assert dags.run("t", map_index=index)["state"] == "success"
    assert [dags.result("t", index) for index in range(len(expected))] == expected


def test_templates_in_results_that_are_mapped_over_are_left_alone(dags):
    """Airflow renders what the author wrote, not what a task returned."""
    dags.write(body("t.expand(a=rows())", "['{{ ds }}']"))
    dags.run("rows")
    dags.run("t", map_index=0)
    assert dags.result("t", 0)[0] in {"{{ ds }}", "2026-01-02"}


def test_templates_in_an_operators_mapped_results_are_left_alone(dags):
    dags.write(body("Keep.partial(task_id='t').expand(a=rows())", "[['{{ ds }}']]"))
    dags.run("rows")
    dags.run("t", map_index=0)
    assert dags.result("t", 0) == (["{{ ds }}"], None)


def test_a_copy_keeps_what_all_copies_share(dags):
    dags.write(body("Keep.partial(task_id='t', owner='me', retries=1).expand(a=[1])"))
    task = dags.load().get_task("t")
    copy = task.unmap({"a": 1})
    assert (task.retries, task.owner, copy.retries, copy.owner, copy.a) == (1, "me", 1, "me", 1)
    assert copy.dag is task.dag


def test_default_arguments_reach_the_copies(dags):
    dags.write(body("t.expand(a=[1])"))
    assert dags.load().get_task("t").unmap({"op_kwargs": {"a": 1}}).retries == 4


def test_a_copy_can_have_a_name_of_its_own(dags):
    text = (
        "@task(map_index_template='{{ name }} of {{ task.op_kwargs[\"a\"] }}')\ndef n(a):\n"
        "    from airflow.sdk import get_current_context\n    get_current_context()['name'] = f'copy {a}'\nn.expand(a=[7])"
    )
    assert dags.write(body(text)).run("n", map_index=0)["state"] == "success"
    assert dags.client.labels == ["copy 7 of 7"]


def test_a_name_that_cannot_be_made_fails_a_task_that_succeeded(dags):
    outcome = dags.write(body("@task(map_index_template='{{ never }}')\ndef n(a):\n    pass\nn.expand(a=[7])")).run(
        "n", map_index=0
    )
    assert (outcome["state"], outcome["message"]) == ("failed", "UndefinedError: 'never' is undefined")


def test_the_task_after_all_copies_sees_a_list_of_their_results(dags):
    text = "@task\ndef total(values):\n    return repr(values), list(values), values[1], values[0:2], len(values)\ntotal(t.expand(a=[1, 2]))"
    dags.write(body(text))
    for index in (0, 1):
        dags.run("t", map_index=index)
    dags.run("total")
    both = [(1, None), (2, None)]
    assert dags.result("total") == ("LazyXComSequence(<unevaluated length>)", both, (2, None), both, 2)


GROUP = """
@task
def seed():
    return ["x", "y"]
@task_group
def g(v, w="w"):
    @task
    def first(v):
        return v + "1"
    @task
    def second(u, v):
        return u, v
    return second(first(v), v)
@task
def after(values):
    return list(values) if not isinstance(values, str) else values
"""
GROUPS = {
    "over a list": ("after(g.expand(v=['x', 'y']))", ["x", "y"]),
    "over a task's result": ("after(g.expand(v=seed()))", ["x", "y"]),
    "over rows": ("after(g.expand_kwargs([{'v': 'x'}, {'v': 'y'}]))", ["x", "y"]),
    "with shared arguments": ("after(g.partial(w='z').expand(v=['x', 'y']))", ["x", "y"]),
}


@pytest.mark.parametrize(("text", "values"), GROUPS.values(), ids=GROUPS.keys())
def test_tasks_of_a_mapped_group_see_their_own_copy(dags, text, values):
    dags.write(body(GROUP + text))
    if "seed" in dags.load().task_ids:
        dags.run("seed")
    for index in range(len(values)):
        dags.run("g.first", map_index=index)
    for index in range(len(values)):
        dags.run("g.second", map_index=index)
    assert [dags.result("g.second", index) for index in range(len(values))] == [(f"{v}1", v) for v in values]
    dags.run("after")
    assert dags.result("after") == [(f"{v}1", v) for v in values]


@pytest.mark.parametrize(("dialect", "expected"), [("airflow3", "'x1'"), ("airflow2", "LazySelectSequence([1 item])")])
def test_a_group_with_one_copy_gives_what_the_dialect_gives(dags, dialect, expected):
    text = (
        "@task_group\ndef g(v):\n    @task\n    def first(v):\n        return v + '1'\n    return first(v)\n"
        "@task\ndef after(values):\n    return repr(values)\nafter(g.expand(v=['x']))"
    )
    source = body(text)
    if dialect == "airflow2":
        source = source.replace("from airflow.sdk import DAG, task, task_group, BaseOperator", "from airflow import DAG\n"
                                "from airflow.decorators import task, task_group\nfrom airflow.models import BaseOperator")  # fmt: skip
        source = source.replace("airflow.providers.standard.", "airflow.")
    dags.write(source).run("g.first", dialect, map_index=0)
    dags.run("after", dialect)
    assert dags.result("after") == expected


UNMAPPABLE = {
    "nothing": ("None", "did not push XCom for task mapping"),
    "a number": ("5", "unmappable return type 'int'"),
    "text": ("'abc'", "unmappable return type 'str'"),
    "a set": ("{1}", "unmappable return type 'set'"),
}


@pytest.mark.parametrize(("rows", "words"), UNMAPPABLE.values(), ids=UNMAPPABLE.keys())
@pytest.mark.parametrize("over", ["t.expand(a=rows())", "g.expand(v=rows())"], ids=["a task", "a group"])
def test_a_task_must_leave_what_others_map_over(dags, rows, words, over):
    group = "@task_group\ndef g(v):\n    t(v)\n"
    outcome = dags.write(body(group + over, rows)).run("rows")
    assert (outcome["state"], outcome["message"]) == ("failed", words)


WRONG = {
    "no arguments": ("t.expand()", "no arguments to expand against"),
    "an argument that the function does not have": ("t.expand(c=[1])", "unexpected keyword argument 'c'"),
    "an argument given twice": ("t.partial(a=1).expand(a=[1])", "mapping already partial argument: a"),
    "a number": ("t.expand(a=5)", "unexpected type 'int' for keyword argument 'a'"),
    "text": ("t.expand(a='abc')", "unexpected type 'str'"),
    "a name of the context": ("t.expand(ti=[1])", "on task context variable 'ti'"),
    "a result under a key of its own": ("t.expand(a=rows()['k'])", "cannot map over XCom with custom key 'k'"),
    "rows that are no maps": ("t.expand_kwargs([1])", "expected XComArg or list\\[dict\\], not list"),
    "an operator's unknown argument": ("Keep.partial(task_id='k').expand(c=[1])", "unexpected keyword argument 'c'"),
    "a mapped task in a mapped group": (
        "@task_group\ndef g(v):\n    t.expand(a=[v])\ng.expand(v=[1])",
        "operator expansion in an expanded task group",
    ),
    "a task under map": ("t.expand(a=rows().map(t))", "must be a plain function, not a @task operator"),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_cannot_be_mapped_is_said(dags, text, words):
    dags.write(body(text))
    with pytest.raises((TypeError, ValueError, NotImplementedError), match=words):
        dags.load()


def test_a_row_that_repeats_a_shared_argument_fails_its_copy(dags):
    dags.write(body("t.partial(b=1).expand_kwargs(rows())", "[{'a': 1, 'b': 2}]"))
    dags.run("rows")
    assert dags.run("t", map_index=0)["message"] == "TypeError: mapping already partial argument: b"
