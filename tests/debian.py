"""Programs of Debian's packages, unpacked into the tests' cache and not installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

CACHE = Path.home() / ".cache" / "goflow-tests"


class UnavailableError(Exception):
    """The program cannot be had here."""


def unpacked(package: str, name: str) -> Path:
    """The folder into which PACKAGE is unpacked, NAME below the cache; done where it is not there. Raises
    UnavailableError."""
    cache = CACHE / name
    if not cache.exists():
        _unpack(package, cache)
    return cache


def _unpack(package: str, cache: Path) -> None:
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        raise UnavailableError(f"neither {package} nor Debian's packages are on this machine")
    cache.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache.parent) as folder:
        os.chmod(folder, 0o755)
        for _ in range(2):
            words = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package]
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
            if done.returncode == 0 or os.geteuid() != 0:
                break
            subprocess.run(["apt-get", "-q", "update"], capture_output=True)
        packages = list(Path(folder).glob("*.deb"))
        if not packages:
            raise UnavailableError(f"apt-get download {package}: {done.stderr.strip()[-500:]}")
        there = Path(folder) / "unpacked"
        subprocess.run(["dpkg", "-x", str(packages[0]), str(there)], check=True)
        if not cache.exists():  # another test may have been faster
            there.rename(cache)


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
