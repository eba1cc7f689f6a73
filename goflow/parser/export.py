"""`DagSpec` to the document that Airflow's own view is printed as, so that the two can be held together.

The document is described in ``../shared/oracle/README.md``. A value that cannot be known before run time is
``{"unknown": "line 12: why"}``. When runs begin is the scheduler's knowledge: `next_runs` is handed in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from goflow.domain.canonical import Json, tag_of
from goflow.domain.diagnostics import Severity
from goflow.domain.moments import Moment, MomentText
from goflow.domain.spec import DagSpec, Dialect, Schedule, TaskSpec
from goflow.parser.api import ParseResult

NextRuns = Callable[[DagSpec, dt.datetime], Json]
"""The first three runs of a DAG as ``[[logical date, interval start, interval end, run after]]``, seen at a moment."""

_DEEPEST = 8
_CALLBACKS = (
    *("on_execute_callback", "on_success_callback", "on_failure_callback", "on_retry_callback"),
    "on_skipped_callback",
)
_SENSOR = ("mode", "poke_interval", "timeout", "soft_fail", "exponential_backoff")
_NOT_GIVEN = {
    *("task_id", "dag", "task_group", "default_args", "params", "python_callable"),
    *_CALLBACKS,
    *_SENSOR,
}
"""Arguments that stand elsewhere in the document, or are no arguments of the task."""
_ELSEWHERE = {
    "task_display_name": "display_name",
    **dict.fromkeys(("doc", "doc_md", "doc_json", "doc_yaml", "doc_rst"), "doc"),
    **{
        name: name
        for name in (
            *("do_xcom_push", "multiple_outputs", "executor_config", "inlets", "map_index_template"),
            *("max_active_tis_per_dagrun", "ignore_first_depends_on_past", "on_failure_fail_dagrun"),
            *("wait_for_past_depends_before_skipping", "start_date", "end_date"),
        )
    },
}
"""Arguments that TaskSpec keeps in a field of its own."""


def file_document(result: ParseResult, next_runs: NextRuns, now: dt.datetime) -> dict[str, Json]:
    """What reading one file gave: ``{"seconds", "error", "dags"}``, moments as seen at NOW."""
    errors = [finding for finding in result.diagnostics if finding.severity is Severity.ERROR]
    errors.sort(key=lambda finding: finding.dag_id is not None)
    error = f"{errors[0].code} {errors[0].span}: {errors[0].message}" if errors else None
    dags = {dag.dag_id: _Dag(dag, now).document(_unless_foreseen(next_runs, result)) for dag in result.dags}
    return {"seconds": round(result.seconds, 6), "error": error, "dags": dict(sorted(dags.items()))}


def _unless_foreseen(next_runs: NextRuns, result: ParseResult) -> NextRuns:
    """NEXT_RUNS where the reading has not found them out itself."""

    def found(dag: DagSpec, now: dt.datetime) -> Json:
        seen = result.foreseen.get(dag.dag_id)
        return next_runs(dag, now) if seen is None else _Plain(dag.dialect, now)(seen)

    return found


class _Dag:
    def __init__(self, dag: DagSpec, now: dt.datetime) -> None:
        self.dag, self.now = dag, now
        self.plain = _Plain(dag.dialect, now)

    def document(self, next_runs: NextRuns) -> dict[str, Json]:
        dag, plain = self.dag, self.plain
        return {
            "schedule": _schedule(dag.schedule),
            "start_date": plain.moment(dag.start_date),
            "end_date": plain.moment(dag.end_date),
            "catchup": dag.catchup,
            "max_active_runs": dag.max_active_runs,
            "max_active_tasks": dag.max_active_tasks,
            "dagrun_timeout": dag.dagrun_timeout,
            "tags": self._known("tags", list[Json](sorted(dag.tags))),
            "description": self._known("description", dag.description),
            "params": {name: plain(value) for name, value in dag.params.items()},
            "timetable": dag.schedule.timetable,
            "next_runs": next_runs(dag, self.now),
            "callbacks": plain.callbacks(dag.callbacks),
            "native": dag.native,
            "fail_fast": dag.fail_fast,
            "max_consecutive_failed_dag_runs": dag.max_consecutive_failed_dag_runs,
            "user_defined_macros": self._known("user_defined_macros", list[Json](sorted(dag.user_defined_macros))),
            "user_defined_filters": self._known("user_defined_filters", list[Json](sorted(dag.user_defined_filters))),
            "tasks": {task.task_id: self.task(task) for task in dag.tasks},
        }

    def _known(self, name: str, value: Json) -> Json:
        """VALUE of the DAG's field NAME, or why that is not known."""
        return self.plain(self.dag.unknown[name]) if name in self.dag.unknown else value

    def task(self, task: TaskSpec) -> dict[str, Json]:
        plain = self.plain
        answer: dict[str, Json] = {
            "operator": task.operator,
            "upstream": list[Json](sorted(task.upstream)),
            "group": task.group,
            "mapped": task.mapped,
            "expand": {name: plain(value) for name, value in task.expand.items()},
            "trigger_rule": task.trigger_rule,
            "retries": task.retries,
            "retry_delay": task.retry_delay,
            "retry_exponential_backoff": bool(task.retry_exponential_backoff),
            "execution_timeout": task.execution_timeout,
            "pool": task.pool,
            "pool_slots": task.pool_slots,
            "queue": task.queue,
            "priority_weight": task.priority_weight,
            "depends_on_past": task.depends_on_past,
            "wait_for_downstream": task.wait_for_downstream,
            "owner": plain(task.unknown["owner"]) if "owner" in task.unknown else task.owner,
            "setup": task.setup,
            "teardown": task.teardown,
            "outlets": [plain(value) for value in task.outlets],
            "max_retry_delay": task.max_retry_delay,
            "max_active_tis_per_dag": task.max_active_tis_per_dag,
            "weight_rule": task.weight_rule,
            "callable": task.callable and _name_of(task.callable),
            "callbacks": plain.callbacks(task.callbacks),
            "sensor": self._sensor(task),
            "fields": {name: plain(value) for name, value in task.fields.items()},
        }
        answer["given"] = {} if task.mapped or _is_taskflow(task) else self._given(task, {*answer, *task.fields})
        return answer

    def _sensor(self, task: TaskSpec) -> Json:
        """How it waits; an operator that polls without being a sensor has a poke interval and nothing else."""
        if task.sensor is not None and task.mapped:
            said = {name: getattr(task.sensor, name) if name in task.given else None for name in _SENSOR}
            return said if "poke_interval" in task.given else {}
        if task.sensor is not None:
            return {name: getattr(task.sensor, name) for name in _SENSOR}
        interval = task.arguments.get("poke_interval")
        return {} if interval is None else {**dict.fromkeys(_SENSOR), "poke_interval": self.plain(interval)}

    def _given(self, task: TaskSpec, already: set[str]) -> dict[str, Json]:
        """Arguments of the author's own call that stand nowhere else in the document."""
        given: dict[str, Json] = {}
        for name in sorted(set(task.given) - _NOT_GIVEN - already):
            if name in task.arguments:
                given[name] = self.plain(task.arguments[name])
            elif _ELSEWHERE.get(name) in task.unknown:
                given[name] = self.plain(task.unknown[_ELSEWHERE[name]])
            elif name in _ELSEWHERE:
                given[name] = self._own_field(getattr(task, _ELSEWHERE[name]))
            else:
                given[name] = {"unknown": f"line {task.line}: the value of {name} is not kept"}
        return given

    def _own_field(self, value: Any) -> Json:
        if isinstance(value, Moment):
            return {"datetime": self.plain.moment(value)}
        return self.plain(list(value) if isinstance(value, tuple) else value)


class _Plain:
    """Tagged JSON to the document's values."""

    def __init__(self, dialect: Dialect, now: dt.datetime) -> None:
        self.dialect, self.now = dialect, now

    def __call__(self, value: Json, depth: int = 0) -> Json:
        if depth > _DEEPEST:
            return "<deep>"
        tag = tag_of(value)
        if tag is not None:
            assert isinstance(value, dict)
            return self._tagged(tag, value[tag], depth)
        if isinstance(value, Mapping):
            return {key: self(inner, depth + 1) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self(inner, depth + 1) for inner in value]
        return value

    def moment(self, moment: Moment | None) -> str | None:
        """ISO, UTC."""
        return None if moment is None else moment.resolve(self.now).astimezone(dt.UTC).isoformat()

    def _day(self, text: Json) -> str:
        """A text that is a day, or a moment of one, and nothing besides: as seen now, like all moments. Any other that
        shows the current time is not known, and so is none."""
        shown = MomentText.from_json(text) if text is not None else None
        if shown is None or not shown.daily:
            return ""
        found = shown.resolve(self.now)
        try:
            dt.datetime.fromisoformat(found)
        except ValueError:
            return ""
        return found

    def callbacks(self, callbacks: Mapping[str, Json]) -> dict[str, Json]:
        """The names of the functions, whether one was given or a list."""
        found: dict[str, Json] = {}
        for name, said in callbacks.items():
            if name not in _CALLBACKS or not said:
                continue
            functions = said if isinstance(said, list) else [said]
            found[name] = [self._callback(one) for one in functions]
        return found

    def _callback(self, function: Json) -> Json:
        return {"object": "dict"} if isinstance(function, dict) and tag_of(function) is None else self(function)

    def _tagged(self, tag: str, inner: Any, depth: int) -> Json:
        match tag:
            case "$hole":
                shown = self._day(inner.get("text"))
                where = f"line {inner['line']}: " if inner.get("line") else ""
                return shown or {"unknown": f"{where}{inner['reason']}"}
            case "$timedelta":
                return {"seconds": float(inner)}
            case "$datetime":
                return {"datetime": _utc(str(inner))}
            case "$date" | "$time":
                return {"datetime": inner}
            case "$moment":
                return {"datetime": self.moment(Moment.from_json(inner))}
            case "$tuple":
                return [self(value, depth + 1) for value in inner]
            case "$set":
                return sorted((self(value, depth + 1) for value in inner), key=str)
            case "$dict":
                unknown = next((key for key, _ in inner if tag_of(key) == "$hole"), None)
                if unknown is not None:  # which keys there are is not known
                    return self(unknown)
                return {_key(key): self(value, depth + 1) for key, value in inner}
            case "$callable":
                return {"callable": _name_of(str(inner))}
            case _:
                return self._object(tag, inner)

    def _object(self, tag: str, inner: Any) -> Json:
        match tag:
            case "$xcom":
                derived = {"map", "zip", "concat"} & set(inner)
                return {"xcom": None, "key": None} if derived else {"xcom": inner["task_id"], "key": inner.get("key")}
            case "$asset" if "class" in inner:
                return {"object": inner["class"]}
            case "$asset":
                return {"asset": inner.get("uri") or inner.get("name")}
            case "$asset_alias":
                return {"object": "AssetAlias" if self.dialect is Dialect.AIRFLOW3 else "DatasetAlias"}
            case "$relativedelta":
                return {"object": "relativedelta"}
            case "$object" if inner.get("class") == "float":  # infinite, or not a number
                return float(inner["text"])
            case "$object":
                return {"callable" if inner.get("callable") else "object": inner.get("class")}
            case _:
                return {tag: inner}


def _schedule(schedule: Schedule) -> Json:
    """The schedule in one of the shapes of the document; which one goes by the attributes that Airflow's class has."""
    if schedule.kind == "none":
        return None
    if schedule.kind in {"once", "continuous"}:
        return f"@{schedule.kind}"
    if len(schedule.crons) == 1 and "Multiple" not in schedule.timetable:
        return {"cron": schedule.crons[0], "timezone": _zone(schedule.timezone)}
    if schedule.every_s is not None:
        return {"every_seconds": schedule.every_s}
    if schedule.kind in {"assets", "asset_or_time"}:
        time: dict[str, Json] = {"time": _schedule(schedule.time)} if schedule.time else {}
        return {"assets": list[Json](sorted(set(schedule.assets))), **time}
    return {"timetable": schedule.timetable}


def _zone(name: str) -> str:
    """The text of Airflow's time zone object: of a fixed offset it is its representation."""
    if name[:1] not in {"+", "-"}:
        return name
    seconds = (int(name[1:3]) * 60 + int(name[4:6])) * 60
    return f'FixedTimezone({-seconds if name[0] == "-" else seconds}, name="{name}")'


def _is_taskflow(task: TaskSpec) -> bool:
    return task.operator.startswith("_") or any(base.endswith(".DecoratedOperator") for base in task.bases)


def _name_of(function: str) -> str:
    """``__name__`` of ``module:qualname``."""
    return function.rpartition(":")[2].rpartition(".")[2]


def _utc(iso: str) -> str:
    moment = dt.datetime.fromisoformat(iso)
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(dt.UTC).isoformat()


def _key(key: Json) -> str:
    """The text of a mapping's key, as Python's ``str`` gives it."""
    if isinstance(key, dict) and tag_of(key) == "$tuple":
        inner = key["$tuple"]
        assert isinstance(inner, list)
        return str(tuple(inner))
    return str(key)
