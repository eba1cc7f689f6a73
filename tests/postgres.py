"""A real PostgreSQL server for the tests: started once, a database of its own for each test that asks.

``GOFLOW_TEST_POSTGRES`` may name a server that is there already (``postgresql://user@host:port/``). Else a server is
started from the programs of the machine; where they are missing and the user is root on Debian, they are installed.
Where none can be had the tests are skipped, unless ``GOFLOW_REQUIRE_POSTGRES=1`` says that this is a failure.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from goflow.store import Store

TEMPLATE = "goflow_template"
_START_S = 30.0


class UnavailableError(Exception):
    """No PostgreSQL can be had here."""


class Server:
    """A server and its databases."""

    def __init__(
        self, host: str, port: int, user: str, folder: Path | None = None, command: Sequence[str | Path] = ()
    ) -> None:
        self.host, self.port, self.user = host, port, user
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = folder
        self._command = command
        self._numbers = 0
        self._guard = threading.Lock()

    def url(self, database: str) -> str:
        """How to reach a database of the server."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{database}"

    def execute(self, statement: str) -> None:
        """Run a statement that cannot be in a transaction."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def create(self, template: str = "template0", name: str = "") -> str:
        """A new database, its name: NAME, or one of its own."""
        with self._guard:
            self._numbers += 1
            name = name or f"goflow_{os.getpid()}_{self._numbers}"
            self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        """End whoever is connected to a database, and the database."""
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def begin(self) -> None:
        """Start our server, or start it again, and wait until it answers. Raises UnavailableError."""
        assert self._folder is not None
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([*self._command], stdout=log, stderr=log)
        _wait(self, self._process, self._folder / "log")

    def end(self, how: signal.Signals = signal.SIGINT) -> None:
        """End our server: SIGINT ends its sessions first, SIGQUIT is as good as a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    def stop(self) -> None:
        """End the server, if it is ours, and remove what it kept."""
        self.end()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def start() -> Server:
    """A running server. Raises UnavailableError."""
    given = os.environ.get("GOFLOW_TEST_POSTGRES")
    if given:
        with psycopg.connect(given) as connection:
            info = connection.info
            return Server(info.host, info.port, info.user)
    return start_own()


def start_own(folder: Path | None = None, **changed: str) -> Server:
    """A running server that is ours, with its data in FOLDER; settings may be CHANGED. Raises UnavailableError."""
    programs = _programs()
    folder = folder or Path(tempfile.mkdtemp(prefix="goflow-postgres-"))
    as_user = _as_user(folder)
    data = folder / "data"
    options = ["--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
    made = subprocess.run([*as_user, programs / "initdb", "-D", data, *options], capture_output=True, text=True)
    if made.returncode:
        raise UnavailableError(f"initdb: {made.stderr.strip()}")
    port = _free_port()
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "fsync": "off",
        "full_page_writes": "off",
        "synchronous_commit": "off",
        "shared_buffers": "32MB",
        "max_connections": "100",
        "deadlock_timeout": "200ms",
        **changed,
    }
    arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server = Server("127.0.0.1", port, "postgres", folder, [*as_user, programs / "postgres", "-D", data, *arguments])
    try:
        server.begin()
    except BaseException:
        server.stop()
        raise
    return server


def _programs() -> Path:
    """The folder of the newest server on the machine, installed first when it has to be and can be."""
    for _ in range(2):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
        if found:
            return found[-1].parent
        if shutil.which("initdb") and shutil.which("postgres"):
            return Path(str(shutil.which("initdb"))).resolve().parent
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            break
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(
            ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "-q", "postgresql"],
            env=environment,
            capture_output=True,
        )
    raise UnavailableError("no initdb and postgres on this machine")


def _as_user(folder: Path) -> list[str]:
    """How to begin a program that ends with this process, and not as root: the server refuses that."""
    end_with_us = ["setpriv", "--pdeathsig=INT"] if shutil.which("setpriv") else []
    if os.geteuid() != 0:
        return end_with_us
    user = "postgres"
    shutil.chown(folder, user=user)
    if end_with_us:
        return [*end_with_us, f"--reuid={user}", f"--regid={user}", "--init-groups"]
    return ["runuser", "-u", user, "--"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_S
    while True:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError as problem:
            if process.poll() is not None or time.monotonic() > end:
                raise UnavailableError(f"{problem}\n{log.read_text(errors='replace')}") from None
            time.sleep(0.02)
        else:
            return


def required() -> bool:
    """Whether doing without PostgreSQL is a failure."""
    return os.environ.get("GOFLOW_REQUIRE_POSTGRES") == "1"


@contextlib.contextmanager
def for_tests(starting: Callable[[], Server]) -> Iterator[Server]:
    """The server that STARTING starts, ended afterwards. Where there is none the test fails or is skipped."""
    try:
        server = starting()
    except UnavailableError as problem:
        if required():
            pytest.fail(f"PostgreSQL is required: {problem}")
        pytest.skip(f"no PostgreSQL: {problem}")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The server, with a template database that has GoFlow's schema."""
    with for_tests(start) as server:
        server.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
        server.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
        store = Store(server.url(TEMPLATE))
        store.upgrade()
        store.close()
        yield server


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """A database of the test's own, with the schema (about 40 ms)."""
    name = postgres_server.create(TEMPLATE)
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def empty_postgres_url(postgres_server: Server) -> Iterator[str]:
    """A database of the test's own with nothing in it."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)
