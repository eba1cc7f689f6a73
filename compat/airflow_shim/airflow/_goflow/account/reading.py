"""Running one DAG file to tell what it makes."""

import datetime as dt
import os
import sys
import types

from airflow._goflow import world, zip_files
from airflow._goflow.account.clock import set_clock
from airflow._goflow.account.objects import counted_dags, failure, written
from airflow._goflow.account.recorder import Recorder
from airflow._goflow.account.witness import Witness, give
from airflow._goflow.dag import DagContext
from airflow._goflow.loading import module_name
from airflow._goflow.secrets import CONN_ENV_PREFIX


def account(request, now):
    """What the file of REQUEST makes when the time is NOW (text, aware).

    REQUEST: ``folder`` and ``file`` (a path in it), import ``roots``, ``dialect``, ``variables``, ``environment``,
    ``secret_environment`` (names of variables that are as secret as passwords; connections among them are not there),
    ``connections`` (parts by id), ``passwords`` (what stands for every password at each moment: another text, of
    another length, so that what is worked out of it differs from one run to the next), ``template_fields`` of operators
    by path; of an archive the ``modules`` at its top that are imported, one of which does not need the others: their
    exceptions are the account's ``failures``. This process is of no use for anything else afterwards.
    """
    world.reset(request["dialect"])
    path = os.path.join(request["folder"], request["file"])
    roots = [request["folder"], *request["roots"]]
    world.World.template_fields = request["template_fields"]
    world.World.parsing = (None, None)
    world.World.task_input = {"folder_here": request["folder"]}
    password = request["passwords"][now]
    recorder, witness = Recorder(password), Witness(roots)
    recorder.install()
    sys.path.extend(root for root in roots if root not in sys.path)
    sys.dont_write_bytecode = True
    set_clock(dt.datetime.fromisoformat(now))
    secret = request.get("secret_environment") or []  # a daemon of before does not say
    hidden = {name for name in secret if name.startswith(CONN_ENV_PREFIX)}
    witness.begin(request["environment"], {name: password for name in secret if name not in hidden})
    connections = {
        conn_id: {**parts, "password": password}
        for conn_id, parts in request["connections"].items()
        if CONN_ENV_PREFIX + conn_id.upper() not in hidden
    }
    give(request["variables"], connections, witness)
    module = types.ModuleType(module_name(path))
    module.__file__ = path
    sys.modules[module.__name__] = module
    modules = request.get("modules") or ()
    failures = _run_archive(module, path, modules) if modules else {}
    problem = None if modules else _run(module, path)
    registered = list(DagContext.registered)
    witness.busy = True
    return {
        "module": module.__name__,
        "now": now,
        "error": problem,
        "failures": failures,
        "made": [] if problem else written(recorder, counted_dags(module, registered)),
        "files": witness.files,
        "listed": witness.listed,
        "environment": witness.environment,
        "variables": witness.variables,
        "connections": witness.connections,
    }


def _run_archive(module, path, modules):
    problems = zip_files.run(path, modules, module.__dict__)
    return {name: failure(problem, f"{path}/{name}.py") for name, problem in problems.items()}


def _run(module, path):
    try:
        with open(path, "rb") as file:
            source = file.read()
        code = compile(source, path, "exec", dont_inherit=True)
        exec(code, module.__dict__)  # the author's own file, in a process that is shut in
    except BaseException as problem:  # the file may raise what it likes
        return failure(problem, path)
    return None
