"""DAG files in YAML, where the task runs: Airflow's own format (AIP-85), and dag-factory's by dag-factory itself.

The daemon has read the file and told what is wrong with it (``goflow.parser.yaml``): here it is only made again.
"""

import datetime as dt
import graphlib
import inspect
import os
import re

from airflow._goflow.dag import DAG
from airflow._goflow.helpers import literal
from airflow._goflow.xcom_arg import XComArg

AIRFLOW_SCHEMA = b"https://airflow.apache.org/schemas/dag/"
_DAG_KEYS = {"$schema", "dag_id", "schedule", "templates", "tasks"}
_TASK_KEYS = {"id", "needs", "extends", "with", "uses", "run"}
_MARKERS = {"$x": "x", "$xcom": "x", "$t": "t", "$template": "t", "$f": "f", "$file": "f", "$const": "c"}
_DATE, _STRETCH = "date", "stretch"
_TIMES = {
    **dict.fromkeys(("start_date", "end_date"), _DATE),
    **dict.fromkeys(("dagrun_timeout", "retry_delay", "max_retry_delay", "sla", "execution_timeout"), _STRETCH),
}
_TIMES_OF_CLASSES = {
    "BranchDateTimeOperator": {"target_lower": _DATE, "target_upper": _DATE},
    "HITLOperator": {"response_timeout": _STRETCH},
    "TriggerDagRunOperator": {"logical_date": _DATE, "run_after": _DATE},
    "DateTimeSensor": {"target_time": _DATE},
    "ExternalTaskSensor": {"execution_delta": _STRETCH},
    "ExternalTaskMarker": {"logical_date": _DATE},
    "TimeDeltaSensor": {"delta": _STRETCH},
    "WaitSensor": {"time_to_wait": _STRETCH},
}
"""Annotations of the standard provider, whose classes are the shim's own here."""
_ISO = re.compile(r"P(?=[\dWDT])(?:(\d+)W)?(?:(\d+)D)?(?:T(?=[\dHMS])(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?\Z")
_SHORT = re.compile(r"(?=\d)(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?\Z")


def make(source, path, folder, names):
    """Make the DAGs of the file at PATH with the bytes SOURCE; those of dag-factory are put among NAMES."""
    if b"$schema" in source and AIRFLOW_SCHEMA in source:
        import yaml

        for document in yaml.safe_load_all(source):
            if document is not None:
                _Document(document, os.path.dirname(path)).make()
        return
    try:
        from dagfactory import load_yaml_dags
    except ImportError as problem:
        words = "this file is dag-factory's, and the image that the task runs in has no dag-factory that works"
        raise ImportError(f"{words}: {problem}") from problem
    load_yaml_dags(names, config_filepath=path, defaults_config_path=folder)


class _Document:
    def __init__(self, document, folder):
        self.document, self.folder = document, folder
        self.operators = {}

    def make(self):
        document = self.document
        extra = {name: _timed(value, _TIMES.get(name)) for name, value in document.items() if name not in _DAG_KEYS}
        tasks = {task["id"]: task for task in map(self._merged, document.get("tasks") or [])}
        above = {name: {*task.get("needs", ()), *_sources(task.get("with", {}))} for name, task in tasks.items()}
        with DAG(dag_id=document["dag_id"], schedule=None, **extra):
            for name in graphlib.TopologicalSorter(above).static_order():
                self.operators[name] = self._operator(tasks[name])
            for name in tasks:
                for upstream in sorted(above[name]):
                    self.operators[upstream].set_downstream(self.operators[name])

    def _merged(self, task):
        """TASK over the templates that it extends."""
        names = task.get("extends") or []
        found = {}
        for name in [names] if isinstance(names, str) else names:
            found = _over(found, self._merged((self.document.get("templates") or {})[name]))
        return _over(found, {key: value for key, value in task.items() if key != "extends"})

    def _operator(self, task):
        cls = _imported(task.get("uses") or "airflow.providers.standard.operators.empty.EmptyOperator")
        given, arguments, rendered = task.get("with", {}), {}, set()
        times = _times_of(cls)
        for name, value in given.items():
            kinds = _kinds(value)
            if kinds & {"x", "t"}:
                rendered.add(name)
            arguments[name] = self._lowered(value, name in rendered)
            if not kinds - {"c"}:
                arguments[name] = _timed(arguments[name], times.get(name))
        for name, value in task.items():
            if name not in _TASK_KEYS:
                arguments[name] = _timed(value, _TIMES.get(name))
        made = cls(task_id=task["id"], **arguments)
        made.template_fields = tuple(name for name in made.template_fields if name not in given or name in rendered)
        made.template_ext = ()
        return made

    def _lowered(self, value, rendered):
        marker = _marker(value)
        if marker is None:
            if isinstance(value, dict):
                return {key: self._lowered(inner, rendered) for key, inner in value.items()}
            if isinstance(value, list):
                return [self._lowered(inner, rendered) for inner in value]
            return literal(value) if rendered else value
        kind, inner = marker
        if kind == "x":
            target = {"task": inner} if isinstance(inner, str) else inner
            key = {"key": target["key"]} if target.get("key") is not None else {}
            return XComArg(self.operators[target["task"]], **key)
        if kind == "t":
            return inner if isinstance(inner, str) else self._content(next(iter(inner.values())))
        found = self._content(inner) if kind == "f" else inner
        return literal(found) if rendered else found

    def _content(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read().decode("utf-8")


def _over(base, over):
    out = dict(base)
    for key, value in over.items():
        both = key in ("with", "run") and isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = {**out[key], **value} if both else value
    return out


def _imported(path):
    import importlib

    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _marker(value):
    """Kind and inside of a marker; None for a literal."""
    if isinstance(value, dict) and len(value) == 1:
        ((key, inner),) = value.items()
        if key in _MARKERS:
            return _MARKERS[key], inner
    return None


def _parts(value):
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _kinds(value):
    marker = _marker(value)
    return {marker[0]} if marker is not None else {kind for part in _parts(value) for kind in _kinds(part)}


def _sources(value):
    """The tasks whose results VALUE takes."""
    marker = _marker(value)
    if marker is None:
        return {name for part in _parts(value) for name in _sources(part)}
    kind, inner = marker
    return {inner if isinstance(inner, str) else inner["task"]} if kind == "x" else set()


def _times_of(cls):
    """The arguments of CLS that take dates or stretches of time, by the annotations of its own constructor."""
    known = _TIMES_OF_CLASSES.get(cls.__name__) if cls.__module__.startswith("airflow.") else None
    if known is not None or "__init__" not in vars(cls):
        return known or {}
    found = {}
    for name, parameter in inspect.signature(cls.__init__).parameters.items():
        words = {word.rpartition(".")[2] for word in re.findall(r"[A-Za-z_][\w.]*", str(parameter.annotation))}
        if words & {"datetime", "DateTime"}:
            found[name] = _DATE
        elif words & {"timedelta", "Duration"}:
            found[name] = _STRETCH
    return found


def _timed(value, kind):
    """VALUE as an argument of that KIND takes it."""
    if kind == _DATE:
        if isinstance(value, str):
            try:
                return dt.datetime.fromisoformat(value)
            except ValueError:
                return value
        is_day = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
        return dt.datetime.combine(value, dt.time.min) if is_day else value
    if kind == _STRETCH and isinstance(value, str):
        found = _ISO.match(value) or _SHORT.match(value)
        if found and any(found.groups()):
            numbers = [int(number or 0) for number in found.groups()]
            return dt.timedelta(**dict(zip(("weeks", "days", "hours", "minutes", "seconds"), numbers, strict=True)))
    return value
