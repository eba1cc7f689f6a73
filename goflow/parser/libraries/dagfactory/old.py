"""What dag-factory 0.x (up to 0.23, with ``DagFactory``) reads otherwise than 1.x."""

from __future__ import annotations

import datetime as dt
from functools import reduce
from typing import Any

from goflow.parser.interpreter.operations import binary
from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.values import At, Unknown
from goflow.parser.libraries.airflow.assets import BaseAsset
from goflow.parser.libraries.dagfactory.conditions import condition_of, dataset
from goflow.parser.libraries.dagfactory.names import derives_from
from goflow.parser.libraries.dagfactory.shapes import Place, as_mapping, given, is_true, refuse
from goflow.parser.libraries.import_string import import_string

_POD = "airflow.providers.cncf.kubernetes.operators.pod.KubernetesPodOperator"
_POD_OBJECTS = (
    *("ports", "volume_mounts", "env_vars", "env_from", "secrets", "affinity", "image_pull_secrets", "tolerations"),
    *("security_context", "init_containers", "pod_runtime_info_envs", "full_pod_spec", "host_aliases", "dns_config"),
    *("container_resources", "container_security_context", "volumes"),
)
_SECONDS_OF_TASKS = {
    "execution_timeout_secs": "execution_timeout",
    "sla_secs": "sla",
    "execution_delta_secs": "execution_delta",
}


class OldNames:
    """0.x's own keys become Airflow's; PLACE gives the places of keys."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def of_dag(self, params: dict[Any, Any]) -> None:
        """The keys of a DAG and of its default arguments. Raises where there is no start date."""
        if params.get("schedule_interval") == "None":
            params["schedule_interval"] = None
        defaults = as_mapping(params.setdefault("default_args", {}), self.place("default_args"), "default_args")
        self._seconds(params, {"dagrun_timeout_sec": "dagrun_timeout"})
        self._seconds(defaults, {"retry_delay_sec": "retry_delay", "sla_secs": "sla"}, "default_args")
        if "start_date" not in defaults:
            refuse(self.place(), "the config is missing start_date", "dag-factory 0.x wants it in default_args")
        if is_true(params.get("timetable")):
            at = self.place("timetable")
            timetable = as_mapping(params["timetable"], at, "timetable")
            cls = import_string(timetable.get("callable"), at)
            params["timetable"] = cls.call([], dict(timetable.get("params") or {}), at)

    def of_task(self, arguments: dict[str, Any], cls: Any) -> None:
        """The keys of a task of the class CLS."""
        self._seconds(arguments, _SECONDS_OF_TASKS)
        if derives_from(cls, _POD):
            for key in _POD_OBJECTS:
                if given(arguments, key):
                    arguments[key] = Unknown(f"the objects that dag-factory 0.x makes of {key}", self.place(key))

    def schedule(self, params: dict[Any, Any], arguments: dict[str, Any], *, airflow2: bool) -> None:
        """Put the schedule among the ARGUMENTS of DAG."""
        at = self.place("schedule")
        if not is_true(params.get("timetable")) and not given(params, "schedule"):
            arguments["schedule_interval"] = params.get("schedule_interval", dt.timedelta(days=1))
        if not airflow2:
            if "schedule" not in params:
                refuse(self.place(), "the schedule is missing", "dag-factory 0.x wants it in Airflow 3")
            schedule = params["schedule"]
            is_none = isinstance(schedule, str) and schedule.lower() == "none"
            arguments["schedule"] = None if is_none else self._assets(schedule)
        elif given(params, "schedule") and not given(params, "schedule_interval"):
            arguments["schedule"] = self._datasets(params["schedule"], at)

    def _datasets(self, schedule: Any, at: At) -> Any:
        if isinstance(schedule, dict) and given(schedule, "datasets"):
            return condition_of(schedule["datasets"], at, schedule.get("file"))
        if not isinstance(schedule, str | list | dict):
            refuse(at, f"argument of type '{type_name(schedule)}' is not iterable", kind="TypeError")
        return [dataset(uri, at) for uri in schedule]

    def _assets(self, value: Any) -> Any:
        """Assets in lists and under ``or`` and ``and``; everything else is itself."""
        if not isinstance(value, dict):
            return value
        for key, sign in (("or", "|"), ("and", "&")):
            if isinstance(value.get(key), list):
                parts = [self._assets(inner) for inner in value[key]]
                if parts and all(isinstance(part, BaseAsset) for part in parts):
                    at = self.place("schedule")
                    return reduce(lambda one, other: binary(sign, one, other, at), parts)
        return value

    def _seconds(self, holder: dict[Any, Any], names: dict[str, str], *path: str) -> None:
        for name, new in names.items():
            if not given(holder, name):
                continue
            value = holder.pop(name)
            if not isinstance(value, int | float | Unknown):
                words = f"unsupported type for timedelta seconds component: {type_name(value)}"
                refuse(self.place(*path, name), words, kind="TypeError")
            holder[new] = value if isinstance(value, Unknown) else dt.timedelta(seconds=value)
