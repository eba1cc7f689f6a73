"""Writes ``docs/airflow-client.md``: every operation of Airflow's own client, and whether it works with GoFlow.

The operations are read from the installed client (`apache-airflow-client`); what does not work, and where an answer
means something else, is said here. The tests beside this call every operation of a running GoFlow and hold this
table to what it finds; ``make docs`` writes it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "airflow-client.md"

NOT: dict[str, str] = {
    "delete_task_instance": "409: a run keeps its task instances; clear or mark them, or delete the run",
    "test_connection": "403, as in Airflow unless `[core] test_connection` allows it: a test runs code of a provider",
    "enqueue_connection_test": "403 in the same way",
    "get_connection_test": "404: no test is ever begun",
    "get_external_log_url": "400, as in Airflow without remote logging, unless the setting `logs_external_url` says where",
}
"""Operations that are refused, and why."""

BUT: dict[str, str] = {
    "get_extra_links": "those of Airflow's standard operators, and what tasks in Airflow images have left; others are"
    " code of providers, which the daemon does not run",
    "get_config": "403 unless the setting `expose_config` allows it, as in Airflow; settings are GoFlow's own (section"
    " `goflow`), and a few under Airflow's names",
    "get_config_value": "in the same way",
    "login": "sends a browser to the page; tokens come from `POST /auth/token` or `goflow tokens create`",
    "logout": "ends a user's session or token; tokens of `goflow tokens create` stay",
    "get_plugins": "always empty: there are none",
    "import_errors": "always empty: there are no plugins",
    "get_providers": "always empty: providers are in the images of tasks",
    "list_dag_warnings": "always empty: of a pool that is not there the task that waits for it tells",
    "create_default_connections": "makes none",
    "materialize_asset": "the run is one by hand (`run_type` is `manual`)",
    "bulk_task_instances": "update alone: a run keeps its task instances",
    "get_version": "the release of Airflow whose API this is; `goflow_version` is GoFlow's own",
    "get_jobs": "the scheduler and importer of each daemon, and trigger runners",
    "reparse_dag_file": "the file is read with the next scan of the folder",
    "delete_dag": "409 while the DAG's file is there, as it would come back",
    "get_import_error": "`import_error_id` is made of the file's path, and stays",
    "get_event_logs": "events have GoFlow's names (`run.state`, `dag.paused`)",
    "wait_dag_run_until_finished": "results of the tasks that are asked for; `@task(returns_dag_result=True)` is not read",
    "get_dag_details": "`default_args` are told with the tasks that got them, and are empty here",
    "clear_dag_run": "a dry run's answer the client itself cannot read, Airflow's neither: two of its models fit;"
    " `clear_dag_run_without_preload_content` hands it over unread",
    "clear_dag_runs": "the client itself cannot read the answer, Airflow's neither; in the same way",
}
"""Operations that work, and what to know of their answers."""


@dataclass(frozen=True, order=True)
class Operation:
    """A call of the client: the class that has it, its name, and what it asks for."""

    api: str
    name: str
    method: str
    path: str


def operations() -> Iterator[Operation]:
    """Every operation of the installed client, by class and name."""
    import airflow_client.client.api as package

    found = set()
    for module in pkgutil.iter_modules(package.__path__):
        loaded = importlib.import_module(f"{package.__name__}.{module.name}")
        for name, kind in inspect.getmembers(loaded, inspect.isclass):
            if kind.__module__ == loaded.__name__:
                found |= set(_of_class(name, kind))
    yield from sorted(found)


def _of_class(api: str, kind: type) -> Iterator[Operation]:
    for name, function in inspect.getmembers(kind, inspect.isfunction):
        serialize = re.fullmatch(r"_(\w+)_serialize", name)
        if serialize is None:
            continue
        source = inspect.getsource(function)
        method = re.search(r"method='(\w+)'", source)
        path = re.search(r"resource_path='([^']+)'", source)
        assert method is not None, name
        assert path is not None, name
        yield Operation(api, serialize[1], method[1], path[1])


def page() -> str:
    """The page."""
    every = list(operations())
    rows = [f"| `{one.api}` | `{one.name}` | {one.method} | `{one.path}` | {_told(one)} |" for one in every]
    works = sum(one.name not in NOT for one in every)
    head = (
        "# Airflow's own client\n\n"
        "Made by `make docs` from `apache-airflow-client` 3.3.2. `tests/integration/rest` calls every operation of a"
        " running\nGoFlow, and of Airflow 3.3.2 over the same files beside it, and fails where the two differ in"
        " status, shape or content\nin a way that is not stated, or no longer differ where they are said to.\n\n"
        f"{works} of {len(every)} operations work. The client needs nothing but the address and a token:\n\n"
        "```python\nimport airflow_client.client\n\n"
        'configuration = airflow_client.client.Configuration(host="http://127.0.0.1:8080", access_token=TOKEN)\n'
        "with airflow_client.client.ApiClient(configuration) as client:\n"
        "    dags = airflow_client.client.DAGApi(client).get_dags()\n```\n\n"
        "What differs beyond this table is listed in `tests/integration/rest/differences.py`, each with its reason.\n\n"
    )
    table = "| class | operation | method | path | works |\n|---|---|---|---|---|\n" + "\n".join(rows) + "\n"
    return head + table


def _told(one: Operation) -> str:
    if one.name in NOT:
        return f"no: {NOT[one.name]}"
    return f"yes; {BUT[one.name]}" if one.name in BUT else "yes"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print("docs/airflow-client.md")
