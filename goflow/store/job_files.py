"""Native DAG files that are kept in the database: beside the DAG folder, where nobody may write into that.

Their paths begin with `FOLDER`, below which no file of the real folder is read; the importer reads both alike. Every
write says which content it replaces, and is refused where that is not what is there.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from sqlalchemy import bindparam, delete, select

from goflow.domain.canonical import digest_bytes
from goflow.domain.errors import ConflictError
from goflow.store import events
from goflow.store.job_file_tables import job_files
from goflow.store.tx import Tx

FOLDER = ".goflow-jobs"
"""What the paths of these files begin with, as those of the folder's import roots begin with ``.goflow-roots``."""
Place = Literal["folder", "database"]

_GET = select(job_files.c.content).where(job_files.c.path == bindparam("path"))
_DIGESTS = select(job_files.c.path, job_files.c.digest).order_by(job_files.c.path)
_CONTENTS = select(job_files.c.digest, job_files.c.content).where(
    job_files.c.digest.in_(bindparam("digests", expanding=True))
)
_LOCK = "job files"


def place_of(path: str) -> Place:
    """Where a file of that path is kept."""
    return "database" if path.startswith(f"{FOLDER}/") else "folder"


def digests(tx: Tx) -> dict[str, str]:
    """All of them: path to the sha256 of the content."""
    return {row.path: row.digest for row in tx.rows(_DIGESTS)}


def contents(tx: Tx, wanted: Collection[str]) -> dict[str, bytes]:
    """The contents of the digests WANTED that are there."""
    return {row.digest: bytes(row.content) for row in tx.rows(_CONTENTS, {"digests": sorted(wanted)})} if wanted else {}


def get(tx: Tx, path: str) -> bytes | None:
    """The content of a file; None where there is none."""
    found = tx.value(_GET, {"path": path})
    return None if found is None else bytes(found)


def lock(tx: Tx) -> None:
    """Nobody else writes such files, here or into the folder, until the transaction ends."""
    tx.lock_name(_LOCK)


def put(tx: Tx, path: str, content: bytes, *, who: str) -> None:
    """Keep a file, with the moment of the transaction."""
    row = {"path": path, "content": content, "digest": digest_bytes(content), "created_date": tx.now()}
    changed = {"last_updated_date": tx.now(), "updated_by": who}
    tx.upsert(job_files, {**row, **changed}, keep=("created_date",))


def remove(tx: Tx, path: str) -> None:
    """Have a file no more."""
    tx.change(delete(job_files).where(job_files.c.path == path))


def told_saved(tx: Tx, path: str, content: bytes, *, who: str) -> None:
    """Write down that somebody has saved a file, wherever it is kept."""
    data = {"path": path, "kept_in": place_of(path), "digest": digest_bytes(content)}
    events.emit(tx, events.JOB_FILE_SAVED, who=who, data=dict(data))


def told_deleted(tx: Tx, path: str, *, who: str) -> None:
    """Write down that somebody has deleted a file, wherever it was kept."""
    events.emit(tx, events.JOB_FILE_DELETED, who=who, data={"path": path, "kept_in": place_of(path)})


def refuse_changed(path: str, there: bytes | None, expected: str | None) -> None:
    """Raise ConflictError unless THERE, the content of PATH now, is what is EXPECTED: a digest; None: no file."""
    digest = None if there is None else digest_bytes(there)
    if digest == expected:
        return
    if expected is None:
        raise ConflictError(f"{path} is there already", hint="open it to change it, or take another name")
    hint = "read it again: what you have was made from an older one"
    raise ConflictError(f"{path} is gone" if there is None else f"{path} has changed since it was read", hint=hint)
