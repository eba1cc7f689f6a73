"""The values of an account as values of the evaluator: the inverse of the shim's ``airflow._goflow.account.values``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from dateutil.relativedelta import relativedelta

from goflow.domain.diagnostics import Span
from goflow.domain.moments import Moment, zone_info
from goflow.domain.spec import Dialect
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.modules import ModuleValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value
from goflow.parser.libraries.airflow import assets, partition_mappers, timetables, xcom_args
from goflow.parser.libraries.airflow.asset_uris import sanitized
from goflow.parser.libraries.airflow.dag import DagValue
from goflow.parser.libraries.airflow.import_paths import canonical, home_of
from goflow.parser.libraries.airflow.mapping import mapped_argument
from goflow.parser.libraries.airflow.opaque import NOT_SET, SET_DURING_EXECUTION
from goflow.parser.libraries.airflow.operators import TaskValue
from goflow.parser.libraries.airflow.params import ParamValue, make_dag_param, make_params, param_class
from goflow.parser.libraries.airflow.state import state_of
from goflow.parser.libraries.functools_ import Partial
from goflow.parser.libraries.moments import MomentValue
from goflow.parser.libraries.objects import RecordedClass, RecordedObject
from goflow.parser.libraries.paths import PathValue

_HOURS_S = {"hours": 3600, "minutes": 60, "remaining_seconds": 1, "microseconds": 1e-6}
SHIM = "airflow._goflow."
EXAMPLES = "airflow.example_dags."
"""By this name the modules of Airflow's own examples import each other, where those are the DAG folder."""


class LineAt(At):
    """A place of which only the line is known."""

    __slots__ = ("place",)

    def __init__(self, session: Session, module: ModuleValue, place: Span) -> None:
        super().__init__(session, module, None)
        self.place = place

    @property
    def span(self) -> Span:
        """The line."""
        return self.place


class KnownFunction(NativeFunction):
    """A function of which its module and name are known."""

    __slots__ = ("module_name",)

    def __init__(self, module_name: str, name: str) -> None:
        super().__init__(name, _not_called, takes_unknown=True)
        self.module_name = module_name


def _not_called(at: At, *args: Any, **kwargs: Any) -> Any:
    """Nothing of the file is called here."""
    return Unknown("a function of the file, which was run elsewhere", at)


class Values:
    """Makes values. THINGS are the DAGs, tasks and groups by number as far as they are made; MAIN is what the run
    called the file's own module, and MAIN_SHOWN what a spec calls it."""

    def __init__(self, session: Session, main: str, main_shown: str) -> None:
        self.session, self.main, self.main_shown = session, main, main_shown
        self.things: dict[int, Value] = {}
        self.at = At(session, session.main, None)
        self._makers: dict[str, Callable[[Any], Any]] = {
            name.removeprefix("_make_"): getattr(self, name) for name in dir(self) if name.startswith("_make_")
        }

    def __call__(self, told: Any) -> Any:
        """The value that TOLD is."""
        if isinstance(told, list):
            return [self(inner) for inner in told]
        if not isinstance(told, dict):
            return told
        ((kind, inner),) = told.items()
        return self._makers[kind](inner)

    def mapping(self, told: dict[str, Any]) -> dict[str, Any]:
        """A mapping by names whose values are told."""
        return {name: self(inner) for name, inner in told.items()}

    def module_of(self, name: str) -> str:
        """What a spec calls the module NAME of the run."""
        return self.main_shown if name == self.main else name.removeprefix(EXAMPLES)

    # -- Python ---------------------------------------------------------------------------------------------------

    def _make_dict(self, told: Any) -> Any:
        return {self(key): self(value) for key, value in told}

    def _make_tuple(self, told: Any) -> Any:
        return tuple(self(told))

    def _make_set(self, told: Any) -> Any:
        return set(self(told))

    def _make_float(self, told: Any) -> Any:
        return float(told)

    def _make_bytes(self, told: Any) -> Any:
        return told.encode("latin-1")

    def _make_datetime(self, told: Any) -> Any:
        text, zone = told
        moment = dt.datetime.fromisoformat(text)
        if zone is None:
            return moment
        known = zone_info(zone)
        return moment.replace(tzinfo=known) if moment.tzinfo is None else moment.astimezone(known)

    def _make_moment(self, told: Any) -> Any:
        unit, zone, offset, aware = told
        return MomentValue(Moment(None, unit, zone, offset), aware=aware)

    def _make_date(self, told: Any) -> Any:
        return dt.date.fromisoformat(told)

    def _make_time(self, told: Any) -> Any:
        return dt.time.fromisoformat(told)

    def _make_timedelta(self, told: Any) -> Any:
        return dt.timedelta(*told)

    def _make_duration(self, told: Any) -> Any:
        seconds = sum(told[name] * size for name, size in _HOURS_S.items())
        days = told["weeks"] * 7 + told["remaining_days"]
        return relativedelta(years=told["years"], months=told["months"], days=days, seconds=round(seconds))

    def _make_relativedelta(self, told: Any) -> Any:
        return relativedelta(**told)

    def _make_zone(self, told: Any) -> Any:
        return zone_info(told)

    def _make_callable(self, told: Any) -> Any:
        return KnownFunction(self.module_of(told[0]), told[1])

    _make_class = _make_callable

    def _make_partial(self, told: Any) -> Any:
        function, args, keywords = self(told)
        return Partial(function, args, keywords)

    def _make_path(self, told: Any) -> Any:
        return PathValue(told)

    def _make_unknown(self, told: Any) -> Any:
        return Unknown(told, self.at)

    def _make_object(self, told: Any) -> Any:
        name = told["class"].rpartition(".")[2]
        public = public_module(told["module"], name, self.session.dialect)
        cls = ClassValue(name, module_name=self.module_of(public))
        made = _CallableInstance(cls) if told["callable"] else Instance(cls)
        made.attributes.update(self.mapping(told["arguments"]))
        return made

    def _make_model(self, told: Any) -> Any:
        name, arguments = told
        classes = self.session.library.setdefault("kubernetes models", {})
        cls = classes.setdefault(name, RecordedClass(f"kubernetes.client.models.{name}"))
        return RecordedObject(cls, self.mapping(arguments))

    # -- Airflow --------------------------------------------------------------------------------------------------

    def _make_dag(self, told: Any) -> Any:
        return self.things.get(told) or Unknown("a DAG that does not count", self.at)

    def _make_task(self, told: Any) -> Any:
        return self.things.get(told) or Unknown("a task that belongs to no DAG", self.at)

    def _make_group(self, told: Any) -> Any:
        return self.things.get(told) or Unknown("a group that belongs to no DAG", self.at)

    def _make_xcom(self, told: Any) -> Any:
        task = self.things.get(told[0])
        if not isinstance(task, TaskValue):
            return Unknown("the result of a task that is made later", self.at)
        return xcom_args.xcom_of(task, self.at, told[1])

    def _make_map(self, told: Any) -> Any:
        inner = self(told[0])
        return xcom_args.MapXComArg(xcom_args.xcom_class(self.session), inner, [None] * told[1])

    def _make_zip(self, told: Any) -> Any:
        return xcom_args.ManyXComArg(xcom_args.xcom_class(self.session), "zip", self(told[0]), self(told[1]))

    def _make_concat(self, told: Any) -> Any:
        return xcom_args.ManyXComArg(xcom_args.xcom_class(self.session), "concat", self(told))

    def _make_mapped_argument(self, told: Any) -> Any:
        return mapped_argument(self.session, told[0], expansion_of(self(told[1])))

    def _make_asset(self, told: Any) -> Any:
        name, arguments = told
        attributes = self.mapping(arguments)
        attributes["uri"] = sanitized(attributes["uri"], self.session.dialect)
        if state_of(self.session).airflow2:
            attributes = {"uri": attributes["uri"], "extra": attributes["extra"] or None}
            return assets.AssetValue(assets.asset_class(self.session), attributes)
        if name in {"Asset", "Dataset", "Model"}:
            return assets.AssetValue(assets.asset_class(self.session, name), attributes)
        base = assets.asset_class(self.session, "Asset")
        return assets.AssetValue(ClassValue(name, (base,), module_name=base.module_name), attributes)

    def _make_asset_alias(self, told: Any) -> Any:
        return assets.AliasValue(assets.alias_class(self.session), {"name": told[0], "group": told[1]})

    def _make_asset_ref(self, told: Any) -> Any:
        return assets.make_ref(self.at, **told)

    def _make_asset_all(self, told: Any) -> Any:
        return self._condition("all", told)

    def _make_asset_any(self, told: Any) -> Any:
        return self._condition("any", told)

    def _condition(self, kind: str, told: Any) -> Any:
        return assets.ConditionValue(assets.condition_class(self.session, kind), kind, self(told))

    def _make_timetable(self, told: Any) -> Any:
        module, name, base, args, kwargs, own = told
        if "datasets" in kwargs:
            base = "DatasetOrTimeSchedule"
        native = timetables.timetable_class(self.session, base if base in timetables.TIMETABLES else "Timetable")
        if module.startswith(SHIM):
            return native.call(self(args), self.mapping(kwargs), self.at)
        cls = ClassValue(name, (native,), module_name=self.module_of(module))
        return Instance(cls, self.mapping(own))

    def _make_partition_part(self, told: Any) -> Any:
        module, name, base, args, kwargs = told
        native = partition_mappers.part_class(
            self.session, base if base in partition_mappers.PARTS else "PartitionMapper"
        )
        if module.startswith(SHIM):
            return native.call(self(args), self.mapping(kwargs), self.at)
        made = Instance(ClassValue(name, (native,), module_name=self.module_of(module)), {})
        made.data = partition_mappers.MadeWith(self(args), self.mapping(kwargs))
        return made

    def _make_param(self, told: Any) -> Any:
        return ParamValue(param_class(self.session), self.mapping(told))

    def _make_params(self, told: Any) -> Any:
        return make_params(self.at, self._make_dict(told))

    def _make_dag_param(self, told: Any) -> Any:
        name, default = told
        dag = next((thing for thing in reversed(self.things.values()) if isinstance(thing, DagValue)), None)
        if dag is None:
            return Unknown("a param of a DAG that does not count", self.at)
        return make_dag_param(self.at, dag, name, self(default))

    def _make_not_set(self, told: Any) -> Any:
        return SET_DURING_EXECUTION if told == SET_DURING_EXECUTION.type_name else NOT_SET


class _CallableInstance(Instance):
    """An object that can be called."""

    @property
    def callable(self) -> bool:
        """It can."""
        return True


def public_module(module: str, name: str, dialect: Dialect) -> str:
    """MODULE, or where Airflow keeps NAME if it is one of the shim's own."""
    if not module.startswith(SHIM):
        return module
    return canonical(f"{home_of(name, dialect)}.{name}").rpartition(".")[0]


def expansion_of(value: Any) -> dict[str, Any]:
    """What a task or group is expanded over, as ``{argument: value}``, or ``{"*": value}`` for ``expand_kwargs``."""
    return value if isinstance(value, dict) else {"*": value}
