"""What is called of a task, written down as it is called: a line of JSON in a file of the task's own."""

import datetime as dt
import json
import os
import re
import sys

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def note(context, what, **more):
    """Write down that WHAT was called, and what it was told."""
    task_instance = context.get("ti")
    told = {"what": what, **more}
    for name in ("exception", "reason"):
        if context.get(name) is not None:
            told[name] = _words(context[name])
    if task_instance is not None and not what.startswith("dag "):  # which one a run's callback is told of is chance
        told["try_number"] = task_instance.try_number
        told["max_tries"] = task_instance.max_tries
        told["state"] = (
            None if task_instance.state is None else str(getattr(task_instance.state, "value", task_instance.state))
        )
        told["task"] = context["task"].task_id if "task" in context else None
    owner = "run" if what.startswith("dag ") or task_instance is None else task_instance.task_id
    folder = os.path.join(os.environ["TMPDIR"], "record", context["dag"].dag_id)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, owner), "a") as file:
        file.write(json.dumps(told, sort_keys=True) + "\n")


def _words(told):
    words = f"{type(told).__name__}: {told}" if isinstance(told, BaseException) else f"(text) {told}"
    words = words.replace(sys.executable, "python")
    return re.sub(r"run duration of \S+", "run duration of ...", words)[:120]


def on_execute(context):
    note(context, "on_execute")


def on_success(context):
    note(context, "on_success")


def on_failure(context):
    note(context, "on_failure")


def on_retry(context):
    note(context, "on_retry")


def on_skipped(context):
    note(context, "on_skipped")


def dag_success(context):
    note(context, "dag success")


def dag_failure(context):
    note(context, "dag failure")


RECORDED = {
    "retries": 1,
    "retry_delay": dt.timedelta(0),
    "on_execute_callback": on_execute,
    "on_success_callback": on_success,
    "on_failure_callback": on_failure,
    "on_retry_callback": on_retry,
    "on_skipped_callback": on_skipped,
}
"""default_args of a task that may be tried twice, and tells everything that is called of it."""

DAG_RECORDED = {
    "start_date": START,
    "schedule": None,
    "catchup": False,
    "max_active_tasks": 64,
    "on_success_callback": dag_success,
    "on_failure_callback": dag_failure,
}
"""Arguments of every DAG here."""
