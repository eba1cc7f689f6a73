"""What the daemon needs goes away under load and comes back: it waits, says for what, and goes on; nothing is lost.

How long it is away is ``GOFLOW_TEST_AWAY_S`` (seconds, `tests.integration.away`).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres
from tests.integration import away
from tests.running import standalone

ROOM_MB = 96
pytestmark = pytest.mark.timeout(600 + 2 * away.AWAY_S)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[postgres.Server]:
    """A PostgreSQL server of the test's own."""
    try:
        made = postgres.start_own()
    except postgres.UnavailableError as problem:
        if postgres.required():
            raise
        pytest.skip(f"no PostgreSQL: {problem}")
    yield made
    made.stop()


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own with little room, open to every user: PostgreSQL is not root."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system of the test's own")
    folder = Path(tempfile.mkdtemp(prefix="goflow-small-"))
    folder.chmod(0o755)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM_MB}m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


def fill(folder: Path) -> Path:
    """A file that takes all the room that is left."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    assert shutil.disk_usage(folder).free == 0
    return ballast


@pytest.mark.postgres
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["it is stopped", "it crashes"])
def test_a_database_that_is_restarted(server: postgres.Server, tmp_path: Path, how: signal.Signals) -> None:
    away.write(tmp_path / "dags", tmp_path / "marks")
    daemon = standalone(tmp_path / "home", tmp_path / "dags", GOFLOW_DATABASE_URL=server.url(server.create()))
    try:
        away.begin(daemon, tmp_path / "marks")
        server.end(how)
        (tmp_path / "marks" / "away").touch()
        away.wait_while_away(daemon, "database", "connection")
        server.begin()
        away.check_end(daemon, tmp_path / "marks")
    finally:
        daemon.stop()


def test_a_home_without_room(small_disk: Path, tmp_path: Path) -> None:
    """SQLite, the folder of each local attempt and what its process writes there, and the folders of versions."""
    away.write(tmp_path / "dags", tmp_path / "marks")
    daemon = standalone(small_disk / "home", tmp_path / "dags")
    daemon.log = tmp_path / "daemon.log"
    try:
        away.begin(daemon, tmp_path / "marks")
        ballast = fill(small_disk)
        (tmp_path / "marks" / "away").touch()
        away.wait_while_away(daemon, "disk", "full")
        ballast.unlink()
        away.check_end(daemon, tmp_path / "marks")
    finally:
        daemon.stop()


@pytest.mark.postgres
def test_a_database_without_room(small_disk: Path, tmp_path: Path) -> None:
    data = small_disk / "postgres"
    data.mkdir()
    server = postgres.start_own(data, max_wal_size="32MB", min_wal_size="32MB", wal_recycle="off")
    away.write(tmp_path / "dags", tmp_path / "marks")
    daemon = standalone(tmp_path / "home", tmp_path / "dags", GOFLOW_DATABASE_URL=server.url(server.create()))
    try:
        away.begin(daemon, tmp_path / "marks")
        ballast = fill(small_disk)
        (tmp_path / "marks" / "away").touch()
        away.wait_while_away(daemon, "disk", "No space left")
        ballast.unlink()
        away.check_end(daemon, tmp_path / "marks")
    finally:
        daemon.stop()
        server.stop()
