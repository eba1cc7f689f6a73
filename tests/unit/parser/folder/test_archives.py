"""Zip archives in the DAG folder are read as Airflow imports them, and never passed over in silence."""

from __future__ import annotations

import io
import textwrap
import zipfile
from pathlib import Path

import pytest

from goflow.domain.diagnostics import Diagnostic
from goflow.domain.spec import Dialect, Inputs
from goflow.parser.api import Folder, ParseResult, parse_file
from goflow.parser.folder import dag_files

DAG = "from airflow.sdk import DAG\nDAG('d')\n"
ASSET = "from airflow.sdk import Asset\n"


def archive(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(name, text)
    return content.getvalue()


def result_of(root: Path, content: bytes, **options) -> ParseResult:
    (root / "dags.zip").write_bytes(content)
    result = parse_file(Folder(root, parse_path="/dags", **options), "dags.zip", Inputs())
    assert set(result.closure) >= {"dags.zip"}
    assert not any(name.startswith("dags.zip/") for name in result.closure)
    assert result.file_hash
    return result


def read(root: Path, content: bytes, **options) -> tuple[list[Diagnostic], bool]:
    result = result_of(root, content, **options)
    assert result.dags == ()
    return list(result.diagnostics), result.looks_like_dag


def test_archives_are_among_the_files_of_a_folder_unless_they_are_ignored(tmp_path):
    for name in ("a.zip", "sub/b.zip", "sub/old.zip"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(archive({"d.py": DAG}))
    (tmp_path / ".airflowignore").write_text("old.zip\n")
    assert dag_files(tmp_path) == ["a.zip", "sub/b.zip"]


FILES = {
    "first.py": """
        import helpers
        from inner.more import SCHEDULE
        from airflow.sdk import DAG

        d = DAG("first", schedule=SCHEDULE, description=f"{__name__} {__file__}")
        with d:
            helpers.make("a") >> helpers.make("b")
    """,
    "second.py": """
        import first
        from airflow.sdk import DAG

        with DAG("second", schedule=None):
            first.helpers.make("x")
    """,
    "helpers.py": """
        from airflow.providers.standard.operators.empty import EmptyOperator


        def make(name):
            return EmptyOperator(task_id=name)
    """,
    "inner/__init__.py": "",
    "inner/more.py": 'SCHEDULE = "@daily"\n',
    "plain.py": 'raise ValueError("nobody reads this")\n',
}  # what real Airflow makes of the same files: the DAGs first and second, without an error
FILES = {name: textwrap.dedent(text) for name, text in FILES.items()}


def test_the_dag_files_at_the_top_are_read_with_the_modules_in_the_archive(tmp_path):
    (tmp_path / "helpers.py").write_text("raise ValueError('the archive comes first')\n")
    result = result_of(tmp_path, archive(FILES))
    assert result.diagnostics == ()
    first, second = result.dags
    assert (first.dag_id, first.schedule.crons, first.description) == (
        "first",
        ("0 0 * * *",),
        "first /dags/dags.zip/first.py",
    )
    assert [(task.task_id, task.upstream) for task in first.tasks] == [("a", ()), ("b", ("a",))]
    assert (second.dag_id, [task.task_id for task in second.tasks]) == ("second", ["x"])


def test_a_change_of_any_file_in_it_is_a_change_of_the_archive(tmp_path):
    before = result_of(tmp_path, archive(FILES)).file_hash
    assert result_of(tmp_path, archive({**FILES, "helpers.py": FILES["helpers.py"] + "# more\n"})).file_hash != before


def test_a_file_that_fails_leaves_the_others_alone(tmp_path):
    result = result_of(
        tmp_path, archive({"a.py": "raise ValueError('no airflow dag')\n", **FILES, "z.py": "dag airflow"})
    )
    assert [dag.dag_id for dag in result.dags] == ["first", "second"]
    told = [(found.code, found.span.path, found.span.line) for found in result.diagnostics]
    assert told == [("GF004", "dags.zip/a.py", 1), ("GF002", "dags.zip/z.py", 1)]


def test_a_package_without_init_needs_an_entry_of_its_own(tmp_path):
    files = {"d.py": "from space import thing\nfrom airflow.sdk import DAG\nDAG(thing.NAME)\nd = DAG(thing.NAME)\n",
             "space/thing.py": 'NAME = "d"\n'}  # fmt: skip
    assert [dag.dag_id for dag in result_of(tmp_path, archive({"space/": "", **files})).dags] == ["d"]
    assert "d" not in [dag.dag_id for dag in result_of(tmp_path, archive(files)).dags]


@pytest.mark.parametrize(
    ("sentence", "files", "words"),
    [
        ("one large file", {"d.py": DAG, "big.py": "#" * (5 << 20)}, "big.py makes more"),
        ("many files", {f"{n}.txt": "" for n in range(10_001)}, "more than 10,000 files"),
        ("large files", {f"{n}.py": "#" * (4 << 20) for n in range(17)}, "64 MiB"),
        ("a compiled file", {"d.pyc": "x"}, "compiled Python files cannot be read: d.pyc"),
    ],
)
def test_what_is_too_large_to_be_unpacked_is_told_of(tmp_path, sentence, files, words):
    (found,), looks = read(tmp_path, archive(files))
    assert (found.code, looks) == ("GF010", True)
    assert words in found.message


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
    assert result_of(tmp_path, archive({"a.py": ASSET})).looks_like_dag
    assert not result_of(tmp_path, archive({"a.py": ASSET}), dialect=Dialect.AIRFLOW2).looks_like_dag
    assert result_of(tmp_path, archive({"a.py": "x = 1"}), safe_mode=False).looks_like_dag


def test_an_archive_that_cannot_be_opened_is_told_of(tmp_path):
    content = bytearray(archive({"a.py": DAG}))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):  # the flag "encrypted", in the file's header and in the directory
        content[content.index(mark) + (6 if mark.endswith(b"\x04") else 8)] |= 1
    (found,), _ = read(tmp_path, bytes(content))
    assert found.code == "GF010"
    assert "encrypted" in found.message


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_broken_file_in_an_archive_is_told_of_and_never_passed_over(tmp_path, method):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as made:
        made.writestr("d.py", DAG * 30)
    content = bytearray(stream.getvalue())
    for offset in range(30, 50):  # behind the local header: the file's name, and what it holds
        content[offset] ^= 0xFF
    (found,), looks = read(tmp_path, bytes(content))
    assert (found.code, looks) == ("GF010", True)
    assert "cannot be read" in found.message
