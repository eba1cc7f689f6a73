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
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import postgres
from tests.integration import away
from tests.running import standalone

ROOM_MB = 96
pytestmark = pytest.mark.timeout(600 + 2 * away.AWAY_S)


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


@contextmanager
def full(folder: Path) -> Iterator[None]:
    """A file takes all the room that is left."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    assert shutil.disk_usage(folder).free == 0
    yield
    ballast.unlink()


@contextmanager
def ended(server: postgres.Server, how: signal.Signals) -> Iterator[None]:
    server.end(how)
    yield
    server.begin()


@pytest.mark.postgres
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["it is stopped", "it crashes"])
def test_a_database_that_is_restarted(tmp_path: Path, how: signal.Signals) -> None:
    away.write(tmp_path / "dags", tmp_path / "marks")
    with postgres.for_tests(postgres.start_own) as server:
        daemon = standalone(tmp_path / "home", tmp_path / "dags", GOFLOW_DATABASE_URL=server.url(server.create()))
        away.check(daemon, tmp_path / "marks", ended(server, how), "database", "connection")


def test_a_home_without_room(small_disk: Path, tmp_path: Path) -> None:
    """SQLite, the folder of each local attempt and what its process writes there, and the folders of versions."""
    away.write(tmp_path / "dags", tmp_path / "marks")
    daemon = standalone(small_disk / "home", tmp_path / "dags")
    daemon.log = tmp_path / "daemon.log"
    away.check(daemon, tmp_path / "marks", full(small_disk), "disk", "full")


@pytest.mark.postgres
def test_a_database_without_room(small_disk: Path, tmp_path: Path) -> None:
    data = small_disk / "postgres"
    data.mkdir()
    little = {"max_wal_size": "32MB", "min_wal_size": "32MB", "wal_recycle": "off"}
    away.write(tmp_path / "dags", tmp_path / "marks")
    with postgres.for_tests(lambda: postgres.start_own(data, **little)) as server:
        daemon = standalone(tmp_path / "home", tmp_path / "dags", GOFLOW_DATABASE_URL=server.url(server.create()))
        away.check(daemon, tmp_path / "marks", full(small_disk), "disk", "No space left")
