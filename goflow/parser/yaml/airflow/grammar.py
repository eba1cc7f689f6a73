"""What a document of Airflow's YAML may say: its keys, its tasks, and the templates that tasks extend.

``DagDocument`` and ``Task`` in Airflow's ``yaml_importer/models.py``. Every fault is told, at its own place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from goflow.domain.errors import did_you_mean
from goflow.parser.interpreter.values import At
from goflow.parser.yaml.located import Document, Path

VERSIONS = ("2026-10-30",)
"""The versions of the format that are read: all that Airflow 3.4.0 has."""
PREFIX = "https://airflow.apache.org/schemas/dag/"
DAG_KEYS = frozenset({"$schema", "dag_id", "schedule", "templates", "tasks"})
TASK_KEYS = frozenset({"id", "needs", "extends", "with", "uses", "run"})
_SCHEMA = re.compile(re.escape(PREFIX) + r"(\d{4}-\d{2}-\d{2})\.json")
_LATER_OF_DAGS = frozenset({"on_success_callback", "on_failure_callback"})
_LATER_OF_TASKS = frozenset(
    {"inlets", "outlets", *_LATER_OF_DAGS, "on_retry_callback", "on_execute_callback", "on_skipped_callback"}
)
_DEFAULTS = "write what tasks have in common into templates, and let the tasks extend them"


class Teller:
    """Where faults of one document go."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.failed = False

    def at(self, path: Path) -> At:
        """The place of what PATH leads to."""
        return self.document.at(path)

    def tell(self, code: str, path: Path, words: str, hint: str = "") -> None:
        """Tell an error at PATH."""
        self.failed = True
        at = self.at(path)
        at.session.report(code, words, at, hint=hint)


class TaskTeller(Teller):
    """The same for one task. OWN is where it stands, TEMPLATES the names of those that it extends."""

    def __init__(self, document: Document, own: Path, templates: tuple[str, ...]) -> None:
        super().__init__(document)
        self.sources = (own, *(("templates", name) for name in reversed(templates)))

    def at(self, path: Path) -> At:
        """The place of what PATH leads to in the task, or in the template that says it."""
        for source in self.sources:
            if not path or _is_there(self.document.value, (*source, *path[:2])):
                return self.document.at((*source, *path))
        return self.document.at(self.sources[0])


@dataclass
class Task:
    """One task as it is once its templates are merged in. EXTRA are arguments that every operator takes."""

    id: str
    teller: TaskTeller
    needs: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    uses: str | None = None
    run: Mapping[str, Any] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def at(self, path: Path = ()) -> At:
        """The place of what PATH leads to in it."""
        return self.teller.at(path)


@dataclass
class Dag:
    """One document in order. EXTRA are the other arguments of DAG."""

    dag_id: str
    schedule: Any
    tasks: list[Task]
    extra: Mapping[str, Any]
    teller: Teller


def read(document: Document) -> Dag | None:
    """The DOCUMENT; None, and everything told, where something is wrong with it."""
    teller = Teller(document)
    value = document.value
    if not isinstance(value, dict):
        teller.tell("GF402", (), "a document of Airflow's YAML has to be a mapping")
        return None
    for place, key, first in document.doubles():
        teller.failed = True
        place.session.report("GF405", f"the key {key!r} stands here twice: line {first} has it too", place)
    _check_head(value, teller)
    tasks = _tasks(value, teller)
    failed = teller.failed or any(task.teller.failed for task in tasks)
    extra = {key: inner for key, inner in value.items() if key not in DAG_KEYS}
    return None if failed else Dag(value["dag_id"], value.get("schedule"), tasks, extra, teller)


def _check_head(value: dict[Any, Any], teller: Teller) -> None:
    for key in value:
        if not isinstance(key, str):
            teller.tell("GF402", (key,), f"a key has to be text, not {key!r}")
        elif key in _LATER_OF_DAGS:
            teller.tell("GF407", (key,), f"{key} is not in the format yet")
    if "default_args" in value:
        teller.tell("GF407", ("default_args",), "the format has no default_args", _DEFAULTS)
    _check_schema(value.get("$schema"), teller)
    _check_text(value, "dag_id", teller, ())
    schedule = value.get("schedule")
    if isinstance(schedule, dict):
        _check_text(schedule, "uses", teller, ("schedule",))
        for key in schedule:
            if key not in {"uses", "with"}:
                teller.tell("GF401", ("schedule", key), f"there is no key {key!r} in a schedule", "known: uses, with")
        if not isinstance(schedule.get("with", {}), dict):
            teller.tell("GF402", ("schedule", "with"), "with has to be a mapping")
    elif schedule is not None and not isinstance(schedule, str):
        teller.tell("GF402", ("schedule",), "a schedule is a text, or a mapping with uses and with")
    if not isinstance(value.get("templates", {}), dict):
        teller.tell("GF402", ("templates",), "templates have to be a mapping")
    for name, template in value.get("templates", {}).items() if isinstance(value.get("templates"), dict) else ():
        if not isinstance(template, dict):
            teller.tell("GF402", ("templates", name), f"the template {name!r} has to be a mapping")


def _check_schema(schema: Any, teller: Teller) -> None:
    found = _SCHEMA.fullmatch(schema) if isinstance(schema, str) else None
    if found is None:
        words = f"$schema has to be {PREFIX}{VERSIONS[0]}.json"
        teller.tell("GF403" if schema is None else "GF402", ("$schema",), words)
    elif found[1] not in VERSIONS:
        words = f"GoFlow does not know the version {found[1]} of the format"
        teller.tell("GF407", ("$schema",), words, f"known: {', '.join(VERSIONS)}")


def _check_text(value: dict[Any, Any], key: str, teller: Teller, path: Path) -> None:
    if key not in value:
        teller.tell("GF403", path, f"the key {key} is missing")
    elif not isinstance(value[key], str) or not value[key]:
        teller.tell("GF402", (*path, key), f"{key} has to be a text with something in it")


# -- tasks ------------------------------------------------------------------------------------------------------------


def _tasks(value: dict[Any, Any], teller: Teller) -> list[Task]:
    listed = value.get("tasks", [])
    if not isinstance(listed, list):
        teller.tell("GF402", ("tasks",), "tasks have to be a list")
        return []
    templates = _Templates(value.get("templates"), teller)
    found = []
    for index, entry in enumerate(listed):
        path: Path = ("tasks", index)
        if not isinstance(entry, dict):
            teller.tell("GF402", path, "a task has to be a mapping")
            continue
        merged, names = templates.merged(entry, path)
        inner = TaskTeller(teller.document, path, names)
        found.append(_task(merged, inner))
        teller.failed |= inner.failed
    _check_ids(found)
    return found


class _Templates:
    """The templates of a document, each merged once with those that it extends itself."""

    def __init__(self, given: Any, teller: Teller) -> None:
        self.given: dict[Any, Any] = given if isinstance(given, dict) else {}
        self.teller = teller
        self.known: dict[str, tuple[dict[Any, Any], tuple[str, ...]]] = {}
        self.around: list[str] = []

    def merged(self, entry: dict[Any, Any], path: Path) -> tuple[dict[Any, Any], tuple[str, ...]]:
        """ENTRY, at PATH, over the templates that it extends; and the names of those, what counts most last."""
        merged: dict[Any, Any] = {}
        names: list[str] = []
        for name in self._extended(entry, path):
            above, through = self._template(name, (*path, "extends"))
            merged = _over(merged, above)
            names += [one for one in (*through, name) if one not in names]
        return _over(merged, {key: inner for key, inner in entry.items() if key != "extends"}), tuple(names)

    def _template(self, name: str, path: Path) -> tuple[dict[Any, Any], tuple[str, ...]]:
        if name not in self.given:
            self.teller.tell("GF402", path, f"there is no template {name!r}", did_you_mean(name, map(str, self.given)))
        elif name in self.around:
            self.teller.tell("GF402", path, f"the template {name!r} extends itself")
        elif isinstance(self.given[name], dict):
            if name not in self.known:
                self.around.append(name)
                self.known[name] = self.merged(self.given[name], ("templates", name))
                self.around.pop()
            return self.known[name]
        return {}, ()

    def _extended(self, entry: dict[Any, Any], path: Path) -> list[str]:
        given = entry.get("extends")
        if isinstance(given, str):
            return [given]
        if given is None and path[0] == "templates":
            return []
        if "extends" in entry and (not isinstance(given, list) or not all(isinstance(name, str) for name in given)):
            self.teller.tell("GF402", (*path, "extends"), "extends has to be the name of a template, or a list of them")
            return []
        return list(given or ())


def _over(base: dict[Any, Any], over: dict[Any, Any]) -> dict[Any, Any]:
    """OVER on BASE: what is in ``with`` and ``run`` is merged, everything else replaced."""
    out = dict(base)
    for key, value in over.items():
        both = key in {"with", "run"} and isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = {**out[key], **value} if both else value
    return out


def _task(entry: dict[Any, Any], teller: TaskTeller) -> Task:
    _check_text(entry, "id", teller, ())
    for key in entry:
        if not isinstance(key, str):
            teller.tell("GF402", (key,), f"a key has to be text, not {key!r}")
        elif key in _LATER_OF_TASKS:
            teller.tell("GF407", (key,), f"{key} is not in the format yet")
    needs, uses, run, values = (entry.get(key) for key in ("needs", "uses", "run", "with"))
    if "needs" in entry and (not isinstance(needs, list) or not all(isinstance(name, str) for name in needs)):
        teller.tell("GF402", ("needs",), "needs has to be a list of task ids")
        needs = None
    if uses is not None and (not isinstance(uses, str) or not uses):
        teller.tell("GF402", ("uses",), "uses has to be the import path of an operator")
    for key, value in (("with", values), ("run", run)):
        if not isinstance(value, dict) and (key in entry if key == "with" else value is not None):
            teller.tell("GF402", (key,), f"{key} has to be a mapping")
    if uses is not None and run is not None:
        teller.tell("GF402", ("run",), "a task has uses or run, not both")
    return Task(
        id=str(entry.get("id", "")),
        teller=teller,
        needs=tuple(needs or ()),
        values=values if isinstance(values, dict) else {},
        uses=uses if isinstance(uses, str) else None,
        run=run if isinstance(run, dict) else None,
        extra={key: value for key, value in entry.items() if key not in TASK_KEYS},
    )


def _check_ids(tasks: list[Task]) -> None:
    """Ids are there once, and needs are ids."""
    known: set[str] = set()
    for task in tasks:
        if task.id in known:
            task.teller.tell("GF202", ("id",), f"there is a task {task.id!r} already")
        known.add(task.id)
    for task in tasks:
        for index, name in enumerate(task.needs):
            if name == task.id:
                task.teller.tell("GF201", ("needs", index), f"the task {name!r} waits for itself")
            elif name not in known:
                hint = did_you_mean(name, known)
                task.teller.tell("GF402", ("needs", index), f"there is no task {name!r}", hint)


def _is_there(value: Any, path: Path) -> bool:
    for word in path:
        if (isinstance(value, dict) and word in value) or (
            isinstance(value, list) and isinstance(word, int) and word < len(value)
        ):
            value = value[word]
        else:
            return False
    return True
