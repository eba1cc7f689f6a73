"""Every log store keeps each line once, gives them back in order, and finds what is in them."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

from goflow.domain.runs import new_launch_id
from goflow.logs.contract import Line, LogStore, Query, Source, first_id_of
from goflow.logs.database import DatabaseLogs
from goflow.logs.elasticsearch import ElasticsearchLogs, ElasticsearchSettings
from goflow.logs.objects import ObjectLogs
from goflow.store import Store
from goflow.store.rows import LogRow
from tests.elasticsearch import elasticsearch_server, opensearch_server
from tests.logs_kit import rows, writer

__all__ = ["elasticsearch_server", "opensearch_server"]

FOUND_WITHIN_S = 5.0
NOW = dt.datetime(2026, 11, 29, tzinfo=dt.UTC).timestamp()


class World:
    """A log store, and launches that write to it."""

    def __init__(self, target: LogStore, store: Store | None = None) -> None:
        self.target = target
        self._store = store

    def source(self, dag_id: str = "example", *, day: dt.date | None = None, state: str = "cleaned") -> Source:
        """A launch; the database has to know of it."""
        if self._store is not None:
            return writer(self._store, dag_id, day=day, state=state)[1]
        launch_id = new_launch_id()
        own = launch_id if day is None else first_id_of(day) + launch_id[12:]
        return Source(
            launch_id=own, dag_id=dag_id, run_id="run1", task_id="first", try_number=2, namespace="n", job_name="j"
        )

    def write(self, source: Source, lines: list[LogRow]) -> None:
        assert list(self.target.write([Line(source, row) for row in lines])) == []

    def read(self, source: Source, **asked: Any) -> list[LogRow]:
        """What is read of it, once nothing more comes: stores show a line a moment after it was written."""
        return self.settled(lambda: self.target.read(source, **asked))

    def settled(self, ask: Callable[[], list[Any]]) -> list[Any]:
        """The answer of ASK when it has been the same for as long as a store may take to show a line."""
        if not isinstance(self.target, ElasticsearchLogs):
            return ask()
        self.target._ask("POST", f"/{self.target.settings.prefix}-*/_refresh", None, {"allow_no_indices": "true"})
        return ask()


@pytest.fixture(params=["sqlite", "postgresql", "elasticsearch", "opensearch", "volume", "bucket"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    if request.param in {"sqlite", "postgresql"}:
        url = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
        store = Store(str(url))
        yield World(DatabaseLogs(store), store)
        store.close()
        return
    target: LogStore
    if request.param == "volume":
        target = ObjectLogs(f"file://{request.getfixturevalue('tmp_path')}/logs")
    elif request.param == "bucket":
        target = ObjectLogs(f"memory://bucket/{uuid4().hex}")
    else:
        server = request.getfixturevalue(f"{request.param}_server")
        target = ElasticsearchLogs(ElasticsearchSettings(url=server.url, prefix=f"t{uuid4().hex[:8]}", replicas=0))
    target.prepare()
    target.prepare()
    yield World(target)
    target.close()


def test_lines_come_back_in_order(world: World):
    source = world.source()
    lines = rows(1, 25)
    world.write(source, lines[10:])
    world.write(source, lines[:10])
    assert world.read(source) == lines
    assert world.read(source, after=7, limit=3) == lines[7:10]
    assert world.read(source, after=25) == []


def test_a_line_that_is_sent_again_is_there_once_and_as_it_was(world: World):
    source = world.source()
    lines = rows(1, 10)
    world.write(source, lines[:6])
    world.write(source, lines[:6])
    world.write(source, lines[3:])
    assert world.read(source) == lines


def test_launches_do_not_mix(world: World):
    one, other = world.source(), world.source()
    world.target.write([Line(source, row) for row in rows(1, 3) for source in (one, other)])
    world.write(other, rows(4, 5))
    assert [row.seq for row in world.read(one)] == [1, 2, 3]
    assert [row.seq for row in world.read(other)] == [1, 2, 3, 4, 5]


def test_of_a_launch_that_wrote_nothing_there_is_nothing(world: World):
    assert world.read(world.source()) == []


def test_any_text_comes_back_as_it_was(world: World):
    source = world.source()
    texts = [
        "",
        " ",
        "Grüße, 世界 🎉",
        "a\tb\x1b[31mred\x1b[0m\x07",
        '{"json": "\\"quoted\\""}',
        "x" * 65536,
        "€" * 20000,
    ]
    lines = [LogRow(seq=n, at=NOW + n / 1000, stream="out", text=text) for n, text in enumerate(texts, 1)]
    world.write(source, lines)
    assert world.read(source) == lines


def test_any_moment_is_taken(world: World):
    source = world.source()
    lines = [
        LogRow(seq=n, at=at, stream="runner", text="x") for n, at in enumerate([0.0, -5.0, 1e18, NOW + 0.123456], 1)
    ]
    world.write(source, lines)
    assert world.read(source) == lines


def test_many_lines_are_read_in_pages(world: World):
    source = world.source()
    lines = rows(1, 4000)
    for first in range(0, 4000, 500):
        world.write(source, lines[first : first + 500])
    assert world.read(source, limit=4000) == lines
    assert world.read(source, after=2345, limit=1000) == lines[2345:3345]


def test_a_message_is_found_across_runs(world: World):
    sources = [world.source(dag_id) for dag_id in ("orders", "orders", "bills")]
    began = dt.datetime.now(dt.UTC).timestamp()  # nobody writes before it is there: stores look no further back
    for number, source in enumerate(sources):
        world.write(source, rows(1, 3, "quiet", at=began + 10 * number))
        texts = f"Could not Connect to db-{number}: connection refused"
        world.write(source, [LogRow(seq=4, at=began + 10 * number + 5, stream="out", text=texts)])

    def search(words: str, **more: Any) -> list[tuple[str, str]]:
        found = world.settled(lambda: list(world.target.search(Query(words=words, **more)).lines))
        assert all(line.row.seq == 4 for line in found)
        return [(line.source.launch_id, line.source.dag_id) for line in found]

    told = [(source.launch_id, source.dag_id) for source in sources]
    assert search("could not connect") == told[::-1]
    assert search("connection refused", dag_id="orders") == [told[1], told[0]]
    assert search("connection refused", limit=1) == told[2:]
    assert search("connection refused", since=began + 12) == told[:0:-1]
    assert search("connection refused", until=began + 12) == [told[0]]
    assert search("connection refused", run_id=sources[0].run_id, dag_id="orders")[-1] == told[0]
    assert search("connection refused", task_id="second") == []
    assert search("refused connection") == [], "the words stand in a row"


def test_a_dag_and_a_task_of_the_same_name_are_both_asked_for(world: World):
    """The task of either is called ``first``."""
    one, other = world.source("first"), world.source("bills")
    for source in (one, other):
        world.write(source, [LogRow(seq=1, at=NOW, stream="out", text="a needle")])
    query = Query(words="needle", dag_id="first", task_id="first")
    found = world.settled(lambda: list(world.target.search(query).lines))
    assert [line.source.dag_id for line in found] == ["first"]


def test_what_is_found_says_where_it_is_from(world: World):
    source = world.source("where")
    line = LogRow(seq=7, at=NOW, stream="out", text="a needle in a haystack")
    world.write(source, [line])
    [found] = world.settled(lambda: list(world.target.search(Query(words="needle")).lines))
    assert found == Line(source, line)


def test_a_line_is_found_soon_after_it_was_written(world: World):
    """Nobody asks for a refresh here."""
    source = world.source()
    world.write(source, [LogRow(seq=1, at=NOW, stream="out", text="a fresh needle")])
    began = time.monotonic()
    while not world.target.search(Query(words="fresh needle")).lines:
        assert time.monotonic() - began < FOUND_WITHIN_S
        time.sleep(0.05)


def test_whole_days_are_removed(world: World):
    days = [dt.date(2026, 11, day) for day in (1, 2, 3)]
    sources = [world.source(day=day) for day in days]
    for source in sources:
        world.write(source, rows(1, 2))
    gone = world.target.expire(days[2])
    assert gone
    assert [len(world.read(source)) for source in sources] == [0, 0, 2]
    assert world.target.expire(days[2]) == []


def test_the_database_keeps_what_may_still_be_written(world: World):
    if not isinstance(world.target, DatabaseLogs):
        return  # others hear of a day that is before all of those
    source = world.source(day=dt.date(2026, 11, 1), state="claimed")
    world.write(source, rows(1, 2))
    world.target.expire(dt.date(2026, 11, 20))
    assert len(world.read(source)) == 2
