"""The watcher on a real file system: what people and programs do to a DAG folder is seen."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from watchdog.observers.inotify import InotifyObserver

from goflow.watcher import SourceChanged, Watcher
from goflow.watcher.places import Place, places

PATIENCE_S = 20.0
NEVER_S = 3600.0


class Hints:
    """What was told; can be waited for."""

    def __init__(self) -> None:
        self.told: list[SourceChanged] = []
        self._more = threading.Condition()

    def __call__(self, hint: SourceChanged) -> None:
        with self._more:
            self.told.append(hint)
            self._more.notify_all()

    def wait(self, wanted: Callable[[SourceChanged], bool], after: int = 0) -> SourceChanged:
        """The first hint from number AFTER on that is WANTED."""

        def found() -> list[SourceChanged]:
            return [hint for hint in self.told[after:] if wanted(hint)]

        with self._more:
            assert self._more.wait_for(lambda: bool(found()), PATIENCE_S), self.told
            return found()[0]


def names(name: str) -> Callable[[SourceChanged], bool]:
    """Hints that name that file, wherever it really lies."""
    return lambda hint: any(os.path.basename(path) == name for path in hint.paths)


Watch = Callable[..., Hints]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Starts a watcher on folders and gives what it tells; it is stopped at the end."""
    started: list[Watcher] = []

    def start(*roots: Path, rescan_interval_s: float = NEVER_S) -> Hints:
        hints = Hints()
        watcher = Watcher(roots, hints, rescan_interval_s=rescan_interval_s, quiet_s=0.02, longest_s=0.5)
        started.append(watcher)
        watcher.start()
        hints.wait(lambda hint: hint.rescan)
        return hints

    yield start
    for watcher in started:
        watcher.stop()
        assert watcher.failure is None
        assert not watcher.alive


def edit(root: Path) -> str:
    (root / "old.py").write_text("changed")
    return "old.py"


def add(root: Path) -> str:
    (root / "new.py").write_text("")
    return "new.py"


def delete(root: Path) -> str:
    (root / "old.py").unlink()
    return "old.py"


def rename(root: Path) -> str:
    (root / "old.py").rename(root / "renamed.py")
    return "renamed.py"


def replace(root: Path) -> str:
    (root / ".old.py.swp").write_text("changed")
    (root / ".old.py.swp").replace(root / "old.py")
    return "old.py"


def edit_below(root: Path) -> str:
    (root / "sub" / "deep" / "below.py").write_text("changed")
    return "below.py"


def make_folder(root: Path) -> str:
    (root / "fresh").mkdir()
    return "fresh"


def change_ignore_file(root: Path) -> str:
    (root / ".airflowignore").write_text("*.py")
    return ".airflowignore"


@pytest.mark.parametrize("act", [edit, add, delete, rename, replace, edit_below, make_folder, change_ignore_file])
def test_what_is_done_to_a_file_is_seen(tmp_path: Path, watch: Watch, act: Callable[[Path], str]) -> None:
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "sub" / "deep" / "below.py").write_text("")
    (tmp_path / "old.py").write_text("")
    hints = watch(tmp_path)
    hints.wait(names(act(tmp_path)))


def test_a_file_in_a_folder_that_was_made_later_is_seen(tmp_path: Path, watch: Watch) -> None:
    hints = watch(tmp_path)
    (tmp_path / "fresh").mkdir()
    hints.wait(names("fresh"))
    (tmp_path / "fresh" / "dag.py").write_text("")
    hints.wait(names("dag.py"))


def config_map(folder: Path, version: str, content: str) -> None:
    """What the kubelet does to a mounted ConfigMap: a new folder, and a link renamed over ``..data``."""
    data = folder / f"..{version}"
    data.mkdir()
    (data / "dag.py").write_text(content)
    (folder / "..data_tmp").symlink_to(data.name)
    (folder / "..data_tmp").rename(folder / "..data")
    if not (folder / "dag.py").is_symlink():
        (folder / "dag.py").symlink_to("..data/dag.py")


def test_a_config_map_that_swaps_its_link_is_seen_every_time(tmp_path: Path, watch: Watch) -> None:
    config_map(tmp_path, "2024_1", "one")
    hints = watch(tmp_path)
    for number in (2, 3, 4):
        before = len(hints.told)
        config_map(tmp_path, f"2024_{number}", str(number))
        hints.wait(names("..data"), before)
        shutil.rmtree(tmp_path / f"..2024_{number - 1}")
        assert (tmp_path / "dag.py").read_text() == str(number)


@pytest.mark.parametrize("inside", [".", "dags"], ids=["the link itself is the folder", "the folder is below it"])
def test_git_sync_that_swaps_its_link_is_seen_every_time(tmp_path: Path, watch: Watch, inside: str) -> None:
    """What git-sync does: fetch, check out aside, rename a link over the one that leads to the commit before, and remove
    what that was some time later. The link is not there before the first time."""

    def checkout(number: int) -> Path:
        worktree = tmp_path / ".worktrees" / f"commit{number}"
        (worktree / inside).mkdir(parents=True)
        (worktree / ".git").write_text(f"gitdir: {tmp_path}/.git/worktrees/commit{number}")
        (worktree / inside / "dag.py").write_text(str(number))
        (tmp_path / "tmp-link").symlink_to(Path(".worktrees") / f"commit{number}")
        (tmp_path / "tmp-link").rename(tmp_path / "repo")
        return worktree

    hints = watch(tmp_path / "repo" / inside)
    for number in (1, 2, 3, 4):
        before = len(hints.told)
        worktree = checkout(number)
        hints.wait(names("repo"), before)
        assert (tmp_path / "repo" / inside / "dag.py").read_text() == str(number)
        shutil.rmtree(tmp_path / ".worktrees" / f"commit{number - 1}", ignore_errors=True)
        before = len(hints.told)
        (worktree / inside / "hotfix.py").write_text("")
        hints.wait(names("hotfix.py"), before)


def test_a_folder_that_is_replaced_as_a_whole_is_followed(tmp_path: Path, watch: Watch) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    hints = watch(dags)
    (tmp_path / "next").mkdir()
    dags.rename(tmp_path / "before")
    (tmp_path / "next").rename(dags)
    hints.wait(names("dags"))
    (dags / "dag.py").write_text("")
    hints.wait(names("dag.py"))


def test_a_folder_that_is_deleted_and_made_again_is_followed(tmp_path: Path, watch: Watch) -> None:
    dags = tmp_path / "a" / "b" / "dags"
    hints = watch(dags)
    for number in range(2):
        before = len(hints.told)
        dags.mkdir(parents=True)
        (dags / f"dag{number}.py").write_text("")
        hints.wait(lambda hint: bool(hint.paths), before)
        before = len(hints.told)
        (dags / f"later{number}.py").write_text("")
        hints.wait(lambda hint: bool(hint.paths), before)
        before = len(hints.told)
        shutil.rmtree(tmp_path / "a")
        hints.wait(lambda hint: bool(hint.paths), before)


def test_a_folder_that_is_replaced_in_a_moment_is_followed(tmp_path: Path, watch: Watch) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    hints = watch(dags)
    for number in range(5):
        before = len(hints.told)
        dags.rmdir()
        dags.mkdir()  # often with the number that the kernel has just got back
        hints.wait(lambda hint: bool(hint.paths), before)
        (dags / "dag.py").write_text(str(number))
        hints.wait(names("dag.py"), before)
        before = len(hints.told)
        (dags / "dag.py").unlink()
        hints.wait(names("dag.py"), before)


def test_a_linked_folder_outside_is_watched_too(tmp_path: Path, watch: Watch) -> None:
    shared, dags = tmp_path / "shared", tmp_path / "dags"
    (shared / "lib").mkdir(parents=True)
    dags.mkdir()
    (dags / "lib").symlink_to(shared / "lib")
    (shared / "one.py").write_text("")
    (dags / "one.py").symlink_to(shared / "one.py")
    hints = watch(dags)
    (shared / "lib" / "helper.py").write_text("")
    hints.wait(names("helper.py"))
    (shared / "one.py").write_text("changed")
    hints.wait(names("one.py"))


def test_neighbours_and_readers_are_not_noticed(tmp_path: Path, watch: Watch) -> None:
    dags = tmp_path / "dags"
    (dags / ".git").mkdir(parents=True)
    (dags / "dag.py").write_text("x")
    hints = watch(dags)
    (tmp_path / "goflow.sqlite3").write_text("much writing")
    (dags / ".git" / "index").write_text("")
    assert (dags / "dag.py").read_text() == "x"
    (dags / "last.py").write_text("")
    hints.wait(names("last.py"))
    told = {os.path.basename(path) for hint in hints.told for path in hint.paths}
    assert told == {"last.py"}


def test_what_is_written_into_a_file_that_a_link_leads_to_is_seen(tmp_path: Path, watch: Watch) -> None:
    dags, outside = tmp_path / "dags", tmp_path / "outside.py"
    dags.mkdir()
    outside.write_text("a = 1")
    (dags / "linked.py").symlink_to(outside)
    hints = watch(dags)
    with outside.open("a") as file:
        file.write("b = 2")
    hints.wait(names("outside.py"))


def test_of_a_folders_neighbours_only_that_they_come_and_go_is_asked_of_the_kernel(tmp_path: Path) -> None:
    dags, outside = tmp_path / "dags", tmp_path / "elsewhere" / "outside.py"
    for folder in (dags, outside.parent):
        folder.mkdir()
    outside.write_text("a = 1")
    (dags / "linked.py").symlink_to(outside)
    found = {place.path: place.has_files for place in places([dags]) if not place.deep}
    assert found == {str(tmp_path): False, str(outside.parent): True}


def test_time_that_passes_is_a_rescan(tmp_path: Path, watch: Watch) -> None:
    hints = watch(tmp_path, rescan_interval_s=0.05)
    hints.wait(lambda hint: hint.rescan, 3)


def test_a_kernel_that_allows_no_more_watches_leaves_the_rescan(
    tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(InotifyObserver, "schedule", refuse)
    hints = watch(tmp_path, rescan_interval_s=0.05)
    hints.wait(lambda hint: hint.rescan, 2)


def test_many_writes_are_few_hints(tmp_path: Path, watch: Watch) -> None:
    hints = watch(tmp_path)
    for number in range(300):
        (tmp_path / f"dag{number}.py").write_text("x")
    hints.wait(names("dag299.py"))
    seen = {os.path.basename(path) for hint in hints.told for path in hint.paths}
    assert seen == {f"dag{number}.py" for number in range(300)}
    assert len(hints.told) < 30


def test_stopping_twice_or_before_the_start_is_harmless(tmp_path: Path) -> None:
    watcher = Watcher([tmp_path], lambda hint: None)
    watcher.stop()
    watcher.start()
    watcher.stop()
    watcher.stop()
    assert not watcher.alive


def test_links_that_lead_nowhere_or_in_a_circle_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "nowhere").symlink_to(tmp_path / "missing" / "file.py")
    (tmp_path / "dags" / "circle").symlink_to(tmp_path / "dags")
    (tmp_path / "dags" / "self").symlink_to("self")
    (tmp_path / "dags" / "up").symlink_to("..")
    found = places([tmp_path / "dags"])
    real = os.path.realpath(tmp_path)
    assert Place(real, os.stat(real).st_ino) in found, "the link to the parent makes it part of the folder"


def test_a_watch_goes_with_the_folder_and_not_with_its_path(tmp_path: Path) -> None:
    dags = tmp_path / "dags"
    dags.mkdir()
    first = places([dags])
    (tmp_path / "other").mkdir()
    dags.rmdir()
    (tmp_path / "other").rename(dags)
    assert places([dags]) != first
