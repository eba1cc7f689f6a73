"""The task API: what a task may read by `goflow.yaml`, and a large DAG folder that is handed out piece by piece."""

from __future__ import annotations

import io
import tarfile
import tracemalloc

import pytest
from goflow_runner.client import RefusedError, TaskClient

from goflow.domain.canonical import digest_bytes
from goflow.store import blobs, connections, variables, versions
from goflow.store.rows import Connection
from tests.runners import Started, bash

MB = 1 << 20
FILES, FILE_MB = 24, 4
MOST_MB = 3 * FILE_MB


def speaker(started: Started) -> TaskClient:
    client = TaskClient.from_environment(started.id, started.environment())
    client.patience_s = 0.0
    return client


@pytest.fixture
def known(server):
    """Variables and connections, by any name that a case asks for."""
    with server.store.transaction() as tx:
        for name in ("etl_a", "etl_b", "other"):
            variables.set_(tx, name, f"value of {name}", who="test")
            connections.set_(tx, Connection(conn_id=name, conn_type="http", password="secret"), who="test")


MAY = {
    "where nothing is said": (None, "other", True),
    "by a pattern": (("etl_*",), "etl_b", True),
    "by one of two": (("x", "other"), "other", True),
    "not by a pattern of others": (("etl_*",), "other", False),
    "not in another case": (("ETL_*",), "etl_a", False),
    "not where no name is allowed": ((), "etl_a", False),
}


@pytest.mark.parametrize(("patterns", "name", "may"), MAY.values(), ids=MAY.keys())
def test_a_task_reads_what_goflow_yaml_lets_its_dag_read(server, known, patterns, name, may):
    client = speaker(server.launch(bash("t", "true"), variables=patterns, connections=patterns))
    client.claim("me")
    assert client.variable(name) == (f"value of {name}" if may else None)
    found = client.connection(name)
    assert (found is not None and found["password"] == "secret") is may


def test_the_one_says_nothing_of_the_other(server, known):
    client = speaker(server.launch(bash("t", "true"), variables=("etl_*",)))
    client.claim("me")
    assert client.variable("other") is None
    assert client.connection("other") is not None


def test_what_a_task_may_not_read_it_may_not_change(server, known):
    client = speaker(server.launch(bash("t", "true"), variables=("etl_*",)))
    client.claim("me")
    client.set_variable("etl_new", "1")
    for change in (lambda: client.set_variable("other", "1"), lambda: client.delete_variable("other")):
        with pytest.raises(RefusedError, match="does not let this DAG have the Variable other") as refusal:
            change()
        assert refusal.value.status == 403
    with server.store.reading() as tx:
        assert variables.get(tx, "other").value == "value of other"
        assert variables.get(tx, "etl_new").value == "1"


def test_a_large_folder_is_handed_out_without_being_in_memory(server):
    """Wheels beside the DAG files, say: neither the whole folder nor its tar is ever held."""
    started = server.launch(bash("t", "true"))
    names = {f"wheels/{number:02}.whl": bytes([number]) * (FILE_MB * MB + number) for number in range(FILES)}
    with server.store.transaction() as tx:
        found = {}
        for name, content in names.items():
            blobs.put_contents(tx, [content])
            found[name] = (digest_bytes(content), len(content))
        manifest = blobs.manifest("/dags", found)
        blobs.put_folder(tx, manifest)
        version = versions.list_(tx, "d")[0]
    _point_to(server, version.id, manifest.digest)
    client = speaker(started)
    client.claim("me")
    tracemalloc.start()
    into = _Counting()
    client.folder_archive(manifest.digest, into)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert into.size > FILES * FILE_MB * MB
    assert peak < MOST_MB * MB, f"{peak // MB} MB for a folder of {FILES * FILE_MB} MB"


def test_the_pieces_are_the_tar_of_the_folder(sqlite_store):
    contents = [b"", b"a", b"b" * 512, b"c" * (MB + 513), b"d" * 2 * MB]
    files = {f"{number}/" + "n" * 200: (digest_bytes(one), len(one)) for number, one in enumerate(contents)}
    manifest = blobs.manifest("/dags", files)
    by_digest = {digest_bytes(one): one for one in contents}
    pieces = list(blobs.tar(manifest, by_digest.__getitem__))
    assert all(0 < len(piece) <= MB for piece in pieces)
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
        found = [archive.extractfile(member).read() for member in archive.getmembers()]
    assert found == contents


class _Counting(io.RawIOBase):
    """A file that keeps nothing."""

    size = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0

    def truncate(self, size: int | None = None) -> int:
        return 0

    def write(self, data: bytes) -> int:
        self.size += len(data)
        return len(data)


def _point_to(server, version_id: int, digest: str) -> None:
    from sqlalchemy import text

    with server.store.database.writing() as connection:
        connection.execute(
            text("UPDATE dag_versions SET folder_digest = :digest WHERE id = :id"), {"digest": digest, "id": version_id}
        )
        connection.commit()
