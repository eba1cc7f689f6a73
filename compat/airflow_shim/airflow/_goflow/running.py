"""Running one task: rendering, ``execute`` and what surrounds it."""

import contextlib

from airflow._goflow import exceptions as e
from airflow._goflow import logs, outcomes, world
from airflow._goflow.context import context_to_airflow_vars, set_current_context
from airflow._goflow.limits import Limits
from airflow._goflow.operator import call_hook
from airflow._goflow.results import leave
from airflow._goflow.serialization import length_of
from airflow._goflow.words import XCOM_RETURN_KEY

TASK_ENDS = frozenset({"success", "failed", "skipped"})
"""What comes of a trigger that ends its task itself: nothing of the task is executed then."""


def failed_import(problem):
    """The outcome of a file that cannot be imported."""
    from airflow._goflow import tracebacks

    print(f"The DAG file cannot be imported:\n{tracebacks.text_of(problem)}", end="", flush=True)
    return {"state": "failed", "reason": "Import", "message": tracebacks.words_of(problem), "retry": True}


def run(task_input, client, task):
    """Run TASK (a mapped one becomes its copy) and give its outcome."""
    from airflow._goflow.building import build

    try:
        context = build(task_input, client, task)
    except Exception as problem:
        return outcomes.failed(problem, None, task_input)
    with set_current_context(context), Limits(context) as limits:
        try:
            resume = task_input.get("resume")
            if resume is not None and resume["fired"]["kind"] in TASK_ENDS:
                return _end_by_trigger(context, task_input)
            _run(context, limits, resume)
            outcome = outcomes.succeeded(context)
        except BaseException as problem:
            outcome = outcomes.of(problem, context, task_input)
    return outcome


def _end_by_trigger(context, task_input):
    from airflow._goflow import deferring

    return deferring.end(context, task_input)


def _run(context, limits, resume):
    ti = context["ti"]
    _prepare(context)
    try:
        result = _execute(context, limits, resume)
    except Exception:
        with contextlib.suppress(Exception):  # the label's own trouble must not hide the task's
            _report(ti, label=_label(context))
        raise
    label = _label(context)
    if world.is_airflow2():
        _report(ti, label=label)
    else:
        _push(context, result, label)


def _prepare(context):
    """Render the fields, of a mapped task those of its copy, and tell them."""
    ti = context["ti"]
    render(context)
    label = None
    with contextlib.suppress(Exception):  # values that it names may be known only later
        label = _label(context)
    _report(ti, fields=True, label=label)


def copy_task(context):
    """Put a copy of the task in CONTEXT. Its params are those of the run: under Airflow 2 all that the context has
    (``_execute_task_with_callbacks``), under Airflow 3 its own with what the run's conf says (``process_params``)."""
    ti = context["ti"]
    ti.task = context["task"] = ti.task.prepare_for_execution()
    if ti.task.is_mapped:
        return
    if world.is_airflow2():
        ti.task.params = context["params"]
    elif ti.task.params:
        ti.task.params = ti.task.params.with_values(context["params"])


def render(context):
    """Put a copy of the task in CONTEXT, its fields rendered."""
    ti = context["ti"]
    original = ti.task
    copy_task(context)
    ti.task.resolve_template_files()
    ti.task.render_template_fields(context)
    if not world.is_airflow2():
        ti.is_mapped = original.is_mapped


def _report(ti, fields=False, label=None):
    from airflow._goflow.rendered import rendered_fields

    told = {}
    if fields and ti.task.template_fields:
        told["rendered_fields"] = rendered_fields(ti.task)
    if label is not None and label != ti.rendered_map_index:
        told["rendered_map_index"] = ti.rendered_map_index = label
    if told:
        ti.client.report(**told)


def _label(context):
    """The copy's name as the author wants it, or None."""
    template = context.get("map_index_template")
    if template is None:
        return None
    from airflow._goflow import jinja

    env = context["ti"].task.get_template_env()
    return logs.masked(str(jinja.render(env.from_string(template), context)))


def _execute(context, limits, resume):
    """Hooks, ``execute`` and hooks, in Airflow's order."""
    import os

    task = context["ti"].task
    os.environ.update(context_to_airflow_vars(context, in_env_var_format=True))
    if resume is None and task.start_from_trigger and task.start_trigger_args is not None:
        _begin_with_trigger(task)
    if not world.is_airflow2():
        call_hook(task._pre_execute_hook, context)
    call_hook(task.pre_execute, context)
    outcomes.call_back(task, "on_execute_callback", context)
    try:
        with limits.of_execution(task, goes_on=resume is not None):
            result = _to_the_end(task, context, resume)
    finally:
        if task.overwrite_rtif_after_execution:
            with contextlib.suppress(Exception):  # what it ends with must not be hidden
                _report(context["ti"], fields=True)
    if world.is_airflow2():  # the result is kept whatever comes of the hook
        _push(context, result)
        call_hook(task.post_execute, context, result)
        _push_lineage(context["ti"])
        return result
    call_hook(task._post_execute_hook, context, result)
    call_hook(task.post_execute, context)  # Airflow 3 tells the method nothing of the result
    return result


def _push_lineage(ti):
    """What the task tells of its outlets and inlets, as results (Airflow 2's ``airflow.lineage.apply_lineage``)."""
    for key, told in (("pipeline_outlets", list(ti.task.outlets)), ("pipeline_inlets", list(ti.task.inlets))):
        if told:
            ti.xcom_push(key=key, value=told)


def _to_the_end(task, context, resume):
    """``execute``, or the method with which a task goes on that was deferred."""
    if resume is not None:
        from airflow._goflow import deferring

        step = deferring.step(task, resume)
    else:
        step = task.execute
    try:
        return step(context)
    except SystemExit as end:
        if world.is_airflow2() and end.code in (None, 0):
            return None
        raise


def _begin_with_trigger(task):
    """Defer TASK before any code of its author's: under Airflow its scheduler does (``DagRun.schedule_tis``), so that
    hooks and ``on_execute_callback`` belong to the container that goes on."""
    from airflow._goflow.helpers import import_string

    found = task.start_trigger_args
    trigger = import_string(found.trigger_cls)(**(found.trigger_kwargs or {}))
    raise e.TaskDeferred(
        trigger=trigger, method_name=found.next_method, kwargs=found.next_kwargs, timeout=found.timeout
    )


def _push(context, result, label=None):
    """Leave the results (``_push_xcom_if_needed``). Raises TypeError and Airflow's own for what cannot be kept."""
    ti, task = context["ti"], context["ti"].task
    value = result if task.do_xcom_push else None
    if ti.map_index < 0 and next(task.iter_mapped_dependants(), None) is not None:
        if value is None:
            raise e.XComForMappingNotPushed
        if length_of(value) is None:
            raise e.UnmappableXComTypePushed(value)
    told = {} if label is None or label == ti.rendered_map_index else {"rendered_map_index": label}
    if value is not None:
        told["xcoms"] = [*_outputs(task, value), leave(XCOM_RETURN_KEY, value)]
    if told:
        ti.client.report(**told)


def _outputs(task, value):
    """One result for each key of a dict, where the task has several outputs."""
    from collections.abc import Mapping

    if not task.multiple_outputs:
        return []
    if not isinstance(value, Mapping):
        raise TypeError(f"Returned output was type {type(value)} expected dictionary for multiple_outputs")
    for key in value:
        if not isinstance(key, str):
            raise TypeError(
                "Returned dictionary keys must be strings when using multiple_outputs, "
                f"found {key} ({type(key)}) instead"
            )
    return [leave(key, inner) for key, inner in value.items()]
