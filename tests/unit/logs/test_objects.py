"""A volume for logs that is full: lines wait, nothing is left of what was cut off, and all lines arrive in the end."""

from __future__ import annotations

import datetime as dt
import errno
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.implementations.local import LocalFileSystem

from goflow.logs.contract import Line, LogStoreAwayError
from goflow.logs.masking import Masker
from goflow.logs.objects import CUT_DAYS, CUT_S, ObjectLogs
from goflow.logs.shipper import LogShipper
from goflow.store import Store, log_batches
from goflow.telemetry import metrics
from tests.logs_kit import append, rows, writer


class Volume:
    """A folder with ROOM bytes; what is written beyond that is cut off, as a file system does it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.room = 1 << 30

    def files(self) -> list[Path]:
        return sorted(path for path in self.folder.rglob("*") if path.is_file())

    def write(self, path: str, content: bytes) -> None:
        left = max(0, self.room - sum(file.stat().st_size for file in self.files()))
        Path(path).write_bytes(content[:left])
        if len(content) > left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)


@pytest.fixture
def volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Volume]:
    made = Volume(tmp_path / "logs")
    monkeypatch.setattr(LocalFileSystem, "pipe_file", lambda self, path, content: made.write(path, content))
    yield made
    metrics.LOG_STORE_AWAY.set(0)


def test_lines_wait_while_the_volume_is_full_and_arrive_once_there_is_room(sqlite_store: Store, volume: Volume) -> None:
    sqlite_store.ships_logs = True
    target = ObjectLogs(f"file://{volume.folder}")
    target.linger_s = 0.0
    shipper = LogShipper(sqlite_store, target, Masker(sqlite_store), keep_s=3600.0, retention_days=0)
    (one, source), (other, others) = writer(sqlite_store), writer(sqlite_store)
    append(sqlite_store, one, rows(1, 100))
    while shipper.look() == 0.0:
        pass
    kept = volume.files()
    assert len(kept) == 1
    volume.room = kept[0].stat().st_size + 1500  # enough for one more chunk, and not for two
    for first in range(101, 400, 50):
        append(sqlite_store, one, rows(first, first + 49))
        append(sqlite_store, other, rows(first, first + 49, os.urandom(2000).hex()))
        assert shipper.look() > 0.0
        assert volume.files() == kept, "neither what was cut off, nor what is sent once more"
    assert metrics.LOG_STORE_AWAY._value.get() == 1  # type: ignore[attr-defined]
    assert "No space left on device" in shipper.in_words()
    with sqlite_store.reading() as tx:
        assert log_batches.backlog(tx).batches == 12
    volume.room = 1 << 30
    while shipper.look() == 0.0:
        pass
    assert metrics.LOG_STORE_AWAY._value.get() == 0  # type: ignore[attr-defined]
    assert shipper.status()["trouble"] is None
    assert [row.seq for row in target.read(source)] == list(range(1, 401))
    assert [row.seq for row in target.read(others)] == list(range(101, 401))
    assert not [path for path in volume.files() if path.name.startswith(".")]


def test_what_a_killed_daemon_has_cut_off_goes_when_the_next_one_begins(sqlite_store: Store, volume: Volume) -> None:
    target = ObjectLogs(f"file://{volume.folder}")
    source = writer(sqlite_store, day=dt.datetime.now(dt.UTC).date())[1]
    target.write([Line(source, row) for row in rows(1, 10)])
    [whole] = volume.files()
    long_ago = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=CUT_DAYS + 1)
    cut = whole.with_name(".0000000011-0000000020.jsonl.gz")
    written = whole.with_name(".0000000021-0000000030.jsonl.gz")
    older = volume.folder / long_ago.isoformat() / "d" / "launch" / ".0000000001-0000000002.jsonl.gz"
    older.parent.mkdir(parents=True)
    for path in (cut, written, older):
        path.write_bytes(b"half")
    for path in (cut, older):
        os.utime(path, times=(0, time.time() - CUT_S - 1))
    target.prepare()
    assert volume.files() == sorted([whole, written, older])
    os.utime(written, times=(0, 0))
    target.prepare()
    assert written in volume.files(), "it is looked for once"
    ObjectLogs(f"file://{volume.folder}").prepare()
    assert written not in volume.files()


def test_a_write_that_fails_otherwise_is_told_as_what_it_was(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing was begun there is nothing to be removed, and no other error takes the place of the first."""

    def fail(self: LocalFileSystem, path: str, content: bytes) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(LocalFileSystem, "pipe_file", fail)
    source = writer(sqlite_store)[1]
    with pytest.raises(LogStoreAwayError, match="Read-only file system"):
        ObjectLogs(f"file://{tmp_path}/logs").write([Line(source, row) for row in rows(1, 2)])
