"""Callbacks that no task's process calls (``_execute_dag_callbacks`` and ``_execute_task_callbacks`` of Airflow's
processor): those of a DAG when its run has ended, or is late, and those of a task whose process is gone or was not
ours."""

import sys

from airflow._goflow import late_runs, loading, logs, tracebacks, world

_STATES = {
    "execute": "running",
    "success": "success",
    "failure": "failed",
    "retry": "up_for_retry",
    "skipped": "skipped",
}


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
    if info["kind"] == "deadline":
        return _called(late_runs.miss_deadline, dag, info["data"])
    if info["kind"] == "sla_miss":
        return _all_called(dag.sla_miss_callback, late_runs.tell_slas(dag, info["data"], client))
    kind, of_task = info["kind"].removeprefix("task_"), info["kind"].startswith("task_")
    found = getattr(dag.task_dict[given["task_id"]] if of_task else dag, f"on_{kind}_callback", None)
    return _all_called(found, (_context(info, given, client, dag),))


def _all_called(found, arguments):
    functions = found if isinstance(found, (list, tuple)) else [found]
    answers = [_called(function, *arguments) for function in functions if function is not None]
    return all(answers)  # each is called, whatever the one before has done


def _called(function, *arguments):
    try:
        function(*arguments)
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
        kind = info["kind"].removeprefix("task_")
        context["ti"].state = _STATES[kind]
    if not info["kind"].startswith("task_"):
        context["reason"] = info["reason"]
    elif world.is_airflow2() and kind in {"failure", "retry"}:
        context["exception"] = info["reason"]
    return context
