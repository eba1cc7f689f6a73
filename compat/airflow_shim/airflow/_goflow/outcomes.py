"""What an end means: the outcome that is told, and the author's callbacks."""

import datetime as dt

from airflow._goflow import exceptions as e
from airflow._goflow import tracebacks, world


def log():
    """The task's logger."""
    import logging

    return logging.getLogger("airflow.task")


def call_back(task, kind, context):
    """Call the callbacks of KIND; what they raise is told and changes nothing."""
    from airflow._goflow import callables

    for number, function in enumerate(getattr(task, kind, None) or ()):
        try:
            callables.call(function, (context,), {}, context["outlet_events"], log())
        except Exception as problem:
            log().error("Failed to run %s %s\n%s", kind, number, tracebacks.text_of(problem))


def succeeded(context):
    """The outcome of a task that came to its end. Airflow 2 takes what it tells of its outlets after the callbacks
    (``_run_raw_task``), Airflow 3 before. Raises TypeError for extras that are no JSON."""
    told = None if world.is_airflow2() else _asset_events(context)
    context["ti"].state = "success"
    call_back(context["ti"].task, "on_success_callback", context)
    told = _asset_events(context) if told is None else told
    return {"state": "success", "exit_code": 0, "skip_downstream": list(world.World.skipped), "asset_events": told}


def _asset_events(context):
    outlets = context["ti"].task.outlets
    return context["outlet_events"].told(outlets) if outlets else []


def of(problem, context, task_input):
    """The outcome that PROBLEM means."""
    ti = context["ti"]
    if isinstance(problem, e.DownstreamTasksSkipped):
        for task_id in problem.tasks if isinstance(problem.tasks, list) else [problem.tasks]:
            name = task_id if isinstance(task_id, str) else task_id[0]
            if name not in world.World.skipped:
                world.World.skipped.append(name)
        return succeeded(context)
    if isinstance(problem, e.AirflowSkipException):
        words = str(problem)
        log().info("Skipping task.%s", f" {words}" if words else "")
        ti.state = "skipped"
        call_back(ti.task, "on_skipped_callback", context)
        if world.is_airflow2():  # `_run_raw_task` goes on to its end after a skip
            call_back(ti.task, "on_success_callback", context)
        return {"state": "skipped", "reason": "Skip", "message": words, "skip_downstream": list(world.World.skipped)}
    if isinstance(problem, e.AirflowRescheduleException):
        moment = problem.reschedule_date.astimezone(dt.timezone.utc)
        log().info("Rescheduling task, marking task as UP_FOR_RESCHEDULE")
        return {"state": "up_for_reschedule", "reschedule_at": moment.isoformat(), "reason": "Reschedule"}
    if isinstance(problem, (e.TaskDeferred, e.TaskAwaitingInput)):
        return _deferred(problem, context, task_input)
    return failed(problem, context, task_input)


def _deferred(problem, context, task_input):
    from airflow._goflow import deferring

    asks = isinstance(problem, e.TaskAwaitingInput)
    log().info("Pausing task as AWAITING_INPUT." if asks else "Pausing task as DEFERRED.")
    try:
        return deferring.asked(problem) if asks else deferring.outcome(problem)
    except Exception as trouble:
        return failed(trouble, context, task_input)


def failed(problem, context, task_input):
    """The outcome of a failure; there is another try unless PROBLEM, the policy or the number of tries says no."""
    print(f"Task failed with exception\n{tracebacks.text_of(problem)}", end="", flush=True)
    is_final = isinstance(problem, (e.AirflowFailException, e.AirflowSensorTimeout, e.AirflowTaskTerminated))
    is_final = is_final and not (isinstance(problem, e.AirflowTaskTerminated) and world.is_airflow2())
    decision = None
    if context is not None:
        decision = None if is_final else _decision(problem, context)
        is_final = is_final or _asks(decision, "fail")
        context["exception"] = _as_told(problem)
        context["ti"].end_date = dt.datetime.now(dt.timezone.utc)
        is_last = is_final or task_input["try_number"] > task_input["max_tries"]
        context["ti"].state = "failed" if is_last else "up_for_retry"
        call_back(context["ti"].task, "on_failure_callback" if is_last else "on_retry_callback", context)
    outcome = {
        "state": "failed",
        "reason": _reason(problem),
        "message": tracebacks.words_of(problem),
        "retry": not is_final,
        "skip_downstream": [],
        "called_back": context is not None,
    }
    if _asks(decision, "retry") and hasattr(decision.retry_delay, "total_seconds"):
        outcome["retry_delay_s"] = max(0.0, decision.retry_delay.total_seconds())
    code = getattr(problem, "exit_code", None)
    if isinstance(code, int):
        outcome["exit_code"] = code
    elif isinstance(problem, SystemExit) and isinstance(problem.code, int):
        outcome["exit_code"] = problem.code
    return outcome


def _as_told(problem):
    """PROBLEM as callbacks are told of it: Airflow 2 says of an exit only this (``_run_raw_task``)."""
    if world.is_airflow2() and isinstance(problem, SystemExit):
        return f"Task failed due to SystemExit({problem.code})"
    return problem


def _reason(problem):
    if isinstance(problem, e.AirflowTaskTimeout):
        return "Timeout"
    if isinstance(problem, e.AirflowTaskTerminated):
        return "Terminated"
    if isinstance(problem, e.AirflowSensorTimeout):
        return "SensorTimeout"
    return "BashExit" if isinstance(getattr(problem, "exit_code", None), int) else "Exception"


def _decision(problem, context):
    """What the task's retry policy says of PROBLEM (``_evaluate_retry_policy``); None without one."""
    ti = context["ti"]
    policy = getattr(ti.task, "retry_policy", None)
    if policy is None:
        return None
    try:
        decision = policy.evaluate(exception=problem, try_number=ti.try_number, max_tries=ti.max_tries, context=context)
        if decision.reason:
            log().info("Retry policy decision: %s, %s", getattr(decision.action, "value", None), decision.reason)
    except Exception:
        log().exception("Retry policy evaluation failed, falling back to default behaviour")
        return None
    return decision


def _asks(decision, action):
    """Whether DECISION has that action of ``RetryAction``; a text of the same letters is none, as in Airflow."""
    return decision is not None and getattr(decision.action, "value", None) == action
