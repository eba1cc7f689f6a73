"""The inside of the shim. Its one door for goflow-runner is `execute`; everything else here is Airflow's names."""

import logging
import sys
from pathlib import Path

FORMAT = "[%(asctime)s] {%(filename)s:%(lineno)d} %(levelname)s - %(message)s"


def preload():
    """Import what most tasks need, once, before attempts are forked."""
    import jinja2.sandbox

    from airflow._goflow import (
        context,
        dag,
        groups,
        live,
        loading,
        mapped,
        operator,
        other_operators,
        python_operators,
        running,
        taskflow,
        templates,
        values,
        xcom_arg,
    )

    return (context, dag, groups, jinja2, live, loading, mapped, operator, other_operators, python_operators, running,
            taskflow, templates, values, xcom_arg)  # fmt: skip


def execute(task_input, client, folder: Path):
    """Run one task of the DAG file in FOLDER; the outcome, `goflow_runner.wire.OutcomeInfo`."""
    from airflow._goflow import loading, running
    from airflow._goflow.live import Session

    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format=FORMAT, force=True)
    Session.client = client
    try:
        dag = loading.load_dag(task_input, folder)
        task = dag.get_task(task_input["task_id"])
    except BaseException as problem:
        running.show(problem)
        kind = (
            "Drift"
            if isinstance(problem, loading.DagFileError) or type(problem).__name__ == "TaskNotFound"
            else "Import"
        )
        message = f"{type(problem).__name__}: {problem}"
        return {"state": "failed", "reason": kind, "message": message[:1000], "retry": kind != "Drift"}
    drift = find_drift(task, task_input["task"])
    if drift:
        print(f"The task differs from the version that was read: {drift}")
        return {"state": "failed", "reason": "Drift", "message": drift, "retry": False}
    return running.run(task_input, client, task)


def find_drift(task, spec):
    """The first field in which the task that came out differs from the one that was read; empty when none does.

    Only plain values are compared, and nothing that was not known when it was read (decision 7).
    """
    if task.task_type != spec["operator"] and not task.task_type.startswith(("Decorated", "_")):
        return f"its operator is {task.task_type}, and was {spec['operator']}"
    if spec.get("mapped"):
        return ""
    for name, told in (spec.get("fields") or {}).items():
        found = getattr(task, name, None)
        if isinstance(told, str | int | bool) and isinstance(found, str | int | bool) and told != found:
            return f"its field {name} is {found!r}, and was {told!r}"
    return ""
