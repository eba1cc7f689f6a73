"""Old runs and events: which may go, what goes with them, and that a purge may be killed at any step."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from goflow.domain.state import LaunchState, RunState, RunType
from goflow.store import Store, cleaning, events, logs, readers, runs, tables, xcoms
from goflow.store.cleaning import Old
from goflow.store.purge import Archive, Found, look, purge, purge_unused
from goflow.store.rows import LogRow
from goflow.store.unused import Unused
from tests.stores import START, bash_dag, begin, make_run, record

DAY = dt.timedelta(days=1)


def over(store: Store, days: int, *, dag_id: str = "d", kind: RunType = RunType.SCHEDULED, cleaned: bool = True) -> int:
    """A run that ended so many DAYS before `START`; its first task has left a line of log and a result."""
    at = START - days * DAY
    with store.transaction() as tx:
        made = make_run(tx, bash_dag(dag_id), run_id=f"r{days}", logical_date=at)
        launch = begin(tx, made["first"])
        logs.append(tx, launch.id, [LogRow(seq=1, at=0.0, stream="out", text=f"day {days}")])
        xcoms.push(tx, made.run.id, "first", -1, "return_value", {"a": days})
        state = LaunchState.CLEANED if cleaned else LaunchState.ENDED
        tx.change(update(tables.launches).where(tables.launches.c.id == launch.id).values(state=state.value))
        values = {"status": RunState.SUCCESS.value, "end_date": at, "run_after": at, "run_type": kind.value}
        tx.change(update(tables.dag_runs).where(tables.dag_runs.c.id == made.run.id).values(values))
        return made.run.id


def names(store: Store, dag_id: str | None = None) -> list[str]:
    with store.reading() as tx:
        return [run.run_id for run in sorted(runs.list_(tx, dag_id, limit=None), key=lambda run: run.run_after)]


def rows(store: Store, table: str) -> int:
    with store.reading() as tx:
        return int(tx.value(select(func.count()).select_from(tables.metadata.tables[table])))


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def clean(store: Store, old: Old, archive: Archive | None = None) -> tuple[int, int]:
    return purge(store, old, look(store, old), archive, who="test", pause=lambda seconds: None)


def test_what_is_old_goes_with_all_that_it_left_and_the_rest_stays(store: Store) -> None:
    for days in (1, 10, 20, 30, 40):
        over(store, days)
    with store.transaction() as tx:
        make_run(tx, bash_dag("d"), run_id="open", logical_date=START - 50 * DAY)
    assert clean(store, Old(before=START - 15 * DAY, keep=1))[0] == 3
    assert names(store) == ["r10", "r1", "open"]
    left = {name: rows(store, name) for name in ("task_instances", "attempts", "launches", "log_lines", "xcoms")}
    assert left == {"task_instances": 6, "attempts": 2, "launches": 2, "log_lines": 2, "xcoms": 2}


@pytest.mark.parametrize(
    ("sentence", "keep", "left"),
    [
        ("the newest run stays whatever its age", 1, ["r20"]),
        ("so many stay as one wants", 2, ["r30", "r20"]),
        ("more than there are", 9, ["r40", "r30", "r20"]),
    ],
)
def test_the_newest_runs_stay(store: Store, sentence: str, keep: int, left: list[str]) -> None:
    for days in (20, 30, 40):
        over(store, days)
    clean(store, Old(before=START, keep=keep))
    assert names(store) == left, sentence


def test_the_newest_of_each_type_stays_and_each_dag_has_its_own(store: Store) -> None:
    over(store, 40)
    over(store, 30, kind=RunType.MANUAL)
    over(store, 20, kind=RunType.MANUAL)
    over(store, 50, dag_id="other")
    over(store, 60, dag_id="other")
    assert clean(store, Old(before=START, keep=1))[0] == 2
    assert (names(store, "d"), names(store, "other")) == (["r40", "r20"], ["r50"])


def test_one_dag_alone_and_a_run_whose_job_is_not_cleaned_up_yet(store: Store) -> None:
    for days in (20, 30, 40):
        over(store, days, cleaned=days != 30)
        over(store, days, dag_id="other")
    old = Old(before=START, keep=1, dag_ids=("d",))
    found = look(store, old, with_events=False)
    assert (len(found.runs), found.tasks, found.events) == (1, 2, 0)
    purge(store, old, found, None, who="test", pause=lambda seconds: None)
    assert (names(store, "d"), names(store, "other")) == (["r30", "r20"], ["r40", "r30", "r20"])


def test_by_number_alone_all_but_the_newest_go_however_young_they_are(store: Store, tmp_path: Path) -> None:
    for days in (0, 1, 2, 30):
        over(store, days)
    for days in (0, 50, 60):
        over(store, days, dag_id="other")
    over(store, 3, kind=RunType.MANUAL)
    with store.transaction() as tx:
        make_run(tx, bash_dag("d"), run_id="open", logical_date=START - 50 * DAY)
        record(tx, bash_dag("d"), file_hash="1" * 64)
        old = {"created_date": START - 900 * DAY}
        tx.change(update(tables.dag_versions).values(old))
    store.clock.advance(1e6)  # type: ignore[attr-defined]
    said, versions = rows(store, "events"), rows(store, "dag_versions")
    wanted, archive = Old(before=None, keep=2), Archive(tmp_path, "history")
    found = look(store, wanted)
    assert (len(found.runs), found.tasks, found.events, found.unused) == (3, 6, 0, Unused())
    assert clean(store, wanted, archive) == (3, 0)
    assert purge_unused(store, wanted, archive, pause=lambda seconds: None) == Unused()
    archive.close()
    assert sorted(names(store, "d")) == ["open", "r0", "r1", "r3"], "the newest of each type stays"
    assert names(store, "other") == ["r50", "r0"]
    left = {name: rows(store, name) for name in ("task_instances", "attempts", "launches", "log_lines", "xcoms")}
    assert left == {"task_instances": 12, "attempts": 5, "launches": 5, "log_lines": 5, "xcoms": 5}
    assert {line["dag_run"]["run_id"] for line in lines_of(archive.path)} == {"r2", "r30", "r60"}
    assert rows(store, "dag_versions") == versions, "versions go by their age"
    assert rows(store, "events") == said + 4, (
        "events, too: these tell of the runs that went, and that they were cleaned"
    )
    with store.reading() as tx:
        told = events.after(tx, said)[-1]
    assert (told.kind, told.data) == (events.HISTORY_CLEANED, {"runs": 3, "before": None, "keep": 2})


def test_by_number_one_dag_alone_and_what_has_a_job_stays(store: Store) -> None:
    for days in (20, 30, 40):
        over(store, days, cleaned=days != 30)
        over(store, days, dag_id="other")
    assert clean(store, Old(before=None, keep=1, dag_ids=("d",))) == (1, 0)
    assert (names(store, "d"), names(store, "other")) == (["r30", "r20"], ["r40", "r30", "r20"])


def test_by_number_it_goes_in_steps_with_pauses(store: Store) -> None:
    for days in range(30):
        over(store, days)
    old, pauses = Old(before=None, keep=1), list[float]()
    assert purge(store, old, look(store, old), None, who="test", pause=pauses.append) == (29, 0)
    assert len(pauses) >= 2
    assert all(0 < pause <= 1.0 for pause in pauses)


def say(store: Store, *kinds: str) -> None:
    with store.transaction() as tx:
        for kind in kinds:
            events.emit(tx, kind)


def kinds_of(store: Store) -> list[str]:
    with store.reading() as tx:
        return [event.kind for event in events.after(tx, 0)]


def no_events(store: Store) -> tuple[Found, int]:
    """What there is to be done for an age of nothing at all, and how many events went."""
    old = Old(before=store.clock.now(), keep=1)
    found = look(store, old)
    return found, purge(store, old, found, None, who="test", pause=lambda seconds: None)[1]


@pytest.mark.parametrize("reader", readers.READERS)
def test_events_that_a_reader_has_not_read_yet_stay_whatever_their_age(store: Store, reader: str) -> None:
    say(store, "a", "b", "c")
    with store.transaction() as tx:
        for one in readers.READERS:
            readers.note(tx, one, 2 if one == reader else 3)
    store.clock.advance(10 * 86400)  # type: ignore[attr-defined]
    found, gone = no_events(store)
    assert (found.events, found.last_event, gone) == (2, 2, 2)
    assert kinds_of(store) == ["c"]
    with store.transaction() as tx:
        readers.note(tx, reader, 3)
    assert no_events(store)[1] == 1
    assert kinds_of(store) == []


def test_events_of_the_last_minutes_stay_for_those_who_listen(store: Store) -> None:
    say(store, "a")
    store.clock.advance(60)  # type: ignore[attr-defined]
    say(store, "b")
    store.clock.advance(cleaning.YOUNG_S - 30)  # type: ignore[attr-defined]
    assert no_events(store)[1] == 1
    assert kinds_of(store) == ["b"]


def test_events_that_the_scheduler_looks_for_at_any_time_stay(store: Store) -> None:
    """Else a DAG that was released would be held again (`Agenda`)."""
    say(store, "a", *cleaning.LASTING)
    store.clock.advance(10 * 86400)  # type: ignore[attr-defined]
    assert no_events(store)[1] == 1
    assert kinds_of(store) == list(cleaning.LASTING)


def test_what_may_go_since_it_was_archived_goes_the_next_time(store: Store) -> None:
    """Readers go on between the reading and the deleting: nothing goes that is not in the archive."""
    say(store, "a", "b", "c")
    store.clock.advance(86400)  # type: ignore[attr-defined]
    with store.transaction() as tx:
        readers.note(tx, readers.ALERTS, 1)
    with store.reading() as tx:
        found = cleaning.oldest_events(tx, 3, store.clock.now(), 10)
    with store.transaction() as tx:
        readers.note(tx, readers.ALERTS, 3)
        assert cleaning.remove_events(tx, [row["seq"] for row in found]) == 1
    assert kinds_of(store) == ["b", "c"]


def test_a_run_that_was_cleared_meanwhile_stays(store: Store) -> None:
    key = over(store, 30)
    over(store, 20)
    old = Old(before=START, keep=1)
    found = look(store, old)
    with store.transaction() as tx:
        tx.change(update(tables.dag_runs).where(tables.dag_runs.c.id == key).values(status="queued", end_date=None))
    assert purge(store, old, found, None, who="test", pause=lambda seconds: None)[0] == 0
    assert names(store) == ["r30", "r20"]


def test_the_archive_has_every_row_that_goes(store: Store, tmp_path: Path) -> None:
    over(store, 30)
    over(store, 20)
    store.clock.advance(cleaning.YOUNG_S + 60)  # type: ignore[attr-defined]
    archive = Archive(tmp_path / "kept", "history.jsonl.gz")
    old = Old(before=store.clock.now(), keep=1)
    gone = look(store, old)
    before = rows(store, "events")
    assert clean(store, old, archive) == (1, gone.events)
    archive.close()
    lines = lines_of(archive.path)
    [run], said = [line for line in lines if "dag_run" in line], [line["event"] for line in lines if "event" in line]
    assert (run["dag_run"]["run_id"], len(run["task_instances"]), len(run["launches"])) == ("r30", 2, 1)
    assert [line["text"] for line in run["log_lines"]] == ["day 30"]
    assert json.loads(run["xcoms"][0]["value"]) == {"a": 30}
    assert len(said) == gone.events == before - 1, "that the DAG is there stays"
    assert archive.path.stat().st_mode & 0o777 == 0o600
    with store.reading() as tx:
        _, deleted, told = events.after(tx, 0)
    assert (deleted.kind, deleted.who, deleted.run_id) == (events.RUN_DELETED, "test", "r30")
    assert (told.kind, told.who, told.data["runs"]) == (events.HISTORY_CLEANED, "test", 1)


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", range(1, 7))
def test_it_may_be_killed_at_any_step_and_begun_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """What is deleted is in one of the archives, and what is not is still there."""
    monkeypatch.setattr("goflow.store.purge.FIRST_RUNS", 1)
    for days in range(20, 26):
        over(store, days)
    old, steps = Old(before=START, keep=1), iter(range(1, 100))

    def step_or_die(*args: object) -> None:
        if next(steps) == step:
            raise Killed

    real = Archive.write

    def write(self: Archive, documents: list[dict[str, object]]) -> None:
        step_or_die()
        real(self, documents)
        step_or_die()

    monkeypatch.setattr(Archive, "write", write)
    first = Archive(tmp_path, "first.gz")
    with pytest.raises(Killed):
        clean(store, old, first)
    first.close()
    monkeypatch.setattr(Archive, "write", real)
    second = Archive(tmp_path, "second.gz")
    clean(store, old, second)
    second.close()
    kept = lines_of(first.path) + lines_of(second.path)
    assert {line["dag_run"]["run_id"] for line in kept if "dag_run" in line} == {f"r{days}" for days in range(21, 26)}
    assert names(store) == ["r20"]


def test_an_archive_that_cannot_be_written_costs_nothing(store: Store, tmp_path: Path) -> None:
    over(store, 30)
    over(store, 20)
    archive = Archive(tmp_path, "x.gz")

    def fail(documents: object) -> None:
        raise OSError("no space left on device")

    archive.write = fail  # type: ignore[method-assign]
    with pytest.raises(OSError, match="no space"):
        clean(store, Old(before=START, keep=1), archive)
    assert names(store) == ["r30", "r20"]


def test_steps_are_followed_by_pauses_as_long_as_they_took(store: Store) -> None:
    for days in range(20, 50):
        over(store, days)
    old, pauses = Old(before=START, keep=1), list[float]()
    purge(store, old, look(store, old), None, who="test", pause=pauses.append)
    assert len(pauses) >= 2
    assert all(0 < pause <= 1.0 for pause in pauses)


def test_every_table_below_a_run_is_known() -> None:
    found = {table.name for table, _, _ in cleaning.children()}
    assert {"task_instances", "attempts", "launches", "log_lines", "xcoms", "run_callbacks", "hitl_details"} <= found
    assert not {"dags", "dag_versions", "backfills", "events"} & found
