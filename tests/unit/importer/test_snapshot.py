"""The folder as it was: what is kept, under which names, and whether it is what was read."""

from __future__ import annotations

from pathlib import Path

import pytest

from goflow.domain.canonical import digest_bytes
from goflow.importer import digests, snapshot
from goflow.importer.digests import Digester
from goflow.importer.snapshot import ChangedMeanwhileError, Snapshot
from goflow.store import Store, blobs


def make(root: Path, *import_roots: Path) -> Snapshot:
    """A snapshot of ROOT."""
    return Snapshot(root, import_roots, "/dags", Digester())


def tree(root: Path, files: dict[str, str]) -> Path:
    """Write FILES below ROOT."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def test_everything_is_kept_but_what_never_matters(tmp_path: Path) -> None:
    wanted = {"a.py": "a", "sub/b.sql": "b", "sub/.hidden": "c", ".airflowignore": "d", "empty": ""}
    tree(tmp_path, wanted)
    tree(
        tmp_path,
        {".git/index": "x", "__pycache__/a.pyc": "x", "sub/b.pyc": "x", "..2024/a.py": "x", ".venv/lib.py": ""},
    )
    manifest = make(tmp_path).manifest
    assert {name: digest for name, (digest, _) in manifest.files.items()} == {
        name: digest_bytes(content.encode()) for name, content in wanted.items()
    }
    assert (manifest.path, manifest.size) == ("/dags", 4)


def test_what_git_keeps_in_a_worktree_is_no_part_of_the_folder(tmp_path: Path) -> None:
    """There ``.git`` is a file that names the commit's own folder: another one each time."""
    tree(
        tmp_path, {".git": "gitdir: /dags/.git/worktrees/4f1c", "sub/.git": "gitdir: ../.git/modules/sub", "a.py": "a"}
    )
    assert list(make(tmp_path).manifest.files) == ["a.py"]


def test_links_are_kept_as_what_they_lead_to_and_circles_end(tmp_path: Path) -> None:
    tree(tmp_path / "shared", {"lib.py": "lib", "deep/more.py": "more"})
    root = tree(tmp_path / "dags", {"a.py": "a", "sub/b.py": "b"})
    (root / "linked.py").symlink_to(tmp_path / "shared" / "lib.py")
    (root / "one").symlink_to(tmp_path / "shared")
    (root / "two").symlink_to("one")
    (root / "sub" / "up").symlink_to("..")
    (root / "nowhere").symlink_to("missing")
    names = set(make(root).manifest.files)
    both = {f"{folder}/{name}" for folder in ("one", "two") for name in ("lib.py", "deep/more.py")}
    assert names == {"a.py", "sub/b.py", "linked.py"} | both


def test_import_roots_have_names_of_their_own(tmp_path: Path) -> None:
    root = tree(tmp_path / "dags", {"a.py": "a", "lib/inside.py": "i"})
    plugins = tree(tmp_path / "plugins", {"outside.py": "o"})
    more = tree(tmp_path / "more", {"third.py": "t"})
    kept = make(root, root / "lib", plugins, more, plugins)
    assert set(kept.manifest.files) == {
        *("a.py", "lib/inside.py", ".goflow-roots/0/outside.py", ".goflow-roots/1/third.py"),
    }
    assert kept.manifest.import_roots == (".goflow-roots/0", ".goflow-roots/1")
    assert kept.name_of(root / "lib") == "lib"
    assert kept.name_of(plugins / "outside.py") == ".goflow-roots/0/outside.py"
    assert kept.name_of(more) == ".goflow-roots/1"
    assert kept.name_of(tmp_path / "elsewhere") is None
    assert kept.name_of(root / "../plugins/outside.py") == ".goflow-roots/0/outside.py"


def test_a_file_that_is_too_large_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "LARGEST", 3)
    tree(tmp_path, {"small.py": "abc", "large.csv": "abcd"})
    kept = make(tmp_path)
    assert set(kept.manifest.files) == {"small.py"}
    assert kept.agrees_with({"small.py": digest_bytes(b"abc"), "large.csv": digest_bytes(b"abcd")})


@pytest.mark.parametrize(
    ("closure", "expected"),
    [
        ({}, True),
        ({"a.py": "same"}, True),
        ({"a.py": "other"}, False),
        ({"missing.py": None}, True),
        ({"a.py": None}, False),
        ({"missing.py": "same"}, False),
        ({"/outside/of/all.py": "other"}, True),
    ],
    ids=str,
)
def test_a_reading_is_compared_with_what_is_kept(
    tmp_path: Path, closure: dict[str, str | None], expected: bool
) -> None:
    tree(tmp_path, {"a.py": "a"})
    digests_of = {"same": digest_bytes(b"a"), "other": digest_bytes(b"b"), None: None}
    assert make(tmp_path).agrees_with({name: digests_of[value] for name, value in closure.items()}) is expected


def test_what_is_kept_is_what_was_seen(sqlite_store: Store, tmp_path: Path) -> None:
    root = tree(tmp_path / "dags", {f"{number}.txt": "x" * number for number in range(1, 40)})
    kept = make(root)
    digest = kept.store(sqlite_store)
    assert kept.store(sqlite_store) == digest == make(root).store(sqlite_store)
    with sqlite_store.reading() as tx:
        blobs.write_tree(tx, digest, tmp_path / "out")
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == {
        path.name: path.read_text() for path in root.iterdir()
    }


@pytest.mark.parametrize("how", ["changed", "deleted"])
def test_a_file_that_changes_before_it_is_kept_is_noticed(sqlite_store: Store, tmp_path: Path, how: str) -> None:
    root = tree(tmp_path / "dags", {"a.py": "a"})
    kept = make(root)
    assert kept.manifest.size == 1
    if how == "changed":
        (root / "a.py").write_text("b")
    else:
        (root / "a.py").unlink()
    with pytest.raises(ChangedMeanwhileError):
        kept.store(sqlite_store)


def test_files_are_kept_in_several_transactions(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_BATCH", 10)
    root = tree(tmp_path / "dags", {f"{number}.txt": str(number) * 6 for number in range(7)})
    kept = make(root)
    batches = list(kept._batches({digest for digest, _ in kept.manifest.files.values()}))
    assert [len(batch) for batch in batches] == [2, 2, 2, 1]


def test_a_digest_is_remembered_until_something_shows_a_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "_SETTLED_NS", -1)
    path = tmp_path / "a"
    path.write_text("one")
    digester = Digester()
    first = digester.digest(path)
    assert first == digest_bytes(b"one")
    path.write_text("three")
    assert digester.digest(path) == digest_bytes(b"three")
    path.unlink()
    assert digester.digest(path) is None
    assert digester.digest(tmp_path) is None
    assert digester.digest(Path("/nowhere/\0")) is None


def test_a_file_that_was_just_written_is_hashed_every_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two writes of the same size within one tick of the file system's clock look the same."""
    monkeypatch.setattr(digests, "_SETTLED_NS", 10**18)
    path = tmp_path / "a"
    path.write_text("one")
    digester = Digester()
    digester.digest(path)
    assert digester._known == {}
