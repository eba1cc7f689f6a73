"""DAG objects to `DagSpec`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from goflow.domain.canonical import Json
from goflow.domain.diagnostics import Severity
from goflow.domain.moments import Moment
from goflow.domain.spec import DagSpec, GroupSpec, TaskSpec
from goflow.parser.catalogue import lookup
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.plain_values import plain_host
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Unknown, hidden_key
from goflow.parser.libraries.airflow.dag import DagValue
from goflow.parser.libraries.airflow.graph import GroupNode
from goflow.parser.libraries.airflow.groups import GroupValue
from goflow.parser.libraries.airflow.schedules import zone_name
from goflow.parser.lower.deadlines import lowered_deadlines
from goflow.parser.lower.encoding import TOO_LARGE, Encoder, is_beyond, scalar
from goflow.parser.lower.params import lowered_params, unknown_name
from goflow.parser.lower.schedule import schedule_of
from goflow.parser.lower.tasks import LoweredTask
from goflow.parser.lower.templates import TemplateFiles

_CALLBACKS = ("on_success_callback", "on_failure_callback", "sla_miss_callback")
DEFAULT_LIMIT = 16


class LoweredDag:
    """One DAG on its way to its DagSpec."""

    def __init__(self, session: Session, dag: DagValue) -> None:
        self.session, self.dag = session, dag
        self.encode = Encoder()
        self.unknown: dict[str, Json] = {}

    def spec(self) -> DagSpec:
        """The DagSpec. What the scheduler plans with and is not known taints the DAG."""
        dag = self.dag
        files = TemplateFiles(self.session, dag)
        airflow2 = dag.graph.airflow2
        tasks = tuple(LoweredTask(task.value, files, airflow2).spec() for task in dag.graph.tasks.values())
        self._tell_deprecated(tasks)
        params, schemas = lowered_params(dag.params, self.encode)
        if (nameless := unknown_name(dag.params)) is not None:
            dag.taint("the name of a param", nameless, dag.at)
        span = dag.at.span
        limit = "fail_stop" if airflow2 else "fail_fast"
        return DagSpec(
            dag_id=dag.dag_id,
            dialect=self.session.dialect,
            dialect_source=self.session.dialect_source,  # type: ignore[arg-type]
            schedule=schedule_of(dag.timetable, self.session.dialect),
            start_date=self._moment("start_date"),
            end_date=self._moment("end_date"),
            timezone=zone_name(dag.zone),
            catchup=bool(self._plan("catchup", airflow2)),
            max_active_runs=self._scalar("max_active_runs", DEFAULT_LIMIT),
            max_active_tasks=self._scalar("max_active_tasks", DEFAULT_LIMIT),
            max_consecutive_failed_dag_runs=self._scalar("max_consecutive_failed_dag_runs", 0),
            dagrun_timeout=self._seconds("dagrun_timeout"),
            fail_fast=bool(self._plan(limit, False)),
            allowed_run_types=self._plan("allowed_run_types", None),
            rerun_with_latest_version=self._plan("rerun_with_latest_version", None),
            tags=self._texts("tags"),
            owners=tuple(sorted({task.owner for task in tasks})),
            description=self._text("description"),
            doc=self._text("doc_md", "doc"),
            display_name=self._text("dag_display_name", "display_name"),
            params=params,
            param_schemas=schemas,
            callbacks=self._callbacks(),
            deadlines=lowered_deadlines(dag.attributes.get("deadline"), dag.at),
            native=self._plan("render_template_as_native_obj", False) is True,
            user_defined_macros=self._names("user_defined_macros"),
            user_defined_filters=self._names("user_defined_filters"),
            template_searchpath=self._searchpath(),
            jinja_environment_kwargs=self._mapping("jinja_environment_kwargs"),
            template_undefined=self.encode(dag.attributes.get("template_undefined")),
            is_paused_upon_creation=self._paused(),
            access_control=self.encode(dag.attributes.get("access_control")),
            groups=tuple(self._group(group) for group in dag.graph.root.groups() if not group.is_root),
            edge_labels={
                f"{above}>{below}": label
                for (above, below), label in sorted(dag.graph.edge_labels.items())
                if isinstance(label, str)
            },
            tasks=tasks,
            unknown=self.unknown,
            line=span.line,
            column=span.column,
        )

    def _tell_deprecated(self, tasks: Sequence[TaskSpec]) -> None:
        """A note at the first task of each operator that its provider wants to be rid of."""
        seen: set[str] = set()
        for task, node in zip(tasks, self.dag.graph.tasks.values(), strict=True):
            path = next((path for path in (task.operator_path, *task.bases) if path.startswith("airflow.")), "")
            facts = lookup(path)
            if facts is None or path in seen or not (facts.deprecated or facts.removed):
                continue
            seen.add(path)
            ending = "is not in newer versions of its provider" if facts.removed else "is deprecated by its provider"
            hint = f"use {facts.instead} in its place" if facts.instead else ""
            where = {"dag_id": self.dag.dag_id, "task_id": task.task_id}
            self.session.report(
                "GF504", f"{facts.name} {ending}", node.value.at, severity=Severity.NOTE, hint=hint, **where
            )

    def _plan(self, name: str, default: Any) -> Any:
        value = self.dag.attributes.get(name, default)
        if isinstance(value, Unknown):
            self.dag.taint(f"{name} of the DAG", value, self.dag.at)
            return default
        if is_beyond(value):
            self.dag.taint(f"{name} of the DAG", Unknown(TOO_LARGE, self.dag.at), self.dag.at)
            return default
        return default if value is None else value

    def _scalar(self, name: str, default: Any) -> Any:
        """As `_plan`, for what is a number: anything else in its place is told."""
        dag = self.dag

        def tell(words: str) -> None:
            dag.taint(f"{name} of the DAG", Unknown(words, dag.at), dag.at)

        return scalar(self._plan(name, default), default, tell)

    def _moment(self, name: str) -> Moment | None:
        value = self._plan(name, None)
        return value if isinstance(value, Moment) else None

    def _seconds(self, name: str) -> float | None:
        value = self._plan(name, None)
        return None if value is None else float(value.total_seconds())

    def _text(self, name: str, field: str = "") -> str | None:
        value = self.dag.attributes.get(name)
        if isinstance(value, Unknown):
            self._note(name, value, field)
        return value if isinstance(value, str) else None

    def _texts(self, name: str) -> tuple[str, ...]:
        value = self.dag.attributes.get(name)
        if isinstance(value, Unknown) or value is None:
            if value is not None:
                self._note(name, value)
            return ()
        found = list(map(plain_host, value)) if isinstance(value, list | tuple | set | frozenset) else [value]
        for inner in found:
            if isinstance(inner, Unknown):
                self._note(name, inner)
        return tuple(sorted(inner for inner in found if isinstance(inner, str)))

    def _names(self, name: str) -> tuple[str, ...]:
        value = self._known_keys(name)
        return tuple(sorted(str(key) for key in value)) if isinstance(value, dict) else ()

    def _known_keys(self, name: str) -> Any:
        """The attribute NAME without the keys that are not known, which are noted."""
        value = self.dag.attributes.get(name)
        unknown = value if isinstance(value, Unknown) else hidden_key(value) if isinstance(value, dict) else None
        if unknown is None:
            return value
        self._note(name, unknown)
        return {key: inner for key, inner in value.items() if type(key) is str} if isinstance(value, dict) else None

    def _mapping(self, name: str) -> Mapping[str, Json]:
        value = self._known_keys(name)
        return self.encode.mapping(value) if isinstance(value, dict) else {}

    def _searchpath(self) -> tuple[Json, ...]:
        value = self.dag.attributes.get("template_searchpath")
        if value is None:
            return ()
        found = elements(value, self.dag.at)
        return tuple(self.encode(path) for path in found) if isinstance(found, list) else (self.encode(found),)

    def _paused(self) -> bool | None:
        value = self._plan("is_paused_upon_creation", None)
        return value if isinstance(value, bool) else None

    def _callbacks(self) -> dict[str, Json]:
        found: dict[str, Json] = {}
        for name in _CALLBACKS:
            value = self.dag.attributes.get(name)
            if value is not None and (isinstance(value, Unknown) or value):
                found[name] = self.encode(value)
        return found

    def _group(self, group: GroupNode) -> GroupSpec:
        value = group.value
        assert isinstance(value, GroupValue)
        parent = group.group
        tooltip = value.attributes.get("tooltip")
        return GroupSpec(
            group_id=group.node_id,
            parent=None if parent is None or parent.is_root else parent.group_id,
            label=str(value.attributes.get("group_display_name") or group.own_id or ""),
            tooltip=tooltip if isinstance(tooltip, str) else "",
            prefix_group_id=group.prefix,
            expand=self.encode.mapping(value.expansion) if value.expansion is not None else None,
            upstream_groups=tuple(sorted(str(name) for name in group.upstream_groups)),
            line=value.at.line,
        )

    def _note(self, name: str, unknown: Unknown, field: str = "") -> None:
        """NAME, which is the spec's FIELD, depends on UNKNOWN."""
        self.unknown.setdefault(field or name, self.encode.hole(unknown))
        text = f"{name} of the DAG depends on {unknown.reason}"
        self.session.report("GF102", text, unknown.at, severity=Severity.NOTE, dag_id=self.dag.dag_id)
