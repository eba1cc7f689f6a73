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

import httpx
import pytest

from goflow.store import Store
from tests import postgres
from tests.debian import free_port
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
    # Off, as the tests have it elsewhere, a crash loses what was committed last.
    with postgres.for_tests(lambda: postgres.start_own(synchronous_commit="on")) as server:
        daemon = standalone(tmp_path / "home", tmp_path / "dags", GOFLOW_DATABASE_URL=server.url(server.create()))
        away.check(daemon, tmp_path / "marks", ended(server, how), "database", "connection")


@pytest.mark.postgres
def test_a_daemon_that_starts_before_its_database_waits_for_it(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    port = free_port()
    with postgres.for_tests(postgres.start_own) as server:
        url = server.url(server.create())
        daemon = standalone(tmp_path / "home", tmp_path / "dags", GOFLOW_DATABASE_URL=url)
        daemon.command[-1] = str(port)

        def answers(path: str) -> httpx.Response | None:
            try:
                return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=60, trust_env=False)
            except httpx.TransportError:
                return None

        try:
            with ended(server, signal.SIGINT):
                daemon.start(wait=False)
                daemon.wait_for("it to say so", lambda: "it waits" in daemon.log.read_text(), 60)
                daemon.wait_for("an answer", lambda: answers("/healthz"))
                seen = [answers(path) for path in ("/healthz", "/readyz", "/api/v2/dags")]
            assert all(seen)
            health, ready, other = (answer for answer in seen if answer is not None)
            assert (health.status_code, health.text) == (200, "ok\n")
            assert (ready.status_code, ready.text.split(":")[0]) == (503, "database (reading)")
            assert (other.status_code, other.headers["retry-after"]) == (503, "5")
            assert "connection" in other.json()["detail"]
            daemon.wait_until_up(60)
            assert '"wait": "database"' in daemon.log.read_text()
            daemon.wait_for("it to be ready", lambda: daemon.ask("/readyz").status_code == 200)
        finally:
            daemon.stop()


@pytest.mark.postgres
def test_a_daemon_that_is_older_than_its_database_ends_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    with postgres.for_tests(postgres.start_own) as server:
        url = server.url(server.create())
        store = Store(url)
        store.upgrade()
        with store.transaction() as tx:
            tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
            tx.connection.exec_driver_sql("UPDATE installation SET value = '9998' WHERE name = 'oldest_code'")
        store.close()
        daemon = standalone(tmp_path / "home", tmp_path / "dags", GOFLOW_DATABASE_URL=url)
        try:
            daemon.start(wait=False)
            assert daemon.process is not None
            assert daemon.process.wait(60) != 0
            told = daemon.log.read_text()
            assert "The database was written by a newer GoFlow" in told
            assert "Traceback" not in told
        finally:
            daemon.stop()


@pytest.mark.postgres
def test_a_daemon_that_is_told_to_stop_while_it_waits_for_its_database_ends(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    with postgres.for_tests(postgres.start_own) as server:
        daemon = standalone(tmp_path / "home", tmp_path / "dags", GOFLOW_DATABASE_URL=server.url(server.create()))
        with ended(server, signal.SIGINT):
            daemon.start(wait=False)
            daemon.wait_for("it to say so", lambda: "it waits" in daemon.log.read_text(), 60)
            assert daemon.process is not None
            daemon.process.send_signal(signal.SIGTERM)
            assert daemon.process.wait(20) == 0


@pytest.mark.postgres
def test_a_daemon_that_the_database_refuses_ends_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "dags").mkdir()
    with postgres.for_tests(postgres.start_own) as server:
        url = server.url("nobody_made_it")
        daemon = standalone(tmp_path / "home", tmp_path / "dags", GOFLOW_DATABASE_URL=url)
        try:
            daemon.start(wait=False)
            assert daemon.process is not None
            assert daemon.process.wait(60) != 0
            assert 'database "nobody_made_it" does not exist' in daemon.log.read_text()
        finally:
            daemon.stop()


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
