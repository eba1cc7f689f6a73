"""The DAG class: its arguments under both dialects, ``with DAG``, and what files ask a DAG object for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from goflow.domain.moments import zone_info
from goflow.domain.spec import Dialect
from goflow.parser.interpreter.classes import MISSING, ClassValue, Instance, initialise
from goflow.parser.interpreter.operations import type_name
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, Raised, Unknown, Value, first_unknown, raised
from goflow.parser.libraries.airflow import schedules
from goflow.parser.libraries.airflow.assets import BaseAsset, condition_of
from goflow.parser.libraries.airflow.dates import moment_value, moment_zone, to_moment
from goflow.parser.libraries.airflow.exceptions import MODULE, fail
from goflow.parser.libraries.airflow.graph import DagGraph, TaskNode
from goflow.parser.libraries.airflow.groups import GroupValue, group_class
from goflow.parser.libraries.airflow.keys import GraphError, check_key
from goflow.parser.libraries.airflow.opaque import NOT_SET
from goflow.parser.libraries.airflow.params import ParamsValue, make_dag_param, make_params
from goflow.parser.libraries.airflow.schedules import BadSchedule, Timetable
from goflow.parser.libraries.airflow.state import Taint, native, refuse, state_of, taint_if_undecided
from goflow.parser.libraries.airflow.suggestions import did_you_mean
from goflow.parser.libraries.airflow.timetables import timetable_of
from goflow.parser.libraries.airflow.words import words
from goflow.parser.libraries.functools_ import copied

_FIRST = ("dag_id", "description")
_BOTH: Mapping[str, Any] = {
    "dag_id": NOT_SET,
    "description": None,
    "schedule": None,
    "start_date": None,
    "end_date": None,
    "template_searchpath": None,
    "template_undefined": None,
    "user_defined_macros": None,
    "user_defined_filters": None,
    "default_args": None,
    "max_active_tasks": 16,
    "max_active_runs": 16,
    "max_consecutive_failed_dag_runs": 0,
    "dagrun_timeout": None,
    "sla_miss_callback": None,
    "catchup": False,
    "on_success_callback": None,
    "on_failure_callback": None,
    "doc_md": None,
    "params": None,
    "access_control": None,
    "is_paused_upon_creation": None,
    "jinja_environment_kwargs": None,
    "render_template_as_native_obj": False,
    "tags": None,
    "owner_links": None,
    "auto_register": True,
    "dag_display_name": None,
}
_ONLY2: Mapping[str, Any] = {
    "schedule": NOT_SET,
    "schedule_interval": NOT_SET,
    "timetable": None,
    "full_filepath": None,
    "concurrency": None,
    "default_view": "grid",
    "orientation": "LR",
    "catchup": True,
    "fail_stop": False,
}
_ONLY3: Mapping[str, Any] = {
    "deadline": None,
    "fail_fast": False,
    "allowed_run_types": None,
    "disable_bundle_versioning": False,
    "rerun_with_latest_version": None,
}
_ORDER2 = words(
    """dag_id description schedule schedule_interval timetable start_date end_date full_filepath
        template_searchpath template_undefined user_defined_macros user_defined_filters default_args concurrency
        max_active_tasks max_active_runs max_consecutive_failed_dag_runs dagrun_timeout sla_miss_callback
        default_view orientation catchup"""
)
"""The order in which Airflow 2 takes positional arguments; Airflow 3 takes only the id so."""
_TYPES_3: Mapping[str, type] = {"description": str, "dag_display_name": str}
_TYPES_2: Mapping[str, type] = {
    **_TYPES_3,
    **dict.fromkeys(("default_view", "orientation", "doc_md"), str),
    **dict.fromkeys(
        ("catchup", "is_paused_upon_creation", "render_template_as_native_obj", "auto_register", "fail_stop"), bool
    ),
    "tags": list,
}
LONGEST_TAG = 100
_NO_DEFAULTS = "default_args has to be a dict; leave it out, or give {}"
DEFAULT_SCHEDULE_2 = dt.timedelta(days=1)


class DagValue(Instance):
    """A DAG object. Its arguments, as Airflow's ``__init__`` leaves them, are its attributes.

    AT is where it is made, DESCRIBED_AT where its arguments stand: elsewhere for ``@dag``.
    """

    def __init__(self, cls: ClassValue, at: At) -> None:
        super().__init__(cls)
        self.at = at
        self.described_at = at
        self.graph = DagGraph("", self, airflow2=state_of(at.session).airflow2)
        self.timetable: Timetable = schedules.NULL
        self.zone: dt.tzinfo = dt.UTC
        self.params: ParamsValue = make_params(at, None)
        self.given: tuple[str, ...] = ()
        self.taints: list[Taint] = []
        self._root: GroupValue | None = None

    @property
    def dag_id(self) -> str:
        """Its id."""
        return self.graph.dag_id

    @property
    def default_args(self) -> Any:
        """Its default arguments: a dict of its own, or Unknown."""
        return self.attributes.get("default_args", {})

    @property
    def root_group(self) -> GroupValue:
        """The group without a name that all others are in."""
        if self._root is None:
            self._root = GroupValue(group_class(self.at.session), self.graph.root, self.at, {"default_args": {}})
        return self._root

    @property
    def open_group(self) -> GroupValue | None:
        """The group of this DAG that a ``with`` block has open."""
        groups = state_of(self.at.session).open_groups
        return groups[-1] if groups and groups[-1].dag is self else None

    def taint(self, what: str, unknown: Unknown, at: At, task_id: str | None = None) -> None:
        """WHAT, which the scheduler plans with, depends on UNKNOWN: the DAG cannot be taken as it is."""
        self.taints.append(Taint(what, unknown.reason, unknown.at or at, task_id))

    def task_added(self, task: TaskNode) -> None:
        """The graph took in a task."""
        task.value.added_to(self)

    def enter(self, at: At) -> Any:
        """``with DAG(...) as dag:``."""
        state_of(at.session).open_dags.append(self)
        return self

    def leave(self, problem: Raised | None, at: At) -> bool:
        """The end of the block, which registers the DAG."""
        state = state_of(at.session)
        if self in state.open_dags:
            state.open_dags.remove(self)
        if self.attributes.get("auto_register", True) is not False and self not in state.registered:
            state.registered.append(self)
        return False

    def truth(self, at: At) -> bool:
        """DAGs are true."""
        return True

    def get_attribute(self, name: str, at: At) -> Any:
        """What Airflow's DAG has."""
        found = self._own_attribute(name, at)
        return super().get_attribute(name, at) if found is MISSING else found

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """``dag.name = value``."""
        taint_if_undecided(self, f"the attribute {name} of the DAG", at)
        if name == "params":
            self.params = make_params(at, value)
        elif name in {"timetable", "schedule_interval"}:
            self._reschedule(value, at)
        elif name in {"start_date", "end_date"}:
            self.store(name, value, at)
        elif name == "concurrency":
            self.store("max_active_tasks", value, at)
        else:
            super().set_attribute(name, value, at)

    def text(self, at: At) -> Any:
        """``<DAG: id>``."""
        return f"<DAG: {self.dag_id}>"

    def _own_attribute(self, name: str, at: At) -> Any:
        graph = self.graph
        match name:
            case "dag_id" | "_dag_id" | "safe_dag_id":
                return self.dag_id
            case "params":
                return self.params
            case "start_date" | "end_date":
                return moment_value(self.attributes.get(name))
            case "timezone":
                return self.zone
            case "task_dict":
                return {task_id: task.value for task_id, task in graph.tasks.items()}
            case "tasks":
                return [task.value for task in graph.tasks.values()]
            case "task_ids":
                return list(graph.tasks)
            case "task_group":
                return self.root_group
            case "task_group_dict":
                return {group.group_id: group.value for group in graph.root.groups() if group.group_id is not None}
            case "roots":
                return [task.value for task in graph.tasks.values() if not task.upstream]
            case "leaves":
                return [task.value for task in graph.tasks.values() if not task.downstream]
            case "fileloc" | "filepath":
                return at.session.loader.told(at.session.root / at.session.main.path)
            case "folder":
                return at.session.loader.told((at.session.root / at.session.main.path).parent)
            case "concurrency":
                return self.attributes.get("max_active_tasks")
            case "task":
                from goflow.parser.libraries.airflow.taskflow import task_decorators

                return task_decorators(at.session, self)
            case "owner":
                return ", ".join(sorted({str(task.value.attributes.get("owner")) for task in graph.tasks.values()}))
        return MISSING

    def _reschedule(self, value: Any, at: At) -> None:
        made = timetable_from(value, self.zone, at)
        if isinstance(made, Unknown):
            self.taint("the schedule", made, at)
        else:
            self.timetable = made


def dag_class(session: Session) -> ClassValue:
    """``DAG`` of this session."""
    return state_of(session).singleton(
        "DAG",
        lambda: ClassValue(
            "DAG",
            (),
            {
                **{name: native(name, function) for name, function in _METHODS.items()},
                "__init__": native("__init__", _init),
            },
            module_name="airflow.sdk.definitions.dag",
            construct=_construct,
        ),
    )


def parameters(dialect: Dialect) -> dict[str, Any]:
    """The arguments of DAG under DIALECT, with their defaults."""
    return {**_BOTH, **(_ONLY2 if dialect is Dialect.AIRFLOW2 else _ONLY3)}


def _construct(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    dag = DagValue(cls, at)
    initialise(dag, args, kwargs, at)
    state_of(at.session).made.append(dag)
    taint_if_undecided(dag, "whether there is such a DAG", at)
    return dag


def _init(at: At, dag: DagValue, *args: Any, **kwargs: Any) -> None:
    dialect = at.session.dialect
    values = parameters(dialect)
    order = _ORDER2 if dialect is Dialect.AIRFLOW2 else ["dag_id"]
    if len(args) > len(order):
        fail(
            at,
            "TypeError",
            f"DAG.__init__() takes {len(order) + 1} positional arguments but {len(args) + 1} were given",
        )
    given = {**dict(zip(order, args, strict=False)), **kwargs}
    for name in given:
        if name not in values:
            _refuse_argument(name, values, at)
    if given.get("dag_id", NOT_SET) is NOT_SET:
        fail(at, "TypeError", "DAG.__init__() missing 1 required positional argument: 'dag_id'", code="GF203")
    values.update(given)
    dag.given = tuple(given)
    dag.at = dag.described_at = at
    Making(dag, values, at).make()


def _refuse_argument(name: str, known: Mapping[str, Any], at: At) -> None:
    dialect = at.session.dialect
    elsewhere = Dialect.AIRFLOW3 if dialect is Dialect.AIRFLOW2 else Dialect.AIRFLOW2
    fail(
        at,
        "TypeError",
        f"DAG.__init__() got an unexpected keyword argument '{name}'",
        only=elsewhere if name in parameters(elsewhere) else None,
        code="GF204",
        hint=did_you_mean(name, known),
    )


class Making:
    """A DAG while its arguments become its attributes."""

    def __init__(self, dag: DagValue, values: dict[str, Any], at: At) -> None:
        self.dag, self.values, self.at = dag, values, at
        self.airflow2 = at.session.dialect is Dialect.AIRFLOW2
        self.scheduled = False

    def make(self) -> None:
        """Do it, in Airflow's order. Raises what Airflow refuses."""
        self._identify()
        self._default_args()
        self._params()
        self._zone()
        self._schedule()
        self._limits()
        self._texts()
        schedule_names = {"dag_id", "params", "timetable", "schedule", "schedule_interval"}
        self.dag.attributes.update({name: value for name, value in self.values.items() if name not in schedule_names})
        if self.airflow2:
            self.dag.attributes["schedule_interval"] = self.values["schedule"]
        else:
            self.dag.attributes["schedule"] = self.values["schedule"]
        self._check_params()

    def _identify(self) -> None:
        dag_id = self.values["dag_id"]
        if isinstance(dag_id, Unknown):
            self.dag.taint("the DAG's id", dag_id, self.at)
            dag_id = f"unknown_{self.at.line}"
        try:
            check_key(dag_id)
        except GraphError as problem:
            refuse(self.at, problem)
        self.dag.graph.dag_id = dag_id

    def _default_args(self) -> None:
        given = self.values["default_args"]
        if isinstance(given, Unknown):
            return
        if given is None and not self.airflow2 and "default_args" in self.dag.given:
            fail(self.at, "TypeError", "argument of type 'NoneType' is not iterable", code="GF203", hint=_NO_DEFAULTS)
        if given is not None and not isinstance(given, dict):
            fail(self.at, "TypeError", "default_args must be a dict", code="GF203")
        self.values["default_args"] = copied(given or {}, self.at, deep=True) if self.airflow2 else dict(given or {})

    def _params(self) -> None:
        given, defaults = self.values["params"], self.values["default_args"]
        params = make_params(self.at, given)
        if isinstance(given, Unknown):
            self.dag.attributes["params_unknown"] = given
        if isinstance(defaults, dict) and "params" in defaults:
            params.update(defaults.pop("params"), self.at)
        self.dag.params = params

    def _zone(self) -> None:
        """The time zone is that of the start date; start and end dates are kept as moments."""
        defaults = self.values["default_args"] if isinstance(self.values["default_args"], dict) else {}
        start = self.values["start_date"]
        if start is None or (self.airflow2 and defaults.get("start_date") and moment_zone(start) is None):
            start = defaults.get("start_date")
            unset = "start_date" not in self.dag.given
            if isinstance(start, str) if self.airflow2 else unset:
                self.values["start_date"] = start
        if start is not None and not isinstance(start, Unknown):
            zone = moment_zone(start)
            self.dag.zone = zone_info(zone) if isinstance(zone, str) else zone or dt.UTC
        for name in ("start_date", "end_date"):
            for holder in (self.values, defaults):
                value = holder.get(name)
                if isinstance(value, str) and holder is self.values and name in self.dag.given:
                    text = f"'str' object has no attribute '{'tzinfo' if self.airflow2 else 'utcoffset'}'"
                    fail(self.at, "AttributeError", text, code="GF203", hint=f"{name} has to be a datetime")
                if value is not None:
                    zone = self.dag.zone if isinstance(value, str) else dt.UTC
                    holder[name] = to_moment(value, zone, self.at, name)

    def _schedule(self) -> None:
        schedule = self._schedule_argument() if self.airflow2 else self.values["schedule"]
        self.values["schedule"] = schedule
        made = timetable_from(schedule, self.dag.zone, self.at)
        if isinstance(made, Unknown):
            self.dag.taint("the schedule", made, self.at)
        else:
            self.dag.timetable = made
        limit = self.dag.timetable.active_runs_limit
        runs = self.values["max_active_runs"]
        if limit is not None and isinstance(runs, int) and runs > limit:
            kind = f"{MODULE}.AirflowException" if self.airflow2 else "ValueError"
            text = f"Invalid max_active_runs: {self.dag.timetable.name} requires max_active_runs <= {limit}"
            fail(self.at, kind, text, code="GF203")
        self._need_start_date()

    def _schedule_argument(self) -> Any:
        """Which of Airflow 2's three arguments holds."""
        values = self.values
        given = [values["schedule_interval"], values["timetable"], values["schedule"]]
        set_ones = [value for value in given if value is not NOT_SET and (isinstance(value, Value) or bool(value))]
        self.scheduled = bool(set_ones)
        if len(set_ones) > 1:
            text = "At most one allowed for args 'schedule_interval', 'timetable', and 'schedule'."
            fail(self.at, "ValueError", text, code="GF203")
        if values["timetable"] is not None:
            return values["timetable"]
        if values["schedule_interval"] is not NOT_SET:
            return values["schedule_interval"]
        return DEFAULT_SCHEDULE_2 if values["schedule"] is NOT_SET else values["schedule"]

    def _need_start_date(self) -> None:
        defaults = self.values["default_args"]
        if isinstance(defaults, Unknown) or self.values["start_date"] is not None or "start_date" in defaults:
            return
        if self.airflow2:
            if self.scheduled:
                fail(self.at, "ValueError", "DAG is missing the start_date parameter", code="GF203")
        elif self.values["catchup"] is True and self.dag.timetable.can_be_scheduled:
            fail(self.at, "ValueError", "start_date is required when catchup=True", code="GF203")

    def _limits(self) -> None:
        values = self.values
        if self.airflow2 and values["concurrency"]:
            values["max_active_tasks"] = values["concurrency"]
        for name in ("max_active_tasks", "max_active_runs", "max_consecutive_failed_dag_runs"):
            if values[name] is None:
                values[name] = _BOTH[name]
            elif not isinstance(values[name], int | Unknown):
                text = f"'{name}' must be <class 'int'> (got {values[name]!r} that is a {type_name(values[name])})."
                fail(self.at, "TypeError", text, code="GF203")
        timeout = values["dagrun_timeout"]
        if timeout is not None and not isinstance(timeout, dt.timedelta | Unknown):
            text = f"'dagrun_timeout' must be <class 'datetime.timedelta'> (got {type_name(timeout)})."
            fail(self.at, "TypeError", text, code="GF203")

    def _texts(self) -> None:
        values = self.values
        tags = values["tags"]
        if isinstance(tags, list | tuple | set | frozenset):
            if any(isinstance(tag, str) and len(tag) > LONGEST_TAG for tag in tags):
                kind = f"{MODULE}.AirflowException" if self.airflow2 else "ValueError"
                fail(self.at, kind, f"tag cannot be longer than {LONGEST_TAG} characters", code="GF203")
            if not self.airflow2:
                values["tags"] = list(tags) if _unhashable(tags) else set(tags)
        elif isinstance(tags, str) and not self.airflow2:
            values["tags"] = set(tags)
        elif tags is None:
            values["tags"] = [] if self.airflow2 else set()
        if isinstance(values["template_searchpath"], str):
            values["template_searchpath"] = [values["template_searchpath"]]
        self._check_types()
        doc = values["doc_md"]
        if isinstance(doc, str) and doc.endswith(".md"):
            values["doc_md"] = _read_doc(doc, self.at)

    def _check_types(self) -> None:
        """What Airflow insists on: 2 checks many arguments, 3 a few."""
        for name, kind in (_TYPES_2 if self.airflow2 else _TYPES_3).items():
            value = self.values.get(name)
            if value is not None and not isinstance(value, kind | Unknown):
                text = f"'{name}' has an invalid type <class '{type_name(value)}'>, expected type is {kind}"
                fail(self.at, "TypeError", text, code="GF203")

    def _check_params(self) -> None:
        if not self.dag.timetable.can_be_scheduled or self.dag.timetable.name == "NullTimetable":
            return
        problem = self.dag.params.validate()
        if problem is not None:
            kind = f"{MODULE}.AirflowException" if self.airflow2 else "ValueError"
            text = (
                f"Dag {self.dag.dag_id!r} is not allowed to define a Schedule, "
                "as there are required params without default values, or the default values are not valid."
            )
            fail(self.at, kind, text, code="GF203", hint=problem)


def _unhashable(values: Any) -> bool:
    return any(isinstance(value, list | dict | set) for value in values)


def _read_doc(name: str, at: At) -> Any:
    """The Markdown file NAME, where there is one; else the text itself, as Airflow takes it."""
    try:
        return at.session.loader.read_text(at.session.loader.real(name), at)
    except Raised:
        return name


def timetable_from(schedule: Any, zone: dt.tzinfo, at: At) -> Timetable | Unknown:
    """What ``schedule=`` means. Raises Airflow's ValueError for what it does not understand."""
    if isinstance(schedule, Unknown):
        return schedule
    own = timetable_of(schedule)
    if own is not None:
        return own
    condition = condition_of(schedule, at)
    if isinstance(condition, Unknown):
        return condition
    if isinstance(condition, BaseAsset):
        airflow2 = at.session.dialect is Dialect.AIRFLOW2
        name = "DatasetTriggeredTimetable" if airflow2 else "AssetTriggeredTimetable"
        return Timetable(name=name, condition=condition)
    unknown = first_unknown(schedule)
    if unknown is not None:
        return unknown
    try:
        return schedules.from_plain(schedule, schedules.zone_name(zone), at.session.dialect)
    except BadSchedule as problem:
        fail(at, "ValueError", str(problem), code="GF206")


# -- methods ----------------------------------------------------------------------------------------------------------


def _add_task(at: At, self: DagValue, task: Any) -> None:
    taint_if_undecided(self, "whether a task is in the DAG", at)
    if isinstance(task, Unknown):
        self.taint("a task", task, at)
        return
    if not hasattr(task, "node"):
        raised(at, "AttributeError", f"'{type_name(task)}' object has no attribute 'start_date'")
    group = self.open_group
    self.graph.add(task.node, group.node if group is not None else None)


def _add_tasks(at: At, self: DagValue, tasks: Any) -> None:
    for task in tasks:
        _add_task(at, self, task)


def _get_task(at: At, self: DagValue, task_id: Any, include_subdags: bool = False) -> Any:
    if isinstance(task_id, Unknown):
        return task_id
    found = self.graph.tasks.get(task_id)
    if found is None:
        fail(at, f"{MODULE}.TaskNotFound", f"Task {task_id} not found")
    return found.value


def _has_task(at: At, self: DagValue, task_id: Any) -> Any:
    return task_id if isinstance(task_id, Unknown) else task_id in self.graph.tasks


def _set_dependency(at: At, self: DagValue, upstream_task_id: Any, downstream_task_id: Any) -> None:
    taint_if_undecided(self, "an edge", at)
    above, below = _get_task(at, self, upstream_task_id), _get_task(at, self, downstream_task_id)
    for value in (above, below):
        if isinstance(value, Unknown):
            self.taint("an edge", value, at)
            return
    above.node.set_downstream([below.node])


def _param(at: At, self: DagValue, name: Any, default: Any = NOT_SET) -> Any:
    return make_dag_param(at, self, name, default)


def _nothing(at: At, self: DagValue, *args: Any, **kwargs: Any) -> None:
    """What only a running Airflow does."""


def _run_time(at: At, self: DagValue, *args: Any, **kwargs: Any) -> Any:
    return Unknown("what a DAG object gives at run time", at)


_METHODS: dict[str, Any] = {
    "add_task": _add_task,
    "add_tasks": _add_tasks,
    "get_task": _get_task,
    "has_task": _has_task,
    "set_dependency": _set_dependency,
    "param": _param,
    "add_result": lambda at, self, xcom: xcom,
    "test": _nothing,
    "cli": _nothing,
    "run": _nothing,
    "clear": _nothing,
    "validate": _nothing,
    "check_cycle": _nothing,
    "topological_sort": _run_time,
    "partial_subset": _run_time,
    "get_active_runs": _run_time,
}
