"""The folders of local launches."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from goflow_runner import local as runner
from goflow_runner import python_task
from goflow_runner.local import process_identity
from goflow_runner.wire import EXIT_NOT_CLAIMED

from goflow.executor import local, room
from goflow.executor.backend import BackendAwayError, Handle, Observation, Phase
from goflow.executor.local import NOT_BEGUN, STOPPED_BEFORE_START, LocalBackend
from goflow.operators.plan import JobPlan


@pytest.mark.parametrize(
    ("process", "is_gone"),
    [(process_identity(os.getpid()), False), ("1:1", True), (STOPPED_BEFORE_START, True), (None, True)],
    ids=["its process is still there", "its process is gone", "it was stopped before it began", "it never began"],
)
def test_a_launchs_folder_goes_when_nobody_works_in_it(tmp_path: Path, process: str | None, is_gone: bool) -> None:
    backend = LocalBackend(tmp_path, "http://nowhere", {})
    folder = backend.launches / "a"
    folder.mkdir(parents=True)
    if process is not None:
        (folder / "process").write_text(process)
    assert backend.cleanup(Handle(launch_id="a", job_name="", namespace="")) is is_gone
    assert folder.exists() is not is_gone


class Disk:
    """Takes nothing but the names of files while it is full, from whoever writes through this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full_with: int | None = None
        write_text, write_bytes, write_private = Path.write_text, Path.write_bytes, local._write_private

        def refuse(path: Path) -> None:
            if self.full_with is not None:
                path.touch()
                raise OSError(self.full_with, os.strerror(self.full_with), str(path))

        def told_first(write: Any) -> Any:
            def wrapped(path: Path, *given: Any, **named: Any) -> Any:
                refuse(path)
                return write(path, *given, **named)

            return wrapped

        monkeypatch.setattr(Path, "write_text", told_first(write_text))
        monkeypatch.setattr(Path, "write_bytes", told_first(write_bytes))
        monkeypatch.setattr(local, "_write_private", told_first(write_private))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Launches that the zygote was asked for, which begins none of them."""
    found: list[str] = []
    monkeypatch.setattr(LocalBackend, "_ensure_zygote", lambda self: None)
    monkeypatch.setattr(LocalBackend, "_ask", lambda self, requests: found.extend(x["launch_id"] for x in requests))
    return found


@pytest.fixture
def backend(tmp_path: Path, asked: list[str]) -> Iterator[LocalBackend]:
    """One whose look-out is called by the test."""
    made = LocalBackend(tmp_path, "http://nowhere", {})
    made._stopping.set()
    made.start(lambda seen: None)
    yield made
    made.stop()


def plan_of(launch_id: str) -> JobPlan:
    return JobPlan(
        launch_id=launch_id,
        dag_id="d",
        run_id="r",
        task_id="t",
        map_index=-1,
        try_number=1,
        ordinal=1,
        job_name=launch_id,
        namespace="default",
    )


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS], ids=errno.errorcode.__getitem__)
@pytest.mark.parametrize("step", ["launch", "terminate"])
def test_a_disk_without_room_is_waited_for(backend: LocalBackend, disk: Disk, asked: list[str], step: str, code: int):
    def call() -> None:
        if step == "launch":
            backend.launch_all([(plan_of("a"), "token"), (plan_of("b"), "token")])
        else:
            backend.terminate(Handle(launch_id="b", job_name="", namespace=""), 5)

    (backend.launches / "b").mkdir()
    disk.full_with = code
    with pytest.raises(BackendAwayError, match=os.strerror(code)) as raised:
        call()
    assert (raised.value.what, raised.value.reason, raised.value.waits) == ("disk", "NoRoom", "all")
    assert os.strerror(code) in str(backend.no_room())
    backend.room.look()
    assert backend.no_room() is not None
    disk.full_with = None
    backend.room.look()
    assert backend.no_room() is None
    call()
    if step == "launch":
        assert asked == ["a", "b"]
    else:
        assert [seen.phase for seen in backend.present()] == [Phase.ENDED]


def test_other_problems_of_a_disk_are_not_taken_for_it(backend: LocalBackend, disk: Disk) -> None:
    disk.full_with = errno.EIO
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        backend.launch(plan_of("a"), "token")
    assert backend.no_room() is None


def test_what_runs_is_stopped_whether_there_is_room_or_not(backend: LocalBackend, disk: Disk) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as running:
        (backend.launches / "a").mkdir()
        (backend.launches / "a" / "process").write_text(str(process_identity(running.pid)))
        disk.full_with = errno.ENOSPC
        backend.terminate(Handle(launch_id="a", job_name="", namespace=""), 0)
        assert running.wait(10) == -signal.SIGKILL


def test_a_token_that_is_there_is_not_lost_for_want_of_room(backend: LocalBackend, disk: Disk) -> None:
    """An attempt that was asked for before may be about to read it."""
    backend.launch(plan_of("a"), "token")
    disk.full_with = errno.ENOSPC
    backend.launch(plan_of("a"), "token")
    assert (backend.launches / "a" / "token").read_text() == "token"


def test_a_token_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise OSError(errno.ENOSPC, "no room")

    local._write_private(tmp_path / "token", "before")
    monkeypatch.setattr(os, "replace", refused)
    with pytest.raises(OSError, match="no room"):
        local._write_private(tmp_path / "token", "after")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("token", "before")]


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + seconds)


def test_what_had_no_room_to_begin_is_begun_again_once_there_is(
    backend: LocalBackend, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Observation] = []
    backend.launch_all([(plan_of("a"), "token"), (plan_of("runs"), "token")])
    (backend.launches / "runs" / "process").write_text(str(process_identity(os.getpid())))
    disk.full_with = errno.ENOSPC
    backend._look(seen.append)
    assert backend.no_room() is None, "it may be about to begin"
    later(monkeypatch, room.UNSURE_S + 1)
    backend._look(seen.append)
    assert "No space left" in str(backend.no_room())
    assert [(one.launch_id, one.phase) for one in seen] == [("a", Phase.PENDING), ("runs", Phase.RUNNING)]
    disk.full_with = None
    backend._look(seen.append)
    assert backend.no_room() is None
    assert len(seen) == 2, "an attempt that still waits finds the room first"
    later(monkeypatch, room.UNSURE_S + 1)
    backend._look(seen.append)
    backend._look(seen.append)
    (told,) = seen[2:]
    assert (told.launch_id, told.phase) == ("a", Phase.ENDED)
    assert told.outcome is not None
    assert (told.outcome.reason, told.outcome.disrupted) == ("NotBegun", True)
    assert (backend.launches / "a" / "process").read_text() == NOT_BEGUN, "whoever comes late finds that"
    backend.terminate(Handle(launch_id="a", job_name="", namespace=""), 0)
    assert backend.cleanup(Handle(launch_id="a", job_name="", namespace=""))


def test_what_does_not_begin_although_there_is_room_waits(
    backend: LocalBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time-out ends it: who begins it again and again would never tell what is wrong."""
    backend.launch(plan_of("a"), "token")
    later(monkeypatch, 300)
    backend._look(lambda seen: None)
    assert [one.phase for one in backend.present()] == [Phase.PENDING]


def test_what_another_zygote_has_left_before_it_began_is_begun_again(
    tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    after = LocalBackend(tmp_path, "http://nowhere", {})
    for name in ("left", "asked again"):
        (after.launches / name).mkdir(parents=True)
    after._stopping.set()
    after.start(lambda seen: None)
    later(monkeypatch, room.UNSURE_S + 1)
    after.launch(plan_of("asked again"), "token")
    after._look(lambda seen: None)
    assert {one.launch_id: one.phase for one in after.present()} == {
        "left": Phase.ENDED,
        "asked again": Phase.PENDING,
    }
    after.stop()


def test_an_attempt_and_who_takes_its_place_are_never_both_there(backend: LocalBackend) -> None:
    (backend.launches / "a").mkdir()
    makers = [
        threading.Thread(target=lambda word=word: _make(backend.launches / "a" / "process", word))  # type: ignore[misc]
        for word in ("1:1", NOT_BEGUN) * 8
    ]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert [path.name for path in (backend.launches / "a").iterdir()] == ["process"]


def _make(path: Path, word: str) -> None:
    with contextlib.suppress(FileExistsError):
        local._make_once(path, word)


@pytest.mark.parametrize("comes", [True, False], ids=["room comes", "there is none"])
def test_an_attempt_waits_for_room_to_begin_and_leaves_nothing_where_there_is_none(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch, comes: bool
) -> None:
    begun: list[str] = []

    def sleep(seconds: float) -> None:
        if comes:
            disk.full_with = None
        else:
            later(monkeypatch, runner.ROOM_PATIENCE_S)

    monkeypatch.setattr("goflow_runner.room.when_there_is_room.__defaults__", (sleep,))
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    monkeypatch.setattr("goflow_runner.agent.run", lambda launch_id, *_, **__: begun.append(launch_id) or 0)
    disk.full_with = errno.ENOSPC
    code = runner._attempt({"launch_id": "a", "environment": {}}, tmp_path)
    assert code == (0 if comes else EXIT_NOT_CLAIMED)
    assert begun == (["a"] if comes else [])
    assert [path.name for path in tmp_path.iterdir()] == (["process"] if comes else [])


def test_a_task_that_has_ended_tells_how_once_there_is_room(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        disk.full_with = None

    monkeypatch.setattr("goflow_runner.room.when_there_is_room.__defaults__", (sleep,))
    monkeypatch.setattr(python_task, "_execute", lambda attempt: {"state": "success"})
    monkeypatch.setattr(python_task, "TERMINATION_LOG", tmp_path / "none")
    disk.full_with = errno.ENOSPC
    assert python_task.execute(SimpleNamespace(work_dir=tmp_path)) == 0  # type: ignore[arg-type]
    assert (tmp_path / "outcome.json").read_text() == '{"state": "success"}'


def test_a_task_in_a_container_does_not_wait_for_room(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python_task, "_execute", lambda attempt: {"state": "success"})
    monkeypatch.setattr(python_task, "TERMINATION_LOG", tmp_path)
    disk.full_with = errno.ENOSPC
    with pytest.raises(OSError, match="No space left"):
        python_task.execute(SimpleNamespace(work_dir=tmp_path))  # type: ignore[arg-type]
