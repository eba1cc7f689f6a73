"""How a world begins, and rules that do several things in a row, which chance alone brings together too seldom."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.integration.scheduler.model.dags import BRANCHED, LATE, MAPPED, dags
from tests.integration.scheduler.model.machine import Machine
from tests.integration.scheduler.model.run import Instance, Run
from tests.integration.scheduler.model.shape import SKIPPERS
from tests.integration.scheduler.model.world import OPEN

ENDED = st.lists(st.sampled_from(["success"] * 4 + ["fail without retry", "failed"]), min_size=2, max_size=9)
"""How tasks end one after the other: by steps of one alone, what comes late in a DAG is seldom reached."""
UNSEEN = st.lists(st.sampled_from(["fail without retry", "success"]), min_size=1, max_size=3)
LENGTHS = st.sampled_from([(3, 1, 3), (2, 1, 2), (3, 2, 3), (3, 1, 2, 3), (2, 3), (3, 0)])


class Stories(Machine):
    """The machine with all its rules."""

    @initialize(
        data=st.data(),
        second=st.one_of(st.none(), dags("e", most=3)),
        slots=st.sampled_from([128, 128, 1, 2, 3]),
        ends=ENDED,
        story=st.sampled_from(["", "unseen", "mapped again", "branched", "stuck"]),
    )
    def prepare(self, data: st.DataObject, second: Any, slots: int, ends: list[str], story: str) -> None:
        """Tasks of the first runs end, and as soon as there is a place for it, a STORY begins."""
        beginning = {"mapped again": MAPPED, "branched": BRANCHED, "stuck": LATE}.get(story, ())
        first = data.draw(dags(beginning=beginning, hasty=story == "unseen"), "first")
        self.begin_world([drawn.spec for drawn in (first, second) if drawn is not None], 128 if beginning else slots)
        for end in [*ends, ""]:
            if story == "unseen" and self.places(self.hasty):
                self.finish_unseen(data, data.draw(UNSEEN, "ends"))
                return
            if story == "branched" and self.places(self.passed_over):
                self.clear_what_a_branch_skipped(data)
                return
            if story == "mapped again" and self.places(self.copied):
                self.map_again(data, data.draw(LENGTHS, "lengths"))
                return
            self.end_several(data, [end] if end else [])

    def end_several(self, data: st.DataObject, ends: list[str]) -> None:
        for end in ends:
            if self.places(self.wanted):
                self.end(data, self.one(data, self.wanted)[0], end)
                self.settle()

    @precondition(lambda self: self.places(self.wanted))
    @rule(data=st.data(), ends=ENDED)
    def finish_several(self, data: st.DataObject, ends: list[str]) -> None:
        """One after the other, as far as there are so many."""
        self.end_several(data, ends)

    @precondition(lambda self: self.places(self.wanted))
    @rule(data=st.data(), ends=UNSEEN)
    def finish_unseen(self, data: st.DataObject, ends: list[str]) -> None:
        """Tasks end while no scheduler is there: who comes has all that follows to draw from what is in the store."""
        for end in ends:
            chooser = self.hasty if self.places(self.hasty) else self.wanted
            if self.places(chooser):
                self.end(data, self.one(data, chooser)[0], end)
        for mortal in self.real.schedulers:
            mortal.forget()
        self.settle()

    @staticmethod
    def hasty(run: Run, instance: Instance) -> bool:
        return run.shape.spec.fail_fast and Machine.wanted(run, instance)

    @precondition(lambda self: self.places(self.wanted))
    @rule(data=st.data())
    def go_on_after_a_restart(self, data: st.DataObject) -> None:
        """What goes on with its attempt finds no slot, and another scheduler is there when it does."""
        place, _, instance = self.one(data, self.wanted)
        pool = self.model.pools[instance.pool]
        self.pool(instance.pool, 0, pool.include_deferred)
        self.put_off(place, 0)
        self.settle()
        for mortal in self.real.schedulers:
            mortal.forget()
        self.pool(instance.pool, 128, pool.include_deferred)
        self.settle()

    @precondition(lambda self: any(map(self.model.time_limit, self.model.runs.values())))
    @rule()
    def outlast(self) -> None:
        """Wait until the time of a run is up."""
        limits = [limit for run in self.model.runs.values() if (limit := self.model.time_limit(run)) is not None]
        self.wait_until(max(self.model.now, min(limits)))

    @precondition(lambda self: self.places(self.passed_over))
    @rule(data=st.data())
    def clear_what_a_branch_skipped(self, data: st.DataObject) -> None:
        """It is skipped again, since the branch itself is not cleared."""
        place, run, _ = self.one(data, self.passed_over)
        self.begin_anew(run, [place[1]], upstream=False, downstream=False, failed=False, newest=False)
        self.settle()

    @staticmethod
    def passed_over(run: Run, instance: Instance) -> bool:
        shape, task_id = run.shape, instance.task.task_id
        parents = shape.tasks[task_id].upstream if task_id in shape.tasks else ()
        return instance.state == "skipped" and any(shape.tasks[parent].operator in SKIPPERS for parent in parents)

    @precondition(lambda self: self.places(self.copied))
    @rule(data=st.data(), lengths=LENGTHS)
    def map_again(self, data: st.DataObject, lengths: tuple[int, ...]) -> None:
        """What copies are mapped over becomes longer and shorter while their containers go on."""
        place, run, _ = self.one(data, self.copied)
        source = run.shape.source(place[1])
        assert source is not None
        above = (run.name, source, -1)
        for length in lengths:
            self.begin_anew(run, [source], upstream=False, downstream=False, failed=False, newest=False)
            self.settle()
            if not self.wanted(run, self.model.instance(above)):
                return  # it waits for a slot, or for its setup
            self.end(data, above, "success", length)
            self.settle()
            copies = [i for i in run.of(place[1]) if self.copied(run, i)]
            if copies:  # one that waits finds another number, and has the others go or come back
                self.put_off((run.name, *copies[0].key), 0)
                self.settle()

    @staticmethod
    def copied(run: Run, instance: Instance) -> bool:
        """A copy that runs of what is mapped over one task's result, which is there."""
        task_id = instance.task.task_id
        if run.state not in OPEN or task_id not in run.shape.tasks or not Machine.wanted(run, instance):
            return False
        source = run.shape.source(task_id)
        above = run.tasks.get((source, -1)) if source is not None else None
        return instance.index >= 0 and above is not None and above.ended
