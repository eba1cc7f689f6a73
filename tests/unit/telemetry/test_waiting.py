"""What is waited for: told once, counted while it lasts, and over when it is."""

from __future__ import annotations

import threading

import pytest
from prometheus_client import REGISTRY

from goflow.telemetry import waiting
from goflow.telemetry.waiting import Waits


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    made = Time()
    monkeypatch.setattr(waiting, "time", made)
    return made


def metric(name: str, what: str) -> float:
    return REGISTRY.get_sample_value(name, {"for": what}) or 0.0


def test_it_is_news_once_and_counted_while_it_lasts(time: Time) -> None:
    waits = Waits()
    names = ("goflow_waiting", "goflow_waited_seconds_total", "goflow_wait_retries_total")
    before = [metric(name, "tea") for name in names]

    def told() -> list[float]:
        return [metric(name, "tea") - known for name, known in zip(names, before, strict=True)]

    assert waits.begin("tea", "no water")
    time.now += 2
    assert not waits.begin("tea", "no leaves")
    assert waits.begin("tea", "no cup", where="upstairs", blocks=False)
    time.now += 3
    assert not waits.begin("tea", "no leaves", retry=False)
    assert told() == [2, 5, 3]
    waits.count()
    assert told() == [2, 8, 3]
    assert [(str(wait), wait.blocks) for wait in waits.told()] == [
        ("tea: no leaves, for 5 s now", True),
        ("tea (upstairs): no cup, for 3 s now", False),
    ]
    time.now += 1
    waits.end("tea")
    waits.end("tea")
    waits.end("tea", where="upstairs")
    assert told() == [0, 10, 3]
    assert (waits.told(), waits.is_on_any("tea")) == ([], False)


def test_it_may_have_to_be_quiet_for_a_while(time: Time) -> None:
    waits = Waits()
    waits.begin("disk", "full")
    for _ in range(3):
        time.now += 5
        waits.end("disk", quiet_s=8)
        assert waits.is_on_any("disk", "database")
        waits.begin("disk", "full")
        waits.begin("disk", "full", retry=False)
    time.now += 9
    waits.end("disk", quiet_s=8)
    assert not waits.is_on_any("disk")


def test_many_threads_may_wait_for_the_same_at_once() -> None:
    waits = Waits()
    line = threading.Barrier(8)
    problems: list[BaseException] = []

    def wait(number: int) -> None:
        line.wait(30)
        try:
            for _ in range(300):
                waits.begin("tea", "no water")
                if number == 0:
                    waits.end("tea")
        except ValueError as problem:  # a counter that goes back
            problems.append(problem)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []


def test_others_may_begin_to_wait_while_it_is_asked_what_is_waited_for() -> None:
    waits = Waits()
    waits.begin("disk", "full")
    waits.begin("quota", "used up")

    class Meanwhile(str):
        """Another thread's turn comes whenever something is held against it."""

        def __eq__(self, other: object) -> bool:
            waits.begin("database", "away", where=str(len(waits.told())))
            return super().__eq__(other)

        __hash__ = str.__hash__

    assert not waits.is_on_any(Meanwhile("kubernetes"))
