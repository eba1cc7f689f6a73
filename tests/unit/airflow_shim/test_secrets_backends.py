"""Where a task's Connections and Variables come from: Airflow's secrets backends, the environment, the server."""

from __future__ import annotations

import json
import textwrap

import pytest

PRINTS = """
    from airflow.sdk import DAG, Connection, Variable
    from airflow.providers.standard.operators.python import PythonOperator

    def look():
        import airflow.sdk
        kept = {}
        for name in ("both", "env", "server", "none"):
            kept[name] = Variable.get(name, default=None)
            try:
                kept[name + "_conn"] = airflow.sdk.BaseHook.get_connection(name).host
            except airflow.sdk.exceptions.AirflowNotFoundException:
                kept[name + "_conn"] = None
        return kept

    with DAG("d"):
        PythonOperator(task_id="t", python_callable=look)
"""
BACKEND = """
    from airflow.secrets.base_secrets import BaseSecretsBackend

    class Backend(BaseSecretsBackend):
        made = 0

        def __init__(self, prefix, fails=False):
            super().__init__()
            Backend.made += 1
            assert Backend.made == 1, "a backend holds a client: it is made once"
            self.prefix, self.fails = prefix, fails

        def get_conn_value(self, conn_id):
            if self.fails:
                raise OSError("the vault is sealed")
            return f"http://{self.prefix}" if conn_id == "both" else None

        def get_variable(self, key):
            if self.fails:
                raise OSError("the vault is sealed")
            return f"{self.prefix} {key}" if key == "both" else None
"""
ENVIRONMENT = {
    "AIRFLOW_VAR_BOTH": "environment", "AIRFLOW_VAR_ENV": "environment",
    "AIRFLOW_CONN_BOTH": "http://environment", "AIRFLOW_CONN_ENV": '{"conn_type": "http", "host": "environment"}',
}  # fmt: skip


@pytest.fixture
def looked(dags, monkeypatch):
    """What a task finds under some settings."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.syspath_prepend(str(dags.folder))
    dags.client.variables = dict.fromkeys(("both", "env", "server"), "server")
    dags.client.connections = {name: {"conn_type": "http", "host": "server"} for name in ("both", "env", "server")}
    dags.write(PRINTS)

    def look(**environment):
        (dags.folder / f"{environment['module']}.py").write_text(textwrap.dedent(BACKEND))
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        outcome = dags.run()
        assert outcome["state"] == "success", outcome
        return dags.result()

    return look


def found(both, env="environment"):
    texts = {"both": both[0], "env": env, "server": "server", "none": None}
    hosts = {"both_conn": both[1], "env_conn": env, "server_conn": "server", "none_conn": None}
    return texts | hosts


def test_the_environment_stands_before_the_server(looked):
    assert looked(module="none1") == found(("environment", "environment"))


def test_the_backend_that_is_set_stands_before_all_and_is_made_once(looked):
    told = looked(
        module="vault1", AIRFLOW__SECRETS__BACKEND="vault1.Backend", AIRFLOW__SECRETS__BACKEND_KWARGS='{"prefix": "v"}'
    )
    assert told == found(("v both", "v"))


def test_workers_may_have_a_backend_of_their_own(looked):
    told = looked(
        module="vault2",
        AIRFLOW__SECRETS__BACKEND="nobody.Asks",
        AIRFLOW__WORKERS__SECRETS_BACKEND="vault2.Backend",
        AIRFLOW__WORKERS__SECRETS_BACKEND_KWARG__PREFIX="w",
    )
    assert told == found(("w both", "w"))


def test_a_backend_that_fails_is_logged_and_the_next_source_is_asked(looked, capfd):
    told = looked(
        module="vault3",
        AIRFLOW__SECRETS__BACKEND="vault3.Backend",
        AIRFLOW__SECRETS__BACKEND_KWARGS='{"prefix": "v", "fails": true}',
    )
    assert told == found(("environment", "environment"))
    printed = capfd.readouterr().out
    assert "Unable to retrieve variable from secrets backend (Backend)" in printed
    assert "the vault is sealed" in printed


@pytest.mark.parametrize(
    ("name", "variables", "connections"),
    [
        ("env", "both=file", "both=http://file?a=1"),
        ("json", json.dumps({"both": "file"}), json.dumps({"both": {"conn_type": "http", "host": "file"}})),
        ("yaml", "both: file", "both:\n  conn_type: http\n  host: file\n  extra_dejson: {a: 1}"),
    ],
)
def test_a_local_file_is_a_backend(looked, dags, name, variables, connections):
    (dags.folder / f"variables.{name}").write_text(variables)
    (dags.folder / f"connections.{name}").write_text(connections)
    arguments = {f"{what}_file_path": str(dags.folder / f"{what}.{name}") for what in ("variables", "connections")}
    told = looked(
        module="none2",
        AIRFLOW__SECRETS__BACKEND="airflow.secrets.local_filesystem.LocalFilesystemBackend",
        AIRFLOW__SECRETS__BACKEND_KWARGS=json.dumps(arguments),
    )
    assert told == found(("file", "file"))


def test_a_backend_that_is_not_installed_fails_the_task_in_words(dags, monkeypatch, capfd):
    monkeypatch.setenv("AIRFLOW__SECRETS__BACKEND", "no.such.Backend")
    outcome = dags.write(PRINTS).run()
    assert outcome["state"] == "failed"
    assert 'Please check "backend" key in "secrets" section' in capfd.readouterr().out + str(outcome)


def test_setting_a_variable_that_another_source_hides_warns(dags, monkeypatch, capfd):
    monkeypatch.setenv("AIRFLOW_VAR_HIDDEN", "environment")
    dags.write("""
        from airflow.sdk import DAG, Variable, task

        with DAG("d"):
            @task
            def t():
                Variable.set("hidden", "new")
                Variable.set("open", "new")
            t()
    """)
    assert dags.run()["state"] == "success"
    assert dags.client.variables == {"hidden": "new", "open": "new"}
    printed = capfd.readouterr().out
    assert "The variable hidden is defined in the EnvironmentVariablesBackend" in printed
    assert "The variable open is defined" not in printed


def test_secrets_of_every_source_never_show(dags, monkeypatch, capfd):
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", "http://user:p%40ssw0rd@h?proxy_token=t0k3n-here&other=shown")
    monkeypatch.setenv("AIRFLOW_VAR_API_KEY", "variable-secret")
    monkeypatch.setenv("AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES", "pin, iban")
    monkeypatch.setenv("AIRFLOW_VAR_IBAN_OF_SHOP", "DE00-1234")
    dags.write("""
        from airflow.sdk import DAG, BaseHook, Variable, task

        with DAG("d"):
            @task
            def t():
                found = BaseHook.get_connection("shop")
                print("password", found.password, found.get_uri())
                print("extra", found.extra)
                print("variables", Variable.get("api_key"), Variable.get("iban_of_shop"))
            t()
    """)
    assert dags.run()["state"] == "success"
    printed = capfd.readouterr().out
    assert "shown" in printed
    assert [s for s in ("p@ssw0rd", "p%40ssw0rd", "t0k3n-here", "variable-secret", "DE00-1234") if s in printed] == []


@pytest.mark.parametrize("dialect", ["airflow2", "airflow3"])
def test_the_classes_have_airflows_paths(dialect, world):
    world.reset(dialect)
    from airflow.secrets import DEFAULT_SECRETS_SEARCH_PATH, BaseSecretsBackend
    from airflow.secrets.environment_variables import EnvironmentVariablesBackend
    from airflow.secrets.local_filesystem import LocalFilesystemBackend, load_connections_dict, load_variables
    from airflow.secrets.metastore import MetastoreBackend

    kinds = (EnvironmentVariablesBackend, LocalFilesystemBackend, MetastoreBackend)
    assert all(issubclass(kind, BaseSecretsBackend) for kind in kinds)
    assert callable(load_variables)
    assert callable(load_connections_dict)
    assert len(DEFAULT_SECRETS_SEARCH_PATH) == 2
    assert BaseSecretsBackend.build_path("airflow/connections", "shop") == "airflow/connections/shop"
    if dialect == "airflow3":
        from airflow.sdk.bases.secrets_backend import BaseSecretsBackend as OfSdk
        from airflow.sdk.execution_time.secrets import ExecutionAPISecretsBackend

        assert issubclass(ExecutionAPISecretsBackend, OfSdk)
