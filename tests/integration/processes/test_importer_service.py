"""The importer as a service: a real folder, real events, and nothing that waits for longer than it takes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.clock import VirtualClock
from goflow.domain.runs import Event
from goflow.importer import Importer, ImportSettings, ImportSummary, import_folder_once
from goflow.importer.scan import Scanner
from goflow.members.duties import Duty
from goflow.members.roster import Roster
from goflow.store import Store, dags, events, import_errors, variables, versions
from tests.unit.importer.kit import native

PATIENCE_S = 30.0


class Ear:
    """Hears the store's events and can be waited for."""

    def __init__(self, store: Store) -> None:
        self.heard: list[tuple[str, str | None]] = []
        self._more = threading.Condition()
        store.subscribe(self)

    def __call__(self, happened: Sequence[Event]) -> None:
        with self._more:
            self.heard += [(event.kind, event.dag_id) for event in happened]
            self._more.notify_all()

    def wait(self, kind: str, dag_id: str | None, times: int = 1) -> None:
        """Until that was heard so many times."""
        with self._more:
            assert self._more.wait_for(lambda: self.heard.count((kind, dag_id)) >= times, PATIENCE_S), self.heard


Start = Callable[..., Importer]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The DAG folder."""
    (tmp_path / "dags").mkdir()
    return tmp_path / "dags"


@pytest.fixture
def start(root: Path, sqlite_store: Store) -> Iterator[Start]:
    """Starts importers and ends them."""
    started: list[Importer] = []

    def begin(store: Store = sqlite_store, duty: Duty | None = None, **settings: Any) -> Importer:
        importer = Importer(store, ImportSettings(root=root, **{"rescan_interval_s": 3600.0, **settings}), duty=duty)
        started.append(importer)
        importer.start()
        return importer

    yield begin
    for importer in started:
        importer.stop()
        assert importer.failure is None
        assert not importer.alive
        assert importer.status()["reading_processes"] == 0


def test_what_happens_to_files_is_in_force_soon(root: Path, start: Start, sqlite_store: Store) -> None:
    ear = Ear(sqlite_store)
    (root / "a.yaml").write_text(native("first_dag"))
    importer = start()
    assert importer.scanned.wait(PATIENCE_S)
    ear.wait(events.DAG_VERSION, "first_dag")
    (root / "b.yaml").write_text(native("second_dag"))
    ear.wait(events.DAG_VERSION, "second_dag")
    (root / "a.yaml").write_text(native("first_dag", "changed"))
    ear.wait(events.DAG_VERSION, "first_dag", 2)
    (root / "a.yaml").write_text(native("first_dag") + "Command: [oops\n")
    ear.wait(events.IMPORT_ERROR, None)
    (root / "a.yaml").unlink()
    ear.wait(events.DAG_DEACTIVATED, "first_dag")
    ear.wait(events.IMPORT_MENDED, None)
    with sqlite_store.reading() as tx:
        assert [dag.dag_id for dag in dags.list_(tx)] == ["second_dag"]
        assert import_errors.list_(tx) == []
        assert len(versions.list_(tx, "first_dag")) == 2


def test_a_config_map_swap_is_in_force_soon(root: Path, start: Start, sqlite_store: Store) -> None:
    def swap(number: int) -> None:
        data = root / f"..{number}"
        data.mkdir()
        (data / "a.yaml").write_text(native("first_dag", str(number)))
        (root / "..data_tmp").symlink_to(data.name)
        (root / "..data_tmp").rename(root / "..data")

    ear = Ear(sqlite_store)
    swap(1)
    (root / "a.yaml").symlink_to("..data/a.yaml")
    start()
    for number in (2, 3):
        ear.wait(events.DAG_VERSION, "first_dag", number - 1)
        swap(number)
    ear.wait(events.DAG_VERSION, "first_dag", 3)


def test_a_variable_that_a_file_asked_for_is_a_reason_to_read_it(root: Path, start: Start, sqlite_store: Store) -> None:
    (root / "a.py").write_text(
        "from airflow.sdk import DAG, Variable\n"
        "from airflow.providers.standard.operators.bash import BashOperator\n"
        "with DAG('first_dag', description=Variable.get('words', default='none')):\n"
        "    BashOperator(task_id='a', bash_command='true')\n"
    )
    ear = Ear(sqlite_store)
    start()
    ear.wait(events.DAG_VERSION, "first_dag")
    for number, change in ((2, "one"), (3, "two"), (4, None)):
        with sqlite_store.transaction() as tx:
            if change:
                variables.set_(tx, "words", change, who="test")
            else:
                variables.delete_(tx, "words", who="test")
        ear.wait(events.DAG_VERSION, "first_dag", number)
        with sqlite_store.reading() as tx:
            dag = dags.get(tx, "first_dag")
            assert (dag.description, dag.version) == (change or "none", 1), "the same bytes are the same version"
            assert versions.inputs(tx, dag.reading_id)["variables"] == {"words": change}


def test_a_scan_that_fails_is_tried_again(
    root: Path, start: Start, sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "a.yaml").write_text(native("first_dag"))
    scan, calls = Scanner.scan, []

    def fail_first(self: Scanner, **options: Any) -> ImportSummary:
        calls.append(options)
        if len(calls) == 1:
            raise OSError("the database is away")
        return scan(self, **options)

    monkeypatch.setattr(Scanner, "scan", fail_first)
    monkeypatch.setattr("goflow.importer.service._AFTER_FAILURE_S", 0.01)
    importer = start()
    assert importer.scanned.wait(PATIENCE_S)
    assert calls[1]["thorough"], "nothing is believed after a failure"


def test_reading_processes_end_when_there_is_nothing_to_read(root: Path, start: Start, sqlite_store: Store) -> None:
    (root / "a.yaml").write_text(native("first_dag"))
    importer = start(idle_s=0.05)
    assert importer.scanned.wait(PATIENCE_S)
    ended = threading.Event()
    rest = importer._scanner.pool.rest

    def resting() -> None:
        rest()
        ended.set()

    importer._scanner.pool.rest = resting  # type: ignore[method-assign]
    assert ended.wait(PATIENCE_S) or importer.status()["reading_processes"] == 0
    assert importer.status()["reading_processes"] == 0


def test_stopping_twice_or_before_the_start_is_harmless(root: Path, sqlite_store: Store) -> None:
    importer = Importer(sqlite_store, ImportSettings(root=root))
    importer.stop()
    importer.start()
    importer.stop()
    importer.stop()
    assert not importer.alive


def test_one_of_two_daemons_imports_and_the_other_takes_over(
    root: Path, start: Start, postgres_url: str, clock: VirtualClock
) -> None:
    (root / "a.yaml").write_text(native("first_dag"))
    first_store, second_store = Store(postgres_url, clock=clock), Store(postgres_url, clock=clock)
    ear = Ear(second_store)
    rosters = [
        Roster(store, name, name=name, backend="local", version="1", ttl_s=6)
        for name, store in (("a", first_store), ("b", second_store))
    ]
    duties = [roster.duty("importer") for roster in rosters]
    for roster in rosters:
        roster._join()
    for _ in range(2):
        rosters[0].look()
    first = start(first_store, duties[0])
    assert first.scanned.wait(PATIENCE_S)
    second = start(second_store, duties[1])
    rosters[1].look()
    assert first.status()["leads"]
    assert not second.scanned.is_set()
    first.stop()
    clock.advance(7)
    (root / "b.yaml").write_text(native("second_dag"))
    for _ in range(2):
        rosters[1].look()
    ear.wait(events.DAG_VERSION, "second_dag")
    assert second.scanned.wait(PATIENCE_S)
    assert second.status()["leads"]
    second.stop()
    first_store.close()
    second_store.close()


def test_importing_once_is_synchronous_and_leaves_no_process(root: Path, sqlite_store: Store) -> None:
    (root / "a.yaml").write_text(native("first_dag"))
    (root / "b.yaml").write_text(native("first_dag"))
    settings = ImportSettings(root=root)
    summary = import_folder_once(sqlite_store, settings)
    assert (summary.files, summary.read, summary.new_dags) == (2, ["a.yaml", "b.yaml"], ["first_dag"])
    assert summary.broken == ["b.yaml"]
    assert import_folder_once(sqlite_store, settings).read == []
