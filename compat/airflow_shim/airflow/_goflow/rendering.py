"""Telling what a task's template fields render to, in place of running it (``airflow tasks render``)."""

import sys

from airflow._goflow import outcomes
from airflow._goflow.context import set_current_context
from airflow._goflow.rendered import rendered_fields


def render(task_input, client, task):
    """Report the fields of TASK, whole; the outcome says whether they could be rendered."""
    from airflow._goflow.building import build
    from airflow._goflow.resolving import rendered

    try:
        context = build(task_input, client, task)
        with set_current_context(context):
            fields = rendered_fields(rendered(context, task_input["task"]), longest=sys.maxsize)
    except Exception as problem:
        return outcomes.failed(problem, None, task_input)
    client.report(rendered_fields=fields)
    return {"state": "success", "exit_code": 0}
