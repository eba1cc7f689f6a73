"""Finding out what a task's pod is made of, for a daemon that could not know it when it read the file.

The task itself is not run: its arguments are looked at once the file has been imported and its templates are rendered.
"""

from airflow._goflow import container_functions, outcomes
from airflow._goflow.context import set_current_context
from airflow._goflow.tagged import tagged


def resolve(task_input, client, task):
    """The outcome that has the arguments of TASK that are asked for, and all of its template fields."""
    from airflow._goflow.building import build

    names = task_input["resolve"]
    try:
        context = build(task_input, client, task)
    except Exception as problem:
        return outcomes.failed(problem, None, task_input)
    with set_current_context(context):
        try:
            found = _found(context, names, task_input["task"])
        except BaseException as problem:  # a function of the author's may have skipped, too
            return outcomes.of(problem, context, task_input)
    print(f"Found out {', '.join(names)}: the pod itself begins now", flush=True)
    return {"state": "up_for_reschedule", "reason": "Resolved", "exit_code": 0, "resolved": found}


def rendered(context, spec):
    """The task of CONTEXT with its templates rendered, SPEC being what was read of it."""
    ti = context["ti"]
    ti.task = context["task"] = ti.task.prepare_for_execution()
    if ti.task.is_stand_in:  # it takes everything that it was given for templates: the class itself says better
        ti.task.template_fields = tuple(name for name in spec.get("template_fields") or () if hasattr(ti.task, name))
    ti.task.resolve_template_files()
    ti.task.render_template_fields(context)
    return context["ti"].task


def _found(context, names, spec):
    ti = context["ti"]
    mapped = dict(ti.task.expanded(context)[0]) if getattr(ti.task, "is_mapped", False) else {}
    task = rendered(context, spec)
    wanted = dict.fromkeys([*names, *mapped, *task.template_fields])
    found = {name: getattr(task, name) for name in wanted if hasattr(task, name)}
    return {name: tagged(value) for name, value in {**found, **container_functions.prepared(task, context)}.items()}
