"""Native DAG files that people write: where they may lie, what is refused, and that nobody's change is lost."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from goflow.domain.errors import AlreadyExistsError, ConflictError, GoFlowError, InvalidRequestError, NotFoundError
from goflow.jobfiles import JobFileDesk, folder
from goflow.jobfiles.desk import BrokenFileError
from goflow.store import Store, events, job_files

HELLO = b"Name: hello\nCommand: [echo, hello]\n"
OTHER = b"Name: hello\nCommand: [echo, other]\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "dags").mkdir()
    return tmp_path / "dags"


@pytest.fixture
def desk(sqlite_store: Store, root: Path) -> JobFileDesk:
    return JobFileDesk(sqlite_store, root)


@pytest.fixture
def database_desk(sqlite_store: Store, root: Path) -> JobFileDesk:
    return JobFileDesk(sqlite_store, root, "database")


def told(store: Store) -> list[tuple[str, str | None, str, str]]:
    with store.reading() as tx:
        found = events.after(tx, 0, limit=100)
    return [(one.kind, one.who, str(one.data["path"]), str(one.data["kept_in"])) for one in found if "path" in one.data]


@pytest.mark.parametrize("place", ["folder", "database"])
def test_a_file_is_saved_read_changed_and_deleted(sqlite_store: Store, root: Path, place: str) -> None:
    desk = JobFileDesk(sqlite_store, root, place)  # type: ignore[arg-type]
    made = desk.save_new("jobs/hello.yaml", HELLO, who="ada")
    assert (made.place, desk.read(made.path).content) == (place, HELLO)
    changed = desk.save(made.path, OTHER, made.digest, who="grace")
    assert desk.read(made.path) == changed
    desk.delete(made.path, changed.digest, who="ada")
    with pytest.raises(NotFoundError):
        desk.read(made.path)
    path = "jobs/hello.yaml" if place == "folder" else f"{job_files.FOLDER}/jobs/hello.yaml"
    assert told(sqlite_store) == [
        ("job_file.saved", "ada", path, place),
        ("job_file.saved", "grace", path, place),
        ("job_file.deleted", "ada", path, place),
    ]


@pytest.mark.parametrize("place", ["folder", "database"])
def test_what_has_changed_since_it_was_read_is_not_written_over(sqlite_store: Store, root: Path, place: str) -> None:
    desk = JobFileDesk(sqlite_store, root, place)  # type: ignore[arg-type]
    made = desk.save_new("hello.yaml", HELLO, who="ada")
    desk.save(made.path, OTHER, made.digest, who="grace")
    with pytest.raises(ConflictError):
        desk.save(made.path, HELLO + b"Retries: 1\n", made.digest, who="ada")
    with pytest.raises(ConflictError):
        desk.delete(made.path, made.digest, who="ada")
    with pytest.raises(AlreadyExistsError):
        desk.save_new("hello.yaml", HELLO, who="ada")
    assert desk.read(made.path).content == OTHER


def test_of_two_that_make_one_file_at_once_one_is_told_that_it_is_there(desk: JobFileDesk) -> None:
    said: list[str] = []
    begin = threading.Barrier(2)

    def make(who: str) -> None:
        begin.wait()
        try:
            desk.save_new("hello.yaml", HELLO, who=who)
            said.append("made")
        except AlreadyExistsError:
            said.append("there")

    threads = [threading.Thread(target=make, args=(who,)) for who in ("ada", "grace")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == ["made", "there"]


@pytest.mark.parametrize(
    "name",
    [
        *("", "/etc/hello.yaml", "../hello.yaml", "a/../../hello.yaml", "a//hello.yaml", "./hello.yaml", "hello.py"),
        *("hello", ".yaml", ".hidden.yaml", ".git/hello.yaml", "..data/hello.yaml", "__pycache__/hello.yaml"),
        *("goflow.yaml", "a\0.yaml", "a\n.yaml", "a\\b.yaml", "x" * 251 + ".yaml", "/".join("abcdefghijk") + ".yaml"),
    ],
)
def test_no_path_leads_out_of_the_folder_or_to_what_is_no_dag_file(
    desk: JobFileDesk, database_desk: JobFileDesk, tmp_path: Path, name: str
) -> None:
    for one in (desk, database_desk):
        with pytest.raises(InvalidRequestError):
            one.save_new(name, HELLO, who="ada")
    with pytest.raises(InvalidRequestError):
        desk.read(name)
    with pytest.raises(InvalidRequestError):
        desk.read(f"{job_files.FOLDER}/{name}")
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix == ".yaml"] == []


def test_no_symbolic_link_is_followed(desk: JobFileDesk, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "hello.yaml").write_bytes(HELLO)
    (root / "way").symlink_to(outside)
    (root / "hello.yaml").symlink_to(outside / "hello.yaml")
    for path in ("way/hello.yaml", "hello.yaml"):
        with pytest.raises(InvalidRequestError):
            desk.read(path)
        with pytest.raises(InvalidRequestError):
            desk.save_new(path, OTHER, who="ada")
    with pytest.raises(InvalidRequestError):
        desk.save_new("way/new.yaml", OTHER, who="ada")
    assert sorted(os.listdir(outside)) == ["hello.yaml"]
    assert (outside / "hello.yaml").read_bytes() == HELLO


def test_a_folder_that_is_a_link_itself_is_written(sqlite_store: Store, root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    JobFileDesk(sqlite_store, tmp_path / "link").save_new("hello.yaml", HELLO, who="ada")
    assert (root / "hello.yaml").read_bytes() == HELLO


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"Name: hello\nCommand: [echo]\nRetriez: 1\n", "GF401"),
        (b"Name: hello\nCommand: [echo\n", "GF003"),
        (b"just: data\n", "GF403"),
        (b"", "GF403"),
        (b"Name: hello\nSchedule: 61 * * * *\nCommand: [echo]\n", "GF206"),
        (b"Name: hello\nCommand: [echo]\n" + b"#" * (256 << 10), "GF005"),
    ],
)
def test_a_file_with_errors_is_not_saved(desk: JobFileDesk, root: Path, content: bytes, code: str) -> None:
    with pytest.raises(BrokenFileError) as refused:
        desk.save_new("hello.yaml", content, who="ada")
    assert code in [finding.code for finding in refused.value.found]
    assert os.listdir(root) == []


def test_files_of_other_kinds_are_neither_shown_nor_written_over(desk: JobFileDesk, root: Path) -> None:
    (root / "secrets.yaml").write_bytes(b"password: hush\n")
    (root / "dag.py").write_bytes(b"")
    for path in ("secrets.yaml", "dag.py"):
        with pytest.raises(GoFlowError):
            desk.read(path)
    with pytest.raises(NotFoundError):
        desk.save("secrets.yaml", HELLO, job_files.digest_bytes(b"password: hush\n"), who="ada")
    assert (root / "secrets.yaml").read_bytes() == b"password: hush\n"


def _read_only(root: Path) -> None:
    (root / "..data").symlink_to(root)


def _git_sync(root: Path) -> None:
    (root / ".git").write_text("gitdir: ../.git/worktrees/1\n")


@pytest.mark.parametrize("make", [_read_only, _git_sync])
def test_where_others_keep_the_folder_in_step_new_files_go_into_the_database(
    desk: JobFileDesk, root: Path, make: Callable[[Path], None]
) -> None:
    (root / "there.yaml").write_bytes(HELLO.replace(b"hello", b"there"))
    make(root)
    assert desk.save_new("hello.yaml", HELLO, who="ada").path == f"{job_files.FOLDER}/hello.yaml"
    there = desk.read("there.yaml")
    assert there.locked
    with pytest.raises(InvalidRequestError):
        desk.save("there.yaml", OTHER, there.digest, who="ada")


def test_a_file_that_is_killed_while_it_is_written_is_what_it_was(desk: JobFileDesk, root: Path) -> None:
    made = desk.save_new("hello.yaml", HELLO, who="ada")
    os.chmod(root / "hello.yaml", 0o640)

    class KilledError(BaseException):
        pass

    def die(*_: object) -> None:
        raise KilledError

    before, os.replace = os.replace, die
    try:
        with pytest.raises(KilledError):
            desk.save(made.path, OTHER, made.digest, who="ada")
    finally:
        os.replace = before
    assert (root / "hello.yaml").read_bytes() == HELLO
    assert [kind for kind, *_ in told(desk.store)] == ["job_file.saved"]
    (root / folder.ASIDE).mkdir(exist_ok=True)
    (root / folder.ASIDE / "left").write_bytes(b"")
    desk.save(made.path, OTHER, made.digest, who="ada")
    assert os.listdir(root) == ["hello.yaml"]
    assert (root / "hello.yaml").stat().st_mode & 0o777 == 0o640


def test_what_airflowignore_leaves_out_is_not_written(desk: JobFileDesk, root: Path) -> None:
    (root / ".airflowignore").write_text("drafts/\n")
    with pytest.raises(InvalidRequestError, match="airflowignore"):
        desk.save_new("drafts/hello.yaml", HELLO, who="ada")
    desk.save_new("jobs/hello.yaml", HELLO, who="ada")
