"""A real PostgreSQL server for one run, of this machine's own installation, ended with the run."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

START_LIMIT_S = 30.0


def binaries() -> Path:
    """The folder of `initdb` and `postgres`. Raises FileNotFoundError, saying what to install, where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).resolve().parent
    raise FileNotFoundError("PostgreSQL is not installed: apt-get install postgresql-15")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def postgres(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a server with its data in FOLDER/data; yields its process and `user@host:port` of its superuser.

    PostgreSQL refuses to run as root, so root runs it as the system's `postgres` or `nobody`. Settings are
    PostgreSQL's own, except where it listens and how many may connect.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data, port, user = folder / "data", free_port(), _user()
    if user:
        shutil.chown(folder, user)
    tools = binaries()
    made = [str(tools / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]
    subprocess.run(made, check=True, capture_output=True, user=user, cwd="/")
    command = [str(tools / "postgres"), "-D", str(data), "-k", str(folder), "-h", "127.0.0.1", "-p", str(port)]
    command += ["-c", "max_connections=200"]
    with (folder / "postgres.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, user=user, cwd="/", start_new_session=True)
    try:
        _wait(server, tools, port)
        yield server, f"postgres@127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)  # "fast": ends its sessions, writes its checkpoint
        server.wait(START_LIMIT_S)


def _user() -> str | None:
    """Whom root starts the server as; None for everyone else."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _wait(server: subprocess.Popen[bytes], tools: Path, port: int) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while subprocess.run([tools / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("PostgreSQL did not start: see postgres.log in its folder")
        time.sleep(0.05)
