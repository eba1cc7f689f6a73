"""One test per provider package."""

from __future__ import annotations

import contextlib
import email
import json
import os
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow._goflow.serialization import deserialize

from goflow.store.rows import Connection
from tests.integration.providers import servers
from tests.integration.providers.conftest import COMPAT, Providers
from tests.postgres import Server, postgres_server
from tests.runners import Started, server

__all__ = ["postgres_server", "server"]
ROWS = [(1, "a"), (2, "b"), (3, "c"), (4, "d")]


def connection(conn_id: str, conn_type: str, host: str | None = "127.0.0.1", **parts: Any) -> Connection:
    """A Connection to a server of this machine."""
    return Connection(conn_id=conn_id, conn_type=conn_type, host=host, **parts)


def said(found: dict[str, Started]) -> str:
    """What the tasks wrote, for when one does not end as it should."""
    return "\n".join(f"{name}: {started.output[-14:]}" for name, started in found.items())


def ends(found: dict[str, Started], **otherwise: str) -> None:
    """Every task succeeded, but for those that are named."""
    states = {name: started.state.value for name, started in found.items()}
    assert states == {name: otherwise.get(name, "success") for name in found}, said(found)


def result(started: Started) -> Any:
    """A task's result, as JSON has it."""
    return started.xcoms["return_value"]


def test_airflow_is_not_there(python: Path):
    asked = "import importlib.metadata as m; print([d.name for d in m.distributions() if 'airflow' in d.name.lower()])"
    found = subprocess.run([python, "-I", "-c", asked], capture_output=True, text=True, check=True).stdout
    assert sorted(json.loads(found.replace("'", '"'))) == [
        f"apache-airflow-providers-{name}"
        for name in ("amazon", "common-sql", "ftp", "http", "postgres", "redis", "sftp", "smtp", "sqlite", "ssh")
    ]


IMPORTS = """
import importlib, json, pkgutil, warnings
import airflow.providers
warnings.simplefilter("ignore")
failed = {}
for found in pkgutil.walk_packages(airflow.providers.__path__, "airflow.providers."):
    try:
        importlib.import_module(found.name)
    except BaseException as problem:
        failed[found.name.removeprefix("airflow.providers.")] = str(problem)
print(json.dumps(failed))
"""
OF_AIRFLOW_ITSELF = ("amazon.aws.auth_manager.", "amazon.aws.bundles.", "amazon.aws.cli.", "amazon.aws.executors.")
"""Parts that run in Airflow's own services, and in no task."""


def test_every_module_that_a_task_may_use_can_be_imported(python: Path):
    path = f"{COMPAT / 'airflow_shim'}{os.pathsep}{COMPAT / 'runner'}"
    done = subprocess.run([python, "-c", IMPORTS], capture_output=True, text=True, env={"PYTHONPATH": path}, check=True)
    failed = {name: why for name, why in json.loads(done.stdout).items() if not name.startswith(OF_AIRFLOW_ITSELF)}
    assert {name: "duckdb" in why or "bson" in why for name, why in failed.items()} == {
        "amazon.aws.hooks.duckdb": True,
        "amazon.aws.transfers.mongo_to_s3": True,
    }, failed


def check_sql(found: dict[str, Started], hook: str) -> None:
    ends(found, refuse="failed")
    assert result(found["insert"]) == [hook, 4]
    assert deserialize(result(found["read"])) == ROWS, "a list of tuples, as the next task sees it"
    assert any("The following tests have failed" in line for line in found["refuse"].output), said(found)


def test_sqlite_and_common_sql(providers: Providers, tmp_path: Path):
    uri = json.dumps({"conn_type": "sqlite", "host": f"{tmp_path}/orders.db"})
    check_sql(providers.run("sql.py", "sqlite", AIRFLOW_CONN_SQLITE=uri), "SqliteHook")
    with contextlib.closing(sqlite3.connect(tmp_path / "orders.db")) as database:
        assert database.execute("select * from orders order by id").fetchall() == ROWS


def test_postgres_and_common_sql(providers: Providers, postgres_server: Server):
    name = postgres_server.create()
    place = {"host": postgres_server.host, "port": postgres_server.port, "login": postgres_server.user}
    providers.connect(connection("postgres", "postgres", schema=name, password="any", **place))
    check_sql(providers.run("sql.py", "postgres"), "PostgresHook")
    with psycopg.connect(postgres_server.url(name)) as database:
        assert database.execute("select * from orders order by id").fetchall() == ROWS
    postgres_server.drop(name)


def test_http(providers: Providers):
    with servers.web() as port:
        providers.connect(connection("web", "http", login="me", password="secret", port=port))
        found = providers.run("web.py", "http")
    ends(found, missing="failed")
    assert result(found["post"]) == {"got": {"of": "r"}, "by": "Basic"}
    assert any("404" in line for line in found["missing"].output), said(found)


def test_ftp(providers: Providers, python: Path, tmp_path: Path):
    (tmp_path / "here.txt").write_text("by FTP")
    home = tmp_path / "ftp"
    home.mkdir()
    port = servers.free_port()
    command = [python, "-m", "pyftpdlib", "-i", "127.0.0.1", "-p", port, "-w", "-d", home, "-u", "me", "-P", "secret"]
    with servers.process([str(word) for word in command], port, tmp_path / "log"):
        providers.connect(connection("ftp", "ftp", login="me", password="secret", port=port), folder=str(tmp_path))
        found = providers.run("files.py", "ftp")
    ends(found)
    assert result(found["listing"]) == ["there.txt"]
    assert (home / "there.txt").read_text() == "by FTP"


@pytest.mark.parametrize("dag_id", ["ssh", "sftp"])
def test_ssh_and_sftp(providers: Providers, tmp_path: Path, dag_id: str):
    (tmp_path / "here.txt").write_text("by SFTP")
    with servers.ssh(tmp_path) as (port, key):
        extra = json.dumps({"key_file": str(key), "no_host_key_check": True})
        place = connection("ssh", "ssh", login=servers.user(), port=port, extra=extra)
        providers.connect(place, folder=str(tmp_path))
        found = providers.run("files.py", dag_id)
    if dag_id == "ssh":
        ends(found, fails="failed")
        assert result(found["say"]) == "NDIgc2F5Cg==", "Airflow's operator encodes the output: 42 say"
        assert any("exit status = 3" in line for line in found["fails"].output), said(found)
        return
    ends(found)
    assert result(found["content"]) == ["there.txt"]
    assert (tmp_path / "sub" / "there.txt").read_text() == "by SFTP"


def test_redis(providers: Providers, tmp_path: Path):
    port = servers.free_port()
    daemon = servers.program("redis-server", "redis-server")
    command = [daemon, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    with servers.process(command, port, tmp_path / "log"):
        providers.connect(connection("redis", "redis", port=port))
        found = providers.run("stores.py", "redis")
        ask = [servers.program("redis-cli", "redis-tools"), "-p", str(port)]
        kept = subprocess.run([*ask, "get", "orders"], capture_output=True, text=True, check=True).stdout
        calls = subprocess.run([*ask, "info", "commandstats"], capture_output=True, text=True, check=True).stdout
    ends(found)
    assert kept == "3\n"
    assert "cmdstat_publish:calls=1" in calls


def test_s3(providers: Providers, python: Path, tmp_path: Path):
    port = servers.free_port()
    with servers.process([python, "-m", "moto.server", "-p", str(port)], port, tmp_path / "log"):
        extra = json.dumps({"endpoint_url": f"http://127.0.0.1:{port}", "region_name": "us-east-1"})
        providers.connect(connection("aws", "aws", None, login="key", password="secret", extra=extra))
        found = providers.run("stores.py", "s3")
    ends(found)
    assert (result(found["list"]), result(found["read"])) == (["orders/first"], "of r")


KEPT = {
    "airflow/connections/warehouse": "postgres://etl:s3cr3t-p4ss@db.example.com:5432/warehouse",
    "airflow/variables/region": "eu",
    "airflow/variables/options": '{"a": 7}',
    "airflow/variables/api_key": "k3y-of-the-partner",
}
KEEP = """
import boto3, json, sys
client = boto3.client("secretsmanager", endpoint_url=sys.argv[1], region_name="eu-west-1")
for name, text in json.loads(sys.argv[2]).items():
    client.create_secret(Name=name, SecretString=text)
"""


def test_the_secrets_backend_of_amazon(providers: Providers, python: Path, tmp_path: Path):
    port = servers.free_port()
    url, keys = f"http://127.0.0.1:{port}", {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
    providers.connect(connection("of_the_database", "http", "stored"), region="not this", of_the_database="stored")
    backend = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
    arguments = json.dumps({"endpoint_url": url, "region_name": "eu-west-1"})
    with servers.process([python, "-m", "moto.server", "-p", str(port)], port, tmp_path / "log"):
        subprocess.run([python, "-c", KEEP, url, json.dumps(KEPT)], check=True, env=keys)
        settings = {"AIRFLOW__SECRETS__BACKEND": backend, "AIRFLOW__SECRETS__BACKEND_KWARGS": arguments, **keys}
        found = providers.run("kept.py", "kept", **settings)
    ends(found, misses="failed")
    assert result(found["ask"]) == {
        "host": "db.example.com",
        "password_is": True,
        "region": "eu",
        "options": {"a": 7},
        "of_the_database": "stored",
        "nowhere": "none",
        "other_host": "stored",
    }
    assert result(found["render"]) == "eu 7 etl"
    printed = [line for line in found["ask"].output if "the password is" in line]
    assert printed == ["the password is ***, the key ***"]
    assert any("AirflowNotFoundException" in line for line in found["misses"].output), said(found)


def test_smtp(providers: Providers, python: Path, tmp_path: Path):
    port = servers.free_port()
    box = tmp_path / "box"
    command = [python, "-m", "aiosmtpd", "-n", "-l", f"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Mailbox", str(box)]
    with servers.process(command, port, tmp_path / "log"):
        extra = json.dumps({"disable_ssl": True, "disable_tls": True})
        providers.connect(connection("mail", "smtp", port=port, extra=extra))
        found = providers.run("mail.py", "smtp")
    ends(found)
    (mail,) = (email.message_from_bytes(file.read_bytes()) for file in (box / "new").iterdir())
    assert (mail["Subject"], mail["To"], mail["From"]) == ("smtp of r", "you@example.com", "goflow@example.com")
    bodies = [part.get_payload(decode=True) for part in mail.walk() if part.get_content_type() == "text/html"]
    assert bodies == [b"<p>All is well.</p>"]
