"""Which Airflow a folder is for where nobody says: what its files tell."""

from __future__ import annotations

import subprocess
import sys

import pytest

from goflow.domain.spec import Dialect, Inputs
from goflow.parser.api import Folder, parse_file
from goflow.parser.folder import survey

TWO, THREE = Dialect.AIRFLOW2, Dialect.AIRFLOW3
TELLS_2 = "from airflow.utils.dates import days_ago\n"
TELLS_3 = "from airflow.sdk import DAG\n"
SILENT = "from airflow import DAG\nimport datetime\ndag = DAG('d', start_date=datetime.datetime(2024, 1, 1))\n"
FOLDERS = {
    "nothing tells": ({"a.py": SILENT}, THREE, False),
    "one file tells": ({"a.py": SILENT, "deep/b.py": TELLS_2}, TWO, True),
    "most of those that tell": ({"a.py": TELLS_3, "b.py": TELLS_2, "c.py": TELLS_2}, TWO, True),
    "as many for the one as for the other": ({"a.py": TELLS_3, "b.py": TELLS_2}, THREE, False),
    "what is ignored tells nothing": ({"a.py": SILENT, "b.py": TELLS_2, ".airflowignore": "b.py\n"}, THREE, False),
    "a pinned version": ({"a.py": SILENT, "requirements.txt": "apache-airflow[cncf]==2.9.1\n"}, TWO, True),
    "a version of poetry's": ({"a.py": SILENT, "pyproject.toml": 'apache-airflow = "^2.8"\n'}, TWO, True),
    "an image": ({"a.py": SILENT, "Dockerfile": "FROM apache/airflow:3.0.2\n"}, THREE, True),
    "a lowest version, which says little": ({"a.py": SILENT, "requirements.txt": "apache-airflow>=2.4\n"}, THREE, False),
    "a lowest version of 3": ({"a.py": SILENT, "requirements.txt": "apache-airflow>=3.0\n"}, THREE, True),
    "files before versions": ({"a.py": TELLS_3, "requirements.txt": "apache-airflow==2.9.1\n"}, THREE, True),
    "a version between two files": (
        {"a.py": TELLS_3, "b.py": TELLS_2, "requirements.txt": "apache-airflow==2.9.1\n"}, TWO, True,
    ),
    "the folder's own word before all": ({"a.py": TELLS_2, "goflow.yaml": "dialect: airflow3\n"}, THREE, False),
}  # fmt: skip


def lay(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


@pytest.mark.parametrize("name", FOLDERS)
def test_what_tells_the_dialect_of_a_folder(name, tmp_path):
    files, dialect, inferred = FOLDERS[name]
    lay(tmp_path, files)
    found = survey(tmp_path, None)
    assert (found.dialect, found.inferred) == (dialect, inferred)
    assert bool(found.why) is inferred


def test_the_words_name_a_file_and_say_how_many_there_are_for_and_against(tmp_path):
    lay(tmp_path, {"a.py": TELLS_3, "b.py": TELLS_2, "c.py": TELLS_2, "d.py": TELLS_2})
    assert survey(tmp_path, None).why == "b.py and 2 more can be for no other Airflow, against a.py"


def test_what_is_given_is_not_inferred(tmp_path):
    lay(tmp_path, {"a.py": TELLS_2})
    assert survey(tmp_path, THREE).dialect is THREE


def test_an_import_root_may_name_the_version(tmp_path):
    lay(tmp_path, {"dags/a.py": SILENT, "Dockerfile": "FROM apache/airflow:2.9.1-python3.11\n"})
    assert survey(tmp_path / "dags", None).dialect is THREE
    assert survey(tmp_path / "dags", None, [tmp_path]).dialect is TWO


def test_each_airflow_has_its_own_syntax_for_what_is_ignored(tmp_path):
    lay(tmp_path, {"a.py": TELLS_2, "b_old.py": SILENT, ".airflowignore": ".*_old\n"})
    assert survey(tmp_path, None).paths == ["a.py"]


def test_a_file_is_asked_again_when_it_has_changed(tmp_path):
    lay(tmp_path, {"a.py": SILENT, "b.py": TELLS_2})
    assert survey(tmp_path, None).dialect is TWO
    lay(tmp_path, {"b.py": f"# mended\n{SILENT}"})
    assert survey(tmp_path, None).inferred is False


def test_a_silent_file_takes_the_folders_dialect_and_a_note_says_so(tmp_path):
    lay(tmp_path, {"a.py": SILENT})
    inferred = parse_file(Folder(tmp_path, dialect=TWO, inferred=True), "a.py", Inputs())
    (dag,) = inferred.dags
    assert (dag.dialect, dag.dialect_source, dag.catchup, dag.schedule.every_s) == (TWO, "inferred", True, 86400)
    assert [(one.code, str(one.severity)) for one in inferred.diagnostics] == [("GF507", "note")]
    assert inferred.inputs.dialect is TWO
    said = parse_file(Folder(tmp_path, dialect=TWO), "a.py", Inputs())
    assert (said.dags[0].dialect_source, said.diagnostics) == ("default", ())


def test_a_file_that_tells_goes_by_itself(tmp_path):
    lay(tmp_path, {"a.py": "from airflow.sdk import DAG\ndag = DAG('d')\n"})
    result = parse_file(Folder(tmp_path, dialect=TWO, inferred=True), "a.py", Inputs())
    assert (result.dags[0].dialect, result.dags[0].dialect_source) == (THREE, "file")
    assert [one.code for one in result.diagnostics] == ["GF501"]


def test_looking_through_a_folder_does_not_load_the_reader(tmp_path):
    lay(tmp_path, {"a.py": TELLS_2})
    program = (
        "import sys; from pathlib import Path; from goflow.parser.folder import survey; "
        f"print(survey(Path({str(tmp_path)!r}), None).dialect, 'libcst' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert out.split() == ["airflow2", "False"]
