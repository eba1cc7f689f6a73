"""Operators: their arguments, default arguments, classes of the file's own, and what Airflow makes of it all."""

import textwrap

import pytest

from goflow.domain.spec import SensorSpec

from .reading import THREE, TWO, errors, in_dag, only_task, read

STANDARD = "airflow.providers.standard"


@pytest.mark.parametrize(
    ("imported", "dialect", "operator", "path"),
    [
        (
            "airflow.operators.bash_operator import BashOperator as O",
            TWO,
            "BashOperator",
            f"{STANDARD}.operators.bash.BashOperator",
        ),
        (
            "airflow.operators.bash import BashOperator as O",
            TWO,
            "BashOperator",
            f"{STANDARD}.operators.bash.BashOperator",
        ),
        (
            "airflow.operators.bash import BashOperator as O",
            THREE,
            "BashOperator",
            f"{STANDARD}.operators.bash.BashOperator",
        ),
        (
            "airflow.operators.dummy_operator import DummyOperator as O",
            TWO,
            "EmptyOperator",
            f"{STANDARD}.operators.empty.EmptyOperator",
        ),
        (
            "airflow.operators.dummy import DummyOperator as O",
            TWO,
            "EmptyOperator",
            f"{STANDARD}.operators.empty.EmptyOperator",
        ),
        (
            "airflow.providers.common.compat.standard.operators import EmptyOperator as O",
            THREE,
            "EmptyOperator",
            f"{STANDARD}.operators.empty.EmptyOperator",
        ),
        (
            "airflow.contrib.operators.kubernetes_pod_operator import KubernetesPodOperator as O",
            TWO,
            "KubernetesPodOperator",
            "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator",
        ),
        (
            "airflow.providers.http.operators.http import HttpOperator as O",
            THREE,
            "HttpOperator",
            "airflow.providers.http.operators.http.HttpOperator",
        ),
        (
            "airflow.providers.acme.operators.rocket import RocketOperator as O",
            THREE,
            "RocketOperator",
            "airflow.providers.acme.operators.rocket.RocketOperator",
        ),
    ],
)
def test_an_operator_is_known_by_every_path_it_ever_had(imported, dialect, operator, path):
    task = only_task(
        f'from {imported}\nO(task_id="t", bash_command="x")'
        if "bash" in imported
        else f'from {imported}\nO(task_id="t")',
        dialect,
    )
    assert (task.operator, task.operator_path) == (operator, path)


def test_the_defaults_of_airflow():
    task = only_task("E()")
    assert (task.retries, task.retry_delay, task.pool, task.queue, task.owner) == (
        0,
        300.0,
        "default_pool",
        "default",
        "airflow",
    )
    assert (task.trigger_rule, task.weight_rule, task.priority_weight, task.pool_slots) == (
        "all_success",
        "downstream",
        1,
        1,
    )
    assert (task.execution_timeout, task.max_retry_delay, task.depends_on_past, task.sensor) == (
        None,
        None,
        False,
        None,
    )


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        ("retries=3", "retries", 3),
        ('retries="3"', "retries", 3),
        ("retries=None", "retries", 0),
        ("retry_delay=timedelta(minutes=1)", "retry_delay", 60.0),
        ("retry_delay=5", "retry_delay", 5.0),
        ("max_retry_delay=9", "max_retry_delay", 9.0),
        ("retry_exponential_backoff=True", "retry_exponential_backoff", 2.0),
        ("retry_exponential_backoff=3.5", "retry_exponential_backoff", 3.5),
        ("execution_timeout=timedelta(hours=1)", "execution_timeout", 3600.0),
        ('pool="p"', "pool", "p"),
        ("pool=None", "pool", "default_pool"),
        ("wait_for_downstream=True", "depends_on_past", True),
        ('trigger_rule="all_done"', "trigger_rule", "all_done"),
        ("trigger_rule=TriggerRule.ONE_FAILED", "trigger_rule", "one_failed"),
        ("trigger_rule=TriggerRule.ONE_FAILED.value", "trigger_rule", "one_failed"),
        ("weight_rule=WeightRule.ABSOLUTE", "weight_rule", "absolute"),
        ('outlets=Asset("s3://a/b")', "outlets", ({"$asset": {"uri": "s3://a/b", "name": "s3://a/b"}},)),
        ('outlets=[AssetAlias("x")]', "outlets", ({"$asset_alias": "x"},)),
        ("executor_config={'a': 1}", "executor_config", {"a": 1}),
        ("on_failure_callback=fn", "callbacks", {"on_failure_callback": [{"$callable": "file:fn"}]}),
        ('doc_md="d"', "doc", "d"),
        ('task_display_name="D"', "display_name", "D"),
        ("max_active_tis_per_dag=2", "max_active_tis_per_dag", 2),
        ('params={"x": 1}', "params", {"x": 1}),
        ("do_xcom_push=False", "do_xcom_push", False),
        ("start_date=datetime(2025, 1, 1)", "given", ("start_date", "task_id")),
    ],
)
def test_an_argument_of_every_operator(arguments, field, value):
    assert getattr(only_task(f"E({arguments})"), field) == value


@pytest.mark.parametrize(
    ("rule", "means"),
    [("dummy", "always"), ("none_failed_or_skipped", "none_failed_min_one_success"), ("always", "always")],
)
def test_old_trigger_rules_of_airflow_2(rule, means):
    assert only_task(f'E(trigger_rule="{rule}")', TWO).trigger_rule == means


@pytest.mark.parametrize(
    ("sentence", "lines", "retries"),
    [
        ("the DAG's default arguments hold", "E()", 1),
        ("a group's go before them", 'with TaskGroup("g", default_args={"retries": 2}): E()', 2),
        (
            "an inner group's before the outer's",
            'with TaskGroup("g", default_args={"retries": 2}):\n    with TaskGroup("h", default_args={"retries": 3}): E()',
            3,
        ),
        (
            "an inner group inherits the outer's",
            'with TaskGroup("g", default_args={"retries": 2}):\n    with TaskGroup("h"): E()',
            2,
        ),
        ("the call's own default_args before those", 'E(default_args={"retries": 4})', 4),
        ("and the argument itself before all", 'E(retries=5, default_args={"retries": 4})', 5),
    ],
)
def test_default_arguments(sentence, lines, retries):
    assert only_task(lines, arguments='default_args={"retries": 1, "not_an_argument": 9}').retries == retries, sentence


def test_default_arguments_are_copied_when_the_dag_is_made():
    text = """
        common = {"retries": 1}
        with DAG("d", schedule=None, default_args=common) as dag:
            common["retries"] = 7
            E()
    """
    assert read(text).dags[0].tasks[0].retries == 1


def test_fields_are_what_the_constructor_leaves():
    task = only_task('PythonOperator(task_id="t", python_callable=fn)')
    assert task.fields == {"templates_dict": None, "op_args": {"$tuple": []}, "op_kwargs": {}}
    task = only_task('PythonOperator(task_id="t", python_callable=fn, op_args=[1, "{{ ds }}"], op_kwargs={"a": (1,)})')
    assert task.fields["op_args"] == [1, "{{ ds }}"]
    assert task.fields["op_kwargs"] == {"a": {"$tuple": [1]}}
    assert (task.callable, task.given) == ("file:fn", ("op_args", "op_kwargs", "python_callable", "task_id"))


def test_arguments_keep_what_has_no_field_of_its_own():
    task = only_task(
        "B(append_env=True, skip_on_exit_code=[1], retries=2)", arguments='default_args={"output_encoding": "x"}'
    )
    assert task.arguments == {"append_env": True, "skip_on_exit_code": [1], "output_encoding": "x"}
    assert task.fields == {"bash_command": "echo", "env": None, "cwd": None}


CLASSES = textwrap.dedent("""
    class Mine(BaseOperator):
        template_fields = ("sql", "options")
        ui_color = "#abc"

        def __init__(self, sql, *, options=None, size=3, **kwargs):
            super().__init__(**kwargs)
            self.sql = sql
            self.options = options or {}
            self.size = size * 2
            self.name = f"{self.task_id}-{self.size}"

    class More(Mine):
        template_fields = (*Mine.template_fields, "extra", "fixed")
        fixed = "class level"

        def __init__(self, extra, **kwargs):
            kwargs.setdefault("retries", 8)
            super().__init__(**kwargs)
            self.extra = extra

        @property
        def options(self): return {"from": "a property"}

        @options.setter
        def options(self, value): pass
""")


def test_a_class_of_the_files_own():
    task = only_task(f'{CLASSES}\nMine(task_id="t", sql="s {{{{ ds }}}}", size=4)')
    assert (task.operator, task.operator_path) == ("Mine", "file.Mine")
    assert task.bases == ("airflow.sdk.bases.operator.BaseOperator",)
    assert task.fields == {"sql": "s {{ ds }}", "options": {}}
    assert task.arguments["size"] == 4
    assert task.given == ("size", "sql", "task_id")


def test_default_arguments_reach_the_parameters_of_every_level():
    task = only_task(
        f'{CLASSES}\nMore(task_id="t", extra=1)', arguments='default_args={"sql": "d", "size": 5, "retries": 1}'
    )
    assert task.fields == {"sql": "d", "options": {"from": "a property"}, "extra": 1, "fixed": "class level"}
    assert (task.retries, task.arguments["size"]) == (8, 5)
    assert task.bases == ("file.Mine", "airflow.sdk.bases.operator.BaseOperator")


def test_assignments_after_the_call():
    task = only_task("""
        t = B()
        t.retries = "4"
        t.retry_delay = 7
        t.trigger_rule = "none_failed"
        t.bash_command = t.bash_command + " {{ ds }}"
        t.doc_md = "late"
    """)
    assert (task.retries, task.retry_delay, task.trigger_rule, task.doc) == (4, 7.0, "none_failed", "late")
    assert task.fields["bash_command"] == "echo {{ ds }}"


def test_an_xcom_in_a_template_field_is_an_edge_whenever_it_gets_there():
    dag = in_dag("""
        a, b = E("a"), E("b")
        B("in_call", env={"deep": [a.output]})
        later = B("later")
        later.env = {"x": b.output["k"]}
    """)
    assert {task.task_id: task.upstream for task in dag.tasks if task.upstream} == {"in_call": ("a",), "later": ("b",)}
    assert dag.task("later").fields["env"] == {"x": {"$xcom": {"task_id": "b", "key": "k"}}}


def test_an_xcom_in_a_text_is_the_template_that_pulls_it():
    dag = in_dag('a = E("a")\nBashOperator(task_id="b", bash_command=f"echo {a.output}")')
    pulled = "echo {{ task_instance.xcom_pull(task_ids='a', dag_id='d', key='return_value') }}"
    assert (dag.task("b").fields["bash_command"], dag.task("b").upstream) == (pulled, ())


def test_a_sensor_knows_how_to_wait():
    task = only_task(
        'FileSensor(task_id="s", filepath="/x", poke_interval=timedelta(seconds=7), timeout=60, soft_fail=True)'
    )
    assert task.sensor == SensorSpec(poke_interval=7.0, timeout=60.0, soft_fail=True)
    assert only_task('FileSensor(task_id="s", filepath="/x", mode="reschedule")').sensor == SensorSpec(
        mode="reschedule"
    )


def test_a_template_file_is_read():
    files = {"run.sh": "echo {{ ds }}\n", "sql/q.sql": "select 1"}
    assert (
        only_task('BashOperator(task_id="t", bash_command="run.sh")', files=files).fields["bash_command"]
        == "echo {{ ds }}\n"
    )
    assert (
        only_task('BashOperator(task_id="t", bash_command="gone.sh")', files=files).fields["bash_command"] == "gone.sh"
    )
    assert (
        only_task('BashOperator(task_id="t", bash_command="run.sh ")', files=files).fields["bash_command"] == "run.sh "
    )


@pytest.mark.parametrize(
    ("sentence", "lines", "dialect", "told"),
    [
        ("an id twice", "E(); E()", THREE, "GF202 airflow.exceptions.DuplicateTaskIdFound: Task id 'e'"),
        ("an id with a blank", 'E("a b")', THREE, "GF205 ValueError: The key 'a b'"),
        ("an id that is a number", "E(3)", THREE, "GF205 TypeError: The key has to be a string"),
        ("no id", "EmptyOperator()", THREE, "GF203 TypeError"),
        ("positional arguments", 'EmptyOperator("a")', THREE, "GF203 TypeError: Use keyword arguments"),
        (
            "a missing argument",
            'BashOperator(task_id="a")',
            THREE,
            "GF203 TypeError: missing keyword argument 'bash_command'",
        ),
        (
            "an argument that nobody takes",
            "B(retires=3)",
            THREE,
            "GF204 TypeError: Invalid arguments were passed to BashOperator",
        ),
        ("the same under 2", "B(retires=3)", TWO, "GF204 airflow.exceptions.AirflowException: Invalid arguments"),
        (
            "a trigger rule there is not",
            'E(trigger_rule="often")',
            THREE,
            "GF203 ValueError: The trigger_rule must be one of",
        ),
        ("retries that are no number", 'E(retries="x")', THREE, "GF203 TypeError: 'retries' type must be int, not str"),
        ("a timeout that is a number", "E(execution_timeout=30)", THREE, "GF203 ValueError: execution_timeout must be"),
        ("no pool slots", "E(pool_slots=0)", THREE, "GF203 ValueError: pool slots for e"),
        ("a queue that is a number", "E(queue=3)", THREE, "GF203 TypeError: 'queue' has an invalid type"),
        (
            "a callable that is none",
            'PythonOperator(task_id="a", python_callable="x")',
            THREE,
            "GF203 airflow.exceptions",
        ),
        (
            "two DAGs",
            'x = E()\nwith DAG("b", schedule=None):\n    y = E()\nx >> y',
            THREE,
            "GF004 RuntimeError: Tried to set",
        ),
        (
            "an edge to a number",
            "E() >> 3",
            THREE,
            "GF004 AttributeError: 'int' object has no attribute 'update_relative'",
        ),
        (
            "a weight strategy there is not",
            'E(weight_rule="nope")',
            TWO,
            "GF203 airflow.exceptions.AirflowException: Unknown",
        ),
        ("fail fast with another rule", 'dag.fail_fast = True\nE(trigger_rule="all_done")', THREE, "GF203"),
    ],
)
def test_refused(sentence, lines, dialect, told):
    body = "\n".join(f"    {line}" for line in lines.split("\n"))
    result = read(f'with DAG("d", schedule=None, start_date=START) as dag:\n{body}', dialect)
    (error,) = errors(result)
    assert error.startswith(told), sentence


def test_an_unknown_argument_of_a_providers_operator_is_a_warning():
    text = 'from airflow.providers.http.operators.http import HttpOperator\nHttpOperator(task_id="t", newest=1)'
    result = read(f'with DAG("d", schedule=None):\n    {text.replace(chr(10), chr(10) + "    ")}')
    (problem,) = result.diagnostics
    assert (problem.code, problem.severity) == ("GF204", "warning")
    assert result.dags[0].tasks[0].arguments["newest"] == 1


@pytest.mark.parametrize("name", ["owner", "cls", "instance", "args", "init", "task", "init_owner"])
def test_an_argument_may_have_any_name(name):
    task = only_task(
        f"""
        class Own(BaseOperator):
            template_fields = ("kept",)
            def __init__(self, **kwargs):
                kept = kwargs.pop("{name}") if "{name}" != "owner" else kwargs["owner"]
                super().__init__(**kwargs)
                self.kept = kept
        class Further(Own):
            def __init__(self, *, {name}="nobody", **kwargs):
                super().__init__({name}={name}, **kwargs)
        Further(task_id="t", {name}="somebody")
        """
    )
    assert task.fields["kept"] == "somebody"
