"""The context that templates see in the daemon: Airflow's names, over plain values and pendulum's moments.

https://airflow.apache.org/docs/apache-airflow/stable/templates-ref.html names them. Of each it is as in the task's own
container (the shim's ``building``): both are held to what Airflow renders by one table, ``tests.oracle.rendering``.
What is not here, `reach` leaves to that container.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
import random
import uuid
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pendulum

from goflow.domain.runs import DagRun, TaskInstance
from goflow.domain.spec import DagSpec, Dialect, TaskSpec, seen_at
from goflow.domain.state import RunType
from goflow.templating.budget import small_numbers

PullXCom = Callable[..., Any]
FindVariable = Callable[[str], str | None]


class DagRunType(str, enum.Enum):  # noqa: UP042 - as text it is its name, as the enumeration of Airflow 3's API is
    """``dag_run.run_type`` under Airflow 3."""

    SCHEDULED = "scheduled"
    MANUAL = "manual"
    BACKFILL = "backfill"
    ASSET_TRIGGERED = "asset_triggered"
    OPERATOR_TRIGGERED = "operator_triggered"


class LazySelectSequence(Sequence[Any]):
    """What ``xcom_pull`` of Airflow 2 gives for several results: as text it tells only how many they are."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: Any) -> Any:
        return self._values[index]

    def __repr__(self) -> str:
        return f"LazySelectSequence([{len(self)} item{'' if len(self) == 1 else 's'}])"


def pull(found: Sequence[tuple[list[Any], bool]], is_one: bool, dialect: Dialect) -> Any:
    """What ``xcom_pull`` gives for named tasks: FOUND has each task's results by map index, and whether it has copies.

    Raises ValueError for a result that is more than JSON: only a task's own container can read it back.
    """
    if not all(_is_plain(value) for values, _ in found for value in values):
        raise ValueError("a result that is no plain JSON (a date, a tuple, an object) cannot be used here")
    flat = [value for values, _ in found for value in values]
    if dialect is Dialect.AIRFLOW2:
        if is_one and not any(mapped for _, mapped in found):
            return flat[0] if flat else None
        return LazySelectSequence(flat) if flat or not is_one else None
    flat = [value for values, _ in found for value in (values or [None])]
    return flat[0] if is_one and len(flat) == 1 else flat


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return not {"__classname__", "__goflow_result__"} & set(value) and all(map(_is_plain, value.values()))
    return all(map(_is_plain, value)) if isinstance(value, list) else True


def _ds_add(ds: str, days: int) -> str:
    if not days:
        return str(ds)
    return (dt.datetime.strptime(str(ds), "%Y-%m-%d") + dt.timedelta(days=days)).strftime("%Y-%m-%d")  # noqa: DTZ007


def _ds_format(ds: Any, input_format: str, output_format: str) -> str:
    return dt.datetime.strptime(str(ds), input_format).strftime(output_format)  # noqa: DTZ007 - a date's text, no zone


def _dumps(value: Any, *, indent: int | None = None, sort_keys: bool = False, separators: Any = None,
           ensure_ascii: bool = True) -> str:  # fmt: skip
    small_numbers([indent])
    return json.dumps(value, indent=indent, sort_keys=sort_keys, separators=separators, ensure_ascii=ensure_ascii)


MACROS = SimpleNamespace(
    datetime=dt.datetime,
    timedelta=dt.timedelta,
    uuid=SimpleNamespace(
        **{name: getattr(uuid, name) for name in ("UUID", "uuid3", "uuid4", "uuid5", "NAMESPACE_DNS", "NAMESPACE_URL")}
    ),
    random=random.random,
    json=SimpleNamespace(dumps=_dumps, loads=json.loads),
    ds_add=_ds_add,
    ds_format=_ds_format,
)


def _filter(form: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda moment: None if moment is None else form(moment)


FILTERS: Mapping[str, Callable[[Any], Any]] = {
    "ds": _filter(lambda moment: moment.strftime("%Y-%m-%d")),
    "ds_nodash": _filter(lambda moment: moment.strftime("%Y%m%d")),
    "ts": _filter(lambda moment: moment.isoformat()),
    "ts_nodash": _filter(lambda moment: moment.strftime("%Y%m%dT%H%M%S")),
    "ts_nodash_with_tz": _filter(lambda moment: moment.isoformat().replace("-", "").replace(":", "")),
}
"""The filters that ``airflow.templates`` adds."""


class _NotSet:
    def __repr__(self) -> str:
        return "NOTSET"


class _Variables:
    """``var.value.NAME`` and ``var.json.NAME``, with ``get(name, default)``."""

    def __init__(self, find: FindVariable, decode: Callable[[str], Any], dialect: Dialect) -> None:
        self._find = find
        self._decode = decode
        self._dialect = dialect

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        text = self._find(name)
        if text is None:
            raise KeyError(f"Variable {name} does not exist")
        return self._decode(text)

    def get(self, name: str, default: Any = _NotSet()) -> Any:  # noqa: B008 - one for all
        """The Variable, or DEFAULT. Without one Airflow 2 raises KeyError, and Airflow 3 gives what stands for it."""
        text = self._find(name)
        if text is None and isinstance(default, _NotSet) and self._dialect is Dialect.AIRFLOW2:
            raise KeyError(f"Variable {name} does not exist")
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
    is_airflow2 = dag.dialect is Dialect.AIRFLOW2
    attempt = SimpleNamespace(
        dag_id=instance.dag_id,
        task_id=instance.task_id,
        run_id=instance.run_id,
        map_index=instance.map_index,
        try_number=instance.try_number,
        max_tries=instance.max_tries,
        xcom_pull=pull_xcom,
    )
    return {
        "dag": SimpleNamespace(dag_id=dag.dag_id),
        "task": SimpleNamespace(task_id=task.task_id),
        "dag_run": SimpleNamespace(
            dag_id=dag.dag_id,
            run_id=run.run_id,
            run_type=_run_type(run.run_type, is_airflow2),
            conf=dict(run.conf),
            logical_date=_moment(run.logical_date),
            start_date=_moment(run.start_date),
            data_interval_start=_moment(run.data_interval_start),
            data_interval_end=_moment(run.data_interval_end),
        ),
        "run_id": run.run_id,
        "ti": attempt,
        "task_instance": attempt,
        "task_instance_key_str": f"{instance.dag_id}__{instance.task_id}__{run.run_id}",
        "params": {**seen_at({**dag.params, **task.params}, run.start_date or run.run_after), **run.conf},
        "macros": MACROS,
        "var": SimpleNamespace(
            value=_Variables(find_variable, str, dag.dialect), json=_Variables(find_variable, json.loads, dag.dialect)
        ),
        **({} if is_airflow2 else {"partition_key": run.partition_key, "partition_date": _moment(run.partition_date)}),
        **_dates(is_airflow2, instance, run),
    }


def _run_type(kind: RunType, is_airflow2: bool) -> str:
    if is_airflow2:
        return "dataset_triggered" if kind is RunType.ASSET_TRIGGERED else kind.value
    return DagRunType(kind.value)


def _moment(moment: dt.datetime | None) -> pendulum.DateTime | None:
    return None if moment is None else pendulum.instance(moment).in_timezone("UTC")


def _dates(is_airflow2: bool, instance: TaskInstance, run: DagRun) -> dict[str, Any]:
    """Names that go with the logical date; in Airflow 3's dialect a run without one does not have them."""
    moment = _moment(run.logical_date or (run.run_after if is_airflow2 else None))
    if moment is None:
        return {}
    ds_nodash = FILTERS["ds_nodash"](moment)
    found: dict[str, Any] = {
        "data_interval_start": _moment(run.data_interval_start) or (moment if is_airflow2 else None),
        "data_interval_end": _moment(run.data_interval_end) or (moment if is_airflow2 else None),
        "logical_date": moment,
        "ds": FILTERS["ds"](moment),
        "ds_nodash": ds_nodash,
        "ts": moment.isoformat(),
        "ts_nodash": FILTERS["ts_nodash"](moment),
        "ts_nodash_with_tz": FILTERS["ts_nodash_with_tz"](moment),
        "task_instance_key_str": f"{instance.dag_id}__{instance.task_id}__{ds_nodash}",
    }
    if is_airflow2:
        found["execution_date"] = moment
        for name, days in (("yesterday", -1), ("tomorrow", 1)):
            day = moment + dt.timedelta(days=days)
            found[f"{name}_ds"], found[f"{name}_ds_nodash"] = FILTERS["ds"](day), FILTERS["ds_nodash"](day)
    return found
