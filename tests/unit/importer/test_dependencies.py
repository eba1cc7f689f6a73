"""What a reading depended on: when any of it changes, and only then, the file is read again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from goflow.domain.spec import Dialect
from goflow.store import Store, blobs, connections, dags, variables, versions
from goflow.store.rows import Connection
from tests.unit.importer.kit import Kit, native

HEAD = """
from airflow.sdk import DAG, Variable
from airflow.providers.standard.operators.bash import BashOperator
"""


def python(body: str, description: str = "'words'") -> str:
    """A DAG file whose DAG is described by an expression."""
    dag = f"with DAG('first_dag', description={description}):\n    BashOperator(task_id='a', bash_command='true')\n"
    return HEAD + body + "\n" + dag


def description(kit: Kit) -> str | None:
    """What the DAG is described by now."""
    return kit.dag("first_dag").description


def test_a_module_that_changes(kit: Kit) -> None:
    kit.write("a.py", python("from company.words import WORDS", "WORDS"))
    kit.write("company/__init__.py", "")
    helper = kit.write("company/words.py", "WORDS = 'one'\n")
    kit.write("b.yaml", native("second_dag"))
    kit.scan()
    assert (description(kit), kit.errors()) == ("one", {})
    helper.write_text("WORDS = 'two'\n")
    assert kit.scan().read == ["a.py", "company/words.py"], "the other file does not depend on it"
    assert (description(kit), kit.numbers("first_dag")) == ("two", [1, 2])
    with kit.store.reading() as tx:
        first, second = (blobs.folder(tx, version.folder_digest) for version in versions.list_(tx, "first_dag"))
        assert blobs.content(tx, first.files["company/words.py"][0]) == b"WORDS = 'one'\n"
        assert blobs.content(tx, second.files["company/words.py"][0]) == b"WORDS = 'two'\n"


def test_a_module_that_was_missing_appears(kit: Kit) -> None:
    kit.write("a.py", python("from company_words import WORDS", "WORDS"))
    kit.scan()
    before = kit.active()
    kit.write("company_words.py", "WORDS = 'here'\n")
    assert "a.py" in kit.scan().read
    assert (description(kit), kit.errors()) == ("here", {})
    assert before in ({}, {"first_dag": ("a.py", 1)})


def test_a_module_that_is_gone(kit: Kit) -> None:
    kit.write("a.py", python("import company_words", "company_words.WORDS"))
    helper = kit.write("company_words.py", "WORDS = 'here'\n")
    kit.scan()
    helper.unlink()
    assert kit.scan().read == ["a.py"]
    assert description(kit) == "here" or kit.errors() == {}, "the last good version stays in force, or it is read anew"


def test_a_data_file_that_changes(kit: Kit) -> None:
    kit.write("a.py", python("from pathlib import Path", "(Path(__file__).parent / 'words.txt').read_text()"))
    data = kit.write("words.txt", "one")
    kit.scan()
    assert (description(kit), kit.errors()) == ("one", {})
    data.write_text("two")
    assert kit.scan().read == ["a.py"]
    assert description(kit) == "two"


def test_a_folder_that_was_listed(kit: Kit) -> None:
    listing = "from pathlib import Path"
    kit.write("a.py", python(listing, "str(sorted(p.name for p in (Path(__file__).parent / 'conf').iterdir()))"))
    kit.write("conf/one.txt", "")
    kit.scan()
    assert (description(kit), kit.errors()) == ("['one.txt']", {})
    assert kit.scan().read == []
    kit.write("conf/two.txt", "")
    assert kit.scan().read == ["a.py"]
    assert description(kit) == "['one.txt', 'two.txt']"


def test_an_import_root_outside_the_folder(make_kit: Callable[..., Kit], tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "company_words.py").write_text("WORDS = 'one'\n")
    kit = make_kit(import_roots=(plugins,))
    kit.write("a.py", python("from company_words import WORDS", "WORDS"))
    kit.scan()
    assert (description(kit), kit.errors()) == ("one", {})
    (plugins / "company_words.py").write_text("WORDS = 'two'\n")
    assert kit.scan().read == ["a.py"]
    assert description(kit) == "two"
    with kit.store.reading() as tx:
        dag = dags.get(tx, "first_dag")
        folder = blobs.folder(tx, versions.get(tx, dag.version_id).folder_digest)
        assert blobs.content(tx, folder.files[".goflow-roots/0/company_words.py"][0]) == b"WORDS = 'two'\n"
        assert versions.inputs(tx, dag.reading_id)["import_roots"] == [".goflow-roots/0"]


def test_an_import_root_of_goflow_yaml_inside_the_folder(kit: Kit) -> None:
    kit.write("goflow.yaml", "import_roots: [lib]\n")
    kit.write("lib/company_words.py", "WORDS = 'one'\n")
    kit.write("a.py", python("from company_words import WORDS", "WORDS"))
    kit.scan()
    assert (description(kit), kit.errors()) == ("one", {})
    with kit.store.reading() as tx:
        assert versions.inputs(tx, kit.dag("first_dag").reading_id)["import_roots"] == ["lib"]


def set_variable(store: Store, name: str, value: str | None) -> None:
    """Set or delete a Variable."""
    with store.transaction() as tx:
        if value is None:
            variables.delete_(tx, name, who="test")
        else:
            variables.set_(tx, name, value, who="test")


def test_variables_that_were_asked_for(kit: Kit) -> None:
    kit.write("a.py", python("", "Variable.get('words', default='none')"))
    seen = []
    for value in ("one", "one", "two", None, "one"):
        set_variable(kit.store, "words", value)
        set_variable(kit.store, "other", value)
        seen.append((kit.scan().read, description(kit)))
    assert seen == [(["a.py"], "one"), ([], "one"), (["a.py"], "two"), (["a.py"], "none"), (["a.py"], "one")]
    with kit.store.reading() as tx:
        [version] = versions.list_(tx, "first_dag")
        assert [reading.number for reading in versions.readings(tx, version.id)] == [1, 2, 3]
        assert kit.dag("first_dag").reading_id == versions.readings(tx, version.id)[0].id, (
            "what was read before is back"
        )


def test_a_variable_that_goflow_yaml_hides_is_none(kit: Kit) -> None:
    set_variable(kit.store, "words", "secret")
    kit.write("a.py", python("", "Variable.get('words', default='none')"))
    kit.write("goflow.yaml", "variables: [public_*]\n")
    kit.scan()
    assert (description(kit), kit.errors()) == ("none", {})
    set_variable(kit.store, "words", "other")
    assert kit.scan().read == []


def test_a_variable_that_the_daemon_s_environment_gives_to_tasks_is_not_known(make_kit: Callable[..., Kit]) -> None:
    kit = make_kit()
    set_variable(kit.store, "words", "stored")
    kit.write("a.py", python("", "Variable.get('words', default='none')"))
    assert (kit.scan().read, description(kit)) == (["a.py"], "stored")
    kit = make_kit(secret_environment=frozenset({"AIRFLOW_VAR_WORDS"}))
    assert (kit.scan().read, description(kit)) == (["a.py"], None)
    kit.write("goflow.yaml", "environment: {AIRFLOW_VAR_WORDS: said}\n")
    assert (kit.scan().read, description(kit)) == (["a.py"], "said")


def test_environment_of_goflow_yaml(kit: Kit) -> None:
    kit.write("a.py", python("import os", "os.environ.get('WORDS', 'none')"))
    config = kit.write("goflow.yaml", "environment: {WORDS: one}\n")
    kit.scan()
    assert description(kit) == "one"
    config.write_text("environment: {WORDS: two}\n")
    kit.scan()
    assert description(kit) == "two"


def test_a_connection_that_was_asked_for(kit: Kit) -> None:
    kit.write(
        "a.py",
        python("from airflow.hooks.base import BaseHook\nhost = BaseHook.get_connection('db').host", "host"),
    )
    for host in ("one", "two"):
        with kit.store.transaction() as tx:
            connections.set_(tx, Connection(conn_id="db", conn_type="postgres", host=host, password="pw"), who="test")
            connections.set_(tx, Connection(conn_id="other", host=host), who="test")
        assert kit.scan().read == ["a.py"]
    with kit.store.transaction() as tx:
        connections.set_(tx, Connection(conn_id="other", host="three"), who="test")
        connections.set_(tx, Connection(conn_id="db", conn_type="postgres", host="two", password="new"), who="test")
    assert kit.scan().read == [], "no file sees a password"


@pytest.mark.parametrize(
    ("settings", "expected"), [({"parse_path": "/opt/dags"}, ["a.yaml"]), ({"safe_mode": False}, ["a.yaml"]), ({}, [])]
)
def test_settings_of_the_reader(make_kit: Callable[..., Kit], settings: dict[str, object], expected: list[str]) -> None:
    kit = make_kit()
    kit.write("a.yaml", native("first_dag"))
    kit.scan()
    assert make_kit(**settings).scan().read == expected


def test_a_file_that_shows_no_airflow_is_read_again_when_the_folder_tells_another(kit):
    kit.write("silent.py", "from airflow import DAG\nd = DAG('silent')\n")
    kit.write("native.yaml", native("native"))
    kit.scan()
    assert (kit.dag("silent").dialect, kit.dag("silent").dialect_source) == (Dialect.AIRFLOW3, "default")
    kit.write("old.py", "from airflow import DAG\nfrom airflow.utils.dates import days_ago\nd = DAG('old')\n")
    assert sorted(kit.scan().read) == ["old.py", "silent.py"]
    assert (kit.dag("silent").dialect, kit.dag("silent").dialect_source) == (Dialect.AIRFLOW2, "inferred")
    kit.write("older.py", "from airflow import DAG\nfrom airflow.utils.dates import days_ago\nd = DAG('older')\n")
    assert kit.scan().read == ["older.py"]  # the answer is the same as before
    (kit.root / "old.py").unlink()
    (kit.root / "older.py").unlink()
    assert kit.scan().read == ["silent.py"]
    assert kit.dag("silent").dialect is Dialect.AIRFLOW3


def test_a_dialect_that_is_said_makes_no_file_depend_on_the_others(kit):
    kit.write("goflow.yaml", "dialect: airflow3\n")
    kit.write("silent.py", "from airflow import DAG\nd = DAG('silent')\n")
    kit.scan()
    kit.write("old.py", "from airflow import DAG\nfrom airflow.utils.dates import days_ago\nd = DAG('old')\n")
    assert kit.scan().read == ["old.py"]
