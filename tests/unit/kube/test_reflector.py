"""The reflector against a server that breaks watches in every way that API servers and what stands before them know."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from goflow.kube import reflector as module
from goflow.kube.api import Json, KubeApi
from goflow.kube.reflector import Change, Reflector
from tests.unit.kube.server import Answer, ApiServer, Reply, Silence, Told, api_server, kubeconfig_for, refusal, step_of

PATH = "/api/v1/namespaces/here/pods"


class Pauses(threading.Event):
    """Time flies: what a pause would have taken is written down."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        if timeout:
            self.taken.append(timeout)
        return self.is_set()


class View:
    """A reflector, what it told, and the server that it looks at."""

    def __init__(self, server: ApiServer, folder: Path, *, lean: bool) -> None:
        self.server = server
        self.pauses = Pauses()
        self.told: list[tuple[Change, str, str]] = []
        self.refuse: Callable[[Change, Json], bool] = lambda *_: False
        self._changed = threading.Condition()
        api = KubeApi(kubeconfig_for(server.url, folder))
        self.reflector = Reflector(api, PATH, "a=b", self._take, lean=lean, stopping=self.pauses)

    def _take(self, change: Change, item: Json) -> None:
        if self.refuse(change, item):
            raise OSError("the store is away")
        with self._changed:
            self.told.append((change, item["metadata"]["name"], step_of(item)))
            self._changed.notify_all()

    def wait_for(self, *told: tuple[Change, str, str]) -> None:
        """Until exactly this was told, in this order."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.told) >= len(told), 20), self.told
            assert self.told == list(told)

    def watches(self, number: int) -> None:
        """Until that many watches were asked for in all, and the last is open."""
        self.server.wait(lambda: len(self.server.watches()) >= number and self.server.watching > 0, "no watch")

    def begin(self) -> None:
        self.reflector.start()
        assert self.reflector.synced.wait(20)

    def versions(self) -> list[str]:
        """Where each watch began."""
        return [asked.query["resourceVersion"] for asked in self.server.watches()]


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with api_server() as running:
        yield running


@pytest.fixture(params=[False, True], ids=["JSON", "protobuf"])
def view(server: ApiServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[View]:
    made = View(server, tmp_path, lean=request.param)
    yield made
    made.reflector.stop()
    assert not made.reflector._thread.is_alive()


def event(server: ApiServer, kind: str, name: str, step: str = "") -> Json:
    """An event that only a script tells."""
    server.version += 1
    metadata = {"name": name, "uid": f"uid-{name}", "resourceVersion": str(server.version)}
    return {"type": kind, "object": {"metadata": metadata, "step": step}}


EXPIRED = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}}


def test_what_is_there_is_told_and_then_what_happens(server: ApiServer, view: View) -> None:
    server.put("one", step=1)
    view.begin()
    view.watches(1)
    server.put("two", step=1)
    server.put("one", step=2)
    server.remove("two")
    view.wait_for(("seen", "one", "1"), ("seen", "two", "1"), ("seen", "one", "2"), ("deleted", "two", "1"))
    assert view.versions() == ["101"]
    assert [x.query for x in server.lists()] == [{"labelSelector": "a=b", "limit": "500"}]
    assert server.watches()[0].query["allowWatchBookmarks"] == "true"


def test_a_long_list_comes_in_pages(server: ApiServer, view: View, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    for name in "abcde":
        server.put(name)
    view.begin()
    assert [name for _, name, _ in view.told] == list("abcde")
    assert [x.query.get("continue") for x in server.lists()] == [None, "2", "4"]


def test_a_list_whose_pages_are_too_old_begins_anew(
    server: ApiServer, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    for name in "abc":
        server.put(name)
    server.fault(refusal(410, "Expired"), where=lambda asked: asked.query.get("continue") == "2")
    view.begin()
    assert [name for _, name, _ in view.told] == list("abc")
    assert [x.query.get("continue") for x in server.lists()] == [None, "2", None, "2"]


def breaks(server: ApiServer) -> dict[str, Answer]:
    """Ways in which a watch ends after it has told of two objects."""
    told = (event(server, "ADDED", "one", "1"), event(server, "ADDED", "two", "1"))
    return {
        "ended by the server as its time is up": Told(told),
        "cut in the midst of a line": Told(told, cut=True),
        "ended in the midst of a line": Told(told, text='{"type": "ADDED", "obj'),
        "a proxy's page in the midst of it": Told(told, text="<html>Bad Gateway</html>\n"),
    }


@pytest.mark.parametrize("how", ["ended by the server as its time is up", "cut in the midst of a line",
                                 "ended in the midst of a line", "a proxy's page in the midst of it"])  # fmt: skip
def test_a_watch_that_breaks_goes_on_where_it_was(server: ApiServer, view: View, how: str) -> None:
    server.fault(breaks(server)[how], where=lambda asked: asked.is_watch)
    server.version = 100
    view.begin()
    server.version = 102
    server.put("three", step=1)  # perhaps while nobody watches
    view.wait_for(("seen", "one", "1"), ("seen", "two", "1"), ("seen", "three", "1"))
    assert view.versions() == ["100", "102"]
    assert len(server.lists()) == 1
    assert view.pauses.taken == []


def test_a_bookmark_moves_the_place_where_the_next_watch_begins(server: ApiServer, view: View) -> None:
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "250"}}}
    server.fault(Told((bookmark,), cut=True), where=lambda asked: asked.is_watch)
    view.begin()
    view.watches(2)
    assert view.versions() == ["100", "250"]
    assert view.told == []


@pytest.mark.parametrize("gone", [refusal(410, "Expired"), Told((EXPIRED,))], ids=["by status", "by event"])
def test_a_version_that_is_too_old_leads_to_a_list_and_nothing_is_missed(
    server: ApiServer, view: View, gone: Answer
) -> None:
    for name in ("changes", "goes", "stays"):
        server.put(name, step=1)
    server.fault(gone, where=lambda asked: asked.is_watch)
    late = threading.Event()

    def meanwhile(change: Change, item: Json) -> bool:
        if not late.is_set() and item["metadata"]["name"] == "stays":  # the first list is told
            late.set()
            server.remove("goes", tell=False)
            server.put("changes", tell=False, step=2)
            server.put("new", tell=False, step=1)
        return False

    view.refuse = meanwhile
    view.begin()
    view.watches(2)
    first: list[tuple[Change, str, str]] = [("seen", name, "1") for name in ("changes", "goes", "stays")]
    then: list[tuple[Change, str, str]] = [
        ("deleted", "goes", "1"),
        ("seen", "changes", "2"),
        ("seen", "new", "1"),
        ("seen", "stays", "1"),
    ]
    view.wait_for(*first, *then)
    assert view.versions() == ["103", "106"]
    assert view.reflector.trouble is None


def test_a_server_that_finds_every_version_too_old_is_not_asked_without_pause(server: ApiServer, view: View) -> None:
    server.fault(*[Told((EXPIRED,))] * 6, where=lambda asked: asked.is_watch)
    view.begin()
    view.watches(7)
    assert len(view.pauses.taken) == 5
    assert view.pauses.taken[-1] > view.pauses.taken[0]


def test_watches_that_end_at_once_are_not_asked_for_without_pause(server: ApiServer, view: View) -> None:
    server.fault(*[Told()] * 5, where=lambda asked: asked.is_watch)
    view.begin()
    view.watches(6)
    assert len(view.pauses.taken) == 4


def test_a_server_that_asks_for_time_is_given_it(server: ApiServer, view: View) -> None:
    server.fault(refusal(429, "TooManyRequests", retry_after="17"), refusal(503, "Unavailable", retry_after="40"))
    view.begin()
    assert view.pauses.taken == [17, 40]


def test_a_watch_that_is_refused_for_a_while_is_asked_for_again_where_it_was(server: ApiServer, view: View) -> None:
    refusals = [refusal(429, "TooManyRequests", retry_after="3"), refusal(500, "InternalError")]
    server.fault(*refusals, where=lambda asked: asked.is_watch)
    view.begin()
    view.watches(3)
    assert view.versions() == ["100", "100", "100"]
    assert len(server.lists()) == 1


def test_a_version_that_fails_again_and_again_is_not_trusted(server: ApiServer, view: View) -> None:
    server.fault(*[refusal(504, "Timeout", "Too large resource version")] * 4, where=lambda asked: asked.is_watch)
    view.begin()
    view.watches(5)
    assert len(server.lists()) == 2


FAULTS: dict[str, Answer] = {
    "an internal error": refusal(500, "InternalError", "etcd is away"),
    "no word at all": Silence(),
    "a proxy's page": Reply(200, "<html>Welcome"),
    "an object that is no list": Reply(200, {"kind": "Surprise"}),
    "a role that does not grant it": refusal(403, "Forbidden", "pods is forbidden"),
    "a token that has run out": refusal(401, "Unauthorized"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_trouble_is_told_and_got_over(server: ApiServer, view: View, fault: Answer) -> None:
    server.put("one")
    server.fault(*[fault] * 5)
    seen: list[str | None] = []

    def note(timeout: float | None = None) -> bool:
        seen.append(view.reflector.trouble)
        return False

    view.pauses.wait = note  # type: ignore[method-assign]
    view.begin()
    assert len(seen) == 5
    assert all(seen)
    view.watches(1)
    assert view.reflector.trouble is None
    view.wait_for(("seen", "one", ""))


def test_what_may_be_listed_and_not_watched_is_listed_now_and_then_and_that_is_said_once(
    server: ApiServer, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(module.log, "warning", lambda text, **more: said.append(text))
    server.fault(*[refusal(403, "Forbidden")] * 12, where=lambda asked: asked.is_watch)
    server.put("one", step=1)
    view.begin()
    view.watches(13)
    assert said == ["watch broken"]
    assert len(server.lists()) == 13
    assert max(view.pauses.taken) > module.LONGEST_PAUSE_S / 2
    assert view.told[-1] == ("seen", "one", "1")


def test_no_more_is_held_of_objects_than_was_asked_for_and_fields_pick_them(server: ApiServer, tmp_path: Path) -> None:
    told: list[tuple[Change, Json]] = []
    reflector = Reflector(
        KubeApi(kubeconfig_for(server.url, tmp_path)),
        PATH,
        "",
        lambda change, item: told.append((change, item)),
        field_selector="type=Warning",
        remembers=lambda item: {"metadata": {"name": item["metadata"]["name"]}},
        watch_s=7,
    )
    server.put("one", step=1)
    server.fault(refusal(410, "Expired"), where=lambda asked: asked.is_watch)
    server.fault(
        Reply(200, {"metadata": {"resourceVersion": "101"}, "items": []}), where=lambda asked: len(server.lists()) == 2
    )
    reflector.start()
    server.wait(lambda: server.watching > 0, "no watch")
    reflector.stop()
    assert [(change, item.get("step")) for change, item in told] == [("seen", 1), ("deleted", None)]
    assert {asked.query["fieldSelector"] for asked in server.asked} == {"type=Warning"}
    assert {asked.query["timeoutSeconds"] for asked in server.watches()} == {"7"}


def test_who_could_not_take_an_object_is_told_again(server: ApiServer, view: View) -> None:
    view.begin()
    view.watches(1)
    failures = iter([True, True, False])
    view.refuse = lambda *_: next(failures, False)
    server.put("one", step=1)
    server.put("two", step=1)
    view.wait_for(("seen", "one", "1"), ("seen", "two", "1"))
    assert len(server.lists()) == 1


def test_who_could_not_take_it_for_long_is_told_by_another_list(
    server: ApiServer, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.put("kept", step=1)
    server.put("goes", step=1)
    view.begin()
    view.watches(1)
    away = [("seen", "kept", "2"), ("deleted", "goes", "1")]
    view.refuse = lambda change, item: (change, item["metadata"]["name"], step_of(item)) in away
    server.put("kept", step=2)
    server.remove("goes")
    server.put("mark", step=1)
    before: list[tuple[Change, str, str]] = [("seen", "goes", "1"), ("seen", "kept", "1"), ("seen", "mark", "1")]
    view.wait_for(*before)
    away.clear()
    monkeypatch.setattr(module, "LIST_AGAIN_AFTER_S", 0.0)
    server.bookmark()
    view.wait_for(*before, ("deleted", "goes", "1"), ("seen", "kept", "2"), ("seen", "mark", "1"))


def test_one_that_is_stopped_ends_at_once_and_tells_nothing_more(server: ApiServer, view: View) -> None:
    view.begin()
    view.watches(1)
    view.reflector.stop()
    assert not view.reflector._thread.is_alive()
    server.put("late")
    view.reflector.stop()
    assert view.told == []


def test_one_that_was_never_started_may_be_stopped(view: View) -> None:
    view.reflector.stop()
    assert view.server.asked == []


@pytest.mark.parametrize(
    ("every_s", "pauses"),
    [(0.001, 4), (0.03, 0)],
    ids=["much is told: a pause after each burst", "little is told: each word is read as it comes"],
)
def test_where_much_is_told_it_is_read_in_bursts(
    every_s: float, pauses: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def chunks() -> Iterator[bytes]:
        for number in range(450):
            now[0] += every_s
            yield b"%d" % number

    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    stopping = Pauses()
    reflector = Reflector(KubeApi(kubeconfig_for("http://127.0.0.1:1", tmp_path)), PATH, "", print, stopping=stopping)
    read = list(reflector._in_bursts(chunks()))
    assert read == [b"%d" % number for number in range(450)], "nothing is lost, and nothing changes its place"
    assert stopping.taken == [module.GATHERS_S] * pauses
