"""A trigger of the folder's own, and operators that wait for it."""

import asyncio
from datetime import timedelta

from airflow.sdk import BaseOperator
from airflow.triggers.base import BaseTrigger, TriggerEvent


class Pause(BaseTrigger):
    """Fires after SECONDS with what it was given."""

    def __init__(self, seconds, payload):
        super().__init__()
        self.seconds = seconds
        self.payload = payload

    def serialize(self):
        return "waiting.Pause", {"seconds": self.seconds, "payload": self.payload}

    async def run(self):
        await asyncio.sleep(self.seconds)
        yield TriggerEvent(self.payload)


class Waits(BaseOperator):
    """Defers itself, and gives back what its trigger has fired with and what it has remembered meanwhile."""

    def __init__(self, *, seconds, limit=None, **kwargs):
        super().__init__(**kwargs)
        self.seconds = seconds
        self.limit = limit

    def execute(self, context):
        self.defer(
            trigger=Pause(self.seconds, {"fired": True}),
            method_name="go_on",
            kwargs={"kept": [1, 2]},
            timeout=None if self.limit is None else timedelta(seconds=self.limit),
        )

    def go_on(self, context, event, kept):
        return {**event, "kept": kept}
