"""GoFlow's home: its folders and keys, and the store whose values the keys protect."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from goflow.domain.clock import SystemClock
from goflow.settings import Settings
from goflow.store import Store


def open_store(settings: Settings) -> Store:
    """The store of the settings, its schema brought up to date."""
    key = settings.encryption_key.get_secret_value() or key_file(settings.home / "encryption.key", fernet=True).decode()
    store = Store(settings.database, encryption_key=key, clock=SystemClock())
    store.upgrade(default_pool_slots=settings.default_pool_slots)
    return store


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
