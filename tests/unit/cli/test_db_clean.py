"""`goflow db clean`: what it asks, says and refuses."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from click.testing import CliRunner
from sqlalchemy import update

from goflow import settings
from goflow.cli import main
from goflow.domain.state import RunType
from goflow.home import open_store
from goflow.store import runs, tables
from tests.stores import bash_dag, make_run, record

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with six runs, each a hundred days older than the one before, and no events that are old."""
    monkeypatch.setenv("GOFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("GOFLOW_DATABASE_URL", raising=False)
    assert CliRunner().invoke(main, ["db", "upgrade"]).exit_code == 0
    store = open_store(settings.load())
    for number in range(6):
        at = NOW - dt.timedelta(days=100 * number)
        with store.transaction() as tx:
            made = make_run(tx, bash_dag("d"), run_id=f"r{number}", logical_date=at)
            values = {"status": "success", "end_date": at, "run_after": at, "run_type": RunType.MANUAL.value}
            tx.change(update(tables.dag_runs).where(tables.dag_runs.c.id == made.run.id).values(values))
    store.close()
    return tmp_path


def left(home):
    store = open_store(settings.load())
    with store.reading() as tx:
        found = sorted(run.run_id for run in runs.list_(tx, limit=None))
    store.close()
    return found


def run(*words, **more):
    return CliRunner().invoke(main, ["db", "clean", *words], **more)


def test_a_dry_run_says_what_would_go_and_takes_nothing(home):
    told = run("--older-than", "150d", "--keep", "2", "--dry-run")
    assert (told.exit_code, told.output.split(" from ")[0]) == (0, "4 runs with 8 tasks, and 0 events")
    assert len(left(home)) == 6


def test_it_asks_first_and_takes_no_for_an_answer(home):
    told = run("--older-than", "150d", "--keep", "1", input="n\n")
    assert (told.exit_code, len(left(home))) == (1, 6)


def test_yes_deletes_and_tells_where_the_archive_is(home):
    told = run("--older-than", "20w", "--keep", "1", "--yes", "--archive", str(home / "kept"), "--json")
    assert told.exit_code == 0, told.output
    said = json.loads(told.stdout)
    assert (said["deleted"], said["runs"], left(home)) == (True, 4, ["r0", "r1"])
    assert [str(path) for path in (home / "kept").iterdir()] == [said["archive"]]


def test_by_number_alone_the_newest_of_each_dag_stay_whatever_the_age(home):
    told = run("--keep", "2", "--dry-run")
    assert (told.exit_code, told.output) == (
        0,
        "4 runs with 8 tasks besides the newest 2 of each DAG would be deleted\n",
    )
    assert len(left(home)) == 6
    asked = run("--keep", "2", input="n\n")
    assert "Delete 4 runs with 8 tasks besides the newest 2 of each DAG?" in asked.output
    assert (asked.exit_code, len(left(home))) == (1, 6)
    told = run("--keep", "2", "--yes", "--archive", str(home / "kept"), "--json")
    assert told.exit_code == 0, told.output
    said = json.loads(told.stdout)
    assert (said["before"], said["keep"], said["runs"], said["events"]) == (None, 2, 4, 0)
    assert (left(home), len(list((home / "kept").iterdir()))) == (["r0", "r1"], 1)
    assert run("--keep", "1", "--dag", "d", "--yes").output == "deleted 1 run\n"
    assert run("--keep", "1", "--yes").output == "no DAG has a run that may go besides its newest 1\n"
    assert left(home) == ["r0"]


def test_versions_that_nothing_needs_go_also_where_no_run_is_old(home):
    store = open_store(settings.load())
    with store.transaction() as tx:
        for number in range(3):
            record(tx, bash_dag("other"), file_hash=str(number) * 64)
        old = {"created_date": NOW - dt.timedelta(days=900)}
        tx.change(update(tables.dag_versions).where(tables.dag_versions.c.dag_id == "other").values(old))
    store.close()
    words = ("--older-than", "800d", "--keep", "1")
    assert "0 runs with 0 tasks, and 0 events, 2 versions of DAGs from before" in run(*words, "--dry-run").output
    told = run(*words, "--yes")
    assert (told.exit_code, told.output) == (0, "deleted 0 runs and 0 events, 2 versions of DAGs\n")
    assert "nothing that may go" in run(*words, "--dry-run").output


def test_nothing_to_delete_is_no_question(home):
    told = run("--before", "2001-01-01")
    assert (told.exit_code, told.output) == (
        0,
        "nothing that may go ended before 2001-01-01 00:00 UTC\n",
    )


def test_a_dag_that_there_never_was_is_told(home):
    told = run("--older-than", "1d", "--dag", "nope", "--yes")
    assert told.exit_code == 1
    assert "nope" in told.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "say how old with one of --older-than and --before, or how many stay with --keep"),
        (["--keep", "0"], "0 is not in the range x>=1"),
        (["--older-than", "1d", "--before", "2020-01-01"], "say how old with one of"),
        (["--older-than", "soon"], "'soon' is no age: a number with s, m, h, d or w, such as 90d"),
        (["--before", "2999-01-01"], "has not come yet"),
        (["--older-than", "1d", "--keep", "0"], "0 is not in the range x>=1"),
    ],
)
def test_wrong_usage_is_told(home, words, said):
    told = run(*words)
    assert told.exit_code == 2
    assert said in " ".join(told.output.split())
