"""DAG folders as they were: manifests of paths, and contents that are stored once under their sha256 (decision 7)."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from sqlalchemy import bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB

from goflow.domain.canonical import Json, digest_bytes, written_out
from goflow.domain.errors import InvalidRequestError, NotFoundError
from goflow.store.columns import dumps, loads
from goflow.store.rows import Manifest
from goflow.store.tables import blobs, folders
from goflow.store.tx import Tx

ROOTS = ".goflow-roots"
"""Where the import roots lie in a stored folder: ``.goflow-roots/0/`` and so on."""

_FOLDER = select(folders).where(folders.c.digest == bindparam("digest"))
_KNOWN = select(folders.c.digest).where(folders.c.digest == bindparam("digest"))
_CONTENT = select(blobs.c.content).where(blobs.c.digest == bindparam("digest"))
_ASKED = {
    "sqlite": func.json_each(bindparam("digests")).table_valued("value").c.value,
    "postgresql": func.jsonb_array_elements_text(cast(bindparam("digests"), JSONB)).column_valued("value"),
}
"""The digests of a JSON list: one parameter, as a folder may have ten thousand files."""
_MISSING = {
    database: select(asked).where(~select(blobs.c.digest).where(blobs.c.digest == asked).exists())
    for database, asked in _ASKED.items()
}
_PIECE = 1 << 20


def manifest(path: str, files: Mapping[str, tuple[str, int]], import_roots: Iterable[str] = ()) -> Manifest:
    """A manifest with its digest: a folder of the same content at the same PATH has the same one, always."""
    roots = tuple(import_roots)
    named: dict[str, Json] = {name: [blob, size] for name, (blob, size) in files.items()}  # texts and whole numbers
    key = digest_bytes(written_out({"path": path, "roots": [*roots], "files": named}).encode())
    size = sum(length for _, length in files.values())
    return Manifest(digest=key, path=path, files=dict(files), import_roots=roots, size=size)


def has_folder(tx: Tx, folder_digest: str) -> bool:
    """Whether that folder is stored."""
    return tx.first(_KNOWN, {"digest": folder_digest}) is not None


def missing(tx: Tx, digests: Collection[str]) -> set[str]:
    """Those of DIGESTS whose content is not stored."""
    return {row.value for row in tx.rows(_MISSING[tx.store.dialect], {"digests": dumps(sorted(set(digests)))})}


def put_contents(tx: Tx, contents: Iterable[bytes]) -> None:
    """Store contents under their digests; those that are there already stay."""
    rows = [{"digest": digest_bytes(content), "size": len(content), "content": content} for content in contents]
    tx.insert_new(blobs, rows)


def put_folder(tx: Tx, folder: Manifest) -> None:
    """Store a manifest. Raises InvalidRequestError when a content that it names is not stored."""
    tx.lock_name("folders")  # nobody takes a content for one that no folder names meanwhile
    absent = missing(tx, [blob for blob, _ in folder.files.values()])
    if absent:
        raise InvalidRequestError(f"folder {folder.digest} names {len(absent)} contents that are not stored")
    document = {"path": folder.path, "roots": list(folder.import_roots), "files": folder.files}
    row = {"digest": folder.digest, "manifest": dumps(document), "size": folder.size, "created_date": tx.now()}
    tx.insert_new(folders, [row])


def folder(tx: Tx, folder_digest: str) -> Manifest:
    """The manifest of a stored folder. Raises NotFoundError."""
    row = tx.first(_FOLDER, {"digest": folder_digest})
    if row is None:
        raise NotFoundError(f"folder {folder_digest}")
    document = loads(row.manifest)
    files = {name: (blob, int(size)) for name, (blob, size) in document["files"].items()}
    roots = tuple(document["roots"])
    return Manifest(digest=row.digest, path=document["path"], files=files, import_roots=roots, size=row.size)


def content(tx: Tx, blob_digest: str) -> bytes:
    """The content of that sha256. Raises NotFoundError."""
    value = tx.value(_CONTENT, {"digest": blob_digest})
    if value is None:
        raise NotFoundError(f"content {blob_digest}")
    return bytes(value)


def tar(stored: Manifest, content_of: Callable[[str], bytes]) -> Iterator[bytes]:
    """A STORED folder as an uncompressed tar, in pieces of at most 1 MiB; always the same bytes for the same digest.

    CONTENT_OF gives the content of a digest, and is asked when its turn comes: one file is in memory at a time.
    """
    for name in sorted(stored.files):
        blob, size = stored.files[name]
        info = tarfile.TarInfo(name)
        info.size = size
        info.mode = 0o644
        yield info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        data = content_of(blob)
        for start in range(0, size, _PIECE):
            yield data[start : start + _PIECE]
        del data
        if size % tarfile.BLOCKSIZE:
            yield bytes(-size % tarfile.BLOCKSIZE)
    yield bytes(tarfile.BLOCKSIZE * 2)


def write_tree(tx: Tx, folder_digest: str, target: Path) -> None:
    """Write a stored folder under TARGET, which is made. Raises InvalidRequestError for a path that leads out of it."""
    stored = folder(tx, folder_digest)
    target.mkdir(parents=True, exist_ok=True)
    for name, (blob, _) in stored.files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise InvalidRequestError(f"folder {folder_digest} has the path {name}")
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content(tx, blob))
