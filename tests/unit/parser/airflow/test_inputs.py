"""Variables, connections and settings: answered from the inputs, and told as used."""

import pytest

from .reading import THREE, TWO, errors, in_dag, only_task, read


def value_of(expression, dialect=TWO, **inputs):
    imports = "from airflow.hooks.base import BaseHook\nfrom airflow.configuration import conf\n"
    task = only_task(
        f'{imports}PythonOperator(task_id="t", python_callable=fn, op_args=[{expression}])', dialect, **inputs
    )
    return task.fields["op_args"][0]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('Variable.get("plain")', "text"),
        ('Variable.get("json", deserialize_json=True)["a"]', [1, 2]),
        ('Variable.get("gone", default_var="fallback")', "fallback"),
        ('Variable.get("gone", None)', None),
        ('Variable.get("gone", default_var={"a": 1}, deserialize_json=True)', {"a": 1}),
        ('BaseHook.get_connection("db").host', "host"),
        ('BaseHook.get_connection("db").port', 5432),
        ('BaseHook.get_connection("db").schema', "base"),
        ('BaseHook.get_connection("db").login', "user"),
        ('BaseHook.get_connection("db").extra_dejson["ssl"]', "on"),
        ('conf.get("core", "dags_folder")', "/dags"),
        ('conf.getint("core", "max_active_runs_per_dag")', 16),
        ('conf.get("mine", "thing")', "from the environment"),
        ('conf.get("mine", "other", fallback="f")', "f"),
        ('conf.getboolean("core", "load_examples", fallback=False)', True),
        ('conf.as_dict()["mine"]["thing"]', "from the environment"),
        ('"yours" in conf.as_dict()', False),
        ('conf.as_dict()["core"]["max_active_runs_per_dag"]', "16"),
    ],
)
def test_answers(expression, value):
    found = value_of(
        expression,
        variables={"plain": "text", "json": '{"a": [1, 2]}'},
        connections={"db": "postgres://user:secret@host:5432/base?ssl=on"},
        environment={"AIRFLOW__MINE__THING": "from the environment"},
    )
    assert found == value


@pytest.mark.parametrize(
    "expression",
    [
        'BaseHook.get_connection("db").password',
        'BaseHook.get_connection("db").get_uri()',
        'f"x{BaseHook.get_connection("db").password}"',
    ],
)
def test_a_password_is_a_hole_and_nowhere_in_the_spec(expression):
    dag = in_dag(
        f'from airflow.hooks.base import BaseHook\nB(env={{"P": {expression}}})',
        connections={"db": "postgres://user:secret@host/base"},
    )
    assert dag.tasks[0].fields["env"]["P"]["$hole"]["reason"] == "depends on the password of connection db"
    assert "secret" not in str(dag.to_json())


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ('Variable.get("gone")', "GF008 KeyError: 'Variable gone does not exist'"),
        (
            'from airflow.hooks.base import BaseHook\nBaseHook.get_connection("gone")',
            "GF008 airflow.exceptions.AirflowNotFoundException: The conn_id `gone` isn't defined",
        ),
        ('Variable.get("text", deserialize_json=True)', "GF008 ValueError: Variable text is no JSON"),
    ],
)
def test_what_is_missing_fails_as_under_airflow(lines, told):
    (error,) = errors(read(lines, TWO, variables={"text": "text"}))
    assert error.startswith(told)


def test_what_was_asked_for_is_recorded_with_its_answer():
    used = read(
        """
        from airflow.hooks.base import BaseHook
        Variable.get("here"); Variable.get("gone", default_var=1)
        BaseHook.get_connection("db")
        """,
        TWO,
        variables={"here": "x", "never": "y"},
        connections={"db": "http://h"},
    ).inputs
    assert (dict(used.variables), used.connections) == ({"here": "x", "gone": None}, ("db",))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('Variable.get("Region")', "eu"),
        ('Variable.get("sizes", deserialize_json=True)[1]', 2),
        ('BaseHook.get_connection("shop").host', "shop.example"),
        ('BaseHook.get_connection("mail").port', 25),
    ],
)
def test_the_environment_in_airflows_form_stands_over_what_is_stored(expression, value):
    environment = {
        "AIRFLOW_VAR_REGION": "eu",
        "AIRFLOW_VAR_SIZES": "[1, 2]",
        "AIRFLOW_CONN_SHOP": "http://user:secret@shop.example",
        "AIRFLOW_CONN_MAIL": '{"conn_type": "smtp", "port": 25}',
    }
    stored = {"variables": {"Region": "us"}, "connections": {"shop": "http://other"}}
    assert value_of(expression, environment=environment, **stored) == value


@pytest.mark.parametrize(
    "expression",
    [
        'Variable.get("here")',
        'Variable.get("here", default_var="other")',
        'Variable.get("nowhere")',
        'BaseHook.get_connection("shop").host',
    ],
)
def test_what_a_secrets_backend_may_have_is_known_when_the_task_runs(expression):
    given = {
        "environment": {"AIRFLOW__SECRETS__BACKEND": "vault.Backend", "AIRFLOW_VAR_HERE": "x"},
        "connections": {"shop": "http://here"},
    }
    assert "AIRFLOW__SECRETS__BACKEND" in value_of(expression, **given)["$hole"]["reason"]


def test_a_backend_for_workers_is_asked_by_airflow_3_alone():
    given = {"environment": {"AIRFLOW__WORKERS__SECRETS_BACKEND": "vault.Backend", "AIRFLOW_VAR_HERE": "x"}}
    assert value_of('Variable.get("here")', TWO, **given) == "x"
    assert "$hole" in value_of('Variable.get("here")', THREE, **given)


def test_what_the_environment_answers_is_recorded_as_environment():
    used = read('Variable.get("here")', TWO, environment={"AIRFLOW_VAR_HERE": "x"}, variables={"here": "y"}).inputs
    assert (dict(used.variables), dict(used.environment)) == ({}, {"AIRFLOW_VAR_HERE": "x"})


def test_the_file_may_catch_a_missing_variable():
    task = only_task('try:\n    x = Variable.get("gone")\nexcept KeyError:\n    x = "caught"\nE("a", doc_md=x)', TWO)
    assert task.doc == "caught"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('env("STAGE")', "test"),
        ('env.str("STAGE", "other")', "test"),
        ('env("GONE", "other")', "other"),
        ('env.list("GONE", default=None)', None),
        ('env.list("HOSTS")', ["a", " b"]),
        ('env.list("PORTS", subcast=int)', [1, 2]),
        ('env.int("PORT") + 1', 5433),
        ('env.bool("DEBUG")', True),
        ('env.json("SETTINGS")["rows"]', 10),
        ('env.dict("PAIRS")', {"a": "1", "b": "2"}),
        ("tell(env)", "prefixed"),
    ],
)
def test_environs_reads_the_environment(expression, value):
    environment = {
        "STAGE": "test",
        "HOSTS": "a, b",
        "PORTS": "1,2",
        "PORT": "5432",
        "DEBUG": "Yes",
        "APP_STAGE": "prefixed",
        "SETTINGS": '{"rows": 10}',
        "PAIRS": "a=1,b=2",
    }
    imports = "from environs import Env\nenv = Env()\nenv.read_env()\n"
    helper = "def tell(env):\n    with env.prefixed('APP_'):\n        return env('STAGE')\n"
    task = only_task(
        f'{imports}{helper}PythonOperator(task_id="t", python_callable=fn, op_args=[{expression}])',
        TWO,
        environment=environment,
    )
    assert task.fields["op_args"] == [value]


@pytest.mark.parametrize("expression", ['env("GONE")', 'env.int("STAGE")', 'env.enum("STAGE")'])
def test_what_environs_cannot_tell_is_a_hole(expression):
    task = only_task(
        "from environs import Env\nenv = Env()\n"
        f'PythonOperator(task_id="t", python_callable=fn, op_args=[{expression}])',
        TWO,
        environment={"STAGE": "test"},
    )
    assert "$hole" in task.fields["op_args"][0]


def test_an_environment_variable_that_is_not_given_says_where_it_comes_from():
    (found,) = read("import os\nx = os.environ['TABLES']").diagnostics
    assert (found.code, found.message) == ("GF008", "KeyError: 'TABLES'")
    assert "goflow.yaml" in found.hint
