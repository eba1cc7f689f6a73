"""A trigger that every process of both sides can import, and that ends as it is told to."""

import asyncio

from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent


class Ending(BaseTrigger):
    """Ends as WAY says."""

    def __init__(self, way, payload=None):
        super().__init__()
        self.way, self.payload = way, payload

    def serialize(self):
        return "ends_triggers.Ending", {"way": self.way, "payload": self.payload}

    async def run(self):
        await asyncio.sleep(0)
        if self.way == "raises":
            raise ValueError("the trigger's own")
        if self.way == "hangs":
            await asyncio.sleep(300)
        if self.way == "event":
            yield TriggerEvent(self.payload)
        if self.way == "success":
            yield TaskSuccessEvent(xcoms={"return_value": self.payload, "more": 1})
        if self.way == "failed":
            yield TaskFailedEvent(xcoms={"return_value": self.payload})
        if self.way == "skipped":
            yield TaskSkippedEvent()


class Unpackable(Ending):
    """Cannot be told to whoever runs it."""

    def serialize(self):
        return "ends_triggers.Ending", {"way": object()}


class Broken(Ending):
    """Cannot be made anew."""

    def serialize(self):
        return "ends_triggers.Ending", {"no_such_argument": 1}


class Unknown(Ending):
    """Is nowhere."""

    def serialize(self):
        return "ends_triggers.NoSuchTrigger", {}
