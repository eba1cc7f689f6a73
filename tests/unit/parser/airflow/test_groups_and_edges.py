"""Groups, edges, chains and labels, as files write them."""

import pytest

from .reading import TWO, edges, errors, in_dag, only_dag, read


@pytest.mark.parametrize(
    ("sentence", "lines", "expected"),
    [
        ("to the right", "a >> b", "a>b"),
        ("to the left", "a << b", "b>a"),
        ("in a row", "a >> b >> c", "a>b b>c"),
        ("to a list and on", "a >> [b, c] >> d", "a>b a>c b>d c>d"),
        ("from a list", "[a, b] << c", "c>a c>b"),
        ("by method", "a.set_downstream([b, c]); d.set_upstream(c)", "a>b a>c c>d"),
        ("by chain", "chain(a, [b, c], d)", "a>b a>c b>d c>d"),
        ("by chain of equal lists", "chain([a, b], [c, d])", "a>c b>d"),
        ("by linear chain", "chain_linear(a, [b, c], d)", "a>b a>c b>d c>d"),
        ("crosswise", "cross_downstream([a, b], [c, d])", "a>c a>d b>c b>d"),
        ("twice is once", "a >> b; a >> b", "a>b"),
        ("with a label", 'a >> Label("yes") >> b', "a>b"),
        ("with labels in a list", 'a >> [Label("x"), Label("y")]', ""),
        ("through the DAG", 'dag.set_dependency("a", "b")', "a>b"),
        ("in a loop", "last = a\nfor t in (b, c, d):\n    last >> t\n    last = t", "a>b b>c c>d"),
    ],
)
def test_edges(sentence, lines, expected):
    dag = in_dag(f'a, b, c, d = E("a"), E("b"), E("c"), E("d")\n{lines}')
    assert edges(dag) == expected, sentence


def test_labels_are_kept():
    dag = in_dag('a, b = E("a"), E("b")\na >> Label("yes") >> b')
    assert dag.edge_labels == {"a>b": "yes"}


def test_a_group_is_told_with_its_tasks():
    dag = in_dag("""
        with TaskGroup("outer", tooltip="tip") as outer:
            E("a")
            with TaskGroup("inner", prefix_group_id=False) as inner:
                E("b")
        E("first") >> outer >> E("last")
    """)
    assert [(group.group_id, group.parent, group.tooltip, group.prefix_group_id) for group in dag.groups] == [
        ("outer", None, "tip", True),
        ("outer.inner", "outer", "", False),
    ]
    assert {task.task_id: task.group for task in dag.tasks} == {
        "outer.a": "outer",
        "b": "outer.inner",
        "first": None,
        "last": None,
    }
    assert edges(dag) == "b>last first>b first>outer.a outer.a>last"


def test_groups_follow_each_other():
    dag = in_dag("""
        with TaskGroup("x") as x: E("a") >> E("b")
        with TaskGroup("y") as y: E("a"); E("b")
        x >> y
    """)
    assert edges(dag) == "x.a>x.b x.b>y.a x.b>y.b"
    assert dag.groups[1].upstream_groups == ("x",)


@pytest.mark.parametrize(
    ("sentence", "lines", "ids"),
    [
        ("a decorated function is a group", "g()", ["g.t"]),
        ("calls are numbered", "g(); g()", ["g.t", "g__1.t"]),
        ("override renames it", 'g.override(group_id="h")()', ["h.t"]),
        ("a task made later lands by name", 'grp = g()\nE("x", task_group=grp)', ["g.t", "g.x"]),
    ],
)
def test_decorated_groups(sentence, lines, ids):
    dag = in_dag(f'@task_group\ndef g():\n    "what it does"\n    E("t")\n{lines}')
    assert [task.task_id for task in dag.tasks] == ids, sentence
    assert dag.groups[0].tooltip == "what it does"


def test_what_a_decorated_group_returns_is_what_follows():
    dag = in_dag("""
        @task
        def add(x): ...
        @task_group
        def twice(x): return add(add(x))
        twice(twice(1)) >> E("end")
    """)
    assert (
        edges(dag)
        == "twice.add>twice.add__1 twice.add__1>twice__1.add twice__1.add>twice__1.add__1 twice__1.add__1>end"
    )


def test_a_group_of_airflow_2_without_tasks_passes_nothing_on():
    dag = in_dag('with TaskGroup("g") as g: pass\nE("a") >> g >> E("b")', TWO)
    assert edges(dag) == ""


@pytest.mark.parametrize(
    ("sentence", "lines", "told"),
    [
        ("an id with a dot", 'with TaskGroup("a.b"): E()', "GF205 ValueError"),
        (
            "an id twice",
            'with TaskGroup("a"): E()\nwith TaskGroup("a"): E()',
            "GF202 airflow.exceptions.DuplicateTaskIdFound",
        ),
        ("a task of the group's name", 'with TaskGroup("a"): E()\nE("a")', "GF202"),
        (
            "chains of unequal lists",
            'chain([E("a"), E("b")], [E("c")])',
            "GF004 ValueError: Chain not supported for diff",
        ),
        ("a circle", 'a, b = E("a"), E("b")\na >> b >> a', "GF201 Cycle detected in Dag: d."),
        ("a task below itself", 'a = E("a")\na >> a', "GF201 Cycle detected in Dag: d. Faulty task: a"),
    ],
)
def test_refused(sentence, lines, told):
    body = "\n".join(f"    {line}" for line in lines.split("\n"))
    (error,) = errors(read(f'with DAG("d", schedule=None):\n{body}'))
    assert error.startswith(told), sentence


def test_a_group_needs_a_dag():
    assert errors(read('with TaskGroup("g"): pass')) == ["GF004 RuntimeError: TaskGroup can only be used inside a dag"]


OWN_GROUP = """
class Framed(TaskGroup):
    def __init__(self, name, **kwargs):
        self.name = name
        super().__init__(group_id=f"framed_{name}", **kwargs)
        self.first, self.last = E("first", task_group=self), E("last", task_group=self)
    def wrap(self, *tasks):
        for task in tasks:
            self.first >> task >> self.last
    def __exit__(self, *problem):
        E("closed")
        return super().__exit__(*problem)
class Tailed(DAG):
    def __enter__(self):
        super().__enter__()
        self.head = E("head")
        return self
    def __exit__(self, *problem):
        E("tail").set_upstream([task for task in self.tasks if task.task_id != "tail"])
        return super().__exit__(*problem)
with Tailed("d", schedule=None) as dag:
    with Framed("x", default_args={"retries": 7}) as group:
        middle = E("middle")
    group.wrap(middle)
"""


def test_groups_and_dags_of_the_files_own_classes_run_what_those_define():
    dag = only_dag(OWN_GROUP)
    names = [task.task_id for task in dag.tasks]
    assert names.count("tail") == 1
    assert {task.task_id: task.retries for task in dag.tasks if task.group == "framed_x"} == dict.fromkeys(
        ("framed_x.first", "framed_x.last", "framed_x.middle", "framed_x.closed"), 7
    )
    assert dag.task("framed_x.middle").upstream == ("framed_x.first",)
    assert dag.task("framed_x.last").upstream == ("framed_x.middle",)
    assert "head" in dag.task("tail").upstream


def test_a_group_copies_its_default_arguments():
    found = read("""
        given = {"pool": "a", "env": {"A": "1"}}
        with DAG("d"):
            with TaskGroup("g", default_args=given):
                given["pool"] = "b"
                given["env"]["A"] = "2"
                B()
    """)
    (task,) = found.dags[0].tasks
    assert (task.pool, task.fields["env"]) == ("a", {"A": "1"})
