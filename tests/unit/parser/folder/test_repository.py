"""Where a repository that was made for Airflow has its things."""

from __future__ import annotations

import pytest

from goflow.domain.spec import Dialect
from goflow.parser.folder.repository import find_repository

DAG = "from airflow import DAG\nimport pendulum\n"


@pytest.fixture
def repository(tmp_path):
    def make(*given: str, **files: str):
        for name, text in files.pop("files", files).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return find_repository(tmp_path, [tmp_path / path for path in given])

    return make


def folders(found):
    return [path for path, _ in found.folders]


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({"dags/a.py": DAG}, ["dags"]),
        ({"dags/team/a.py": DAG, "dags/team/dags/b.py": DAG}, ["dags"]),
        ({"one/dags/a.py": DAG, "two/dags/a.py": DAG}, ["one/dags", "two/dags"]),
        ({"flows/goflow.yaml": "", "flows/a.py": DAG}, ["flows"]),
        ({"flows/.airflowignore": "", "flows/a.py": DAG}, ["flows"]),
        ({"flows/a/a.py": DAG, "flows/b/b.py": DAG}, ["flows"]),
        ({"a.py": DAG}, ["."]),
        ({"dags/readme.py": "x = 1", "flows/a.py": DAG}, ["flows"]),
        ({"tests/dags/a.py": DAG, ".venv/dags/a.py": DAG}, []),
        ({"env/pyvenv.cfg": "", "python/pyvenv.cfg": "", "python/a.py": DAG}, []),
    ],
    ids=[
        "called dags",
        "the topmost of them",
        "several",
        "with a goflow.yaml",
        "with an .airflowignore",
        "by where the files are",
        "the repository itself",
        "only where there are DAG files",
        "not in tests and hidden folders",
        "not in virtual environments",
    ],
)
def test_dag_folders(repository, files, wanted):
    assert folders(repository(files=files)) == wanted


def test_a_folder_that_is_told_is_the_one(repository):
    found = repository("flows", files={"dags/a.py": DAG, "flows/b.py": DAG})
    assert found.folders == (("flows", "as told"),)
    assert found.outside == ("dags/a.py",)


def test_import_roots_are_beside_the_dag_folder_and_above_it(repository):
    files = {"dags/a.py": DAG, "plugins/p.py": "", "src/pkg/x.py": "", "include/y.py": "", "docs/z.py": ""}
    assert sorted(repository(files=files).import_roots) == [".", "plugins", "src"]


@pytest.mark.parametrize(
    ("files", "dialect"),
    [
        ({"Dockerfile": "FROM apache/airflow:2.9.3-python3.11\n"}, Dialect.AIRFLOW2),
        ({"Dockerfile": "FROM apache/airflow:slim-3.0.1\n"}, Dialect.AIRFLOW3),
        ({"Dockerfile": "FROM quay.io/astronomer/astro-runtime:12.1.0\n"}, Dialect.AIRFLOW2),
        ({"Dockerfile": "FROM astrocrpublic.azurecr.io/runtime/astro-runtime:3.0-4\n"}, Dialect.AIRFLOW3),
        ({"docker-compose.yaml": "image: ${IMAGE:-apache/airflow:2.10.5}\n"}, Dialect.AIRFLOW2),
        ({"requirements.txt": "pandas\napache-airflow[postgres]==3.1.0\n"}, Dialect.AIRFLOW3),
        ({"pyproject.toml": 'dependencies = ["apache-airflow>=2.8"]\n'}, Dialect.AIRFLOW2),
        ({"requirements.txt": "apache-airflow-providers-amazon==9.0\n"}, None),
        ({}, None),
    ],
    ids=[
        "image of 2",
        "slim image of 3",
        "astro of 2",
        "astro of 3",
        "compose",
        "package",
        "project",
        "provider",
        "none",
    ],
)
def test_which_airflow_it_is_made_for(repository, files, dialect):
    found = repository(files={"dags/a.py": DAG, **files})
    assert found.dialect == dialect
    assert found.dialect_from == (next(iter(files)) if dialect else "")
