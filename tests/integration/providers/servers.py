"""Servers that provider packages speak to: real ones, each on a free port of this machine and ended by its process."""

from __future__ import annotations

import contextlib
import getpass
import http.server
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_START_S = 30.0


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def process(command: list[Any], port: int, log: Path) -> Iterator[int]:
    """COMMAND, once it listens on PORT. Fails with what it wrote to LOG."""
    with log.open("wb") as out:
        started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        end = time.monotonic() + _START_S
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if started.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"{command}\n{log.read_text(errors='replace')}")
            time.sleep(0.02)
        yield port
    finally:
        started.terminate()
        started.wait(20)


def program(name: str, package: str) -> str:
    """The path of the program NAME, installed from Debian's PACKAGE where it has to be and can be."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    if shutil.which(name, path=path) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(
            ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "-q", package],
            env=environment,
            capture_output=True,
            check=False,
        )
    found = shutil.which(name, path=path)
    assert found, f"no {name} on this machine: install {package}"
    return found


@contextlib.contextmanager
def ssh(folder: Path) -> Iterator[tuple[int, Path]]:
    """OpenSSH's own server, its port and the key that lets this user in; it serves SFTP as well."""
    daemon = program("sshd", "openssh-server")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    port = free_port()
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    settings = {
        "Port": port, "ListenAddress": "127.0.0.1", "HostKey": folder / "host", "PidFile": "none", "UsePAM": "no",
        "AuthorizedKeysFile": folder / "user.pub", "StrictModes": "no", "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password", "Subsystem": "sftp internal-sftp",
    }  # fmt: skip
    (folder / "config").write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    with process([daemon, "-D", "-e", "-f", folder / "config"], port, folder / "log"):
        yield port, folder / "user"


def user() -> str:
    """Who the SSH server lets in."""
    return getpass.getuser()


class Web(http.server.BaseHTTPRequestHandler):
    """A service that is up, takes orders, and has nothing else."""

    def log_message(self, *arguments: Any) -> None:
        """Nothing."""

    def _answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._answer(*((200, b"up") if self.path == "/state" else (404, b"nothing here")))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        authorized = self.headers.get("Authorization", "")
        self._answer(201, b'{"got": %s, "by": "%s"}' % (body, authorized.split()[0].encode()))


@contextlib.contextmanager
def web() -> Iterator[int]:
    """A server of `Web`, its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()
