"""What cannot be known before run time: holes where a task alone needs it, an error where the scheduler plans with it."""

import pytest

from .reading import errors, in_dag, only_task, read

UNKNOWN = "import requests\nx = requests.get('http://x').json()\n"


@pytest.mark.parametrize(
    ("sentence", "task", "field"),
    [
        ("a template field", 'BashOperator(task_id="t", bash_command=x)', "bash_command"),
        ("a part of one", 'BashOperator(task_id="t", bash_command=f"echo {x}")', "bash_command"),
    ],
)
def test_a_hole_for_the_task(sentence, task, field):
    found = only_task(UNKNOWN + task)
    hole = found.fields[field]["$hole"]
    assert (hole["reason"], hole["when"]) == ("depends on requests.get, which is not read", "task"), sentence
    assert hole["line"] > 0
    assert len(list(found.holes())) == 1


def test_a_container_keeps_what_is_known_of_it():
    fields = only_task(UNKNOWN + 'B(env={"known": "1", "unknown": x})').fields
    assert fields["env"]["known"] == "1"
    assert "$hole" in fields["env"]["unknown"]


def test_what_a_pod_is_made_of_is_a_hole_for_the_launch():
    head = "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator\n"
    task = only_task(f'{head}{UNKNOWN}KubernetesPodOperator(task_id="t", image=x, name="n")')
    assert task.fields["image"]["$hole"]["when"] == "launch"
    assert task.fields["name"] == "n"
    assert only_task(f'{UNKNOWN}E("t", executor_config={{"a": x}})').executor_config["a"]["$hole"]["when"] == "launch"


@pytest.mark.parametrize(
    ("sentence", "lines", "told"),
    [
        ("an id", "E(x)", "a task's id depends on"),
        ("retries", "E(retries=x)", "retries of task 'e' depends on"),
        ("a pool", "E(pool=x)", "pool of task 'e' depends on"),
        ("a trigger rule", "E(trigger_rule=x)", "trigger_rule of task 'e' depends on"),
        ("a timeout", "E(execution_timeout=x)", "execution_timeout of task 'e' depends on"),
        ("how a sensor waits", 'FileSensor(task_id="s", filepath="/x", mode=x)', "mode of task 's' depends on"),
        ("an edge", "E() >> x", "an edge depends on"),
        ("an edge from the left", "x >> E()", "an edge depends on"),
        ("an edge in a list", "E() >> [x]", "an edge depends on"),
        ("a chain", "chain(E(), x)", "an edge depends on"),
        ("whether there is a task", 'E("a")\nif x: E("b")', "whether there is such a task depends on"),
        ("whether there is an edge", 'a, b = E("a"), E("b")\nif x: a >> b', "an edge depends on"),
        ("how many tasks", "for i in x: E(str(i))", "whether there is such a task, a task's id depend on"),
        ("a group's id", "with TaskGroup(x): E()", "the id of a task group depends on"),
        ("over what is mapped", "@task\ndef f(a): ...\nf.expand(a=x)", "what a task is expanded over depends on"),
        ("default arguments as a whole", "E(default_args=x)", "depend on"),
        (
            "an operator that nobody reads",
            "import acme\nacme.RocketOperator(task_id='a')",
            "what RocketOperator(...) does",
        ),
        ("a helper that gets the DAG", "import acme\nacme.build(dag)", "what build(...) does to the DAG"),
        ("a helper that gets a task", "import acme\nacme.wire(E())", "what wire(...) does to the DAG"),
        (
            "a changed attribute",
            'a = E("a")\nif x: a.retries = 3',
            "the attribute retries of task a, retries of task 'a' depend on",
        ),
    ],
)
def test_what_the_scheduler_plans_with_has_to_be_known(sentence, lines, told):
    body = "\n".join(f"    {line}" for line in lines.split("\n"))
    result = read(f'{UNKNOWN}with DAG("d", schedule=None) as dag:\n{body}\nwith DAG("other", schedule=None): E()')
    assert [dag.dag_id for dag in result.dags] == ["other"], sentence
    problems = [problem for problem in result.diagnostics if problem.code == "GF101"]
    assert problems, sentence
    assert all(problem.dag_id == "d" and problem.span.line > 0 for problem in problems)
    assert any(told in problem.message for problem in problems), [problem.message for problem in problems]


@pytest.mark.parametrize(
    "argument", ["schedule=x", "catchup=x", "max_active_runs=x", "start_date=x", "dagrun_timeout=x"]
)
def test_so_has_what_a_dag_says(argument):
    result = read(f'{UNKNOWN}with DAG("d", **{{"schedule": None, "{argument.partition("=")[0]}": x}}): E()')
    assert (result.dags, errors(result)[0][:5]) == ((), "GF101")


@pytest.mark.parametrize(
    ("sentence", "lines"),
    [
        ("a call of anything at all", "import acme\nfound = acme.configured()"),
        ("a client", "import boto3\ns3 = boto3.client('s3')"),
        ("a description", "dag.description = x"),
        ("an owner", "E('o', owner=x)"),
    ],
)
def test_what_nobody_plans_with_may_be_unknown(sentence, lines):
    dag = in_dag(UNKNOWN + lines + "\nE()")
    assert dag.task("e").task_id == "e", sentence


def test_a_session_of_the_database_is_unknown_where_none_is_given():
    dag = in_dag(
        """
        from airflow.utils.session import provide_session
        @task_group
        @provide_session
        def group(names, session=None):
            B(f"a_{len(names)}", env={"found": session.query("x")})
        group(["n"])
        """
    )
    field = dag.task("group.a_1").fields["env"]
    assert "a session of Airflow's database" in str(field)


@pytest.mark.parametrize(
    ("sentence", "value"),
    [
        ("of a DAG", "dag.edge_info"),
        ("of a task", "E('o').start_trigger_args"),
        ("of a task that is mapped", "BashOperator.partial(task_id='m').expand(bash_command=['a']).expand_input"),
        ("of a group", "TaskGroup('g').upstream_join_id"),
        ("of a result", "task(fn)().iter_references()"),
    ],
)
def test_what_airflow_has_and_no_model_knows_is_unknown(sentence, value):
    dag = in_dag(f'B(env={{"found": {value}}})')
    assert "which is not read" in str(dag.task("b").fields["env"]), sentence


def test_what_airflow_has_not_either_is_an_attribute_error():
    assert "no attribute 'nothing'" in errors(read('with DAG("d", schedule=None) as dag: dag.nothing'))[0]


def test_operators_log_while_they_are_made():
    task = only_task(
        """
        class Mine(BaseOperator):
            def __init__(self, **kwargs):
                super().__init__(**kwargs)
                self.log.info("made %s", self.task_id)
        Mine(task_id="m")
        """
    )
    assert task.operator == "Mine"


def test_a_dag_that_an_unread_library_makes_is_told():
    result = read('from cosmos import DbtDag\nDbtDag(dag_id="models")\nwith DAG("mine", schedule=None): E()')
    (problem,) = [problem for problem in result.diagnostics if problem.code == "GF103"]
    assert (problem.dag_id, problem.severity) == ("models", "error")
    assert [dag.dag_id for dag in result.dags] == ["mine"]


def test_an_id_that_is_not_known_is_told_on_that_dag_alone():
    result = read(f'{UNKNOWN}with DAG(x, schedule=None): E()\nwith DAG("mine", schedule=None): E()')
    assert [dag.dag_id for dag in result.dags] == ["mine"]
    assert all(problem.dag_id is not None for problem in result.diagnostics if problem.severity == "error")


def test_default_arguments_that_are_not_known_may_go_into_any_field_of_a_provider():
    operator = "from airflow.providers.apache.beam.operators.beam import BeamRunGoPipelineOperator"
    result = read(
        f'{operator}\n{UNKNOWN}with DAG("d", schedule=None, default_args=x): BeamRunGoPipelineOperator(task_id="a")'
    )
    assert {found.code for found in result.diagnostics if found.severity.value == "error"} == {"GF101"}


def test_a_group_of_databricks_hands_on_what_is_not_known():
    head = "from airflow.providers.databricks.operators.databricks_workflow import DatabricksWorkflowTaskGroup as W\n"
    dag = in_dag(f'{head}{UNKNOWN}with W(group_id="g", databricks_conn_id="c", job_clusters=x):\n    E()')
    (launch,) = (task for task in dag.tasks if task.task_id == "g.launch")
    assert "$hole" in launch.fields["job_clusters"]
