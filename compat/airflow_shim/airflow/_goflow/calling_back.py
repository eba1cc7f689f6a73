"""Callbacks of a DAG, called after its run has ended (``_execute_dag_callbacks`` of Airflow's processor)."""

import sys

from airflow._goflow import loading, logs, tracebacks, world


def call(info, client, folder):
    """Import the DAG file in FOLDER and call the callbacks that INFO (`goflow_runner.wire.CallbackInfo`) names; whether
    none of them has raised. Raises whatever the file raises."""
    world.reset(info["dialect"], client)
    given = info["task"] or {"dag_id": info["dag_id"], "task_id": "", "run_id": info["run_id"]}
    given = {**given, "folder": info["folder"], "inputs": info["inputs"]}
    world.World.task_input = {**given, "folder_here": str(folder)}
    sys.dont_write_bytecode = True
    logs.configure()
    tracebacks.moved(str(folder), info["folder"]["path"])
    dag = loading.load_dag(given, folder)
    found = getattr(dag, f"on_{info['kind']}_callback", None)
    functions = found if isinstance(found, (list, tuple)) else [found]
    context = _context(info, given, client, dag)
    answers = [_called(function, context) for function in functions if function is not None]  # each, whatever the last
    return all(answers)


def _called(function, context):
    try:
        function(context)
    except Exception as problem:
        print(f"Callback failed\n{tracebacks.text_of(problem)}", end="", flush=True)
        return False
    return True


def _context(info, given, client, dag):
    """The context of the task instance that ended last, or what there is without one."""
    context = {"dag": dag, "run_id": info["run_id"]}
    task = dag.task_dict.get(given["task_id"])
    if info["task"] is not None and task is not None:
        from airflow._goflow.building import build

        context = build(given, client, task)
        context["ti"].state = "success" if info["kind"] == "success" else "failed"
    context["reason"] = info["reason"]
    return context
