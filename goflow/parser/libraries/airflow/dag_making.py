"""``DAG(...)``: how its arguments become what a DAG has, and what Airflow refuses of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from goflow.domain.errors import did_you_mean
from goflow.domain.moments import zone_info
from goflow.domain.spec import Dialect
from goflow.parser.interpreter.alternatives import whole
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.plain_values import is_set, plain_host, type_name
from goflow.parser.interpreter.values import At, Raised, Unknown, UnknownKey, first_unknown, hidden_argument
from goflow.parser.libraries.airflow import schedules
from goflow.parser.libraries.airflow.assets import BaseAsset, condition_of
from goflow.parser.libraries.airflow.base_operators import base_parameters
from goflow.parser.libraries.airflow.configured import configured_for_dag, default_zone, has_data_intervals
from goflow.parser.libraries.airflow.dag_arguments import (
    DEFAULT_SCHEDULE_2,
    DEFAULTS,
    ORDER_2,
    SCHEDULE_ARGUMENTS,
    TYPES_2,
    TYPES_3,
    parameters,
)
from goflow.parser.libraries.airflow.dates import moment_zone, to_moment
from goflow.parser.libraries.airflow.enums import ENUMS, EnumMember, plain
from goflow.parser.libraries.airflow.exceptions import MODULE, fail
from goflow.parser.libraries.airflow.keys import GraphError, check_key
from goflow.parser.libraries.airflow.opaque import NOT_SET
from goflow.parser.libraries.airflow.params import make_params
from goflow.parser.libraries.airflow.schedules import BadSchedule, Timetable
from goflow.parser.libraries.airflow.state import refuse
from goflow.parser.libraries.airflow.timetables import timetable_of
from goflow.parser.libraries.functools_ import copied

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.dag import DagValue

LONGEST_TAG = 100
_RUN_TYPES = frozenset(ENUMS["DagRunType"][1].values())
_NO_DEFAULTS = "default_args has to be a dict; leave it out, or give {}"


def init(at: At, dag: DagValue, *args: Any, **kwargs: Any) -> None:
    """``DAG.__init__``."""
    dialect = at.session.dialect
    values = {**parameters(dialect), **configured_for_dag(at)}
    order = ORDER_2 if dialect is Dialect.AIRFLOW2 else ["dag_id"]
    if len(args) > len(order):
        fail(
            at,
            "TypeError",
            f"DAG.__init__() takes {len(order) + 1} positional arguments but {len(args) + 1} were given",
        )
    given = {**dict(zip(order, args, strict=False)), **kwargs}
    hidden = hidden_argument(given, at)
    if hidden is not None:  # any of the others may be among what is not known
        given = {name: value for name, value in given.items() if type(name) is not UnknownKey}
        given.setdefault("dag_id", hidden)
        dag.taint("the arguments of the DAG", hidden, at)
    for name in given:
        if name not in values:
            _refuse_argument(name, values, at)
    if given.get("dag_id", NOT_SET) is NOT_SET:
        fail(at, "TypeError", "DAG.__init__() missing 1 required positional argument: 'dag_id'", code="GF203")
    values.update({name: plain_host(value) for name, value in given.items()})
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
        hint=did_you_mean(name, known) or _for_tasks(name, dialect),
        argument=name,
    )


def _for_tasks(name: str, dialect: Dialect) -> str:
    """What to do with an argument NAME that tasks have."""
    near = get_close_matches(name, base_parameters(dialect), n=1, cutoff=0.75)
    return f"{near[0]} is an argument of tasks: put it into default_args" if near else ""


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
        if not self.airflow2:
            self._run_types()
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
        given = self.values["default_args"] = whole(self.values["default_args"], self.at)
        if isinstance(given, Unknown):
            return
        if given is None and not self.airflow2 and "default_args" in self.dag.given:
            fail(self.at, "TypeError", "argument of type 'NoneType' is not iterable", code="GF203", hint=_NO_DEFAULTS)
        if given is not None and not isinstance(given, dict):
            fail(self.at, "TypeError", "default_args must be a dict", code="GF203")
        self.values["default_args"] = copied(given or {}, self.at, deep=True) if self.airflow2 else dict(given or {})

    def _params(self) -> None:
        given, defaults = whole(self.values["params"], self.at), self.values["default_args"]
        params = make_params(self.at, given)
        if isinstance(given, Unknown):
            self.dag.taint("which params the DAG has", given, self.at)
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
        self.dag.zone = default_zone(self.at)
        if start is not None and not isinstance(start, Unknown):
            zone = moment_zone(start)
            self.dag.zone = zone_info(zone) if isinstance(zone, str) else zone or self.dag.zone
        for name in ("start_date", "end_date"):
            for holder in (self.values, defaults):
                value = holder.get(name)
                if isinstance(value, str) and holder is self.values and name in self.dag.given:
                    text = f"'str' object has no attribute '{'tzinfo' if self.airflow2 else 'utcoffset'}'"
                    fail(self.at, "AttributeError", text, code="GF203", hint=f"{name} has to be a datetime")
                if value is not None:
                    zone = self.dag.zone if isinstance(value, str) else default_zone(self.at)
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
        set_ones = [value for value in given if value is not NOT_SET and is_set(value)]
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
        if self.airflow2 and is_set(values["concurrency"]):
            values["max_active_tasks"] = values["concurrency"]
        for name in ("max_active_tasks", "max_active_runs", "max_consecutive_failed_dag_runs"):
            if values[name] is None:
                values[name] = {**DEFAULTS, **configured_for_dag(self.at)}[name]
            elif not isinstance(values[name], int | Unknown):
                text = f"'{name}' must be <class 'int'> (got {values[name]!r} that is a {type_name(values[name])})."
                fail(self.at, "TypeError", text, code="GF203")
        timeout = values["dagrun_timeout"]
        if timeout is not None and not isinstance(timeout, dt.timedelta | Unknown):
            text = f"'dagrun_timeout' must be <class 'datetime.timedelta'> (got {type_name(timeout)})."
            fail(self.at, "TypeError", text, code="GF203")

    def _run_types(self) -> None:
        """``allowed_run_types`` as texts: one type, or several (``_validate_allowed_run_types``)."""
        given = self.values["allowed_run_types"]
        if given is None or isinstance(given, Unknown):
            return
        several = isinstance(given, list | tuple | set | frozenset)
        found = list(given) if several else [given] if isinstance(given, EnumMember) else elements(given, self.at)
        unknown = found if isinstance(found, Unknown) else first_unknown(found)
        if unknown is not None or isinstance(found, Unknown):
            self.values["allowed_run_types"] = unknown
            return
        types = {plain_host(plain(one)) for one in found}
        strange = next((one for one in types if one not in _RUN_TYPES), None)
        if strange is not None:
            fail(self.at, "ValueError", f"{strange!r} is not a valid DagRunType", code="GF203")
        timetable = self.dag.timetable
        needed = "asset_triggered" if timetable.condition is not None else "scheduled"
        needed = needed if timetable.condition is not None or timetable.can_be_scheduled else "manual"
        if types and needed not in types:
            fail(self.at, "ValueError", f"allowed_run_types must include {needed.upper()} here", code="GF203")
        self.values["allowed_run_types"] = tuple(sorted(types)) or None

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
        for name, kind in (TYPES_2 if self.airflow2 else TYPES_3).items():
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
        covers = has_data_intervals(at, is_cron=isinstance(schedule, str))
        return schedules.from_plain(schedule, schedules.zone_name(zone), at.session.dialect, covers=covers)
    except BadSchedule as problem:
        fail(at.argument(*SCHEDULE_ARGUMENTS), "ValueError", str(problem), code="GF206")
