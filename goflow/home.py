"""GoFlow's home: its folders and keys, and the store whose values the keys protect."""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from goflow.domain.clock import SystemClock
from goflow.domain.errors import GoFlowError
from goflow.settings import Settings
from goflow.store import Store
from goflow.store.databases import sqlite_file
from goflow.store.errors import DatabaseBusyError

if TYPE_CHECKING:
    from goflow.server.listener import Listener

ASK_AGAIN_S = 1.0
"""Seconds after which a database is asked again that does not answer."""
NOT_AWAY = ("authentication failed", "does not exist", "no pg_hba.conf entry")
"""What PostgreSQL says where waiting does not help."""


def open_store(settings: Settings) -> Store:
    """The store of the settings, its schema brought up to date."""
    key = settings.encryption_key.get_secret_value() or key_file(settings.home / "encryption.key", fernet=True).decode()
    store = Store(settings.database, encryption_key=key, clock=SystemClock())
    store.upgrade(default_pool_slots=settings.default_pool_slots)
    return store


def await_database(settings: Settings, stop: threading.Event) -> bool:
    """Wait until the PostgreSQL of the settings answers; false when STOP was set before it did. A file is there always.
    Meanwhile ``/healthz`` and ``/readyz`` answer at the address of REST.

    Raises DatabaseBusyError where it answers that it will have none of this: a wrong password, no such database.
    """
    if sqlite_file(settings.database) is not None:
        return True
    store, page = Store(settings.database), None
    try:
        while not stop.is_set():
            try:
                with store.reading():
                    return True
            except DatabaseBusyError as problem:
                if any(words in str(problem) for words in NOT_AWAY):
                    raise
            page = page or _waiting_page(settings, store)
            stop.wait(ASK_AGAIN_S)
    finally:
        if page is not None:
            page.stop()
        store.close()
    return False


def _waiting_page(settings: Settings, store: Store) -> Listener:
    """What answers while STORE is waited for. Raises ListenError."""
    from goflow.server.listener import Listener
    from goflow.server.waiting_page import waiting_page

    page = Listener("API", lambda: waiting_page(store.waits), settings.api_host, settings.api_port)
    page.start()
    return page


class HomeInUseError(GoFlowError):
    """Another daemon uses it"""


class Claim:
    """A file that one process at a time may have; the system gives it free when the process ends, however it ends."""

    def __init__(self, path: Path, what: str, hint: str) -> None:
        """Have PATH. Raises HomeInUseError, which says WHAT is in use and by whom."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+", encoding="ascii")  # noqa: SIM115
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            pid = self._file.read(20).strip() or "unknown"
            self._file.close()
            raise HomeInUseError(f"{what} (its process is {pid})", hint=hint) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let another have it; harmless twice."""
        self._file.close()


def claim_home(settings: Settings) -> list[Claim]:
    """What only one daemon may use: its home, and its SQLite file. Raises HomeInUseError."""
    hint = "several daemons share a PostgreSQL (GOFLOW_DATABASE_URL), each with a GOFLOW_HOME of its own"
    claims = [Claim(settings.home / "run" / "lock", f"the home {settings.home}", hint)]
    try:
        if (file := sqlite_file(settings.database)) is not None:
            beside = file.with_name(f"{file.name}.daemon")
            claims.append(Claim(beside, f"the SQLite database {file} has room for one daemon", hint))
    except HomeInUseError:
        claims[0].release()
        raise
    return claims


def daemon_id(settings: Settings) -> str:
    """What this home's daemon is called among those that share a database: made once, and the same after a restart."""
    return key_file(settings.home / "daemon.id").decode()[:16]


def prepare_home(settings: Settings) -> None:
    """Make GoFlow's home and what belongs in it."""
    for name in ("", "run"):
        (settings.home / name).mkdir(parents=True, exist_ok=True)
    (settings.home / "run").chmod(0o700)


def key_file(path: Path, *, fernet: bool = False) -> bytes:
    """The key in PATH, made once; readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        from cryptography.fernet import Fernet

        key = Fernet.generate_key() if fernet else secrets.token_hex(32).encode()
        staging = path.with_name(f"{path.name}.{os.getpid()}")
        write_private(staging, key.decode())
        try:
            os.link(staging, path)
        except FileExistsError:
            pass
        finally:
            staging.unlink()
    return path.read_bytes().strip()


def write_private(path: Path, text: str) -> None:
    """Write TEXT to PATH whole or not at all, readable by its owner alone."""
    staging = path.with_name(f".{path.name}.new")
    descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    staging.replace(path)
