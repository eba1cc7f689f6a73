"""Whether a launch may still change something, and what it hears when it may not."""

from __future__ import annotations

from goflow.domain.runs import Launch, TaskInstance
from goflow.server.door import RequestRefusedError
from goflow.server.execution.answers import state_word
from goflow.store import Tx, launches


def is_current(tx: Tx, launch: Launch, instance: TaskInstance) -> bool:
    """Whether nothing has followed LAUNCH: neither another attempt nor another start of this one."""
    newest = launches.latest(tx, instance.id)
    return instance.try_number == launch.try_number and (newest is None or newest.id == launch.id)


def must_be_current(tx: Tx, launch: Launch, instance: TaskInstance) -> None:
    """Raises RequestRefusedError (410) for a launch that another has followed."""
    if not is_current(tx, launch, instance):
        raise superseded()


def superseded() -> RequestRefusedError:
    """Another launch has followed: Airflow's supervisor ends its task when it hears this."""
    reason = {"reason": "not_found", "message": "another attempt of this task has followed"}
    return RequestRefusedError(410, reason)


def refused(reason: str, instance: TaskInstance, name: str) -> RequestRefusedError:
    """The task instance is in a state that does not allow it; NAME is the field that says in which."""
    message = f"the task instance is {instance.state.value}"
    return RequestRefusedError(409, {"reason": reason, "message": message, name: state_word(instance.state)})
