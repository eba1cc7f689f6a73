"""Native YAML DAGs: documents with the keys of `goflow.parser.yaml.keys`, lowered to `DagSpec`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfoNotFoundError

from goflow.domain.canonical import Json
from goflow.domain.cronjobs import CRONJOB, obstacles
from goflow.domain.diagnostics import Diagnostic, Severity
from goflow.domain.moments import Moment, zone_info
from goflow.domain.spec import DagSpec, Dialect, FileFormat, RuntimeSpec, Schedule, TaskSpec
from goflow.parser.yaml.keys import DAG
from goflow.parser.yaml.nodes import Node, documents
from goflow.parser.yaml.schedule import ScheduleRefusedError, schedule_of
from goflow.parser.yaml.shapes import INVALID, Given, Reader
from goflow.parser.yaml.tasks import check_graph

OPERATOR = "NativeOperator"
OPERATOR_PATH = "goflow.native"
_MERGED = ("Env", "Resources", "Labels", "Annotations")
_INHERITED = (
    *("DockerImage", "Command", "RetryPolicy", "Parallelism", "TimeLimit", "Retries", "RetryDelay", "Namespace"),
    *("ServiceAccount", "PodTemplate", "WithLogs", "Owner", "Pool", "PoolSlots", "PriorityWeight", *_MERGED),
)
_NAME = re.compile(rb"^[\"']?name[\"']?[ \t]*:", re.IGNORECASE | re.MULTILINE)
_WORK = re.compile(rb"^[\"']?(?:dockerimage|command|tasks|schedule)[\"']?[ \t]*:", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class NativeFile:
    """What a native YAML file holds: its DAGs without errors, and everything that is to be said about it."""

    dags: tuple[DagSpec, ...]
    diagnostics: tuple[Diagnostic, ...]


def looks_native(content: bytes) -> bool:
    """Whether a YAML file with that CONTENT is meant for GoFlow: at its outermost level it has a ``Name``, and one of
    ``Command``, ``DockerImage``, ``Schedule`` and ``Tasks``. Other YAML in a DAG folder is data of somebody's."""
    return bool(_NAME.search(content) and _WORK.search(content))


def read_native(content: bytes, path: str) -> NativeFile:
    """The DAGs in CONTENT, the bytes of the file PATH (relative to the DAG folder). Never raises for what is in it."""
    nodes, diagnostics = documents(content, path)
    dags: dict[str, DagSpec] = {}
    for node in nodes:
        reader = Reader(path)
        dag = _Document(reader).read(node)
        if dag is not None and dag.dag_id in dags:
            reader.tell("GF007", node, f"line {dags[dag.dag_id].line} already defines a DAG {dag.dag_id!r}")
        elif dag is not None and not reader.failed:
            dags[dag.dag_id] = dag
        diagnostics += sorted(reader.diagnostics, key=lambda finding: (finding.span.line, finding.span.column))
    return NativeFile(tuple(dags.values()), tuple(diagnostics))


class _Document:
    """One document on its way to a DagSpec."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def read(self, node: Node) -> DagSpec | None:
        given = DAG.read(node, self.reader)
        if given is INVALID:
            return None
        self._name_diagnostics(given)
        schedule, timezone = self._schedule(given)
        start, end = self._moment(given, "StartDateTime", timezone), self._moment(given, "EndDateTime", timezone)
        if start and end and start.at and end.at and end.at < start.at:
            self.reader.tell("GF402", given.nodes["EndDateTime"], "EndDateTime is before StartDateTime")
        self._warn_of_always(given)
        tasks = tuple(self._tasks(given))
        if "Name" not in given.values:
            return None
        spec = DagSpec(
            dag_id=given.values["Name"],
            dialect=Dialect.AIRFLOW3,
            dialect_source="file",
            file_format=FileFormat.YAML,
            schedule=schedule,
            run_as=given.get("RunAs", ""),
            start_date=start,
            end_date=end,
            timezone=timezone,
            catchup=given.get("Catchup", False),
            max_active_runs=given.get("MaxActiveRuns", 16),
            max_active_tasks=given.get("MaxActiveTasks", 16),
            dagrun_timeout=given.get("RunTimeLimit"),
            tags=tuple(sorted(set(given.get("Tags", ())))),
            owners=tuple(sorted({task.owner for task in tasks})),
            description=given.get("Description"),
            is_paused_upon_creation=given.get("Paused"),
            tasks=tasks,
            line=node.line,
        )
        if spec.run_as == CRONJOB and not self.reader.failed:
            self._check_cronjob(spec, given)
        return spec

    def _check_cronjob(self, spec: DagSpec, given: Given) -> None:
        """Tell what keeps it from being the CronJob that it says it is, each at the key that asks for it."""
        for obstacle in obstacles(spec):
            place = given.nodes.get(obstacle.key) or given.nodes["RunAs"]
            hint = obstacle.hint or "leave it out, or let GoFlow run the DAG: RunAs: Job"
            self.reader.tell("GF408", place, f"RunAs: CronJob cannot be: {obstacle.words}", hint)

    def _name_diagnostics(self, given: Given) -> None:
        """Say of which DAG everything is that is told about this document, also what was told already."""
        self.reader.dag_id = name = given.get("Name")
        told = self.reader.diagnostics
        self.reader.diagnostics = [
            Diagnostic(d.code, d.message, d.span, d.severity, d.hint, name, d.task_id) for d in told
        ]

    def _schedule(self, given: Given) -> tuple[Schedule, str]:
        timezone = given.get("Timezone", "UTC")
        try:
            zone_info(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self.reader.tell("GF402", given.nodes["Timezone"], f"there is no time zone {timezone!r}")
            timezone = "UTC"
        try:
            return schedule_of(given.get("Schedule"), timezone), timezone
        except ScheduleRefusedError as error:
            self.reader.tell("GF206", given.nodes["Schedule"], str(error))
            return Schedule(timezone=timezone), timezone

    @staticmethod
    def _moment(given: Given, key: str, timezone: str) -> Moment | None:
        value: dt.datetime | None = given.get(key)
        if value is None:
            return None
        aware = value if value.tzinfo else value.replace(tzinfo=zone_info(timezone))
        return Moment(at=aware.astimezone(dt.UTC), zone=timezone)

    def _tasks(self, given: Given) -> Iterator[TaskSpec]:
        listed: tuple[Given, ...] | None = given.get("Tasks")
        if "Tasks" not in given.nodes:
            yield self._task(given, given, given.get("Name", ""))
        elif listed:
            check_graph(listed, self.reader)
            for task in listed:
                self.reader.task_id = task.get("Name")
                yield self._task(task, given, task.get("Name", ""))
                self.reader.task_id = None

    def _task(self, own: Given, dag: Given, task_id: str) -> TaskSpec:
        values = _inherited(own, dag)
        self._check_work(own, dag)
        return TaskSpec(
            task_id=task_id,
            operator=OPERATOR,
            operator_path=OPERATOR_PATH,
            upstream=tuple(sorted(set(own.get("DependsOn", ())))) if own is not dag else (),
            trigger_rule=own.get("TriggerRule", "all_success"),
            retries=values.get("Retries", 0),
            retry_delay=values.get("RetryDelay", 300.0),
            pool=values.get("Pool", "default_pool"),
            pool_slots=values.get("PoolSlots", 1),
            priority_weight=values.get("PriorityWeight", 1),
            owner=values.get("Owner", "airflow"),
            doc=own.get("Description") if own is not dag else None,
            do_xcom_push=False,
            runtime=RuntimeSpec(
                namespace=values.get("Namespace"),
                service_account=values.get("ServiceAccount"),
                resources=values.get("Resources", {}),
                labels=values.get("Labels", {}),
                annotations=values.get("Annotations", {}),
                pod_template=values.get("PodTemplate"),
            ),
            native=_native(values),
            line=own.node.line,
        )

    def _check_work(self, own: Given, dag: Given) -> None:
        keys = {"Command", "DockerImage"}
        mistyped = any(finding.code == "GF401" for finding in self.reader.diagnostics)
        if not mistyped and not keys & (set(own.nodes) | set(dag.nodes)):
            self.reader.tell("GF403", own.node, "there is nothing to run", "give a Command, a DockerImage, or both")

    def _warn_of_always(self, given: Given) -> None:
        for part in (given, *given.get("Tasks", ())):
            if part.get("RetryPolicy") == "Always":
                words = "RetryPolicy Always reads as OnFailure: Kubernetes Jobs do not know Always"
                self.reader.tell("GF404", part.nodes["RetryPolicy"], words, severity=Severity.WARNING)


def _inherited(own: Given, dag: Given) -> dict[str, Any]:
    """What holds for the task: its own word, else the DAG's; mappings are merged key by key."""
    values: dict[str, Any] = {}
    for key in _INHERITED:
        for given in (dag, own):
            if key not in given.values:
                continue
            value = given.values[key]
            if key == "Resources":
                value = {**values.get(key, {}), **{name: dict(part) for name, part in value.values.items()}}
            elif key in _MERGED:
                value = {**values.get(key, {}), **value}
            values[key] = value
    return values


def _native(values: Mapping[str, Any]) -> dict[str, Json]:
    """The keys that make up the Job, with their defaults where those matter."""
    policy = values.get("RetryPolicy", "Never")
    limit = values.get("TimeLimit")
    native: dict[str, Json] = {
        "DockerImage": values.get("DockerImage"),
        "Command": list(values["Command"]) if "Command" in values else None,
        "RetryPolicy": "OnFailure" if policy == "Always" else policy,
        "Parallelism": values.get("Parallelism", 1),
        "TimeLimit": int(limit) if limit is not None and limit == int(limit) else limit,
        "WithLogs": values.get("WithLogs", True),
        "Env": values.get("Env", {}),
    }
    return {key: value for key, value in native.items() if value is not None}
