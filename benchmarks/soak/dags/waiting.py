"""A trigger of the folder's own."""

import asyncio

from airflow.triggers.base import BaseTrigger, TriggerEvent


class Pause(BaseTrigger):
    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def serialize(self):
        return "waiting.Pause", {"seconds": self.seconds}

    async def run(self):
        await asyncio.sleep(self.seconds)
        yield TriggerEvent({"waited": self.seconds})
