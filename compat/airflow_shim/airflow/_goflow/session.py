"""One task from import to outcome."""

import sys

from airflow._goflow import logs, world


def execute(task_input, client, folder):
    """See `airflow._goflow.execute`. No secret that is known shows in the outcome's words."""
    outcome = _execute(task_input, client, folder)
    if outcome.get("message"):
        outcome["message"] = logs.masked(outcome["message"])
    return outcome


def _execute(task_input, client, folder):
    from airflow._goflow import drift, loading, running, tracebacks

    world.reset(task_input["dialect"], client)
    info = task_input["folder"]
    world.World.task_input = {**task_input, "folder_here": str(folder)}
    sys.dont_write_bytecode = True  # the folder holds what the file's version holds, and nothing else
    logs.configure()
    tracebacks.moved(str(folder), info["path"])
    try:
        dag = loading.load_dag(task_input, folder)
    except loading.DagFileError as problem:
        return _drifted(str(problem))
    except BaseException as problem:
        return running.failed_import(problem)
    task = dag.task_dict.get(task_input["task_id"])
    if task is None:
        return _drifted(f"the DAG has no task {task_input['task_id']!r} any more")
    found = drift.find_drift(task, task_input["task"], str(folder), info["path"])
    if found:
        return _drifted(found)
    if task_input.get("render_only"):
        from airflow._goflow import rendering

        return rendering.render(task_input, client, task)
    if task_input.get("resolve"):
        from airflow._goflow import resolving

        return resolving.resolve(task_input, client, task)
    return running.run(task_input, client, task)


def _drifted(words):
    """The task is another one than the one that was planned: it must not run, and would not be right the next time."""
    print(f"The task differs from the version that was read: {words}", flush=True)
    return {"state": "failed", "reason": "Drift", "message": words, "retry": False}
