"""One DAG of a dag-factory file: its arguments, and then its groups and tasks (``DagBuilder`` of dag-factory)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from goflow.domain.diagnostics import Severity
from goflow.domain.spec import Dialect
from goflow.parser.interpreter.plain_values import type_name
from goflow.parser.interpreter.values import At, Unknown, Value
from goflow.parser.libraries.airflow.dag import dag_class
from goflow.parser.libraries.dagfactory.callbacks import DAG_CALLBACKS, settle_callbacks
from goflow.parser.libraries.dagfactory.conditions import condition_of, dataset
from goflow.parser.libraries.dagfactory.moments import date_of
from goflow.parser.libraries.dagfactory.names import callable_of_file
from goflow.parser.libraries.dagfactory.old import OldNames
from goflow.parser.libraries.dagfactory.shapes import as_list, as_mapping, given, is_true, refuse
from goflow.parser.libraries.dagfactory.wiring import Wiring
from goflow.parser.libraries.functools_ import copied
from goflow.parser.libraries.import_string import import_string
from goflow.parser.yaml.located import Document, Path

TAG = "dagfactory"
_PLAIN = ("dagrun_timeout", "doc_md", "access_control", "is_paused_upon_creation")
_LISTED = {"tasks": "task_id", "task_groups": "group_name"}
_ONLY_OLD = {"retry_delay_sec": "retry_delay", "sla_secs": "sla", "dagrun_timeout_sec": "dagrun_timeout"}


class Builder:
    """Makes one DAG. NAME and CONFIG are its entry, DEFAULTS what the file's ``default`` says, with that of the
    ``defaults.yml`` files; DOCUMENT knows the places. OLD: as dag-factory 0.x does."""

    def __init__(
        self, name: str, config: dict[Any, Any], defaults: dict[Any, Any], document: Document, *, old: bool
    ) -> None:
        self.name, self.document, self.old = name, document, old
        self.whole = document.at((name,))
        self.session = self.whole.session
        self.airflow2 = self.session.dialect is Dialect.AIRFLOW2
        self.yaml = _yaml_of(name, config, defaults)
        self.params: dict[Any, Any] = _merged(
            copied(config, self.whole, deep=True), copied(defaults, self.whole, deep=True)
        )

    def at(self, *path: Any) -> At:
        """The place of what PATH leads to in the DAG's own entry, or in the file's defaults where only these say it."""
        whole = self.document.value if isinstance(self.document.value, dict) else {}
        if path and not _has(whole.get(self.name), path[:2]) and _has(whole.get("default"), path[:2]):
            return self.document.at(("default", *path))
        return self.document.at((self.name, *path))

    def build(self) -> tuple[str, Any]:
        """The DAG's id and the DAG. Raises what dag-factory or Airflow refuse, at its place in the file."""
        params = self.params
        params["dag_id"] = self.name
        self._settle_arguments()
        tasks, groups = (self._named(key) for key in _LISTED)
        dag = dag_class(self.session).call([], self._arguments(), self.whole)
        self._document_it(dag)
        tags = as_list(params.get("tags", []), self.at("tags"), "tags")
        dag.set_attribute("tags", tags if TAG in tags else [*tags, TAG], self.whole)
        Wiring(dag, tasks, groups, self.at, old=self.old).make()
        return self.name, dag

    # -- what the arguments are before Airflow sees them ----------------------------------------------------------

    def _settle_arguments(self) -> None:
        params = self.params
        if self.old:
            OldNames(self.at).of_dag(params)
        defaults = params.setdefault("default_args", {})
        defaults = as_mapping(defaults, self.at("default_args"), "default_args")
        self._warn_of_old_names(params, defaults)
        if not self.old:  # 0.x takes a DAG's dates from its default arguments alone
            self._dates(params, ())
        self._dates(defaults, ("default_args",))
        settle_callbacks(params, self.at, DAG_CALLBACKS, sla=self.airflow2)
        settle_callbacks(defaults, lambda *path: self.at("default_args", *path), sla=self.airflow2)
        native = params.get("render_template_as_native_obj")
        if native is not None and not isinstance(native, bool | Unknown):
            refuse(self.at("render_template_as_native_obj"), "render_template_as_native_obj should be bool type!")
        self._check_searchpath()

    def _dates(self, holder: dict[Any, Any], path: Path) -> None:
        timezone = holder.get("timezone", "UTC")
        for key in ("start_date", "end_date"):
            if given(holder, key):
                holder[key] = date_of(holder[key], timezone, self.at(*path, key))

    def _warn_of_old_names(self, *holders: dict[Any, Any]) -> None:
        """Say that dag-factory 1.x passes over what 0.x read: nothing else does."""
        for holder, path in zip(holders, ((), ("default_args",)), strict=True):
            for old, new in _ONLY_OLD.items():
                if old in holder:
                    words = f"dag-factory 1.x passes over {old}, which 0.x read"
                    hint = f"write {new} with __type__: datetime.timedelta and seconds"
                    at = self.at(*path, old)
                    self.session.report("GF404", words, at, severity=Severity.WARNING, hint=hint, dag_id=self.name)

    def _check_searchpath(self) -> None:
        found = self.params.get("template_searchpath")
        for path in found if isinstance(found, list) else [found]:
            if path is None or isinstance(path, Unknown):
                continue
            if not isinstance(path, str):
                refuse(self.at("template_searchpath"), "template_searchpath is not valid!")
            if not path.startswith("/"):
                refuse(self.at("template_searchpath"), "template_searchpath must be absolute paths")
            real = self.session.loader.real(path)
            if any(real.is_relative_to(root) for root in self.session.loader.roots) and not real.is_dir():
                refuse(self.at("template_searchpath"), "template_searchpath must be existing paths")

    def _named(self, key: str) -> dict[Any, Any]:
        """The tasks or groups by name: they may stand in a list, each with its name in it."""
        found = self.params.get(key)
        if found is None:
            return {}
        if isinstance(found, dict):
            return found
        name_key, named = _LISTED[key], {}
        if not isinstance(found, list):
            refuse(self.at(key), f"{key!r} must be either a mapping or a list of configs")
        for index, one in enumerate(found):
            if not isinstance(one, dict) or name_key not in one:
                refuse(self.at(key, index), f"each of {key} in a list must be a mapping with a {name_key!r}")
            if not isinstance(one[name_key], str | int | float):
                refuse(self.at(key, index, name_key), f"a {name_key} has to be text", kind="TypeError")
            if one[name_key] in named:
                refuse(self.at(key, index), f"Duplicate {name_key} detected in {key} list: {one[name_key]!r}")
            named[one[name_key]] = {inner: value for inner, value in one.items() if inner != name_key}
        return named

    # -- the call of DAG ------------------------------------------------------------------------------------------

    def _arguments(self) -> dict[str, Any]:
        params, conf = self.params, self._configured
        limit = "concurrency" if "concurrency" in params else "max_active_tasks"
        arguments: dict[str, Any] = {
            "dag_id": params["dag_id"],
            "dag_display_name": params.get("dag_display_name", params["dag_id"]),
            "description": params.get("description"),
            "max_active_tasks": conf(limit, "getint", "core", "max_active_tasks_per_dag"),
            "catchup": conf("catchup", "getboolean", "scheduler", "catchup_by_default"),
            "max_active_runs": conf("max_active_runs", "getint", "core", "max_active_runs_per_dag"),
            "template_searchpath": params.get("template_searchpath"),
            "render_template_as_native_obj": params.get("render_template_as_native_obj", False),
            **{key: params.get(key) for key in (*_PLAIN, "default_args", "params", *DAG_CALLBACKS)},
        }
        if is_true(params.get("timetable")):
            arguments["timetable"] = params["timetable"]
        if self.airflow2:
            arguments["default_view"] = conf("default_view", "get", "webserver", "dag_default_view")
            arguments["orientation"] = conf("orientation", "get", "webserver", "dag_orientation")
            arguments["sla_miss_callback"] = params.get("sla_miss_callback")
        self._schedule(arguments)
        if is_true(params.get("user_defined_macros")):
            path = "user_defined_macros"
            arguments[path] = self._macros(params[path], (path,))
        if not self.old:
            arguments |= {key: params.get(key) for key in ("start_date", "end_date")}
        return arguments

    def _configured(self, key: str, kind: str, section: str, option: str) -> Any:
        """What the DAG says of KEY, else what Airflow's configuration does."""
        if key in self.params:
            return self.params[key]
        library: Any = self.session.loader.library("airflow.configuration")
        conf = library.get_attribute("conf", self.whole)
        return conf.get_attribute(kind, self.whole).call([section, option], {}, self.whole)

    def _macros(self, macros: Any, path: Path) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, value in as_mapping(macros, self.at(*path), ".".join(map(str, path))).items():
            inner = (*path, key)
            if isinstance(value, str):
                value = import_string(value, self.at(*inner))
            found[key] = self._macros(value, inner) if isinstance(value, dict) else value
        return found

    # -- the schedule ---------------------------------------------------------------------------------------------

    def _schedule(self, arguments: dict[str, Any]) -> None:
        params = self.params
        if self.old:
            OldNames(self.at).schedule(params, arguments, airflow2=self.airflow2)
            return
        if given(params, "schedule_interval"):
            words = "The `schedule_interval` key is no longer supported in Airflow 3.0+. Use `schedule` instead."
            refuse(self.at("schedule_interval"), words)
        schedule = params.get("schedule")
        if isinstance(schedule, str) and schedule.strip().lower() == "none":
            arguments["schedule"] = None
        elif not self.airflow2:
            arguments["schedule"] = self._assets(schedule) if isinstance(schedule, list) else schedule
        elif schedule is not None:
            arguments["schedule"] = self._datasets(schedule)

    def _assets(self, schedule: list[Any]) -> list[Any]:
        """Airflow 3: texts in a list are URIs."""
        at = self.at("schedule")
        texts = [one.strip() if isinstance(one, str) else one for one in schedule if one is not None]
        return [dataset(one, at) if isinstance(one, str) else one for one in texts if one != ""]

    def _datasets(self, schedule: Any) -> Any:
        """Airflow 2: conditions over datasets, which may be listed in a file of their own."""
        at = self.at("schedule")
        if isinstance(schedule, list):
            kept = []
            for one in schedule:
                if one and not isinstance(one, str):
                    refuse(at, f"a list of URIs is expected, not of {type_name(one)}", kind="AttributeError")
                kept += [one] if one and one.strip() else []
            return kept
        if not isinstance(schedule, dict) or not given(schedule, "datasets"):
            return schedule
        if given(schedule, "file"):
            return condition_of(schedule["datasets"], at, schedule["file"])
        condition = condition_of(schedule["datasets"], at)
        if not given(schedule, "timetable"):
            return condition
        made = import_string("airflow.timetables.datasets.DatasetOrTimeSchedule", at)
        return made.call([], {"timetable": schedule["timetable"], "datasets": condition}, at)

    # -- what it is documented with -------------------------------------------------------------------------------

    def _document_it(self, dag: Any) -> None:
        params = self.params
        if is_true(params.get("doc_md_file_path")):
            self._document_from_file(dag, params["doc_md_file_path"])
        name, file = params.get("doc_md_python_callable_name"), params.get("doc_md_python_callable_file")
        if is_true(name) and is_true(file):
            at = self.at("doc_md_python_callable_name")
            found = callable_of_file(name, file, at)
            given_arguments = params.get("doc_md_python_arguments", {})
            dag.set_attribute("doc_md", found.call([], dict(given_arguments), at), at)
        text = dag.attributes.get("doc_md")
        if self.yaml and (text is None or isinstance(text, str)):
            before = "" if text is None else f"{text}\n"
            dag.set_attribute("doc_md", f"{before}## YAML DAG\n```yaml\n{self.yaml}\n```", self.whole)

    def _document_from_file(self, dag: Any, path: Any) -> None:
        at = self.at("doc_md_file_path")
        if isinstance(path, Unknown):
            dag.set_attribute("doc_md", path, at)
            return
        if not isinstance(path, str) or not path.startswith("/"):
            refuse(at, "`doc_md_file_path` must be absolute path")
        loader = self.session.loader
        dag.set_attribute("doc_md", loader.read_text(loader.real(path), at), at)


def _has(value: Any, path: Path) -> bool:
    for word in path:
        if not isinstance(value, dict) or word not in value:
            return False
        value = value[word]
    return True


def _merged(config: dict[Any, Any], defaults: Mapping[Any, Any]) -> dict[Any, Any]:
    """CONFIG with what only DEFAULTS say, all the way down (``merge_configs``)."""
    for key, value in defaults.items():
        if key not in config:
            config[key] = value
        elif isinstance(config[key], dict) and isinstance(value, dict):
            _merged(config[key], value)
    return config


def _yaml_of(name: str, config: dict[Any, Any], defaults: dict[Any, Any]) -> str | None:
    """The text that dag-factory adds to a DAG's documentation; None where a value is more than YAML can say."""
    kept = {key: value for key, value in config.items() if not (key == "task_groups" and value == {})}
    parts = ({"default": defaults}, {name: kept})
    if not all(_is_plain(part) for part in parts):
        return None
    return "\n".join(yaml.dump(part, allow_unicode=True, sort_keys=False) for part in parts)


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(inner) for pair in value.items() for inner in pair)
    if isinstance(value, list):
        return all(_is_plain(inner) for inner in value)
    return not isinstance(value, Value) and not hasattr(value, "total_seconds")
