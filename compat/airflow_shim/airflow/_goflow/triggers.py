"""Triggers: what deferred tasks wait for. They run in trigger runners (see `triggering`)."""

import asyncio
import datetime as dt
import os
from abc import ABC, abstractmethod

from airflow._goflow import timezone
from airflow._goflow.logs import LoggingMixin
from airflow._goflow.templater import Templater


class StartTriggerArgs:
    """What a task that begins with its trigger would be given."""

    def __init__(self, trigger_cls, next_method, trigger_kwargs=None, next_kwargs=None, timeout=None):
        self.trigger_cls, self.next_method, self.trigger_kwargs = trigger_cls, next_method, trigger_kwargs
        self.next_kwargs, self.timeout = next_kwargs, timeout


class BaseTrigger(ABC, Templater, LoggingMixin):
    """The base of all triggers."""

    supports_triggerer_queue = True

    def __init__(self, **kwargs):
        self.task_instance = None
        self.trigger_id = None

    @abstractmethod
    def serialize(self):
        """``(class path, arguments)`` that make it anew."""

    @abstractmethod
    async def run(self):
        """Yield events."""
        yield

    @property
    def task(self):
        """The operator of the task that waits, where it is known."""
        return getattr(self.task_instance, "task", None)

    async def cleanup(self):
        """Nothing to put away."""

    async def on_kill(self):
        """Nothing to end elsewhere."""

    def __repr__(self):
        path, arguments = self.serialize()
        return f"<{path} {', '.join(f'{key}={value}' for key, value in sorted(arguments.items()))}>"


class BaseEventTrigger(BaseTrigger):
    """A trigger that watches an asset."""

    @staticmethod
    def hash(classpath, kwargs):
        """A number for a class and its arguments."""
        import json

        return hash((classpath, json.dumps(kwargs, sort_keys=True, default=str)))


class TriggerEvent:
    """What a trigger found: PAYLOAD."""

    def __init__(self, payload, **kwargs):
        self.payload = payload

    def __repr__(self):
        return f"TriggerEvent<{self.payload!r}>"

    def __eq__(self, other):
        return isinstance(other, TriggerEvent) and self.payload == other.payload

    __hash__ = None


class BaseTaskEndEvent(TriggerEvent):
    """The task ends with STATE, without going on."""

    task_instance_state = None

    def __init__(self, *, xcoms=None, **kwargs):
        super().__init__(payload=str(self.task_instance_state))
        self.xcoms = xcoms


class TaskSuccessEvent(BaseTaskEndEvent):
    """The task succeeds."""

    task_instance_state = "success"


class TaskFailedEvent(BaseTaskEndEvent):
    """The task fails."""

    task_instance_state = "failed"


class TaskSkippedEvent(BaseTaskEndEvent):
    """The task is skipped."""

    task_instance_state = "skipped"


class DateTimeTrigger(BaseTrigger):
    """Waits for a moment."""

    def __init__(self, moment=None, *, target_time=None, end_from_trigger=False):
        super().__init__()
        if (moment is None) == (target_time is None):
            raise TypeError("DateTimeTrigger requires exactly one of 'moment' or 'target_time'")
        if moment is None:
            moment = target_time if isinstance(target_time, dt.datetime) else timezone.parse(target_time)
        if not isinstance(moment, dt.datetime):
            raise TypeError(f"Expected datetime.datetime type for moment. Got {type(moment)}")
        if moment.tzinfo is None:
            raise ValueError("You cannot pass naive datetimes")
        self.moment, self.end_from_trigger = moment.astimezone(dt.timezone.utc), end_from_trigger

    def serialize(self):
        """Class and arguments."""
        arguments = {"moment": self.moment, "end_from_trigger": self.end_from_trigger}
        return "airflow.providers.standard.triggers.temporal.DateTimeTrigger", arguments

    async def run(self):
        """Sleep, a minute at most at a time: clocks may be set meanwhile."""
        while (left := (self.moment - timezone.utcnow()).total_seconds()) > 0:
            await asyncio.sleep(min(left, 60.0))
        yield TaskSuccessEvent() if self.end_from_trigger else TriggerEvent(timezone.coerce_datetime(self.moment))


class TimeDeltaTrigger(DateTimeTrigger):
    """Waits for a while."""

    def __init__(self, delta, *, end_from_trigger=False):
        super().__init__(moment=timezone.utcnow() + delta, end_from_trigger=end_from_trigger)


class FileTrigger(BaseTrigger):
    """Waits for a file."""

    def __init__(self, filepath, recursive=False, poke_interval=5.0, **kwargs):
        super().__init__()
        self.filepath, self.recursive, self.poke_interval = filepath, recursive, poke_interval

    def serialize(self):
        """Class and arguments."""
        arguments = {"filepath": self.filepath, "recursive": self.recursive, "poke_interval": self.poke_interval}
        return "airflow.providers.standard.triggers.file.FileTrigger", arguments

    async def run(self):
        """Look again and again."""
        from airflow._goflow.classes.sensors import find_file

        while not find_file(self.filepath, self.recursive, self.log):
            await asyncio.sleep(self.poke_interval)
        yield TriggerEvent(True)


class FileDeleteTrigger(BaseEventTrigger):
    """Waits for a file, and removes it."""

    def __init__(self, filepath, poke_interval=5.0, **kwargs):
        super().__init__()
        self.filepath, self.poke_interval = filepath, poke_interval

    def serialize(self):
        """Class and arguments."""
        arguments = {"filepath": self.filepath, "poke_interval": self.poke_interval}
        return "airflow.providers.standard.triggers.file.FileDeleteTrigger", arguments

    async def run(self):
        """Look again and again."""
        while not os.path.isfile(self.filepath):
            await asyncio.sleep(self.poke_interval)
        os.remove(self.filepath)
        yield TriggerEvent(True)
