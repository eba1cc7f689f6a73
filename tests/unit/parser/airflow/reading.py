"""Reading a few lines as a DAG file, for the tests of this room."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from goflow.domain.diagnostics import Severity
from goflow.domain.spec import DagSpec, Dialect, Inputs, TaskSpec
from goflow.parser.api import Folder, ParseResult, parse_file

PRELUDE = {
    Dialect.AIRFLOW3: """
        from datetime import date, datetime, time, timedelta, timezone
        from airflow.sdk import DAG, Asset, AssetAlias, Label, Param, TaskGroup, Variable, XComArg
        from airflow.sdk import AssetAll, AssetAny, AssetOrTimeSchedule, PartitionedAssetTimetable, TriggerRule, WeightRule
        from airflow.sdk import CronDataIntervalTimetable, CronTriggerTimetable, MultipleCronTriggerTimetable
        from airflow.sdk import DeltaDataIntervalTimetable, DeltaTriggerTimetable
        from airflow.sdk import asset, chain, chain_linear, cross_downstream, dag, setup, task, task_group, teardown
        from airflow.models import BaseOperator
        from airflow.providers.standard.operators.bash import BashOperator
        from airflow.providers.standard.operators.empty import EmptyOperator
        from airflow.providers.standard.operators.python import PythonOperator
        from airflow.providers.standard.sensors.filesystem import FileSensor
    """,
    Dialect.AIRFLOW2: """
        from datetime import date, datetime, time, timedelta, timezone
        from airflow import DAG, XComArg
        from airflow.datasets import Dataset, DatasetAlias
        from airflow.decorators import dag, setup, task, task_group, teardown
        from airflow.models import BaseOperator, Variable
        from airflow.models.baseoperator import chain, chain_linear, cross_downstream
        from airflow.models.param import Param
        from airflow.operators.bash import BashOperator
        from airflow.operators.empty import EmptyOperator
        from airflow.operators.python import PythonOperator
        from airflow.sensors.filesystem import FileSensor
        from airflow.utils.dates import days_ago
        from airflow.utils.edgemodifier import Label
        from airflow.utils.task_group import TaskGroup
    """,
}
HELPERS = """
        START = datetime(2024, 1, 1)
        def E(task_id="e", **arguments): return EmptyOperator(task_id=task_id, **arguments)
        def B(task_id="b", **arguments): return BashOperator(task_id=task_id, bash_command="echo", **arguments)
        def fn(*args, **kwargs): ...
"""
THREE, TWO = Dialect.AIRFLOW3, Dialect.AIRFLOW2


def read(
    text: str,
    dialect: Dialect = THREE,
    *,
    prelude: bool = True,
    files: Mapping[str, str] | None = None,
    **inputs: Any,
) -> ParseResult:
    """What the file of these lines is read as; FILES lie beside it."""
    source = textwrap.dedent(text)
    if prelude:
        source = textwrap.dedent(PRELUDE[dialect]) + textwrap.dedent(HELPERS) + source
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name, content in {"file.py": source + "\n# airflow dag\n", **(files or {})}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(content)
        return parse_file(Folder(root, parse_path="/dags", dialect=dialect), "file.py", Inputs(**inputs))


def errors(result: ParseResult) -> list[str]:
    """The errors, as ``CODE message``."""
    found = [problem for problem in result.diagnostics if problem.severity is Severity.ERROR]
    return [f"{problem.code} {problem.message}" for problem in found]


def only_dag(text: str, dialect: Dialect = THREE, **options: Any) -> DagSpec:
    """The one DAG that these lines make, without an error."""
    result = read(text, dialect, **options)
    assert errors(result) == []
    (dag,) = result.dags
    return dag


def in_dag(text: str, dialect: Dialect = THREE, arguments: str = "", **options: Any) -> DagSpec:
    """The DAG that has these lines in its ``with`` block."""
    body = textwrap.indent(textwrap.dedent(text).strip(), "    ")
    head = f'with DAG("d", schedule=None, start_date=START{", " if arguments else ""}{arguments}) as dag:\n'
    return only_dag(head + body, dialect, **options)


def only_task(text: str, dialect: Dialect = THREE, arguments: str = "", **options: Any) -> TaskSpec:
    """The one task that these lines make inside a DAG."""
    (task,) = in_dag(text, dialect, arguments, **options).tasks
    return task


def edges(dag: DagSpec) -> str:
    """Every edge as ``above>below``, sorted."""
    return " ".join(sorted(f"{above}>{task.task_id}" for task in dag.tasks for above in task.upstream))
