"""Which files of a DAG folder are looked at."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from goflow.domain.spec import Dialect, Inputs
from goflow.parser.api import Folder, parse_file
from goflow.parser.folder import dag_files, looks_like_dag


def lay(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def test_python_and_yaml_are_found_at_every_depth_in_order(tmp_path):
    lay(tmp_path, dict.fromkeys(["b.py", "a/x.py", "a/y.yml", "z.yaml", "c.txt", "goflow.yaml", "a/goflow.yaml"], ""))
    assert dag_files(tmp_path) == ["a/goflow.yaml", "a/x.py", "a/y.yml", "b.py", "z.yaml"]


GLOB = ["keep.py", "skip.py", "lib/a.py", "lib/b.py", "deep/lib/c.py", "deep/skip.py", "top.py", "deep/top.py"]


@pytest.mark.parametrize(
    ("ignore", "left_out"),
    [
        ("skip.py", {"skip.py", "deep/skip.py"}),
        ("/top.py", {"top.py"}),
        ("lib/", {"lib/a.py", "lib/b.py", "deep/lib/c.py"}),
        ("lib", {"lib/a.py", "lib/b.py", "deep/lib/c.py"}),
        ("/lib/*\n!/lib/b.py", {"lib/a.py"}),
        ("deep/**/*.py", {"deep/lib/c.py", "deep/skip.py", "deep/top.py"}),
        ("*.py\n!keep.py", set(GLOB) - {"keep.py"}),
        ("# skip.py\n\nskip.py  # both of them", {"skip.py", "deep/skip.py"}),
        ("/", set()),
        ("keep.py/", set()),
    ],
)
def test_glob_patterns_leave_out_what_gitignore_would(tmp_path, ignore, left_out):
    lay(tmp_path, {**dict.fromkeys(GLOB, ""), ".airflowignore": ignore})
    assert set(GLOB) - set(dag_files(tmp_path)) == left_out


@pytest.mark.parametrize(
    ("ignore", "left_out"),
    [
        ("skip", {"skip.py", "deep/skip.py"}),
        ("^top", {"top.py"}),
        ("lib/.*", {"lib/a.py", "lib/b.py", "deep/lib/c.py"}),
        ("^deep/lib$", {"deep/lib/c.py"}),
        ("(unclosed\nskip", {"skip.py", "deep/skip.py"}),
    ],
)
def test_airflow_2_takes_the_patterns_for_regular_expressions(tmp_path, ignore, left_out):
    lay(tmp_path, {**dict.fromkeys(GLOB, ""), ".airflowignore": ignore})
    assert set(GLOB) - set(dag_files(tmp_path, Dialect.AIRFLOW2)) == left_out


def test_an_ignore_file_further_down_holds_below_it_only(tmp_path):
    lay(tmp_path, {**dict.fromkeys(GLOB, ""), "deep/.airflowignore": "skip.py\n/top.py\n"})
    assert set(GLOB) - set(dag_files(tmp_path)) == {"deep/skip.py", "deep/top.py"}


def test_an_ignore_file_further_down_may_take_back_what_stands_above(tmp_path):
    lay(tmp_path, {**dict.fromkeys(GLOB, ""), ".airflowignore": "skip.py", "deep/.airflowignore": "!skip.py"})
    assert set(GLOB) - set(dag_files(tmp_path)) == {"skip.py"}


def test_the_syntax_may_be_said(tmp_path):
    lay(tmp_path, {"ab.py": "", "a.py": "", ".airflowignore": "a."})
    assert dag_files(tmp_path, Dialect.AIRFLOW2, "glob") == ["a.py", "ab.py"]
    assert dag_files(tmp_path, Dialect.AIRFLOW3, "regexp") == []


def test_a_mounted_config_map_is_seen_once(tmp_path):
    """Kubernetes writes the data into ``..2024_x``, links ``..data`` to it, and each file through ``..data``."""
    lay(tmp_path, {"..2024_01_01/a.py": "", "..2024_01_01/b.yaml": ""})
    (tmp_path / "..data").symlink_to("..2024_01_01")
    for name in ("a.py", "b.yaml"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    assert dag_files(tmp_path) == ["a.py", "b.yaml"]


def test_links_are_followed_within_the_folder_and_never_in_circles(tmp_path):
    outside = lay(tmp_path / "outside", {"x.py": ""})
    root = lay(tmp_path / "dags", {"a/y.py": ""})
    (root / "linked").symlink_to(outside)
    (root / "a" / "loop").symlink_to(root)
    (root / "gone.py").symlink_to(root / "nowhere.py")
    (root / "in.py").symlink_to("a/y.py")
    (root / "out.py").symlink_to(outside / "x.py")
    assert dag_files(root) == ["a/y.py", "in.py", "linked", "out.py"]
    for path in ("linked", "out.py"):
        [told] = parse_file(Folder(root), path, Inputs()).diagnostics
        assert (told.code, "leads out of the DAG folder" in told.message) == ("GF001", True)


def test_what_may_never_end_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "zero.py").symlink_to("/dev/zero")
    assert dag_files(tmp_path) == []
    [told] = parse_file(Folder(tmp_path), "pipe.py", Inputs()).diagnostics
    assert (told.code, "not a regular file" in told.message) == ("GF001", True)


def test_the_root_may_be_a_link_that_is_swapped(tmp_path):
    real = lay(tmp_path / "..2026_01_01", {"a/x.py": "", "b.py": ""})
    (tmp_path / "..data").symlink_to(real.name)
    (tmp_path / "root").symlink_to("..data")
    assert dag_files(tmp_path / "root") == ["a/x.py", "b.py"]


@pytest.mark.parametrize(
    ("content", "two", "three"),
    [
        (b"from airflow import DAG", True, True),
        (b"import AIRFLOW, Dag", True, True),
        (b"from airflow.sdk import Asset", False, True),
        (b"import airflow", False, False),
        (b"dag = 1", False, False),
        (b"", False, False),
    ],
)
def test_safe_mode_is_airflows_own(content, two, three):
    assert looks_like_dag(content, "a.py", Dialect.AIRFLOW2) is two
    assert looks_like_dag(content, "a.py", Dialect.AIRFLOW3) is three


def test_yaml_has_a_safe_mode_of_its_own():
    assert looks_like_dag(b"Name: a\nCommand: [b]\n", "a.yaml")
    assert not looks_like_dag(b"airflow: dag\n", "a.yml")


RECORDED = json.loads((Path(__file__).parent / "airflowignore.json").read_text())
"""Random folders with random ignore files, and what Airflow 3.3.2's find_path_from_directory found in them."""


@pytest.mark.parametrize("case", RECORDED, ids=[f"{case['syntax']} {n}" for n, case in enumerate(RECORDED)])
def test_what_is_left_is_what_airflow_leaves(tmp_path, case):
    lay(tmp_path, {**dict.fromkeys(case["files"], ""), **case["ignore"]})
    assert dag_files(tmp_path, syntax=case["syntax"]) == case["found"]
