"""A DAG folder that means harm, or is being changed under the reader's hands: what is told, and what stays in force."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from goflow.domain.errors import GoFlowError
from goflow.domain.spec import Inputs
from goflow.parser.api import Folder, parse_file
from goflow.parser.folder import dag_files
from goflow.store import blobs, import_errors, versions
from tests.unit.importer.kit import Kit, native

DEEP = 300
AIRFLOW = "from airflow import DAG\ndag = DAG({!r}, schedule=None)\n"


def again(make_kit: object, kit: Kit) -> Kit:
    """The same folder and store, as a daemon that is started anew has them."""
    return make_kit(root=kit.root)  # type: ignore[operator,no-any-return]


# Two live files that define one dag_id -------------------------------------------------------------------------


def test_a_newcomer_stays_one_after_a_restart(make_kit):
    kit = make_kit()
    kit.write("b.yaml", native("one", "b"))
    kit.scan()
    kit.write("a.yaml", native("one", "a"))
    kit.scan()
    kit = again(make_kit, kit)
    assert kit.scan().read == [], "nothing changed, so nothing is read"
    assert (kit.active(), kit.errors()) == ({"one": ("b.yaml", 1)}, {"a.yaml": ["GF007"]})
    (kit.root / "a.yaml").write_text(native("one", "changed"))
    kit.scan()
    assert (kit.active(), kit.errors()) == ({"one": ("b.yaml", 1)}, {"a.yaml": ["GF007"]})


def test_a_newcomer_gets_the_dag_whose_file_went_while_no_daemon_ran(make_kit):
    kit = make_kit()
    kit.write("a.yaml", native("one", "a"))
    kit.scan()
    kit.write("b.yaml", native("one", "b"))
    kit.write("c.yaml", native("one", "c"))
    kit.scan()
    assert kit.errors() == {"b.yaml": ["GF007"], "c.yaml": ["GF007"]}
    (kit.root / "a.yaml").unlink()
    kit = again(make_kit, kit)
    kit.scan()
    assert (kit.active()["one"][0], kit.errors()) == ("b.yaml", {"c.yaml": ["GF007"]})
    assert kit.command("one") == ["sh", "-c", "b"]


@pytest.mark.parametrize("name", ["0.yaml", "z.yaml", "sub/b.yaml"])
def test_who_had_the_dag_keeps_it_under_another_name_of_its_file(make_kit, name):
    kit = make_kit()
    path = kit.write("b.yaml", native("one", "b"))
    kit.scan()
    kit.write("n.yaml", native("one", "newcomer"))
    kit.scan()
    (kit.root / name).parent.mkdir(exist_ok=True)
    path.rename(kit.root / name)
    kit = again(make_kit, kit)
    kit.scan()
    assert (kit.active()["one"][0], kit.errors()) == (name, {"n.yaml": ["GF007"]})
    assert kit.command("one") == ["sh", "-c", "b"]


def test_two_files_that_swap_their_names_keep_one_each(kit):
    kit.write("a.yaml", native("one", "a"))
    kit.write("b.yaml", native("two", "b"))
    kit.scan()
    (kit.root / "a.yaml").rename(kit.root / "c")
    (kit.root / "b.yaml").rename(kit.root / "a.yaml")
    (kit.root / "c").rename(kit.root / "b.yaml")
    kit.scan()
    assert {dag_id: path for dag_id, (path, _) in kit.active().items()} == {"one": "b.yaml", "two": "a.yaml"}
    assert kit.errors() == {}


# Names ---------------------------------------------------------------------------------------------------------

NAMES = [
    b"new\nline", b"carriage\rreturn", b"-dash", b"--help", b" spaces ", b"tab\t", b"quote'\"`", b"back\\slash", b"\\x41",
    b"*", b"[a]", b"?", b"~", b"$HOME", b"%s", b"{0}", b"#", b"&;|", b"\x01\x1b[31m", b"a..b", b"x" * 245,
    "caf\u00e9".encode(), "cafe\u0301".encode(), "\u202egpj".encode(), "\U0001f600".encode(), "\u00df\u0130".encode(),
]  # fmt: skip
NOT_UTF_8 = [b"\xff\xfe", b"lat\xe9in", b"half\xed\xa0\x80", b"fol\xffder/a"]


def lay(root: Path, name: bytes, content: str) -> None:
    path = os.path.join(os.fsencode(root), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(content)


def test_a_file_may_have_any_name_that_is_text(kit):
    """The two ways to write the same accented letter are two files, as they are two names to Linux."""
    for number, name in enumerate(NAMES):
        lay(kit.root, name + b".yaml", native(f"yaml_{number}"))
        lay(kit.root, name + b".py", AIRFLOW.format(f"python_{number}"))
    summary = kit.scan()
    assert (kit.errors(), summary.unsettled) == ({}, [])
    expected = {f"yaml_{number}": (name + b".yaml").decode() for number, name in enumerate(NAMES)}
    expected |= {f"python_{number}": (name + b".py").decode() for number, name in enumerate(NAMES)}
    assert {dag_id: path for dag_id, (path, _) in kit.active().items()} == expected
    assert kit.scan().read == []
    with kit.store.reading() as tx:
        stored = blobs.folder(tx, versions.by_number(tx, "yaml_0", 1).folder_digest)
    assert {os.fsencode(name) for name in stored.files} == {n + end for n in NAMES for end in (b".yaml", b".py")}


def test_a_name_that_is_no_text_is_told_and_costs_no_other_file(kit):
    for name in NOT_UTF_8:
        for end, content in ((b".yaml", native("lost")), (b".py", AIRFLOW.format("lost")), (b".txt", "data")):
            lay(kit.root, name + end, content)
    kit.write("a.yaml", native("fine"))
    kit.write("b.py", "import os\n" + AIRFLOW.format("lists") + "dag.doc_md = str(len(os.listdir('.')))\n")
    kit.scan()  # they are listed and not there: they may have gone meanwhile
    summary = kit.scan()
    assert set(kit.active()) == {"fine", "lists"}
    told = {(name + end).decode("utf-8", "backslashreplace") for name in NOT_UTF_8 for end in (b".yaml", b".py")}
    assert kit.errors() == {path: ["GF001"] for path in told}
    with kit.store.reading() as tx:
        hints = {found.hint for row in import_errors.list_(tx) for found in row.diagnostics}
    assert hints == {
        "bytes of a name that are not UTF-8 are shown as \\xNN: give the file, or its folder, another name"
    }
    assert summary.unsettled == []
    assert kit.scan().read == []


def test_a_tree_of_hundreds_of_folders_is_walked(kit):
    deep = "/".join(["d"] * DEEP)
    kit.write(f"{deep}/a.yaml", native("deep"))
    kit.write(f"{deep}/b.py", AIRFLOW.format("deep_too"))
    kit.scan()
    assert {dag_id: path for dag_id, (path, _) in kit.active().items()} == {
        "deep": f"{deep}/a.yaml",
        "deep_too": f"{deep}/b.py",
    }
    shutil.rmtree(kit.root / "d")
    assert set(kit.scan().deactivated) == {"deep", "deep_too"}


# What changes while it is read -----------------------------------------------------------------------------------


def while_reading(kit, monkeypatch, act, *, after):
    """Have ACT happen once, before (or AFTER) the files of the next scan are read."""
    read = kit.scanner.pool.read_together
    acts = [act]

    def interrupted(setup, paths, meanwhile):
        if acts and not after:
            acts.pop()()
        for batch in read(setup, paths, meanwhile):
            if acts:
                acts.pop()()
            yield batch

    monkeypatch.setattr(kit.scanner.pool, "read_together", interrupted)


def test_a_file_that_is_read_half_written_is_read_again_and_nobody_hears_of_it(kit, monkeypatch):
    path = kit.write("a.yaml", native("one", "old"))
    kit.scan()
    path.write_text(native("one", "new") + "Labels: {half: [wr")
    while_reading(kit, monkeypatch, lambda: path.write_text(native("one", "new")), after=True)
    summary = kit.scan()
    assert (summary.unsettled, kit.errors(), kit.command("one")) == (["a.yaml"], {}, ["sh", "-c", "old"])
    summary = kit.scan()
    assert (summary.unsettled, kit.errors(), kit.command("one")) == ([], {}, ["sh", "-c", "new"])


def test_a_file_that_vanishes_before_its_turn_is_told_as_gone_and_not_as_broken(kit, monkeypatch):
    path = kit.write("a.yaml", native("one"))
    kit.write("b.yaml", native("two"))
    kit.scan()
    path.write_text(native("one", "changed"))
    while_reading(kit, monkeypatch, path.unlink, after=False)
    summary = kit.scan()
    assert (summary.unsettled, kit.errors(), set(kit.active())) == (["a.yaml"], {}, {"one", "two"})
    summary = kit.scan()
    assert (summary.removed, summary.deactivated, set(kit.active())) == (["a.yaml"], ["one"], {"two"})


def to_fifo(path: Path) -> None:
    os.mkfifo(path)


def to_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))


def to_device(path: Path) -> None:
    os.symlink("/dev/zero", path)


def to_folder(path: Path) -> None:
    path.mkdir()


def to_circle(path: Path) -> None:
    path.symlink_to(path.name)


def to_link_out(path: Path) -> None:
    path.symlink_to("/etc/passwd")


@pytest.mark.parametrize("become", [to_fifo, to_socket, to_device, to_folder, to_circle, to_link_out])
@pytest.mark.parametrize("when", ["before the scan", "between listing and reading"])
@pytest.mark.timeout(60)
def test_a_file_that_becomes_something_else_holds_up_nobody(kit, monkeypatch, become, when):
    path = kit.write("a.yaml", native("one"))
    kit.write("b.yaml", native("two"))
    kit.scan()
    path.write_text(native("one", "changed"))
    kit.write("b.yaml", native("two", "changed"))

    def act() -> None:
        path.unlink()
        become(path)

    if when == "before the scan":
        act()
    else:
        while_reading(kit, monkeypatch, act, after=False)
    for _ in range(3):
        kit.scan()
    assert kit.command("two") == ["sh", "-c", "changed"]
    assert "one" not in kit.active() or set(kit.errors()) == {"a.yaml"}, "it is gone, or it is told what is wrong"


def test_a_root_that_is_swapped_between_listing_and_reading_is_one_change(make_kit, tmp_path, monkeypatch):
    """As git-sync does it: the new commit has lost a file, changed one, and got one."""

    def checkout(number: int, files: dict[str, str]) -> None:
        for name, content in files.items():
            path = tmp_path / f"commit{number}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        (tmp_path / "next").symlink_to(f"commit{number}")
        (tmp_path / "next").rename(tmp_path / "current")

    checkout(1, {"a.yaml": native("one", "1"), "b.yaml": native("two", "1"), "same.yaml": native("same")})
    kit = make_kit(root=tmp_path / "current")
    swap = {"b.yaml": native("two", "2"), "c.yaml": native("three", "2"), "same.yaml": native("same")}
    while_reading(kit, monkeypatch, lambda: checkout(2, swap), after=False)
    kit.scan()
    assert kit.errors() == {}, "nothing is wrong with any file"
    kit.scan()
    assert (set(kit.active()), kit.errors()) == ({"two", "three", "same"}, {})
    assert kit.command("two") == ["sh", "-c", "2"]
    with kit.store.reading() as tx:
        stored = blobs.folder(tx, versions.by_number(tx, "two", kit.dag("two").version).folder_digest)
    assert set(stored.files) == {"b.yaml", "c.yaml", "same.yaml"}


# What may not be read --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's rights, where the tests have them."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that everybody may look into."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_a_file_that_may_not_be_read_is_told(public):
    (public / "a.py").write_text(AIRFLOW.format("one"))
    (public / "a.py").chmod(0)
    with as_nobody():
        result = parse_file(Folder(public), "a.py", Inputs())
    assert [(one.code, one.message) for one in result.diagnostics] == [
        ("GF001", "the file cannot be read: Permission denied")
    ]


def test_a_folder_that_may_not_be_listed_is_named_and_the_whole_one_is_an_error(public):
    (public / "sub").mkdir()
    (public / "sub" / "a.py").write_text(AIRFLOW.format("one"))
    (public / "b.py").write_text(AIRFLOW.format("two"))
    (public / "sub").chmod(0)
    with as_nobody():
        assert dag_files(public) == ["b.py", "sub"]
        assert [one.code for one in parse_file(Folder(public), "sub", Inputs()).diagnostics] == ["GF001"]
    public.chmod(0)
    with as_nobody(), pytest.raises(GoFlowError, match="cannot be listed: Permission denied"):
        dag_files(public)


def test_what_lies_in_a_folder_that_cannot_be_listed_stays_in_force(kit, monkeypatch):
    kit.write("sub/deeper/a.yaml", native("one"))
    kit.write("sub/b.yaml", native("two"))
    kit.write("c.yaml", native("three"))
    kit.scan()
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path) == str(kit.root / "sub"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    for _ in range(2):
        summary = kit.scan()
        assert (summary.removed, summary.deactivated) == ([], [])
    assert set(kit.active()) == {"one", "two", "three"}
    assert kit.errors() == {"sub": ["GF001"]}
    monkeypatch.undo()
    shutil.rmtree(kit.root / "sub" / "deeper")
    assert kit.scan().deactivated == ["one"]
    assert kit.errors() == {}


# A disk that is full ---------------------------------------------------------------------------------------------


def test_a_full_disk_costs_what_is_new_and_nothing_that_was_there(kit, monkeypatch):
    kit.write("a.yaml", native("one", "old"))
    kit.scan()
    kit.write("a.yaml", native("one", "new"))
    kit.write("b.yaml", native("two"))
    put = blobs.put_contents

    def full(tx, contents):
        raise OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))

    monkeypatch.setattr(blobs, "put_contents", full)
    summary = kit.scan()
    assert (sorted(summary.unsettled), kit.errors()) == (["a.yaml", "b.yaml"], {})
    assert (set(kit.active()), kit.command("one")) == ({"one"}, ["sh", "-c", "old"])
    monkeypatch.setattr(blobs, "put_contents", put)
    assert kit.scan().unsettled == []
    assert (set(kit.active()), kit.command("one")) == ({"one", "two"}, ["sh", "-c", "new"])
