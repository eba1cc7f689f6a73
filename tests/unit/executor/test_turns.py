"""One step of a launch at a time, and those of others beside it."""

import threading

from goflow.executor.turns import Turns
from tests.unit.executor.kit import WAIT_S


def test_a_step_waits_for_the_one_before_of_its_launch_alone():
    turns, order, began = Turns(), [], threading.Event()

    def step():
        began.set()
        with turns.of("a"):
            order.append("second")

    other = threading.Thread(target=step)
    with turns.of("a"):
        other.start()
        assert began.wait(WAIT_S)
        with turns.of_all(["b", "c"]):
            order.append("of others")
        with turns.of("a"):
            order.append("first")
        assert other.is_alive()
    other.join(WAIT_S)
    assert order == ["of others", "first", "second"]
    assert len(turns) == 0, "nothing is kept of those that are over"


def test_those_who_take_several_do_not_wait_for_each_other_for_ever():
    turns, taken = Turns(), []

    def take(names):
        for _ in range(200):
            with turns.of_all(names):
                taken.append(names)

    threads = [threading.Thread(target=take, args=(names,)) for names in ("abc", "cba", "bca")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert len(taken) == 600
    assert len(turns) == 0
