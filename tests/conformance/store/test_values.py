"""Every store case runs on SQLite and on PostgreSQL: values, from XComs and Variables to folders and tokens."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from sqlalchemy import select

from goflow.domain.canonical import digest_bytes
from goflow.domain.diagnostics import Diagnostic, Severity, Span
from goflow.domain.errors import AlreadyExistsError, InvalidRequestError, NotFoundError
from goflow.store import (
    Store,
    blobs,
    connections,
    events,
    files,
    import_errors,
    installation,
    leases,
    logs,
    pools,
    tables,
    tokens,
    variables,
    xcoms,
)
from goflow.store.rows import Connection, FileRecord, LogRow
from goflow.store.sealer import new_key
from tests.stores import KEY, START, make_run, queue

DAY = dt.timedelta(days=1)


def test_xcoms_are_pulled_by_map_index(store: Store) -> None:
    with store.transaction() as tx:
        run = make_run(tx).run
        for index in (2, 0, 1):
            xcoms.push(tx, run.id, "first", index, "return_value", {"copy": index}, length=1)
        xcoms.push(tx, run.id, "first", 0, "return_value", [1, None, "ü", 1.5])
        xcoms.push(tx, run.id, "second", -1, "other", None)
        assert [(x.map_index, x.value) for x in xcoms.pull(tx, run.id, "first")] == [
            (0, [1, None, "ü", 1.5]),
            (1, {"copy": 1}),
            (2, {"copy": 2}),
        ]
        assert [x.value for x in xcoms.pull(tx, run.id, "first", map_index=2)] == [{"copy": 2}]
        assert [x.value for x in xcoms.pull(tx, run.id, "second", "other")] == [None]
        assert xcoms.pull(tx, run.id, "second") == []
        assert xcoms.lengths(tx, run.id, ["first", "second"]) == {"first": {0: None, 1: 1, 2: 1}}
        assert xcoms.of_task(tx, run.id, "second") == {"other": None}
        assert xcoms.clear(tx, run.id, "first", 1) == 1
        assert xcoms.clear(tx, run.id, "first") == 2


def test_prior_results_come_from_the_newest_earlier_run(store: Store) -> None:
    with store.transaction() as tx:
        made = [make_run(tx, run_id=f"r{n}", logical_date=START + n * DAY).run for n in range(4)]
        for number in (0, 1, 3):
            xcoms.push(tx, made[number].id, "first", -1, "return_value", number)
        assert [x.value for x in xcoms.prior(tx, made[2], "first")] == [1]
        assert [x.value for x in xcoms.prior(tx, made[1], "first")] == [1]
        assert xcoms.prior(tx, made[2], "second") == []
        undated = make_run(tx, run_id="undated").run
        assert xcoms.prior(tx, undated, "first") == []


def test_variables_are_set_read_and_deleted(store: Store) -> None:
    with store.transaction() as tx:
        variables.set_(tx, "b", "{}", "words", who="me")
        variables.set_(tx, "a", "ü", who="me")
        variables.set_(tx, "b", "2", who="me")
        assert variables.values(tx) == {"a": "ü", "b": "2"}
        assert [(v.name, v.value, v.description) for v in variables.list_(tx)] == [
            ("a", "ü", None),
            ("b", "2", "words"),
        ]
        assert variables.delete_(tx, "b", who="me")
        assert not variables.delete_(tx, "b", who="me")
        with pytest.raises(NotFoundError):
            variables.get(tx, "b")


SECRET = Connection(
    conn_id="db",
    conn_type="postgres",
    host="h",
    login="u",
    password="p@ss/wörd",
    schema="s",
    port=5432,
    extra='{"a": "b c"}',
)


def test_secrets_are_encrypted_at_rest(store: Store) -> None:
    with store.transaction() as tx:
        connections.set_(tx, SECRET, who="me")
        variables.set_(tx, "token", "open sesame", who="me")
        raw = tx.first(select(tables.connections.c.password, tables.connections.c.extra))
        assert raw is not None
        assert all(value.startswith("fernet:") and "wörd" not in value for value in raw)
        assert "sesame" not in tx.value(select(tables.variables.c.value))
    with store.reading() as tx:
        connection = connections.get(tx, "db")
        assert (connection.password, connection.extra) == (SECRET.password, SECRET.extra)
        assert "wörd" not in repr(connection)
        assert connections.uri(connection) == "postgres://u:p%40ss%2Fw%C3%B6rd@h:5432/s?a=b+c"
        assert "w%C3%B6rd" not in connections.uri(connection, with_password=False)


def test_a_secret_without_a_key_is_refused(store_url: str, open_store: object) -> None:
    store = Store(store_url)
    with store.transaction() as tx:
        with pytest.raises(InvalidRequestError, match="key"):
            connections.set_(tx, SECRET, who="me")
        connections.set_(tx, Connection(conn_id="plain", host="h"), who="me")
        variables.set_(tx, "plain", "words", who="me")
        assert connections.get(tx, "plain").host == "h"
        assert variables.get(tx, "plain").value == "words"
    store.close()


def test_keys_can_be_rotated(store_url: str) -> None:
    old, new = KEY, new_key()
    first, both, wrong = Store(store_url, encryption_key=old), Store(store_url, encryption_key=f"{new},{old}"), None
    with first.transaction() as tx:
        connections.set_(tx, SECRET, who="me")
    with both.transaction() as tx:
        connection = connections.get(tx, "db")
        assert connection.password == SECRET.password
        connections.set_(tx, connection, who="me")
        text = '{"a":1}'
        assert tx.sealer.keyed_digest(text) == first.sealer.keyed_digest(text), "readings stay what they are"
    with first.reading() as tx, pytest.raises(InvalidRequestError, match="another key"):
        connections.get(tx, "db")
    with pytest.raises(InvalidRequestError, match="encryption key"):
        wrong = Store(store_url, encryption_key="too short")
    for store in (first, both, wrong):
        if store is not None:
            store.close()


def test_pools_are_there_from_the_start_and_can_be_changed(store: Store) -> None:
    with store.transaction() as tx:
        [pool] = pools.list_(tx)
        assert (pool.name, pool.slots, pool.open) == ("default_pool", 128, 128)
        pools.set_(tx, "default_pool", 5, who="me")
        pools.set_(tx, "big", -1, description="all", who="me")
        queue(tx, make_run(tx)["first"])
        assert [(p.name, p.slots, p.queued, p.open) for p in pools.list_(tx)] == [
            ("big", -1, 0, None),
            ("default_pool", 5, 1, 4),
        ]
        with pytest.raises(InvalidRequestError):
            pools.delete_(tx, "default_pool", who="me")
        with pytest.raises(InvalidRequestError):
            pools.set_(tx, "big", -2, who="me")
        assert pools.delete_(tx, "big", who="me")
        with pytest.raises(NotFoundError):
            pools.get(tx, "big")
    store.upgrade()
    with store.reading() as tx:
        assert pools.get(tx, "default_pool").slots == 5, "an upgrade leaves the default pool alone"


def test_a_lease_has_one_holder_until_it_expires(store: Store) -> None:
    with store.transaction() as tx:
        first = leases.acquire(tx, "scheduler", "a", 30)
        assert first is not None
        assert (first.epoch, first.expires_at) == (1, START + dt.timedelta(seconds=30))
        assert leases.acquire(tx, "scheduler", "b", 30) is None
        again = leases.acquire(tx, "scheduler", "a", 60)
        assert again is not None
        assert again.epoch == 1
        store.clock.advance(61)  # type: ignore[attr-defined]
        second = leases.acquire(tx, "scheduler", "b", 30)
        assert second is not None
        assert second.epoch == 2
        assert leases.renew(tx, again, 30) is None, "the late holder is told"
        assert not leases.release(tx, again)
        renewed = leases.renew(tx, second, 90)
        assert renewed is not None
        assert leases.get(tx, "scheduler") == renewed
        assert leases.release(tx, second)
        third = leases.acquire(tx, "scheduler", "a", 30)
        assert third is not None
        assert third.epoch == 3


def test_log_lines_may_be_sent_twice(store: Store) -> None:
    def line(seq: int, text: str = "x") -> LogRow:
        return LogRow(seq=seq, at=1.5, stream="out", text=text)

    with store.transaction() as tx:
        launch = queue(tx, make_run(tx)["first"]).id
        assert logs.last_seq(tx, launch) == 0
        logs.append(tx, launch, [line(1), line(2, "ü\x00\ud800")])
        logs.append(tx, launch, [line(2, "other"), line(3), line(7)])
        logs.append(tx, launch, [])
        assert [(row.seq, row.text) for row in logs.read(tx, launch)] == [
            (1, "x"),
            (2, "ü\ufffd?"),
            (3, "x"),
            (7, "x"),
        ]
        assert [row.seq for row in logs.read(tx, launch, after=1, limit=2)] == [2, 3]
        assert [row.seq for row in logs.tail(tx, launch, 2)] == [3, 7]
        assert (logs.last_seq(tx, launch), logs.missing(tx, launch)) == (7, 3)


def test_a_folder_is_stored_once_and_comes_back(store: Store, tmp_path: Path) -> None:
    contents = {
        "a.py": b"print()\n",
        "sub/b.sql": b"\x00\xff" * 700,
        ".goflow-roots/0/lib.py": b"",
        "c.py": b"print()\n",
    }
    with store.transaction() as tx:
        named = {name: (digest_bytes(data), len(data)) for name, data in contents.items()}
        folder = blobs.manifest("/dags", named, [".goflow-roots/0"])
        assert blobs.missing(tx, [digest for digest, _ in named.values()]) == {digest for digest, _ in named.values()}
        with pytest.raises(InvalidRequestError, match="not stored"):
            blobs.put_folder(tx, folder)
        for _ in range(2):
            blobs.put_contents(tx, contents.values())
            blobs.put_folder(tx, folder)
        assert blobs.missing(tx, [digest for digest, _ in named.values()]) == set()
        assert len(tx.rows(select(tables.blobs.c.digest))) == 3
        assert blobs.folder(tx, folder.digest) == folder
        assert blobs.has_folder(tx, folder.digest)
        blobs.write_tree(tx, folder.digest, tmp_path / "out")
        packed = b"".join(blobs.tar(blobs.folder(tx, folder.digest), lambda digest: blobs.content(tx, digest)))
        with pytest.raises(NotFoundError):
            blobs.folder(tx, "nothing")
        with pytest.raises(NotFoundError):
            blobs.content(tx, "nothing")
    assert {
        str(p.relative_to(tmp_path / "out")): p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()
    } == contents
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        unpacked = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]
    assert unpacked == contents


def test_a_stored_folder_never_writes_outside_its_target(store: Store, tmp_path: Path) -> None:
    with store.transaction() as tx:
        blobs.put_contents(tx, [b"x"])
        for name in ("../out.py", "/etc/out.py", "a/../../out.py"):
            folder = blobs.manifest("/dags", {name: (hashlib.sha256(b"x").hexdigest(), 1)})
            blobs.put_folder(tx, folder)
            with pytest.raises(InvalidRequestError):
                blobs.write_tree(tx, folder.digest, tmp_path / "in")
    assert not (tmp_path / "out.py").exists()


def test_the_same_folder_at_another_path_is_another_one() -> None:
    file = {"a.py": ("0" * 64, 1)}
    assert blobs.manifest("/a", file).digest != blobs.manifest("/b", file).digest
    assert blobs.manifest("/a", file).digest == blobs.manifest("/a", dict(file)).digest


def test_file_records_are_replaced(store: Store) -> None:
    record = FileRecord(
        path="a.py",
        digest="1",
        closure={"a.py": "1", "missing.py": None},
        reader_version="1",
        inputs={"variables": {"secret": "words"}},
        dag_ids=("a", "b"),
        looks_like_dag=True,
        seconds=0.25,
        last_read_at=START,
    )
    with store.transaction() as tx:
        files.put_all(tx, [record])
        files.put_all(tx, [record])
        assert files.get(tx, "a.py") == record
        assert files.Remembered().all_(tx) == {record.path: record}
        assert "words" not in tx.value(select(tables.files.c.inputs))
        files.delete_(tx, "a.py")
        assert files.get(tx, "a.py") is None


def test_import_errors_are_news_once(store: Store) -> None:
    problem = Diagnostic("GF002", "invalid syntax", Span("a.py", 3, 1), Severity.ERROR, hint="a comma?", dag_id="a")
    with store.transaction() as tx:
        import_errors.put(tx, "a.py", [problem])
        store.clock.advance(60)  # type: ignore[attr-defined]
        import_errors.put(tx, "a.py", [problem])
        [found] = import_errors.list_(tx)
        assert found.diagnostics == (problem,)
        assert (found.first_seen_at, found.last_seen_at) == (START, START + dt.timedelta(seconds=60))
        assert import_errors.clear(tx, "a.py")
        assert not import_errors.clear(tx, "a.py")
        assert import_errors.get(tx, "a.py") is None
    with store.reading() as tx:
        assert [event.kind for event in events.after(tx, 0)] == [events.IMPORT_ERROR, events.IMPORT_MENDED]


def test_tokens_are_told_once_and_kept_as_a_digest(store: Store) -> None:
    with store.transaction() as tx:
        assert not tokens.any_(tx)
        text = tokens.create(tx, "ci", who="me", expires_at=START + DAY)
        with pytest.raises(AlreadyExistsError):
            tokens.create(tx, "ci", who="me")
        assert tx.value(select(tables.api_tokens.c.token_hash)) == hashlib.sha256(text.encode()).hexdigest()
        assert tokens.check(tx, text + "x") is None
        found = tokens.check(tx, text)
        assert found is not None
        assert (found.name, found.role) == ("ci", "admin")
        assert tokens.list_(tx)[0].last_used_at == START
        assert tokens.any_(tx)
    store.clock.advance(DAY.total_seconds())  # type: ignore[attr-defined]
    with store.reading() as tx:
        assert tokens.check(tx, text) is None
        assert not tokens.any_(tx)
    with store.transaction() as tx:
        assert tokens.revoke(tx, "ci", who="me")
        assert not tokens.revoke(tx, "ci", who="me")
        given = tokens.create(tx, "given", token="agreed", who="me")
        assert given == "agreed"
        assert tokens.check(tx, "agreed") is not None


def test_an_installation_keeps_its_id(store: Store, open_store: object) -> None:
    first = store.installation_id
    store.upgrade()
    again = open_store()  # type: ignore[operator]
    assert again.installation_id == first
    assert len(first) == 12
    with store.transaction() as tx:
        installation.set_(tx, "first start", "yes")
        assert installation.find(tx, "first start") == "yes"
        assert installation.find(tx, "other") is None
