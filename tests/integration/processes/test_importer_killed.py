"""A daemon that is killed at any statement: what is there is consistent, and the next scan goes on from it."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select

from goflow.domain.clock import VirtualClock
from goflow.store import Store, blobs, dags, files, tables, versions
from tests.stores import KEY
from tests.unit.importer.kit import Kit, Readers, native


class KilledError(BaseException):
    """Stands for the end of the process."""


STEPS: list[dict[str, str | None]] = [
    {"a.yaml": native("first_dag", "one"), "b.yaml": native("second_dag"), "lib.sql": "select 1"},
    {"a.yaml": native("first_dag", "two"), "b.yaml": "Name: second_dag\nSchedule: [oops\nDockerImage: x\n"},
    {"a.yaml": None, "c.yaml": native("first_dag", "two"), "b.yaml": native("second_dag")},
    {"c.yaml": native("third_dag"), "lib.sql": None, "goflow.yaml": "namespace: jobs\n"},
]
"""What somebody does to the folder, step by step; None: delete."""


def apply(root: Path, step: dict[str, str | None]) -> None:
    """Do one step."""
    for name, content in step.items():
        if content is None:
            (root / name).unlink()
        else:
            (root / name).write_text(content)


def picture(store: Store) -> dict[str, Any]:
    """Everything that should be the same whether somebody was killed or not. Keys of rows and moments are not."""
    with store.reading() as tx:
        found = dags.list_(tx, active=None)
        return {
            "dags": [
                (dag.dag_id, dag.file_path, dag.version, dag.is_active, dag.namespace, dag.is_paused) for dag in found
            ],
            "versions": {
                dag.dag_id: [(v.number, v.file_hash, v.folder_digest) for v in versions.list_(tx, dag.dag_id)]
                for dag in found
            },
            "specs": {dag.dag_id: versions.spec(tx, dag.reading_id).digest() for dag in found},
            "files": [(record.path, record.closure, record.dag_ids) for record in files.Remembered().all_(tx).values()],
            "errors": [(row.path, row.diagnostics) for row in tx.rows(select(tables.import_errors))],
        }


def is_consistent(store: Store) -> None:
    """Nothing points to something that is not there, and every folder is whole."""
    with store.reading() as tx:
        for dag in dags.list_(tx, active=None):
            assert dag.version_id is not None
            version = versions.get(tx, dag.version_id)
            assert versions.reading(tx, dag.reading_id).version_id == version.id
            for digest, _ in blobs.folder(tx, version.folder_digest).files.values():
                assert blobs.content(tx, digest) is not None


@pytest.fixture
def stores(tmp_path: Path, sqlite_template: Path, clock: VirtualClock) -> Iterator[Any]:
    """Makes fresh stores."""
    made: list[Store] = []
    numbers = itertools.count()

    def make() -> Store:
        path = tmp_path / f"{next(numbers)}.sqlite3"
        path.write_bytes(sqlite_template.read_bytes())
        made.append(Store(f"sqlite:///{path}", encryption_key=KEY, clock=clock))
        return made[-1]

    yield make
    for store in made:
        store.close()


def scan_killed_at(kit: Kit, number: int) -> bool:
    """Scan, and be killed at statement NUMBER that would change something; whether it came so far."""
    counter = itertools.count(1)

    def kill(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith("SELECT") and next(counter) == number:
            raise KilledError

    engine = kit.store.database._writer  # type: ignore[attr-defined]
    event.listen(engine, "before_cursor_execute", kill)
    try:
        kit.scan()
    except KilledError:
        return True
    finally:
        event.remove(engine, "before_cursor_execute", kill)
    return False


@pytest.mark.parametrize("last", range(len(STEPS)), ids=["first import", "edit and break", "rename and mend", "config"])
def test_a_scan_that_is_killed_at_any_statement_is_made_up_for(
    stores: Any, tmp_path: Path, shared_readers: Readers, last: int
) -> None:
    root = tmp_path / "dags"
    root.mkdir()
    calm = Kit(root, stores(), shared_readers)
    for step in STEPS[:last]:
        apply(root, step)
        calm.scan()
    template = Path(str(calm.store.database.url.database))
    calm.store.close()
    before = template.read_bytes()
    apply(root, STEPS[last])
    calm.scan()
    expected = picture(calm.store)
    for number in itertools.count(1):
        store = stores()
        path = Path(str(store.database.url.database))
        path.write_bytes(before)
        kit = Kit(root, store, shared_readers)
        killed = scan_killed_at(kit, number)
        is_consistent(store)
        kit.scan()
        assert picture(store) == expected, f"killed at statement {number}"
        assert kit.scan().read == []
        store.close()
        if not killed:
            break
    assert number > 5, "no statement was met"


def test_a_process_that_is_really_killed_leaves_a_good_database(
    stores: Any, tmp_path: Path, shared_readers: Readers
) -> None:
    """The same with SIGKILL and another process, at several moments of the writing."""
    root = tmp_path / "dags"
    root.mkdir()
    apply(root, STEPS[0])
    calm = Kit(root, stores(), shared_readers)
    calm.scan()
    expected = picture(calm.store)
    program = (
        "import os, sys, itertools; from pathlib import Path; "
        "from sqlalchemy import event; from goflow.store import Store; "
        "from tests.unit.importer.kit import Kit; from tests.stores import START; "
        "from goflow.domain.clock import VirtualClock; counter = itertools.count(1); "
        "store = Store(sys.argv[1], encryption_key=sys.argv[4], clock=VirtualClock(START)); number = int(sys.argv[3]); "
        "event.listen(store.database._writer, 'after_cursor_execute', "
        "lambda *args: next(counter) == number and os.kill(os.getpid(), 9)); "
        "kit = Kit(Path(sys.argv[2]), store); kit.scan(); kit.scanner.close()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = []
    for number in (2, 9, 16, 22):
        store = stores()
        url = f"sqlite:///{store.database.url.database}"
        done = subprocess.run([sys.executable, "-c", program, url, str(root), str(number), KEY], env=environment)
        # Files that are read at the same moment are written together, with fewer statements: the last may not be met.
        assert done.returncode in (-9, 0)
        killed.append(done.returncode == -9)
        is_consistent(store)
        kit = Kit(root, store, shared_readers)
        kit.scan()
        assert picture(store) == expected
    assert sum(killed) >= 3
