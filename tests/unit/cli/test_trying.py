"""What `goflow dags test`, `tasks test` and `tasks render` are told: the DAG's place, files of inputs, options."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from goflow.cli import main
from goflow.cli._given import connections_of, variables_of
from goflow.cli._trying import place_of
from goflow.store.rows import Connection

SHOP = Connection(conn_id="shop", conn_type="http", host="shop.example", login="me", password="s?", port=80)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "dags" / "team").mkdir(parents=True)
    (tmp_path / "dags" / "team" / "a.py").touch()
    (tmp_path / "dags" / "notes.txt").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GOFLOW_HOME", str(tmp_path / "home"))
    return tmp_path


@pytest.mark.parametrize(
    ("dag", "dags", "root", "file", "dag_id"),
    [
        ("a", "dags", "dags", None, "a"),
        ("dags/team/a.py", None, "dags", "team/a.py", None),
        ("dags/team/a.py", "dags/team", "dags/team", "a.py", None),
        ("a", "dags/team/a.py", "dags", "team/a.py", "a"),
        ("team.a", "dags", "dags", None, "team.a"),
    ],
)
def test_a_dag_is_an_id_or_a_file_and_the_folder_is_found(folder, dag, dags, root, file, dag_id):
    found = place_of(dag, None if dags is None else Path(dags))
    assert (found.root, found.file, found.dag_id) == (folder / root, file, dag_id)


def test_without_a_folder_it_is_that_of_the_settings(folder, monkeypatch):
    monkeypatch.setenv("GOFLOW_DAGS_FOLDER", str(folder / "dags"))
    assert place_of("a", None).root == folder / "dags"


@pytest.mark.parametrize(
    ("dag", "dags", "words"),
    [
        ("a", None, "there is no DAG folder"),
        ("dags/b.py", None, "there is no file dags/b.py"),
        ("dags/team/a.py", "dags/team/a.py", "--dags names a file, so DAG is the id"),
        ("dags/notes.txt", None, "notes.txt is no DAG file"),
        ("dags/team/a.py", "home", "is not in the folder home"),
    ],
)
def test_what_cannot_be_meant_is_said(folder, dag, dags, words):
    (folder / "home").mkdir()
    with pytest.raises(click.UsageError, match=words):
        place_of(dag, None if dags is None else Path(dags))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("v.json", '{"a": "x", "b": {"c": [1]}}'),
        ("v.yaml", "a: x\nb: {c: [1]}\n"),
        ("v.env", '# comment\na=x\n\nb={"c": [1]}\n'),
    ],
)
def test_variables_are_read_as_airflow_reads_them(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert variables_of(tmp_path / name) == {"a": "x", "b": '{"c": [1]}'}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.json", '{"shop": "http://me:s%3F@shop.example:80"}'),
        ("c.env", "shop=http://me:s%3F@shop.example:80\n"),
        ("c.yaml", "shop: {conn_type: http, host: shop.example, login: me, password: s?, port: '80', schema: null}\n"),
        ("d.env", 'shop={"conn_type": "http", "host": "shop.example", "login": "me", "password": "s?", "port": 80}\n'),
    ],
)
def test_connections_are_read_as_airflow_reads_them(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert connections_of(tmp_path / name) == [SHOP]


def test_extras_may_be_an_object(tmp_path):
    (tmp_path / "c.json").write_text('{"s3": {"conn_type": "aws", "extra": {"region": "eu"}}}')
    assert [json.loads(found.extra or "") for found in connections_of(tmp_path / "c.json")] == [{"region": "eu"}]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("v.json", "{", "cannot be read"),
        ("v.yaml", "a: [", "cannot be read"),
        ("v.json", "[1]", "holds no names and values"),
        ("c.json", '{"shop": 1}', "connection shop is neither a URI nor a mapping"),
    ],
)
def test_files_of_anything_else_are_refused(tmp_path, name, text, words):
    (tmp_path / name).write_text(text)
    read = connections_of if name == "c.json" else variables_of
    with pytest.raises(click.UsageError, match=words):
        read(tmp_path / name)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dags", "test", "d", "yesterday"], "'yesterday' is no ISO date"),
        (["dags", "test", "d", "--conf", "[1]"], "this is JSON, but no object"),
        (["dags", "test", "d", "--mark-success-pattern", "("], "is no regular expression"),
        (["tasks", "test", "d", "t", "--xcom", "a"], "is not TASK=JSON"),
        (["tasks", "test", "d", "t", "--xcom", "a=b"], "is not TASK=JSON"),
        (["tasks", "render", "d"], "Missing argument 'TASK'"),
    ],
)
def test_wrong_usage_ends_with_2(arguments, words):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert words in result.stderr
