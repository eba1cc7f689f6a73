"""Files that `goflow.yaml` says to run: their versions, and what makes them be read again."""

from __future__ import annotations

from goflow.server.rest import shapes
from goflow.store import dags, variables, versions

FILE = """
import helper
from airflow.sdk import DAG, Variable
from airflow.providers.standard.operators.bash import BashOperator

with DAG("ran", schedule=None):
    BashOperator(task_id="t", bash_command=f"{helper.WORD} {Variable.get('name', default='nobody')}")
"""


def command(kit):
    with kit.store.reading() as tx:
        return versions.spec(tx, dags.get(tx, "ran").reading_id).task("t").fields["bash_command"]


def test_a_version_says_how_its_file_was_read_and_changes_of_what_it_used_read_it_again(make_kit):
    kit = make_kit(parse_path="")
    kit.write("goflow.yaml", "import_mode: sandbox\n")
    kit.write("helper.py", "WORD = 'hello'\n")
    kit.write("a.py", FILE)
    kit.scan()
    assert command(kit) == "hello nobody"
    with kit.store.reading() as tx:
        (version,) = versions.list_(tx, "ran")
        assert shapes.version(version, versions.readings(tx, version.id))["read_by"] == "sandbox"
        assert versions.spec_json(tx, dags.get(tx, "ran").reading_id)["read_by"] == "sandbox"
    assert kit.scan().read == []

    kit.write("helper.py", "WORD = 'goodbye'\n")
    assert "a.py" in kit.scan().read
    assert (command(kit), kit.dag("ran").version) == ("goodbye nobody", 2)

    with kit.store.transaction() as tx:
        variables.set_(tx, "name", "reader", who="test")
    kit.scan()
    assert (command(kit), kit.dag("ran").version) == ("goodbye reader", 2)


def test_a_version_says_it_though_a_comment_silences_the_note(make_kit):
    kit = make_kit(parse_path="")
    kit.write("goflow.yaml", "import_mode: sandbox\n")
    kit.write("helper.py", "WORD = 'hello'\n")
    kit.write("a.py", "# goflow: ignore-file[GF505]\n" + FILE)
    kit.scan()
    with kit.store.reading() as tx:
        (version,) = versions.list_(tx, "ran")
        (reading,) = versions.readings(tx, version.id)
    assert [found.code for found in reading.diagnostics] == []
    assert shapes.version(version, [reading])["read_by"] == "sandbox"


def test_in_a_cluster_the_daemon_runs_nothing_in_its_own_pod(make_kit):
    kit = make_kit(runs_files=False)
    kit.write("goflow.yaml", "import_mode: sandbox\n")
    kit.write("a.py", FILE)
    kit.scan()
    assert kit.active() == {}
    assert "GF506" in kit.errors()["a.py"]
