"""Timetable classes of both Airflows as values of the file, over the plain timetables of `schedules`."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter.classes import ClassValue, Instance, default_construct
from goflow.parser.interpreter.descriptors import ClassMethod, PropertyValue
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown, first_unknown, raised
from goflow.parser.libraries.airflow import schedules
from goflow.parser.libraries.airflow.assets import BaseAsset, condition_of
from goflow.parser.libraries.airflow.exceptions import fail
from goflow.parser.libraries.airflow.opaque import OpaqueInstance, Tagged, arguments_of
from goflow.parser.libraries.airflow.partition_mappers import described, is_mapper
from goflow.parser.libraries.airflow.schedules import ZERO, Timetable, zone_name
from goflow.parser.libraries.airflow.state import native, state_of


class TimetableValue(Instance):
    """A timetable object of Airflow's own classes."""

    def __init__(self, cls: ClassValue, timetable: Timetable, attributes: dict[str, Any]) -> None:
        super().__init__(cls, attributes)
        self.timetable = timetable


def timetable_of(value: Any) -> Timetable | None:
    """The plain timetable of a value, the author's own classes included; None for what is no timetable."""
    if isinstance(value, TimetableValue):
        own = value.cls
        plain = value.timetable
        return plain if own.is_native else _custom(value, {**plain.arguments}, plain)
    if isinstance(value, OpaqueInstance):
        positional, named = arguments_of(value)
        arguments = {**{str(index): argument for index, argument in enumerate(positional)}, **named}
        return _custom(value, arguments) if value.cls.name.endswith(("Timetable", "Schedule")) else None
    if isinstance(value, Instance) and any(base.data.get("timetable") for base in value.cls.mro):
        return _custom(value, dict(value.attributes), value.data)
    return None


def _custom(value: Instance, arguments: dict[str, Any], plain: Any = None) -> Timetable:
    """A timetable of the author's own; PLAIN is what it makes of the class of Airflow's that it derives from."""
    made = Timetable(name=value.cls.name, module=value.cls.module_name, arguments=arguments, value=value)
    if not isinstance(plain, Timetable):
        return made
    return dataclasses.replace(made, crons=plain.crons, zone=plain.zone, delta=plain.delta)


Make = Callable[..., Timetable | Unknown]


def _cron(name: str) -> Make:
    def make(at: At, cron: Any, timezone: Any = "UTC", **more: Any) -> Timetable | Unknown:
        unknown = first_unknown((cron, timezone, more))
        if unknown is not None:
            return unknown
        interval = more.pop("interval", ZERO)
        run_immediately = more.pop("run_immediately", None if name == "CronDataIntervalTimetable" else False)
        return schedules.cron(
            name,
            cron,
            zone=zone_name(timezone),
            interval=interval,
            run_immediately=run_immediately,
            arguments=more,
        )

    return make


def _multiple(at: At, *crons: Any, timezone: Any = "UTC", interval: Any = ZERO, run_immediately: Any = False) -> Any:
    unknown = first_unknown((crons, timezone))
    if unknown is not None:
        return unknown
    if not crons:
        fail(at, "ValueError", "cron expression required", code="GF206")
    zone = zone_name(timezone)
    name = "MultipleCronTriggerTimetable"
    return schedules.cron(name, *crons, zone=zone, interval=interval, run_immediately=run_immediately)


def _delta(name: str) -> Make:
    def make(at: At, delta: Any, *, interval: Any = ZERO) -> Timetable | Unknown:
        unknown = first_unknown((delta, interval))
        if unknown is not None:
            return unknown
        return Timetable(name=name, delta=schedules.plain_delta(delta), interval=interval)

    return make


def _fixed(timetable: Timetable) -> Make:
    return lambda at: timetable


def _asset_or_time(name: str, argument: str) -> Make:
    def make(at: At, timetable: Any = None, assets: Any = None, **named: Any) -> Timetable | Unknown:
        assets = named.get(argument, assets)
        inner = timetable if isinstance(timetable, Unknown) else timetable_of(timetable)
        condition = condition_of(assets, at)
        if isinstance(inner, Unknown):
            return inner
        if isinstance(condition, Unknown):
            return condition
        if inner is None or condition is None:
            fail(at, "TypeError", f"{name} needs a timetable and {argument}", code="GF206")
        return Timetable(name=name, condition=condition, time=inner, can_be_scheduled=inner.can_be_scheduled)

    return make


def _partitioned_assets(
    at: At, assets: Any, partition_mapper_config: Any = None, default_partition_mapper: Any = None
) -> Timetable | Unknown:
    condition = condition_of(assets, at)
    unknown = first_unknown((condition, partition_mapper_config, default_partition_mapper))
    if unknown is not None:
        return unknown
    config = partition_mapper_config or {}
    if condition is None or not isinstance(config, dict):
        fail(at, "TypeError", "PartitionedAssetTimetable needs assets, and mappers by assets", code="GF206")
    if not all(isinstance(asset, BaseAsset) and is_mapper(mapper) for asset, mapper in config.items()):
        fail(at, "TypeError", "partition_mapper_config has mappers by assets, and nothing else", code="GF206")
    if default_partition_mapper is not None and not is_mapper(default_partition_mapper):
        fail(at, "TypeError", "default_partition_mapper must be a PartitionMapper", code="GF206")
    arguments: dict[str, Any] = {}
    if default_partition_mapper is not None:
        arguments["default_partition_mapper"] = described(default_partition_mapper)
    if config:
        pairs = [[Tagged(asset.condition()), described(mapper)] for asset, mapper in config.items()]
        arguments["partition_mapper_config"] = pairs
    return Timetable(name="PartitionedAssetTimetable", condition=condition, arguments=arguments)


def _partition_cron(at: At, cron: Any, **more: Any) -> Timetable | Unknown:
    made = _cron("CronPartitionTimetable")(at, cron, **more)
    offset = more.get("run_offset")
    if not isinstance(made, Unknown) and not isinstance(offset, int | None):
        fail(at, "ValueError", "Run offset other than integer not supported yet.", code="GF206")
    return made


def _events(at: At, event_dates: Any = (), **named: Any) -> Timetable | Unknown:
    dates = elements(event_dates, at)
    if isinstance(dates, Unknown):
        return dates
    return Timetable(name="EventsTimetable", arguments={"event_dates": dates, **named})


_MAKERS: dict[str, Make] = {
    "NullTimetable": _fixed(schedules.NULL),
    "OnceTimetable": _fixed(schedules.ONCE),
    "ContinuousTimetable": _fixed(schedules.CONTINUOUS),
    "CronDataIntervalTimetable": _cron("CronDataIntervalTimetable"),
    "CronTriggerTimetable": _cron("CronTriggerTimetable"),
    "CronPartitionTimetable": _partition_cron,
    "MultipleCronTriggerTimetable": _multiple,
    "DeltaDataIntervalTimetable": _delta("DeltaDataIntervalTimetable"),
    "DeltaTriggerTimetable": _delta("DeltaTriggerTimetable"),
    "EventsTimetable": _events,
    "AssetOrTimeSchedule": _asset_or_time("AssetOrTimeSchedule", "assets"),
    "DatasetOrTimeSchedule": _asset_or_time("DatasetOrTimeSchedule", "datasets"),
    "PartitionedAssetTimetable": _partitioned_assets,
    "PartitionedAtRuntime": _fixed(Timetable(name="PartitionedAtRuntime", can_be_scheduled=False)),
}
TIMETABLES = frozenset({*_MAKERS, "Timetable", "BaseTimetable"})
"""The names that `timetable_class` knows."""


def timetable_class(session: Session, name: str) -> ClassValue:
    """The timetable class NAME of this session; ``Timetable`` is the base that authors derive their own from."""
    return state_of(session).singleton(f"timetable {name}", lambda: _make_class(session, name))


def _make_class(session: Session, name: str) -> ClassValue:
    if name in {"Timetable", "BaseTimetable"}:
        base = ClassValue(name, (), _base_attributes(), module_name="airflow.timetables.base")
        base.data["timetable"] = True
        return base
    base = timetable_class(session, "Timetable")
    module = "airflow.sdk.definitions.timetables" if not state_of(session).airflow2 else "airflow.timetables"
    init = NativeFunction("__init__", functools.partial(_init, name), takes_unknown=True)
    methods = {method: _unread_method(name, method) for method in _ASKED}
    attributes = {**methods, "__init__": init}
    return ClassValue(name, (base,), attributes, module_name=module, construct=_construct, fallback=_fallback)


def _init(name: str, at: At, timetable: Instance, /, *args: Any, **kwargs: Any) -> None:
    """``super().__init__(...)`` of a class of the file that derives from Airflow's NAME."""
    made = at.session.guarded(_MAKERS[name], at, args, kwargs, name)
    if isinstance(made, Timetable):
        timetable.data = made
        timetable.attributes.update(_attributes(made))


def _attributes(made: Timetable) -> dict[str, Any]:
    return {"_timezone": made.zone, "_expression": made.crons[0] if made.crons else None}


_ASKED = ("next_dagrun_info", "infer_manual_data_interval")
"""What the scheduler asks a timetable object."""


def _base_attributes() -> dict[str, Any]:
    return {
        "description": "",
        "periodic": True,
        "can_be_scheduled": True,
        "run_ordering": ("data_interval_end", "logical_date"),
        "active_runs_limit": None,
        "asset_condition": None,
        "validate": NativeFunction("validate", lambda at, self: None, takes_unknown=True),
        "serialize": native("serialize", lambda at, self: {}),
        "deserialize": ClassMethod(native("deserialize", lambda at, cls, data: cls.call([], {}, at))),
        "summary": PropertyValue(native("summary", lambda at, self: self.cls.name)),
        **{name: native(name, _not_implemented) for name in _ASKED},
    }


def _not_implemented(at: At, *args: Any, **kwargs: Any) -> None:
    raised(at, "NotImplementedError")


def _unread_method(cls: str, name: str) -> NativeFunction:
    return native(name, lambda at, self, **kwargs: Unknown(f"what {name} of Airflow's own {cls} gives", at))


def _fallback(timetable: Instance, name: str, at: At) -> Any:
    """What Airflow's own class has besides."""
    return MISSING if name.startswith("__") else Unknown(f"{name} in a {timetable.cls.name}", at)


def _construct(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Any:
    native = next(base for base in cls.mro if base.name in _MAKERS and base.is_native)
    owner = cls.owner_of("__init__")
    if owner is not None and not owner.is_native:
        return default_construct(cls, args, kwargs, at)
    made = at.session.guarded(_MAKERS[native.name], at, args, kwargs, native.name)
    if isinstance(made, Unknown):
        return made
    return TimetableValue(cls, made, _attributes(made))
