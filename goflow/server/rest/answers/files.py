"""Answers about DAG files: what the reader finds in them, their versions, and those that the page writes."""

from __future__ import annotations

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from goflow.server.rest.answers import Moment


class Diagnostic(TypedDict):
    code: str
    severity: str
    message: str
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    hint: str
    dag_id: str | None
    task_id: str | None


class ReadFile(TypedDict):
    path: str
    dag_ids: list[str]
    looks_like_dag: bool
    seconds: float | None
    last_read_at: Moment | None
    diagnostics: list[Diagnostic]
    broken: bool


class FilesAnswer(TypedDict):
    files: list[ReadFile]


class Reading(TypedDict):
    number: int
    reader_version: str
    dialect: str
    read_by: str
    spec_digest: str
    created_date: Moment


class FileVersion(TypedDict):
    number: int
    file_hash: str
    spec_digest: str
    read_by: str
    created_date: Moment
    file_path: str
    file_format: str
    folder_digest: str
    readings: list[Reading]


class FileVersions(TypedDict):
    versions: list[FileVersion]
    total_entries: int


class UsedVersion(FileVersion):
    same_meaning: bool
    runs: int
    first_run: Moment | None
    last_run: Moment | None


class UsedVersions(TypedDict):
    versions: list[UsedVersion]


class DiffAnswer(TypedDict):
    old: int
    new: int
    same_meaning: bool
    source: str
    meaning: str


class SourceAnswer(TypedDict):
    version: int
    source: str


class RenderedTask(TypedDict):
    task_id: str
    job: dict[str, Any] | None
    reason: str | None


class RenderAnswer(TypedDict):
    tasks: list[RenderedTask]


class Groups(TypedDict):
    id: list[str]
    label: list[str]
    parent: list[int]
    mapped: list[int]
    tooltip: list[str]


class TaskPlaces(TypedDict):
    id: list[str]
    label: list[str]
    group: list[int]
    operator: list[int]
    mapped: list[int]
    kind: list[str]


class Structure(TypedDict):
    groups: Groups
    tasks: TaskPlaces
    operators: list[str]


class GraphAnswer(TypedDict):
    reading: int
    structure: Structure
    edges: list[tuple[int, int]]
    labels: dict[str, str]


class JobFilePlace(TypedDict):
    saves_in: Literal["folder", "database"]
    folder: str
    folder_locked: str | None


class JobFile(TypedDict):
    path: str
    kept_in: Literal["folder", "database"]
    content: str
    digest: str
    locked: str | None
    dag_ids: list[str]


class CheckedDag(TypedDict):
    dag_id: str
    schedule: str
    next_runs: list[Moment | None]
    graph: GraphAnswer
    jobs: list[RenderedTask]


class CheckAnswer(TypedDict):
    diagnostics: list[Diagnostic]
    documents: list[Any]
    dags: list[CheckedDag]


class TriedTask(TypedDict):
    dag_id: str
    task_id: str
    problem: str | None
    command: list[str] | None
    environment: NotRequired[dict[str, str]]
    image_passed_over: NotRequired[str | None]


class TryAnswer(TypedDict):
    backend: str
    tasks: list[TriedTask]
