"""Running triggers, for `goflow_runner.trigger_host`: many of them share this process, each in a context of its own."""

import contextlib
import contextvars
import logging
import sys
import threading

from airflow._goflow import world
from airflow._goflow.serialization import deserialize, packed, serialize

_current = contextvars.ContextVar("trigger", default=None)
"""The trigger that speaks (`goflow_runner.wire.TriggerInfo`)."""


def preload():
    """Import what most triggers need."""
    from airflow._goflow import connection, finder, loading, triggers, variable

    return connection, finder, loading, triggers, variable


def settle_in(info, folder, client, log):
    """Make this process the world of triggers like INFO: its dialect, the modules of FOLDER (None: it needs none),
    CLIENT to speak to the server; LOG is given what they log."""
    from airflow._goflow import loading

    world.reset(info["dialect"], Client(client))
    sys.dont_write_bytecode = True
    if folder is not None:
        loading.add_roots(info["folder"], folder)
    root = logging.getLogger()
    root.addHandler(_ToTheTask(log))
    root.setLevel(logging.INFO)


def speaks(info):
    """From here on (in this asyncio task) the trigger of INFO speaks."""
    _current.set(info)


def make(info):
    """The trigger. Raises whatever keeps it from being made."""
    from airflow._goflow.helpers import import_string

    trigger = import_string(info["classpath"])(**deserialize(info["kwargs"]))
    trigger.trigger_id = info["id"]
    trigger.task_instance = TaskOfTrigger(info["task"])
    return trigger


def tell(event):
    """What EVENT says (`goflow_runner.wire.FiredInfo`). Raises TypeError for a payload that cannot be kept."""
    from airflow._goflow.triggers import BaseTaskEndEvent

    if isinstance(event, BaseTaskEndEvent):
        return {"kind": str(event.task_instance_state), "xcoms": serialize(event.xcoms or {})}
    return {"kind": "event", "payload": packed(event.payload)}


def on_kill(trigger):
    """What ends the work that TRIGGER has begun elsewhere; None where its Airflow has no such thing."""
    return None if world.is_airflow2() else getattr(trigger, "on_kill", None)


class TaskOfTrigger:
    """The task instance that waits, as far as a trigger knows it."""

    task = None

    def __init__(self, told):
        self.id = told["launch_id"]
        self.dag_id, self.task_id, self.run_id = told["dag_id"], told["task_id"], told["run_id"]
        self.map_index, self.try_number, self.max_tries = told["map_index"], told["try_number"], told["max_tries"]

    @property
    def key(self):
        """What names it."""
        from airflow._goflow.task_instance import TaskInstanceKey

        return TaskInstanceKey(self.dag_id, self.task_id, self.run_id, self.try_number, self.map_index)

    @property
    def state(self):
        """What the server says now."""
        copies = world.World.client.task_states(self.dag_id, task_ids=[self.task_id], run_id=self.run_id)
        return copies.get(self.task_id, {}).get(str(self.map_index))

    def __repr__(self):
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id}>"


class Client:
    """A client of the server that speaks in the name of whichever trigger calls; each thread has a connection of its
    own, since the loop and its threads may call at once."""

    def __init__(self, client):
        self._model = client
        self._of_thread = threading.local()

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        own = getattr(self._of_thread, "client", None)
        if own is None:
            own = self._of_thread.client = self._model.another()
            own.headers = dict(self._model.headers)
        info = _current.get()
        own.launch_id = "" if info is None else info["task"]["launch_id"]
        return getattr(own, name)


class _ToTheTask(logging.Handler):
    """What a trigger logs goes to its task's log; what nobody in particular logs, to this process's own."""

    def __init__(self, log):
        super().__init__()
        self._log = log
        self._loop_thread = threading.current_thread()
        from airflow._goflow.logs import FORMAT

        self.setFormatter(logging.Formatter(FORMAT))

    def emit(self, record):
        with contextlib.suppress(Exception):
            from airflow._goflow.logs import masked

            text, info = masked(self.format(record)), _current.get()
            if info is None or "watch" in info or threading.current_thread() is not self._loop_thread:
                print(text, flush=True)
            else:
                self._log(info["task"]["launch_id"], record.created, text)
