"""TaskFlow: decorated functions, their ids, outputs, edges, setups and teardowns."""

import pytest

from .reading import THREE, TWO, edges, errors, in_dag, only_task, read

DECORATORS = "airflow.providers.standard.decorators"


@pytest.mark.parametrize(
    ("decorator", "operator"),
    [
        ("task", "_PythonDecoratedOperator"),
        ("task()", "_PythonDecoratedOperator"),
        ("task.python", "_PythonDecoratedOperator"),
        ("task.bash", "_BashDecoratedOperator"),
        ("task.branch", "_BranchPythonDecoratedOperator"),
        ("task.short_circuit", "_ShortCircuitDecoratedOperator"),
        ("task.sensor", "DecoratedSensorOperator"),
        ("task.virtualenv", "_PythonVirtualenvDecoratedOperator"),
        ('task.virtualenv(requirements=["a"])', "_PythonVirtualenvDecoratedOperator"),
        ('task.external_python(python="/usr/bin/python3")', "_PythonExternalDecoratedOperator"),
        ('task.docker(image="i")', "_DockerDecoratedOperator"),
        ('task.kubernetes(image="i")', "_KubernetesDecoratedOperator"),
        ("task.nobody_knows", "_NobodyKnowsDecoratedOperator"),
    ],
)
def test_the_operator_behind_a_decorator(decorator, operator):
    task = only_task(f"@{decorator}\ndef f(): ...\nf()")
    assert (task.task_id, task.operator, task.given) == ("f", operator, ())


def test_arguments_go_to_the_function_and_to_the_operator():
    task = only_task("@task(retries=2, queue='q')\ndef f(a, b=1):\n    'the doc'\nf(1, b='{{ ds }}')")
    assert task.fields == {"templates_dict": None, "op_args": {"$tuple": [1]}, "op_kwargs": {"b": "{{ ds }}"}}
    assert (task.retries, task.queue, task.callable, task.doc) == (2, "q", "file:f", "the doc")


@pytest.mark.parametrize(
    ("sentence", "calls", "ids"),
    [
        ("calls are numbered", "f(); f(); f()", ["f", "f__1", "f__2"]),
        ("override names one", 'f.override(task_id="g")(); f()', ["g", "f"]),
        ("groups number by themselves", 'f()\nwith TaskGroup("g"):\n    f(); f()', ["f", "g.f", "g.f__1"]),
        ("mapped ones are numbered too", "h.expand(x=[1]); h.expand(x=[2])", ["h", "h__1"]),
        ("the same function decorated twice shares its name", "task(f.function)(); f()", ["f", "f__1"]),
    ],
)
def test_ids(sentence, calls, ids):
    dag = in_dag(f"@task\ndef f(): ...\n@task\ndef h(x): ...\n{calls}")
    assert [task.task_id for task in dag.tasks] == ids, sentence


@pytest.mark.parametrize(
    ("annotation", "many"),
    [
        ("dict", True),
        ("dict[str, int]", True),
        ("'dict[str, int]'", True),
        ("typing.Dict[str, int]", True),
        ("typing.Mapping", True),
        ("collections.abc.Mapping[str, int]", True),
        ("int", False),
        ("list[dict]", False),
        ("dict | None", False),
        ("typing.Optional[dict]", False),
        ("NotThere", False),
        ("dict[NotThere, int]", False),
        ("'dict[NotThere, int]'", False),
    ],
)
def test_multiple_outputs_by_annotation(annotation, many):
    later = "from __future__ import annotations\n" if "NotThere" in annotation else ""
    lines = f"import collections.abc, typing\nfrom airflow.sdk import DAG, task\n@task\ndef f() -> {annotation}: ..."
    result = read(f'{later}{lines}\nwith DAG("d", schedule=None): f()', prelude=False)
    assert result.dags[0].tasks[0].multiple_outputs is many


def test_multiple_outputs_by_argument_holds_over_the_annotation():
    assert only_task("@task(multiple_outputs=False)\ndef f() -> dict: ...\nf()").multiple_outputs is False
    assert only_task("@task(multiple_outputs=True)\ndef f(): ...\nf()").multiple_outputs is True


def test_edges_come_from_arguments_however_deep():
    dag = in_dag("""
        @task
        def f(*args, **kwargs): ...
        a = f.override(task_id="a")()
        b = f.override(task_id="b")(a)
        c = f.override(task_id="c")({"x": [b["key"], {"y": a}]})
        f.override(task_id="d")(k=(c,))
        B("e") << c
    """)
    assert edges(dag) == "a>b a>c b>c c>d c>e"
    assert dag.task("c").fields["op_args"]["$tuple"][0]["x"][0] == {"$xcom": {"task_id": "b", "key": "key"}}


def test_default_arguments_reach_the_functions_parameters():
    task = only_task("@task\ndef f(region, n=1): ...\nf()", arguments='default_args={"region": "eu", "n": 2}')
    assert task.fields["op_kwargs"] == {"region": "eu", "n": 2}


def test_conditions_are_kept_with_the_task():
    assert only_task("@task.run_if(fn)\n@task\ndef f(): ...\nf()").arguments["pre_execute"] == {"$callable": "file:fn"}


def test_dag_task_puts_the_task_into_that_dag():
    result = read('d = DAG("d", schedule=None)\n@d.task\ndef f(): ...\nf()')
    assert [task.task_id for task in result.dags[0].tasks] == ["f"]


@pytest.mark.parametrize("dialect", [TWO, THREE])
def test_setups_and_teardowns(dialect):
    dag = in_dag(
        """
        @setup
        def make(): ...
        @teardown(on_failure_fail_dagrun=True)
        def clean(x): ...
        @task
        def work(): ...
        made = make()
        with clean(made):
            work()
        old = E("old").as_setup()
        new = E("new").as_teardown(setups=old)
        with old:
            E("inside")
        """,
        dialect,
    )
    assert edges(dag) == "inside>new make>clean make>work old>inside old>new work>clean"
    clean, new = dag.task("clean"), dag.task("new")
    assert (clean.teardown, clean.on_failure_fail_dagrun, clean.trigger_rule) == (True, True, "all_done_setup_success")
    assert (new.teardown, new.on_failure_fail_dagrun, dag.task("old").setup) == (True, False, True)


@pytest.mark.parametrize(
    ("sentence", "lines", "told"),
    [
        ("an argument missing", "f()", "GF203 TypeError: missing a required argument: 'a'"),
        ("one too many", "f(1, 2, 3)", "GF203 TypeError: too many positional arguments"),
        ("one that it has not", "f(1, c=2)", "GF204 TypeError: got an unexpected keyword argument 'c'"),
        ("iterating over a result", "for x in f(1): E()", "GF004 TypeError: 'XComArg' object is not iterable"),
        ("a result by number", "f(1)[0]", "GF004 ValueError: XComArg only supports str lookup, received int"),
        ("a context key with a default", "@task\ndef g(ds=3): ...\ng()", "GF203 ValueError: Context key parameter ds"),
        ("a method", "class K:\n    @task\n    def g(self): ...", "GF203 TypeError: @task does not support methods"),
        (
            "a wrong type",
            "f.override(retries='3')(1)\n@task(queue=3)\ndef g(): ...",
            "GF203 TypeError: Expected 'queue'",
        ),
        (
            "a teardown's rule",
            '@teardown\n@task(trigger_rule="all_done")\ndef g(): ...\ng()',
            "GF203 ValueError: Trigger rule",
        ),
        ("no function", '@task("x")\ndef g(): ...', "GF203 TypeError: No positional arguments allowed"),
    ],
)
def test_refused(sentence, lines, told):
    body = "\n".join(f"    {line}" for line in f"@task\ndef f(a, b=1): ...\n{lines}".split("\n"))
    (error,) = errors(read(f'with DAG("d", schedule=None):\n{body}'))
    assert error.startswith(told), sentence


def test_the_context_needs_not_be_given():
    assert only_task("@task\ndef f(a, ds=None, ti=None, *, params, **context): ...\nf(1)").task_id == "f"


def test_a_known_decorators_name_with_arguments_of_another_provider_is_that_providers():
    found = read("""
        with DAG("d"):
            @task.llm(model="m", retries=2)
            def f(): ...
            f()
    """)
    assert [(t.operator_path, t.retries) for t in found.dags[0].tasks] == [
        ("airflow.decorators.llm._LlmDecoratedOperator", 2)
    ]
    assert [d.code for d in found.diagnostics] == ["GF006"]


def test_a_slip_in_an_argument_of_a_known_decorator_is_told_as_one():
    found = read("""
        with DAG("d"):
            @task.llm(llm_conn_idd="m")
            def f(): ...
            f()
    """)
    assert {d.code for d in found.diagnostics} == {"GF203", "GF204"}
