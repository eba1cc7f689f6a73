"""What the daemon needs goes away under load and comes back: it waits, says for what, and goes on; nothing is lost.

How long it is away is ``GOFLOW_TEST_AWAY_S`` (seconds, `tests.integration.away`).
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from goflow_runner.local import ROOM_PATIENCE_S

from goflow.store import Store
from tests import postgres
from tests.debian import free_port
from tests.integration import away
from tests.running import Daemon, standalone

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
def test_a_home_without_room_whose_database_is_elsewhere(small_disk: Path, tmp_path: Path) -> None:
    """The database takes everything; the folders of attempts, and what their processes write there, have no room."""
    away.write(tmp_path / "dags", tmp_path / "marks")
    with postgres.for_tests(postgres.start_own) as server:
        url = server.url(server.create())
        daemon = standalone(small_disk / "home", tmp_path / "dags", GOFLOW_DATABASE_URL=url)
        daemon.log = tmp_path / "daemon.log"
        away.check(daemon, tmp_path / "marks", full(small_disk), "disk", "No space left")
        told = daemon.log.read_text()
    assert "Traceback" not in told
    assert told.count('"it waits"') == 1


@pytest.mark.postgres
@pytest.mark.parametrize("are_there", [True, False], ids=["they wait for it", "they have ended"])
def test_attempts_that_have_no_room_to_begin_are_begun_again(small_disk: Path, tmp_path: Path, are_there: bool) -> None:
    """Room is taken when they were asked for and have not begun."""
    away.write(tmp_path / "dags", tmp_path / "marks")
    with postgres.for_tests(postgres.start_own) as server:
        url = server.url(server.create())
        daemon = standalone(small_disk / "home", tmp_path / "dags", GOFLOW_DATABASE_URL=url)
        daemon.log = tmp_path / "daemon.log"
        launches = small_disk / "home" / "local" / "launches"
        try:
            away.begin(daemon, tmp_path / "marks")
            zygotes = zygotes_of(daemon)
            for pid in zygotes:
                os.kill(pid, signal.SIGSTOP)
            (tmp_path / "marks" / "away").touch()
            daemon.wait_for("the second tasks to be asked for", lambda: len(not_begun(launches)) == away.COPIES, 60)
            daemon.wait_for("what the first have left to go", lambda: len(list(launches.iterdir())) == away.COPIES, 60)
            with full(small_disk):
                for pid in zygotes:
                    os.kill(pid, signal.SIGCONT)
                away.wait_while_away(daemon, "disk", "No space left")
                assert not_begun(launches)
                if not are_there:
                    end_those_that_wait(zygotes, launches)
            away.check_end(daemon, tmp_path / "marks")
        finally:
            daemon.stop()
        again = daemon.log.read_text().count("a launch could not begin; another one follows")
        assert bool(again) is not (are_there and away.AWAY_S < ROOM_PATIENCE_S / 2)


def end_those_that_wait(zygotes: list[int], launches: Path) -> None:
    """End what those have forked for attempts that have not begun."""
    found = subprocess.run(["ps", "-eo", "pid=,ppid=,sid="], capture_output=True, text=True, check=True).stdout
    rows = [[int(word) for word in line.split()] for line in found.splitlines()]
    attempts = [pid for pid, parent, session in rows if parent in zygotes and pid == session and pid not in zygotes]
    for pid in attempts:
        os.kill(pid, signal.SIGSTOP)
    begun = {int(file.read_text().partition(":")[0]) for file in launches.glob("*/process")}
    for pid in attempts:
        os.kill(pid, signal.SIGCONT if pid in begun else signal.SIGKILL)


def not_begun(launches: Path) -> list[Path]:
    return [
        folder for folder in launches.iterdir() if (folder / "token").exists() and not (folder / "process").exists()
    ]


def zygotes_of(daemon: Daemon) -> list[int]:
    """The processes that fork attempts, and no attempt."""
    assert daemon.process is not None
    found = subprocess.run(["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in found.splitlines()]
    first = [
        int(pid) for pid, parent, args in rows if int(parent) == daemon.process.pid and "goflow_runner zygote" in args
    ]
    return [*first, *(int(pid) for pid, parent, _ in rows if int(parent) in first and os.getsid(int(pid)) != int(pid))]


@pytest.mark.postgres
def test_a_database_without_room(small_disk: Path, tmp_path: Path) -> None:
    data = small_disk / "postgres"
    data.mkdir()
    little = {"max_wal_size": "32MB", "min_wal_size": "32MB", "wal_recycle": "off"}
    away.write(tmp_path / "dags", tmp_path / "marks")
    with postgres.for_tests(lambda: postgres.start_own(data, **little)) as server:
        daemon = standalone(tmp_path / "home", tmp_path / "dags", GOFLOW_DATABASE_URL=server.url(server.create()))
        away.check(daemon, tmp_path / "marks", full(small_disk), "disk", "No space left")


def test_a_volume_for_logs_without_room(small_disk: Path, tmp_path: Path) -> None:
    """Lines wait in the database, which is said; nothing is left of what was cut off, and all arrive once there is room."""
    away.write(tmp_path / "dags", tmp_path / "marks")
    logs = small_disk / "logs"
    where = {"GOFLOW_LOGS_STORE": "objects", "GOFLOW_LOGS_OBJECTS_URL": f"file://{logs}"}
    daemon = standalone(tmp_path / "home", tmp_path / "dags", **where)

    def says(words: str) -> bool:
        return words in away.ask(daemon, "/readyz?verbose")[1]

    def cut() -> list[Path]:
        return [path for path in logs.rglob(".*") if path.is_file()]

    def sent() -> list[str]:
        found = [path for path in logs.rglob("[!.]*") if path.is_file()]
        text = "".join(gzip.decompress(path.read_bytes()).decode() for path in found)
        return sorted(set(re.findall(r"line [12] of \d+", text)))

    try:
        away.begin(daemon, tmp_path / "marks")
        daemon.wait_for("the volume to be there", lambda: says("objects: "), 60)
        with full(small_disk):
            (tmp_path / "marks" / "away").touch()
            daemon.wait_for("the daemon to say so", lambda: says("No space left on device"), 120)
            assert says("they stay in the database")
            assert away.metric(daemon, "goflow_log_store_away") == 1
            assert away.ask(daemon, "/readyz")[0] == 200
            daemon.wait_for("the end", lambda: away.state(daemon) == "success", 240, 0.5)
            kept = sent()
            daemon.wait_for("what was cut off to go", lambda: not cut(), 30)
        away.check_end(daemon, tmp_path / "marks")
        wanted = sorted(f"line {line} of {number}" for line in (1, 2) for number in range(away.COPIES))
        assert kept != wanted
        daemon.wait_for("all lines", lambda: sent() == wanted, 120, 0.5)
        daemon.wait_for("it to be well", lambda: away.metric(daemon, "goflow_log_store_away") == 0)
        assert not says("No space left on device")
        assert not cut()
    finally:
        daemon.stop()
