"""The context that templates see in the daemon: Airflow's names, over plain values.

https://airflow.apache.org/docs/apache-airflow/stable/templates-ref.html names them. Moments are standard datetimes
(under Airflow they are pendulum's, whose extra methods are not there in the daemon).
"""

from __future__ import annotations

import datetime as dt
import json
import random
import time
import uuid
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import dateutil.parser

from goflow.domain.runs import DagRun, TaskInstance
from goflow.domain.spec import DagSpec, Dialect, TaskSpec, seen_at

PullXCom = Callable[..., Any]
FindVariable = Callable[[str], str | None]


def _ds_add(ds: str, days: int) -> str:
    return (dt.date.fromisoformat(ds) + dt.timedelta(days=days)).isoformat() if days else ds


def _ds_format(ds: Any, input_format: str, output_format: str) -> str:
    return dt.datetime.strptime(str(ds), input_format).strftime(output_format)  # noqa: DTZ007 - a date's text, no zone


MACROS = SimpleNamespace(
    datetime=dt.datetime,
    timedelta=dt.timedelta,
    dateutil=SimpleNamespace(parser=SimpleNamespace(parse=dateutil.parser.parse)),
    time=SimpleNamespace(time=time.time, strftime=time.strftime),
    uuid=SimpleNamespace(uuid4=uuid.uuid4),
    random=random.random,
    json=SimpleNamespace(dumps=json.dumps, loads=json.loads),
    ds_add=_ds_add,
    ds_format=_ds_format,
)

FILTERS: Mapping[str, Callable[[Any], Any]] = {
    "ds": lambda moment: moment.strftime("%Y-%m-%d"),
    "ds_nodash": lambda moment: moment.strftime("%Y%m%d"),
    "ts": lambda moment: moment.isoformat(),
    "ts_nodash": lambda moment: moment.strftime("%Y%m%dT%H%M%S"),
    "ts_nodash_with_tz": lambda moment: moment.isoformat().replace("-", "").replace(":", ""),
}
"""The filters that ``airflow.templates`` adds."""


class _Variables:
    """``var.value.NAME`` and ``var.json.NAME``, with ``get(name, default)``."""

    def __init__(self, find: FindVariable, decode: Callable[[str], Any]) -> None:
        self._find = find
        self._decode = decode

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        text = self._find(name)
        if text is None:
            raise KeyError(f"Variable {name} does not exist")
        return self._decode(text)

    def get(self, name: str, default: Any = None) -> Any:
        """The Variable, or DEFAULT."""
        text = self._find(name)
        return default if text is None else self._decode(text)


def build(
    dag: DagSpec,
    task: TaskSpec,
    run: DagRun,
    instance: TaskInstance,
    *,
    pull_xcom: PullXCom,
    find_variable: FindVariable,
) -> dict[str, Any]:
    """The context of one task instance."""
    attempt = SimpleNamespace(
        dag_id=instance.dag_id,
        task_id=instance.task_id,
        run_id=instance.run_id,
        map_index=instance.map_index,
        try_number=instance.try_number,
        max_tries=instance.max_tries,
        xcom_pull=pull_xcom,
    )
    defaults = seen_at({**dag.params, **task.params}, run.start_date or run.run_after)
    context: dict[str, Any] = {
        "dag": SimpleNamespace(dag_id=dag.dag_id, tags=list(dag.tags)),
        "task": SimpleNamespace(task_id=task.task_id, owner=task.owner),
        "dag_run": SimpleNamespace(
            run_id=run.run_id,
            run_type=run.run_type.value,
            conf=dict(run.conf),
            logical_date=run.logical_date,
            start_date=run.start_date,
            run_after=run.run_after,
            data_interval_start=run.data_interval_start,
            data_interval_end=run.data_interval_end,
        ),
        "run_id": run.run_id,
        "ti": attempt,
        "task_instance": attempt,
        "params": {**defaults, **{k: v for k, v in run.conf.items() if k in dag.params}},
        "macros": MACROS,
        "var": SimpleNamespace(value=_Variables(find_variable, str), json=_Variables(find_variable, json.loads)),
    }
    context.update(_dates(dag, instance, run))
    return context


def _dates(dag: DagSpec, instance: TaskInstance, run: DagRun) -> dict[str, Any]:
    """Names that go with the logical date; in Airflow 3's dialect a run without one does not have them."""
    found: dict[str, Any] = {
        "data_interval_start": run.data_interval_start,
        "data_interval_end": run.data_interval_end,
    }
    moment = run.logical_date or (run.run_after if dag.dialect is Dialect.AIRFLOW2 else None)
    if moment is None:
        return found
    ds_nodash, ts_nodash = FILTERS["ds_nodash"](moment), FILTERS["ts_nodash"](moment)
    found |= {
        "logical_date": moment,
        "ds": FILTERS["ds"](moment),
        "ds_nodash": ds_nodash,
        "ts": moment.isoformat(),
        "ts_nodash": ts_nodash,
        "ts_nodash_with_tz": FILTERS["ts_nodash_with_tz"](moment),
        "task_instance_key_str": f"{instance.dag_id}__{instance.task_id}__{ds_nodash}",
    }
    if dag.dialect is Dialect.AIRFLOW2:
        found["execution_date"] = moment
    return found
