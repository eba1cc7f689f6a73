"""What a DAG *is*: `DagSpec` and its parts, frozen, with canonical JSON and a digest of the meaning.

Defaults that are not written into the JSON: a field that has its default is left out, so that a later GoFlow may add a
field without changing the digest of a DAG that does not use it. Positions (``line``) are no part of the meaning: they
are in the JSON, but not in the digest.

Values of arguments and fields are JSON with the tags of `goflow.domain.canonical`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, cast

from goflow.domain.canonical import Json, digest_bytes, normal, tag_of, walk, written_out
from goflow.domain.moments import Moment, MomentText

T = TypeVar("T", bound="_Part")


class Dialect(enum.StrEnum):
    """Whose defaults hold: schedule, catchup, data intervals and context differ (decision 5)."""

    AIRFLOW2 = "airflow2"
    AIRFLOW3 = "airflow3"


class FileFormat(enum.StrEnum):
    """What kind of file a DAG came from."""

    PYTHON = "python"
    YAML = "yaml"
    CRONJOB = "cronjob"
    """No file: a CronJob of somebody else's, which is watched (`goflow.domain.cronjobs`)."""


ReadBy = Literal["evaluate", "sandbox"]
"""How a file was read: by evaluating it, or by running it shut in (``import_mode`` of ``goflow.yaml``)."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Something that is not known before run time (decision 2): why, where, and who fills it.

    WHEN is ``task`` (the runner, which runs the file for real) or ``launch`` (a short Job before the pod is made).
    TEXT: it is a text that shows the current time, `goflow.domain.moments.MomentText` in JSON.
    """

    reason: str
    line: int = 0
    column: int = 0
    when: Literal["task", "launch"] = "task"
    text: Json = None

    def to_json(self) -> Json:
        """``{"$hole": {...}}``."""
        told: dict[str, Json] = {"reason": self.reason, "line": self.line, "column": self.column, "when": self.when}
        return {"$hole": told if self.text is None else {**told, "text": self.text}}


def seen_at(values: Mapping[str, Json], now: dt.datetime) -> dict[str, Json]:
    """VALUES with those that are texts of the current time as they are seen at NOW."""
    return {name: _seen(value, now) for name, value in values.items()}


def _seen(value: Json, now: dt.datetime) -> Json:
    inner = value["$hole"] if isinstance(value, dict) and tag_of(value) == "$hole" else None
    text = inner.get("text") if isinstance(inner, dict) else None
    return value if text is None else MomentText.from_json(text).resolve(now)


class _Part:
    """JSON of a frozen dataclass by its fields, defaults left out; each field's own type says how to read it back."""

    __slots__ = ()

    def to_json(self) -> dict[str, Json]:
        """The part as JSON; fields that have their default are left out. Its own numbers are `normal`; those among the
        author's values stay what they are, since ``1.0`` is another text than ``1`` where it is rendered."""
        out: dict[str, Json] = {}
        for name, default, kind in _defaults(cast(Hashable, type(self))):
            value = getattr(self, name)
            if value is not default and (value != default or (kind is not None and type(value) is not kind)):
                out[name] = normal(value) if type(value) is float else _dump(value)
        return out

    @classmethod
    def from_json(cls: type[T], value: Mapping[str, Any]) -> T:
        """The inverse of ``to_json``; keys of a newer GoFlow are passed over."""
        known = {}
        for spec in _fields(cast(Hashable, cls)):
            if spec.name in value:
                load = spec.metadata.get("load")
                known[spec.name] = load(value[spec.name]) if load and value[spec.name] is not None else value[spec.name]
        return cls(**known)


@functools.cache
def _fields(cls: Hashable) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(cls)  # type: ignore[arg-type]


@functools.cache
def _defaults(cls: Hashable) -> tuple[tuple[str, Any, type | None], ...]:
    """Each field with its default, ``MISSING`` where it has none, and the type that a value must have to count as the
    default (``0`` is not ``False``)."""
    return tuple(
        (spec.name, spec.default_factory(), None)
        if spec.default_factory is not dataclasses.MISSING
        else (spec.name, spec.default, type(spec.default))
        for spec in _fields(cls)
    )


def _dump(value: Any) -> Json:
    kind = type(value)
    if kind in _AS_IT_IS:
        return value  # type: ignore[no-any-return]
    if kind is tuple or kind is list:
        return [_dump(inner) for inner in value]
    if kind is dict:
        return {key: _dump(inner) for key, inner in value.items()}
    if isinstance(value, _Part):
        return value.to_json()
    if isinstance(value, Moment):
        return normal(value.to_json())
    if isinstance(value, enum.Enum):
        return str(value.value)
    if isinstance(value, tuple | list):
        return [_dump(inner) for inner in value]
    if isinstance(value, Mapping):
        return {key: _dump(inner) for key, inner in value.items()}
    return value  # type: ignore[no-any-return]


_AS_IT_IS = frozenset({str, int, float, bool, type(None)})


def _tuple_of(load: Any) -> dict[str, Any]:
    return {"load": lambda values: tuple(load(value) for value in values)}


_TEXTS = {"load": tuple}


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(_Part):
    """When runs begin.

    ``kind``: ``none`` (by hand only), ``once``, ``continuous``, ``cron`` (CRONS: one or more expressions, presets
    already written out), ``delta`` (EVERY_S seconds, or RELATIVE for calendar deltas such as ``{"months": 1}``),
    ``assets`` (CONDITION), ``asset_or_time`` (CONDITION and TIME) or
    ``custom`` (a timetable class of the author's own).

    ``timetable`` is the class that Airflow would use; ``interval`` says whether a run covers the stretch of time before
    it (Airflow's data-interval timetables) or stands for a moment (its trigger timetables, whose interval may still be
    given as INTERVAL_S).
    """

    kind: Literal["none", "once", "continuous", "cron", "delta", "assets", "asset_or_time", "custom"] = "none"
    timetable: str = "NullTimetable"
    crons: tuple[str, ...] = field(default=(), metadata=_TEXTS)
    timezone: str = "UTC"
    every_s: float | None = None
    relative: Mapping[str, Json] | None = None
    interval: bool = False
    interval_s: float = 0.0
    run_immediately: Json = None
    condition: Json = None
    assets: tuple[str, ...] = field(default=(), metadata=_TEXTS)
    time: Schedule | None = field(default=None, metadata={"load": lambda value: Schedule.from_json(value)})  # noqa: PLW0108
    arguments: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSpec(_Part):
    """A task group: GROUP_ID with its prefix, its PARENT (None at the root), and EXPAND when it is a mapped group."""

    group_id: str
    parent: str | None = None
    label: str = ""
    tooltip: str = ""
    prefix_group_id: bool = True
    expand: Json = None
    upstream_groups: tuple[str, ...] = field(default=(), metadata=_TEXTS)
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSpec(_Part):
    """How a sensor waits, in seconds; the names and defaults are BaseSensorOperator's."""

    mode: str = "poke"
    poke_interval: float = 60.0
    timeout: float = 604800.0
    soft_fail: bool = False
    exponential_backoff: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSpec(_Part):
    """Where and how a task's container runs, as far as file and ``goflow.yaml`` say (decision 6); None: not said."""

    image: str | None = None
    namespace: str | None = None
    service_account: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    environment_from_secrets: Mapping[str, str] = field(default_factory=dict)
    """Environment variables that Kubernetes Secrets of the pod's namespace give, each as ``secret/key``."""
    resources: Mapping[str, Json] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    pod_template: Json = None
    runtime: Literal["shim", "airflow"] | None = None
    own_clusters: tuple[str, ...] | None = field(default=None, metadata=_TEXTS)
    """Names by which DAG files call the cluster that GoFlow runs in: ``cluster_name``, ``cluster_context``."""
    python: str | None = None
    """Where Python is in the container, as the file sees it too (``sys.executable``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineSpec(_Part):
    """A moment by which each run of a DAG is to be done, and whom to call if it is not (Airflow's DeadlineAlert).

    REFERENCE says what it counts from: the run's ``logical_date``, when it was ``queued_at``, a ``fixed`` moment (AT),
    the ``average_runtime`` of the newest MAX_RUNS successes, if there are MIN_RUNS, from when it is made on, or what a
    class of the author's own says (``custom``). INTERVAL_S is added, or what the Variable INTERVAL_VARIABLE holds.
    CALLBACK is the function's path, ASYNCHRONOUS whether it is a coroutine function. UNWATCHED: why nobody watches it.
    """

    reference: Literal["logical_date", "queued_at", "fixed", "average_runtime", "custom", "unknown"]
    at: Moment | None = field(default=None, metadata={"load": Moment.from_json})
    max_runs: int = 0
    min_runs: int = 0
    interval_s: float = 0.0
    interval_variable: str | None = None
    name: str | None = None
    callback: str = ""
    asynchronous: bool = False
    unwatched: str = ""


WEIGHT_RULES = frozenset({"downstream", "upstream", "absolute"})
"""Airflow's own; any other ``weight_rule`` is the name of a strategy class of the author's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec(_Part):
    """One task as its author wrote it, defaults resolved. Durations are seconds; names and meanings are BaseOperator's.

    ``operator`` is the class name that Airflow shows (``BashOperator``, ``_PythonDecoratedOperator``);
    ``operator_path`` the class's canonical import path, as in
    ``airflow.providers.standard.operators.bash.BashOperator``, for a class of the folder ``module.Class``; ``bases``
    the canonical paths of what it derives from, nearest first: the operators room goes by them.
    ``arguments`` are all constructor arguments that hold, merged from the author's call and default arguments, without
    those that have a field of their own here; ``given`` names those of the author's own call; ``fields`` are the values
    of the template fields, ``{"$hole": ...}`` where they cannot be known.
    ``expand`` is ``{argument: value}`` of a mapped task, ``{"*": value}`` for ``expand_kwargs``.
    """

    task_id: str
    operator: str
    operator_path: str = ""
    bases: tuple[str, ...] = field(default=(), metadata=_TEXTS)
    upstream: tuple[str, ...] = field(default=(), metadata=_TEXTS)
    group: str | None = None
    mapped: bool = False
    expand: Mapping[str, Json] = field(default_factory=dict)
    trigger_rule: str = "all_success"
    retries: int = 0
    retry_delay: float = 300.0
    retry_exponential_backoff: float = 0.0
    max_retry_delay: float | None = None
    execution_timeout: float | None = None
    pool: str = "default_pool"
    pool_slots: int = 1
    queue: str | None = "default"
    priority_weight: int = 1
    weight_rule: str = "downstream"
    depends_on_past: bool = False
    ignore_first_depends_on_past: bool = True
    wait_for_downstream: bool = False
    wait_for_past_depends_before_skipping: bool = False
    max_active_tis_per_dag: int | None = None
    max_active_tis_per_dagrun: int | None = None
    owner: str = "airflow"
    setup: bool = False
    teardown: bool = False
    on_failure_fail_dagrun: bool = False
    start_date: Moment | None = field(default=None, metadata={"load": Moment.from_json})
    end_date: Moment | None = field(default=None, metadata={"load": Moment.from_json})
    outlets: tuple[Json, ...] = field(default=(), metadata=_TEXTS)
    inlets: tuple[Json, ...] = field(default=(), metadata=_TEXTS)
    callable: str | None = None
    overrides: tuple[str, ...] = field(default=(), metadata=_TEXTS)
    """Of a pod operator: methods that a class of the folder defines anew: only its own code can make such a pod."""
    callbacks: Mapping[str, Json] = field(default_factory=dict)
    sensor: SensorSpec | None = field(default=None, metadata={"load": SensorSpec.from_json})
    params: Mapping[str, Json] = field(default_factory=dict)
    multiple_outputs: bool = False
    do_xcom_push: bool = True
    map_index_template: str | None = None
    executor_config: Json = None
    template_fields: tuple[str, ...] = field(default=(), metadata=_TEXTS)
    template_ext: tuple[str, ...] = field(default=(), metadata=_TEXTS)
    fields: Mapping[str, Json] = field(default_factory=dict)
    arguments: Mapping[str, Json] = field(default_factory=dict)
    given: tuple[str, ...] = field(default=(), metadata=_TEXTS)
    doc: str | None = None
    display_name: str | None = None
    runtime: RuntimeSpec = field(default_factory=RuntimeSpec, metadata={"load": RuntimeSpec.from_json})
    native: Mapping[str, Json] | None = None
    """Native YAML only: Command, Parallelism, RetryPolicy and the rest, for the ``native`` operator family."""
    unknown: Mapping[str, Json] = field(default_factory=dict)
    """Fields of the above that only the run of the file can know (an owner, a text): the name of each with its hole.
    The field itself has its default."""
    line: int = 0
    column: int = 0

    def holes(self) -> Iterator[Json]:
        """Every ``{"$hole": ...}`` among the task's fields and arguments."""
        for values in (self.fields, self.arguments, self.expand):
            for value in values.values():
                yield from (inner for inner in walk(value) if tag_of(inner) == "$hole")


@dataclass(frozen=True, kw_only=True)  # without slots: it remembers what it has worked out of itself
class DagSpec(_Part):
    """One DAG as its author wrote it, defaults of its dialect resolved. Names and meanings are those of Airflow's DAG.

    ``tasks`` stand in the order in which the file makes them. ``params`` are resolved defaults, ``param_schemas`` the
    JSON Schema of each Param that has one.
    """

    dag_id: str
    dialect: Dialect = field(default=Dialect.AIRFLOW3, metadata={"load": Dialect})
    dialect_source: Literal["default", "inferred", "folder", "file"] = "default"
    file_format: FileFormat = field(default=FileFormat.PYTHON, metadata={"load": FileFormat})
    schedule: Schedule = field(default_factory=Schedule, metadata={"load": Schedule.from_json})
    run_as: str = ""
    """``CronJob`` or ``Job`` where its file says which (native YAML's ``RunAs``)."""
    start_date: Moment | None = field(default=None, metadata={"load": Moment.from_json})
    end_date: Moment | None = field(default=None, metadata={"load": Moment.from_json})
    timezone: str = "UTC"
    catchup: bool = False
    max_active_runs: int = 16
    max_active_tasks: int = 16
    max_consecutive_failed_dag_runs: int = 0
    dagrun_timeout: float | None = None
    fail_fast: bool = False
    allowed_run_types: tuple[str, ...] | None = field(default=None, metadata=_TEXTS)
    """Types of runs (`goflow.domain.state.RunType`) that may be made; None: all."""
    rerun_with_latest_version: bool | None = None
    """Whether runs that begin anew go on with the newest version, where nobody says it; None: cleared ones with their
    own, those of a backfill with the newest."""
    tags: tuple[str, ...] = field(default=(), metadata=_TEXTS)
    owners: tuple[str, ...] = field(default=(), metadata=_TEXTS)
    description: str | None = None
    doc: str | None = None
    display_name: str | None = None
    params: Mapping[str, Json] = field(default_factory=dict)
    param_schemas: Mapping[str, Json] = field(default_factory=dict)
    callbacks: Mapping[str, Json] = field(default_factory=dict)
    deadlines: tuple[DeadlineSpec, ...] = field(default=(), metadata=_tuple_of(DeadlineSpec.from_json))
    native: bool = False
    """render_template_as_native_obj"""
    user_defined_macros: tuple[str, ...] = field(default=(), metadata=_TEXTS)
    user_defined_filters: tuple[str, ...] = field(default=(), metadata=_TEXTS)
    template_searchpath: tuple[Json, ...] = field(default=(), metadata=_TEXTS)
    jinja_environment_kwargs: Mapping[str, Json] = field(default_factory=dict)
    template_undefined: Json = None
    is_paused_upon_creation: bool | None = None
    access_control: Json = None
    groups: tuple[GroupSpec, ...] = field(default=(), metadata=_tuple_of(GroupSpec.from_json))
    edge_labels: Mapping[str, str] = field(default_factory=dict)
    """``"upstream>downstream"`` to the label between them."""
    runtime: RuntimeSpec = field(default_factory=RuntimeSpec, metadata={"load": RuntimeSpec.from_json})
    variables: tuple[str, ...] | None = field(default=None, metadata=_TEXTS)
    connections: tuple[str, ...] | None = field(default=None, metadata=_TEXTS)
    """Patterns of the Variables and Connections that the file and its tasks may read (`goflow.yaml`); None: all."""
    tasks: tuple[TaskSpec, ...] = field(default=(), metadata=_tuple_of(TaskSpec.from_json))
    unknown: Mapping[str, Json] = field(default_factory=dict)
    """Fields of the above that only the run of the file can know (tags, a description): the name of each with its hole.
    The field itself holds what is known of it, else its default."""
    read_by: ReadBy = "evaluate"
    """How its file was read; no part of the meaning."""
    line: int = 0
    column: int = 0

    def task(self, task_id: str) -> TaskSpec:
        """The task of that id. Raises KeyError."""
        return self._by_id[task_id]

    @functools.cached_property
    def _by_id(self) -> dict[str, TaskSpec]:
        return {task.task_id: task for task in reversed(self.tasks)}

    def head_json(self) -> dict[str, Json]:
        """`to_json` without the tasks, at no cost that grows with them. Its values are not to be changed."""
        return dict(self._head)

    @functools.cached_property
    def _head(self) -> dict[str, Json]:
        return {key: value for key, value in dataclasses.replace(self, tasks=()).to_json().items() if key != "tasks"}

    @functools.cached_property
    def mapped_tasks(self) -> frozenset[str]:
        """The ids of tasks that have copies, by themselves or by a group around them."""
        groups = {group.group_id: group for group in self.groups}

        def has_copies(name: str | None) -> bool:
            group = groups.get(name or "")
            return group is not None and (group.expand is not None or has_copies(group.parent))

        return frozenset(task.task_id for task in self.tasks if task.mapped or has_copies(task.group))

    def downstream(self) -> dict[str, tuple[str, ...]]:
        """Task id to the ids of the tasks right below it, sorted."""
        below: dict[str, set[str]] = {task.task_id: set() for task in self.tasks}
        for task in self.tasks:
            for parent in task.upstream:
                below[parent].add(task.task_id)
        return {task_id: tuple(sorted(children)) for task_id, children in below.items()}

    def digest(self) -> str:
        """The sha256 of the DAG's meaning: its canonical JSON without positions."""
        return digest_bytes(written_out(without_lines(self.to_json())).encode("utf-8", "surrogatepass"))


_NO_MEANING = frozenset({"line", "column", "read_by"})


def without_lines(value: Json) -> Json:
    """Drop positions of parts and of holes: they change with every edit above them and mean nothing to a run."""
    kind = type(value)
    if kind is str or kind is int or value is None:
        return value
    if isinstance(value, dict):
        if "$hole" in value and tag_of(value) == "$hole":
            inner = value["$hole"]
            assert isinstance(inner, dict)
            return {"$hole": {key: val for key, val in inner.items() if key not in {"line", "column"}}}
        is_part = "task_id" in value or "group_id" in value or "dag_id" in value
        return {key: without_lines(val) for key, val in value.items() if not (is_part and key in _NO_MEANING)}
    if isinstance(value, list):
        return [without_lines(inner) for inner in value]
    return value


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a file may ask for while it is read: Variables, connections' public parts, and the environment it sees.

    ENVIRONMENT is exactly what the folder's settings give; a name that is not there is absent. CONNECTIONS map a
    connection id to its URI; the password is a hole and never leaves the reader. PYTHON is where Python is in the
    tasks' containers (``sys.executable``); empty: nobody has said it. ABSENT_MODULES are dotted names of modules that
    these containers do not have, each with all that is inside it. SECRET_ENVIRONMENT are names of variables that
    Secrets give, or on the local backend the daemon's own environment: what they hold is not known here.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    connections: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    absent_modules: frozenset[str] = frozenset()
    secret_environment: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class InputsUsed:
    """What a file did ask for, with the answer it was given (None: absent); part of what a version records.

    LISTINGS maps a folder to the names it had. DIALECT is the folder's, where `goflow.yaml` does not say it and so the
    daemon or the other files do; None: the file did not need it.
    """

    variables: Mapping[str, str | None] = field(default_factory=dict)
    environment: Mapping[str, str | None] = field(default_factory=dict)
    connections: tuple[str, ...] = ()
    listings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dialect: Dialect | None = None

    def to_json(self) -> Json:
        """As stored with the reading of a version, and served to the shim while it imports the file."""
        return {
            "variables": dict(self.variables),
            "environment": dict(self.environment),
            "connections": list(self.connections),
            "listings": {folder: list(names) for folder, names in self.listings.items()},
            "dialect": self.dialect,
        }
