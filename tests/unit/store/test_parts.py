"""The small parts of the store, on their own."""

from __future__ import annotations

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from goflow.domain.errors import InvalidRequestError
from goflow.domain.runs import Event
from goflow.store import Store
from goflow.store.cache import Cache
from goflow.store.databases import name_key
from goflow.store.publisher import Publisher
from tests.stores import START


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite://", "must be a file"),
        ("sqlite:///:memory:", "must be a file"),
        ("mysql://user:secret@host/db", "mysql"),
        ("not a url", "URL"),
    ],
)
def test_a_url_that_is_no_good_is_refused_without_its_password(url: str, words: str) -> None:
    with pytest.raises(InvalidRequestError, match=words) as caught:
        Store(url)
    assert "secret" not in str(caught.value)


def test_the_driver_of_a_url_is_chosen_here() -> None:
    for given in ("postgresql://u@h/d", "postgres://u@h/d", "postgresql+psycopg://u@h/d"):
        store = Store(given)
        assert store.database.url.drivername == "postgresql+psycopg"
        store.close()


def test_a_sqlite_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'home' / 'goflow.sqlite3'}")
    store.upgrade()
    for path in (tmp_path / "home").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    store.close()


def test_a_cache_forgets_what_nobody_asked_for() -> None:
    cache: Cache[int, str] = Cache(2)
    cache.put(1, "one")
    cache.put(2, "two")
    assert cache.get(1) == "one"
    cache.put(3, "three")
    assert (cache.get(1), cache.get(2), cache.get(3)) == ("one", None, "three")


def test_what_several_ask_a_cache_for_at_once_is_made_once() -> None:
    cache: Cache[int, object] = Cache(2)
    asked = threading.Barrier(4)
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    def ask(_: int) -> object:
        asked.wait()
        return cache.kept(1, make)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(4)))
    assert len(made) == 1
    assert found == made * 4


def test_lock_names_have_keys_that_do_not_change() -> None:
    assert name_key("schema") == name_key("schema")
    assert name_key("schema") != name_key("event order")
    assert -(2**63) <= name_key("x") < 2**63


@pytest.mark.parametrize(
    ("claims", "disowned", "seq", "expected"),
    [
        ([(1, 3), (4, 5)], None, 0, 5),
        ([(1, 3), (5, 6)], None, 0, 3),
        ([(1, 3), (5, 6)], None, 4, 6),
        ([(2, 3)], None, 0, 0),
        ([(1, 3), (4, 5)], (4, 5), 0, 3),
        ([(1, 5)], (2, 3), 3, 5),
    ],
)
def test_a_reader_skips_what_the_process_wrote_itself(
    claims: list[tuple[int, int]], disowned: tuple[int, int] | None, seq: int, expected: int
) -> None:
    publisher = Publisher()
    for first, last in claims:
        publisher.claim(first, last)
    if disowned:
        publisher.disown(*disowned)
        assert not any(publisher.is_own(number) for number in range(disowned[0], disowned[1] + 1))
    assert publisher.skip_own(seq) == expected


def test_batches_are_delivered_in_the_order_in_which_they_were_put() -> None:
    publisher = Publisher()
    heard: list[int] = []
    publisher.subscribe(lambda batch: heard.extend(event.seq for event in batch))
    for seq in (1, 2, 3):
        publisher.put([Event(seq=seq, at=START, kind="x")])
    assert heard == []
    publisher.deliver()
    assert heard == [1, 2, 3]
