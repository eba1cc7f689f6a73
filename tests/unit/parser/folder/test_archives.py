"""Zip archives in the DAG folder are never passed over in silence when there are DAG files in them."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from goflow.domain.diagnostics import Diagnostic
from goflow.domain.spec import Dialect, Inputs
from goflow.parser.api import Folder, parse_file
from goflow.parser.folder import dag_files

DAG = "from airflow.sdk import DAG\nDAG('d')\n"
ASSET = "from airflow.sdk import Asset\n"


def archive(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return content.getvalue()


def read(root: Path, content: bytes, **options) -> tuple[list[Diagnostic], bool]:
    (root / "dags.zip").write_bytes(content)
    result = parse_file(Folder(root, **options), "dags.zip", Inputs())
    assert result.dags == ()
    assert set(result.closure) >= {"dags.zip"}
    assert result.file_hash
    return list(result.diagnostics), result.looks_like_dag


def test_archives_are_among_the_files_of_a_folder_unless_they_are_ignored(tmp_path):
    for name in ("a.zip", "sub/b.zip", "sub/old.zip"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(archive({"d.py": DAG}))
    (tmp_path / ".airflowignore").write_text("old.zip\n")
    assert dag_files(tmp_path) == ["a.zip", "sub/b.zip"]


def test_dag_files_at_the_top_of_an_archive_are_told_of_by_name(tmp_path):
    (found,), looks = read(tmp_path, archive({"b.py": DAG, "a.py": DAG, "lib/c.py": DAG, "none.py": "x = 1\n"}))
    assert (found.code, str(found.span), looks) == ("GF010", "dags.zip", True)
    assert found.message == "GoFlow does not read DAG files in archives yet: a.py, b.py"
    assert "unpack it" in found.hint


@pytest.mark.parametrize(
    ("sentence", "content"),
    [
        ("nothing at the top", archive({"lib/d.py": DAG})),
        ("nothing that looks like a DAG", archive({"helpers.py": "x = 1\n", "d.txt": DAG})),
        ("no archive at all", b"PK is not enough"),
        ("an empty archive", archive({})),
    ],
)
def test_what_airflow_would_not_run_either_is_passed_over(tmp_path, sentence, content):
    assert read(tmp_path, content) == ([], False)


def test_the_safe_mode_is_the_dialects_and_may_be_off(tmp_path):
    assert len(read(tmp_path, archive({"a.py": ASSET}))[0]) == 1
    assert len(read(tmp_path, archive({"a.py": ASSET}), dialect=Dialect.AIRFLOW2)[0]) == 0
    assert len(read(tmp_path, archive({"a.py": "x = 1"}), safe_mode=False)[0]) == 1


def test_an_archive_that_cannot_be_opened_is_told_of(tmp_path):
    content = bytearray(archive({"a.py": DAG}))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):  # the flag "encrypted", in the file's header and in the directory
        content[content.index(mark) + (6 if mark.endswith(b"\x04") else 8)] |= 1
    (found,), _ = read(tmp_path, bytes(content))
    assert found.code == "GF010"
    assert "encrypted" in found.message
