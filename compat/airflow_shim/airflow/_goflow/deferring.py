"""Deferred tasks: what is told of the trigger when a task defers itself, and how it goes on when the trigger has fired.

The trigger itself runs elsewhere, beside many others (`airflow._goflow.triggering`); this container ends meanwhile.
"""

import os
import sys

from goflow_runner.wire import HITL_TRIGGER

from airflow._goflow import exceptions as e
from airflow._goflow import world
from airflow._goflow.serialization import CLASSNAME, deserialize, packed

TIMEOUT = "Trigger timeout"
"""What is told of a trigger whose time is over; operators know it by these words."""
_PLAIN = ("airflow.", "builtins.", "datetime.", "decimal.", "pendulum.", "uuid.", "zoneinfo.")
"""What the class paths of arguments begin with that every trigger runner has."""


def outcome(deferred):
    """The outcome of a task that has raised DEFERRED. Raises what the trigger's ``serialize`` raises, and TypeError for
    arguments that cannot be kept."""
    path, kwargs = deferred.trigger.serialize()
    kwargs, timeout = packed(kwargs or {}), deferred.timeout  # tuples stay tuples, under Airflow 2 too
    return {
        "state": "deferred",
        "reason": "Deferred",
        "message": f"waits for {path}",
        "deferral": {
            "classpath": path,
            "kwargs": kwargs,
            "next_method": deferred.method_name,
            "next_kwargs": packed(deferred.kwargs or {}),
            "timeout_s": timeout.total_seconds() if hasattr(timeout, "total_seconds") else timeout,
            "from_folder": _is_from_folder(path, kwargs),
            "encoding": "goflow",
        },
    }


def asked(awaiting):
    """The outcome of a task that has asked a person (AWAITING is a ``TaskAwaitingInput``)."""
    timeout = awaiting.timeout
    return {
        "state": "deferred",
        "reason": "AwaitingInput",
        "message": "waits for a person's answer",
        "deferral": {
            "classpath": HITL_TRIGGER,
            "kwargs": {},
            "next_method": awaiting.method_name,
            "next_kwargs": packed(awaiting.kwargs or {}),
            "timeout_s": timeout.total_seconds() if hasattr(timeout, "total_seconds") else timeout,
            "from_folder": False,
            "encoding": "goflow",
        },
    }


def _is_from_folder(path, kwargs):
    """Whether making the trigger anew takes code of the DAG folder; if in doubt, it does."""
    return not _is_installed(path) or not all(map(_is_plain, _class_names(kwargs)))


def _is_installed(path):
    module = path
    while module and module not in sys.modules:
        module = module.rpartition(".")[0]
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:  # the shim's own modules are made, not read
        return path.startswith("airflow.")
    info = world.World.task_input or {}
    folder = info.get("folder") or {}
    roots = [info.get("folder_here"), folder.get("path"), *(folder.get("import_roots") or ())]
    return not any(root and os.path.realpath(file).startswith(os.path.realpath(root) + os.sep) for root in roots)


def _is_plain(name):
    return name.startswith(_PLAIN)


def _class_names(value):
    if isinstance(value, dict):
        if isinstance(value.get(CLASSNAME), str):
            yield value[CLASSNAME]
        for inner in value.values():
            yield from _class_names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _class_names(inner)


def step(task, resume):
    """The step with which TASK goes on, given its context (RESUME is `goflow_runner.wire.ResumeInfo`)."""
    method, kwargs, fired = resume["next_method"], deserialize(resume["next_kwargs"]), resume["fired"]
    if fired["kind"] == "timeout":
        # Airflow 2's scheduler uses other words than its operators look for (``check_trigger_timeouts``)
        method, kwargs = "__fail__", {"error": "Trigger/execution timeout" if world.is_airflow2() else TIMEOUT}
    elif fired["kind"] == "failure":
        kwargs = {"error": fired.get("payload") or "Trigger failure"}
        method, kwargs["traceback"] = "__fail__", fired.get("traceback") or None
    else:
        kwargs["event"] = deserialize(fired.get("payload"))
    return lambda context: task.resume_execution(method, kwargs, context)


def end(context, task_input):
    """End the task as its trigger has it, with the callbacks that Airflow calls (``BaseTaskEndEvent``)."""
    from airflow._goflow import outcomes

    fired, ti = task_input["resume"]["fired"], context["ti"]
    if fired["kind"] == "failed":
        kind = e.AirflowFailException if world.is_airflow2() else e.AirflowException
        found = outcomes.failed(kind("the trigger has ended the task as failed"), context, task_input)
        if found["retry"] and task_input["try_number"] <= task_input["max_tries"]:
            return found
    for key, value in (fired.get("xcoms") or {}).items():
        ti.xcom_push(key, deserialize(value))
    if fired["kind"] == "failed":
        return found
    if fired["kind"] == "skipped":
        return {"state": "skipped", "reason": "Skip", "message": "the trigger has skipped the task"}
    return outcomes.succeeded(context)
