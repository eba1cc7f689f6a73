"""Running one task: rendering, ``execute`` and what surrounds it, and the outcome that follows."""

import contextlib
import datetime as dt
import logging
import signal
import sys
import traceback

from airflow._goflow import exceptions as e
from airflow._goflow.live import Session, using
from airflow._goflow.values import encode, length_of, shown

_SKIPPED = []


def skip_later(task_ids):
    """Tasks that are to be skipped when this one has ended."""
    _SKIPPED.extend(task_id for task_id in task_ids if task_id not in _SKIPPED)


def run(task_input, client, task):
    """Run TASK (a mapped one becomes its copy); the outcome."""
    from airflow._goflow import context as contexts
    from airflow._goflow.mapped import MappedOperator

    Session.client = client
    _SKIPPED.clear()
    context = contexts.build(task_input, client, task)
    with using(context):
        try:
            if isinstance(task, MappedOperator):
                task = task.unmap(context, task_input["map_index"])
                context["ti"].task = task
                context["task"] = task
                context["params"] = contexts.build(task_input, client, task)["params"]
            return _run(task_input, client, task, context)
        except BaseException as problem:
            return outcome_of(problem, task, context, task_input)


def _run(task_input, client, task, context):
    from airflow._goflow.templates import render_fields

    _check_conditions(task, context)
    render_fields(task, context)
    if task.template_fields:
        client.report(rendered_fields={name: shown(getattr(task, name, None)) for name in task.template_fields})
    _call_back(task.on_execute_callback, context)
    with _limits(task):
        task.pre_execute(context)
        result = _execute(task, context)
        task.post_execute(context, result)
    xcoms = _results(task, result)
    label = _label(task, context)
    if xcoms or label:
        client.report(xcoms=xcoms or None, rendered_map_index=label)
    _call_back(task.on_success_callback, context)
    return {"state": "success", "skip_downstream": list(_SKIPPED)}


def _execute(task, context):
    """``execute``; a deferral waits for its trigger here and goes on."""
    try:
        return task.execute(context)
    except e.TaskDeferred as deferred:
        while True:
            event = _await_trigger(deferred)
            kwargs = {**(deferred.kwargs or {}), "event": event}
            try:
                return task.resume_execution(deferred.method_name, kwargs, context)
            except e.TaskDeferred as again:
                deferred = again


def _await_trigger(deferred):
    """The first event of a trigger, waited for in this process."""
    import asyncio

    async def first():
        async for event in deferred.trigger.run():
            return getattr(event, "payload", event)
        return None

    limit = deferred.timeout.total_seconds() if deferred.timeout else None
    return asyncio.run(asyncio.wait_for(first(), limit))


def _check_conditions(task, context):
    for kind, condition, message in getattr(task, "_conditions", ()):
        answer = condition(context)
        reason = None
        if isinstance(answer, tuple):
            answer, reason = answer
        if bool(answer) is (kind == "skip_if"):
            raise e.AirflowSkipException(message or reason or f"skipped by {kind}")


def _results(task, result):
    """The results to push (``_push_xcom_if_needed``)."""
    if result is None or not task.do_xcom_push:
        return []
    found = []
    if task.multiple_outputs:
        if not isinstance(result, dict):
            raise TypeError(f"Returned output was type {type(result)} expected dictionary for multiple_outputs")
        for key, value in result.items():
            if not isinstance(key, str):
                raise TypeError(f"Returned dictionary keys must be strings when using multiple_outputs, found {key}")
            found.append({"key": key, "value": encode(value), "length": length_of(value)})
    found.append({"key": "return_value", "value": encode(result), "length": length_of(result)})
    return found


def _label(task, context):
    if not task.map_index_template:
        return None
    from airflow._goflow.templates import environment, render

    return str(render(task.map_index_template, {**context.copy(), **vars(task)}, environment(task.dag), task))


@contextlib.contextmanager
def _limits(task):
    """``execution_timeout`` and SIGTERM become exceptions in the task."""

    def over(*_):
        raise e.AirflowTaskTimeout(f"Timeout: execution_timeout of {task.execution_timeout} is over")

    def told(*_):
        raise e.AirflowTaskTerminated("Task received SIGTERM signal")

    before = signal.signal(signal.SIGTERM, told)
    limit = task.execution_timeout
    seconds = limit.total_seconds() if isinstance(limit, dt.timedelta) else limit
    if seconds:
        signal.signal(signal.SIGALRM, over)
        signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except (e.AirflowTaskTimeout, e.AirflowTaskTerminated):
        task.on_kill()
        raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGTERM, before)


def outcome_of(problem, task, context, task_input):
    """What an exception means, its callbacks called."""
    message = str(problem) or type(problem).__name__
    if isinstance(problem, e.AirflowSkipException):
        print(f"Skipping task: {message}")
        _call_back(task.on_skipped_callback, context)
        return {"state": "skipped", "reason": "Skip", "message": message, "skip_downstream": list(_SKIPPED)}
    if isinstance(problem, e.AirflowRescheduleException):
        moment = problem.reschedule_date
        return {"state": "up_for_reschedule", "reschedule_at": moment.astimezone(dt.UTC).isoformat()}
    if isinstance(problem, e.DownstreamTasksSkipped):
        skip_later(t if isinstance(t, str) else t[0] for t in problem.tasks)
        return {"state": "success", "skip_downstream": list(_SKIPPED)}
    show(problem)
    final = isinstance(problem, e.AirflowFailException | e.AirflowSensorTimeout)
    reason = type(problem).__name__
    if isinstance(problem, e.AirflowTaskTimeout):
        reason = "Timeout"
    elif isinstance(problem, e.AirflowTaskTerminated):
        reason = "Terminated"
    context["exception"] = problem
    last = final or task_input["try_number"] > task_input["max_tries"]
    _call_back(task.on_failure_callback if last else task.on_retry_callback, context)
    return {"state": "failed", "reason": reason, "message": message[:1000], "retry": not final}


def show(problem):
    """The traceback without the shim's own frames."""
    rows = traceback.TracebackException.from_exception(problem)
    rows.stack = traceback.StackSummary.from_list(
        [row for row in rows.stack if "/_goflow/" not in row.filename and "/goflow_runner/" not in row.filename]
    )
    print("".join(rows.format()), end="", file=sys.stdout, flush=True)


def _call_back(functions, context):
    """Call one callback or several; what they raise is told and changes nothing."""
    if not functions:
        return
    for function in functions if isinstance(functions, list | tuple) else [functions]:
        try:
            function(context)
        except Exception as problem:
            logging.getLogger("airflow.task").error("a callback failed")
            show(problem)
