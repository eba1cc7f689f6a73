"""Deferred tasks. Their triggers belong into helper processes that hold many (decision 8 of the design); until then a
trigger is waited for in the task's own process, which costs the task's place while it waits."""

import asyncio
import traceback

from airflow._goflow import exceptions as e
from airflow._goflow.triggers import BaseTaskEndEvent

_ENDS = {"skipped": e.AirflowSkipException, "failed": e.AirflowFailException}


def resumption(task, deferred):
    """Wait for the trigger of DEFERRED; the step with which TASK goes on, given its context."""
    method, kwargs = deferred.method_name, dict(deferred.kwargs or {})
    seconds = deferred.timeout.total_seconds() if deferred.timeout is not None else None
    task.log.info("Waiting for %r", type(deferred.trigger).__name__)
    try:
        event = asyncio.run(_first_event(deferred.trigger, seconds))
    except asyncio.TimeoutError:
        return lambda context: task.resume_execution("__fail__", {"error": "Trigger timeout"}, context)
    except Exception as problem:
        rows = traceback.format_exception(problem)
        error = {"error": "Trigger failure", "traceback": rows}
        return lambda context: task.resume_execution("__fail__", error, context)
    if isinstance(event, BaseTaskEndEvent):
        return lambda context: _end(event, context)
    if event is None:
        return lambda context: task.resume_execution("__fail__", {"error": "Trigger failure"}, context)
    kwargs["event"] = event.payload
    return lambda context: task.resume_execution(method, kwargs, context)


async def _first_event(trigger, seconds):
    async def first():
        async for event in trigger.run():
            return event
        return None

    try:
        return await asyncio.wait_for(first(), seconds)
    finally:
        await trigger.cleanup()


def _end(event, context):
    """The trigger's event ends the task."""
    for key, value in (event.xcoms or {}).items():
        context["ti"].xcom_push(key, value)
    kind = _ENDS.get(str(event.task_instance_state))
    if kind is not None:
        raise kind(f"the trigger ended the task as {event.task_instance_state}")
