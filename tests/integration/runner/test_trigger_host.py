"""A host of triggers, in this process: what its runner says, in whatever order it comes."""

from __future__ import annotations

import asyncio
from typing import Any

from goflow_runner.trigger_host import _Host
from goflow_runner.trigger_pipe import Pipe


class Trigger:
    """One that never fires, and notes what befalls it."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    async def run(self):
        self.notes.append("run")
        await asyncio.Event().wait()
        yield

    async def on_kill(self) -> None:
        self.notes.append("on_kill")

    async def cleanup(self) -> None:
        self.notes.append("cleanup")


class Shim:
    """What the host asks of the shim, of one trigger."""

    def __init__(self) -> None:
        self.trigger = Trigger()

    def speaks(self, info: Any) -> None:
        pass

    def make(self, info: Any) -> Trigger:
        return self.trigger

    def on_kill(self, trigger: Trigger) -> Any:
        return trigger.on_kill


def test_a_trigger_that_is_told_to_end_with_the_word_that_begins_it_says_its_last_words():
    ours, theirs = Pipe.pair()
    shim = Shim()
    ours.send({"start": {"id": 1, "timeout_at": None}})
    ours.send({"leave": 1, "why": "killed"})
    ours.send({"end": True})
    asyncio.run(_Host(theirs, shim, None).serve())
    assert shim.trigger.notes == ["run", "on_kill", "cleanup"]
    assert ours.receive()[0] == [{"over": 1}]
    ours.close()
