"""Mapped tasks and groups: over what, with which arguments, from where."""

import pytest

from .reading import THREE, TWO, edges, errors, in_dag, read

FUNCTIONS = """
@task
def numbers(): return [1]
@task
def f(a, b=1): ...
n = numbers()
"""


@pytest.mark.parametrize(
    ("call", "expand"),
    [
        ("f.expand(a=[1, 2])", {"a": [1, 2]}),
        ("f.expand(a={'x': 1})", {"a": {"x": 1}}),
        ("f.expand(a=n)", {"a": {"$xcom": {"task_id": "numbers", "key": "return_value"}}}),
        ("f.partial(b=2).expand(a=n)", {"a": {"$xcom": {"task_id": "numbers", "key": "return_value"}}}),
        (
            "f.expand_kwargs([{'a': 1}, {'a': n}])",
            {"*": [{"a": 1}, {"a": {"$xcom": {"task_id": "numbers", "key": "return_value"}}}]},
        ),
        (
            "f.expand(a=n.map(lambda x: x))",
            {"a": {"$xcom": {"map": {"$xcom": {"task_id": "numbers", "key": "return_value"}}, "functions": 1}}},
        ),
        (
            "f.expand(a=n.zip(n, fillvalue=0))",
            {"a": {"$xcom": {"zip": [{"$xcom": {"task_id": "numbers", "key": "return_value"}}] * 2, "fill": 0}}},
        ),
        (
            "f.expand(a=n.concat(n))",
            {"a": {"$xcom": {"concat": [{"$xcom": {"task_id": "numbers", "key": "return_value"}}] * 2}}},
        ),
    ],
)
def test_a_function_is_expanded_over(call, expand):
    task = in_dag(f"{FUNCTIONS}{call}").task("f")
    assert (task.mapped, task.operator, task.expand) == (True, "_PythonDecoratedOperator", expand)
    assert task.upstream == (("numbers",) if "n" in call.partition("(")[2] and "numbers" in str(expand) else ())


def test_what_is_the_same_for_every_instance():
    dag = in_dag(
        f"""{FUNCTIONS}
f.override(retries=3).partial(b=n).expand(a=[1])
BashOperator.partial(task_id="o", env={{"x": "y"}}, append_env=True).expand(bash_command=["a"])
""",
        arguments='default_args={"pool": "p", "retries": 1}',
    )
    function, operator = dag.task("f"), dag.task("o")
    assert (function.retries, function.pool, function.upstream) == (3, "p", ("numbers",))
    assert function.fields["op_kwargs"] == {"b": {"$xcom": {"task_id": "numbers", "key": "return_value"}}}
    assert (operator.retries, operator.pool, operator.mapped) == (1, "p", True)
    assert operator.fields == {"env": {"x": "y"}}
    assert operator.arguments["append_env"] is True
    assert operator.expand == {"bash_command": ["a"]}


def test_a_mapped_sensor_still_waits():
    dag = in_dag('FileSensor.partial(task_id="s", mode="reschedule").expand(filepath=["/a", "/b"])')
    assert (dag.tasks[0].sensor.mode, dag.tasks[0].sensor.poke_interval) == ("reschedule", 60.0)


def test_an_operator_over_keyword_arguments_from_a_task():
    dag = in_dag(f'{FUNCTIONS}BashOperator.partial(task_id="o").expand_kwargs(n.map(fn))')
    assert (dag.task("o").upstream, list(dag.task("o").expand)) == (("numbers",), ["*"])


def test_the_defaults_of_a_class_of_the_files_own_hold_when_it_is_mapped():
    dag = in_dag("""
        class Mine(BaseOperator):
            def __init__(self, x, retries=6, **kwargs): super().__init__(retries=retries, **kwargs)
        Mine.partial(task_id="t").expand(x=[1])
    """)
    assert (dag.tasks[0].retries, dag.tasks[0].operator) == (6, "Mine")


@pytest.mark.parametrize("dialect", [TWO, THREE])
def test_a_mapped_group(dialect):
    dag = in_dag(
        f"""{FUNCTIONS}
@task_group
def g(x, y=2):
    f(x, b=y) >> E("t")
g.partial(y=3).expand(x=n)
""",
        dialect,
    )
    assert dag.groups[0].expand == {"x": {"$xcom": {"task_id": "numbers", "key": "return_value"}}}
    assert edges(dag) == "g.f>g.t numbers>g.f"
    assert dag.task("g.f").mapped is False
    assert dag.task("g.f").fields["op_args"]["$tuple"][0]["$object"]["class"] == "MappedArgument"


@pytest.mark.parametrize(
    ("sentence", "call", "told"),
    [
        ("over a number", "f.expand(a=3)", "GF203 ValueError: expand() got an unexpected type 'int'"),
        ("over a text", 'f.expand(a="abc")', "GF203 ValueError: expand() got an unexpected type 'str'"),
        ("over nothing", "f.expand()", "GF203 TypeError: no arguments to expand against"),
        ("over what it has not", "f.expand(c=[1])", "GF204 TypeError: expand() got an unexpected keyword argument 'c'"),
        ("over what is given", "f.partial(a=1).expand(a=[1])", "GF"),
        (
            "over the context",
            "f.expand(ds=[1])",
            "GF203 ValueError: cannot call expand() on task context variable 'ds'",
        ),
        (
            "over an XCom of its own key",
            'f.expand(a=n["k"])',
            "GF004 ValueError: cannot map over XCom with custom key 'k'",
        ),
        ("over no list of arguments", "f.expand_kwargs(3)", "GF203 TypeError: expected XComArg or list[dict], not int"),
        ("an operator over a text", 'BashOperator.partial(task_id="x").expand(bash_command="x")', "GF203 ValueError"),
        ("an operator over what it has not", 'BashOperator.partial(task_id="x").expand(nope=["x"])', "GF204 TypeError"),
        (
            "an operator's wrong argument",
            'BashOperator.partial(task_id="x", nop=1)',
            "GF204 TypeError: BashOperator.partial",
        ),
        (
            "an argument twice",
            'BashOperator.partial(task_id="x", bash_command="x").expand(bash_command=["x"])',
            "GF203 TypeError: unmappable or already specified argument: bash_command",
        ),
        (
            "inside a mapped group",
            "@task_group\ndef g(x): f.expand(a=[1])\ng.expand(x=[1])",
            "GF203 NotImplementedError: operator expansion in an expanded task group",
        ),
    ],
)
def test_refused(sentence, call, told):
    body = "\n".join(f"    {line}" for line in f"{FUNCTIONS.strip()}\n{call}".split("\n"))
    found = errors(read(f'with DAG("d", schedule=None):\n{body}'))
    if sentence == "over what is given":  # Airflow finds out when the task runs
        assert found == []
    else:
        assert found[0].startswith(told), sentence


@pytest.mark.parametrize(
    ("fill", "told"),
    [("None", None), ("[1]", [1]), ("b''", {"$object": {"class": "bytes", "module": "builtins", "text": ""}})],
)
def test_what_a_zip_fills_up_with_is_told_whatever_it_is(fill, told):
    found = read(f"""
        with DAG("d"):
            @task
            def f(x=None): ...
            f.expand(x=f.override(task_id="a")().zip(f.override(task_id="b")(), fillvalue={fill}))
    """)
    (mapped,) = (t for t in found.dags[0].tasks if t.mapped)
    assert mapped.expand["x"]["$xcom"]["fill"] == told
