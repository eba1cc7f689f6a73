"""Making runs: their ids, their task instances, and what a person's configuration must satisfy."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from goflow.domain.cronjobs import is_watched
from goflow.domain.errors import InvalidRequestError
from goflow.domain.partitions import BY_CRON, is_partitioned
from goflow.domain.runs import DagRun, TaskInstance, run_id_of
from goflow.domain.spec import DagSpec, Dialect, TaskSpec, seen_at
from goflow.domain.state import RunType
from goflow.scheduler import mapping
from goflow.scheduler.graph import Graph
from goflow.scheduler.timetables import RunInfo
from goflow.store import Tx, runs, tasks, transitions
from goflow.store.rows import Dag, NewTask


def make_run(
    tx: Tx,
    dag: Dag,
    graph: Graph,
    info: RunInfo,
    *,
    run_type: RunType,
    who: str,
    run_id: str | None = None,
    conf: Mapping[str, Any] | None = None,
    note: str | None = None,
    triggered_by: str | None = None,
    backfill_id: int | None = None,
) -> tuple[DagRun, list[TaskInstance]]:
    """A queued run of DAG's newest version, and its task instances. Raises AlreadyExistsError."""
    run = runs.create(
        tx,
        dag_id=dag.dag_id,
        run_id=run_id or run_id_for(run_type, info, dag.dialect, by_partition=by_partition(graph.spec)),
        run_type=run_type,
        run_after=info.run_after,
        version_id=dag.version_id,
        reading_id=dag.reading_id,
        logical_date=info.logical_date,
        data_interval_start=info.start,
        data_interval_end=info.end,
        partition_key=info.partition_key,
        partition_date=info.partition_date,
        conf=conf or {},
        triggered_by=triggered_by,
        note=note,
        backfill_id=backfill_id,
        who=who,
    )
    if graph.spec.deadlines:
        transitions.set_deadlines(tx, run, graph.spec, who=who)
    return run, tasks.create_many(tx, run, list(new_tasks(graph, run, tx.now())), who=who)


def run_id_for(run_type: RunType, info: RunInfo, dialect: Dialect, *, by_partition: bool = False) -> str:
    """The id that Airflow would give the run: Airflow 3 writes RUN_AFTER into it, Airflow 2 the logical date.

    BY_PARTITION: of a ``CronPartitionTimetable``, which adds the key, if the run was made for it, and random digits.
    What of a key cannot be in an id, a slash for one, is a dash there (Airflow makes no run of such a key).
    """
    date = info.run_after if dialect is Dialect.AIRFLOW3 else info.logical_date or info.run_after
    run_id = run_id_of(run_type, date)
    if not by_partition:
        return run_id
    key = f"__{_UNSAFE.sub('-', info.partition_key)}" if info.partition_key and run_type is not RunType.MANUAL else ""
    return f"{run_id}{key}__{random_digits()}"


def by_partition(spec: DagSpec) -> bool:
    """Whether the DAG's runs have ids as a ``CronPartitionTimetable`` makes them."""
    return spec.schedule.timetable == BY_CRON and is_partitioned(spec.schedule)


def random_digits() -> str:
    """What tells apart runs that could have the same id otherwise."""
    return uuid.uuid4().hex[:_RANDOM_DIGITS]


_RANDOM_DIGITS = 8
_UNSAFE = re.compile(r"[^A-Za-z0-9_.~:+-]")


def new_tasks(graph: Graph, run: DagRun, now: dt.datetime) -> Iterator[NewTask]:
    """The task instances that a new run begins with: copies where their number stands in the file, else one each."""
    for task in graph.spec.tasks:
        if not takes_part(task, run, now):
            continue
        copies = mapping.literal_count(graph, task.task_id) if graph.needs_expansion(task.task_id) else None
        for map_index in range(copies) if copies else (-1,):
            yield new_task(graph, task.task_id, map_index)


def new_task(graph: Graph, task_id: str, map_index: int) -> NewTask:
    """A task instance that is to be made."""
    task = graph.tasks[task_id]
    return NewTask(
        task_id=task_id,
        map_index=map_index,
        max_tries=task.retries,
        pool=task.pool,
        pool_slots=task.pool_slots,
        priority_weight=graph.weights[task_id],
    )


def takes_part(task: TaskSpec, run: DagRun, now: dt.datetime) -> bool:
    """Whether the task's own dates include the run (``DagRun.verify_integrity``)."""
    date = run.logical_date
    if date is None or run.run_type is RunType.BACKFILL:
        return True
    starts = task.start_date is None or task.start_date.resolve(now) <= date
    return starts and (task.end_date is None or date <= task.end_date.resolve(now))


def check_allowed(spec: DagSpec, run_type: RunType) -> None:
    """Hold a run to the DAG's ``allowed_run_types``. Raises InvalidRequestError."""
    if spec.allowed_run_types is not None and run_type not in spec.allowed_run_types:
        hint = f"its file allows {', '.join(spec.allowed_run_types)}"
        raise InvalidRequestError(f"DAG {spec.dag_id} does not allow {run_type} runs", hint=hint)


def check_is_ours(spec: DagSpec) -> None:
    """Refuse to run again what somebody else's CronJob has run. Raises InvalidRequestError."""
    if is_watched(spec):
        hint = "kubectl create job --from=cronjob/NAME makes another Job of it"
        raise InvalidRequestError(f"DAG {spec.dag_id} stands for a CronJob that is only watched", hint=hint)


def check_conf(spec: DagSpec, conf: Mapping[str, Any], now: dt.datetime) -> None:
    """Hold a run's configuration against the DAG's params, as they are NOW. Raises InvalidRequestError, which says
    what is wrong."""
    problems = []
    defaults = seen_at(spec.params, now)
    for name in dict.fromkeys((*spec.params, *spec.param_schemas)):
        schema = spec.param_schemas.get(name)
        if name not in conf and name not in spec.params:
            problems.append(f"{name}: no value given, and it has no default")
        elif isinstance(schema, dict) and schema:
            value = conf.get(name, defaults.get(name))
            problems += [f"{name}: {words}" for words in _violations(schema, value)]
    if problems:
        raise InvalidRequestError("; ".join(problems), hint=f"params of DAG {spec.dag_id}: {', '.join(spec.params)}")


def _violations(schema: Mapping[str, Any], value: Any) -> list[str]:
    from jsonschema import Draft202012Validator, FormatChecker  # only where a DAG has params: it takes long to load
    from jsonschema.exceptions import SchemaError, ValidationError

    try:
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(value)
    except ValidationError as problem:
        return [problem.message]
    except SchemaError as problem:
        return [f"the param's own schema is wrong: {problem.message}"]
    return []
