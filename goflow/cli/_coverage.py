"""What `goflow check --airflow-repo` finds out: how each file of an Airflow repository is read, how each operator would
run, and what the files ask for that somebody has to provide.
"""

from __future__ import annotations

import enum
import functools
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goflow.cli._checking import Found, twice
from goflow.domain.diagnostics import Severity
from goflow.domain.partitions import not_followed
from goflow.domain.spec import Dialect, Inputs, ReadBy, TaskSpec
from goflow.parser.api import Folder, ParseResult
from goflow.parser.asked import CONNECTION_ARGUMENT, Asked, asked_in_python, asked_in_template
from goflow.parser.folder.repository import Repository

_LARGEST = 1 << 20
_OURS = frozenset({"TMPDIR", "TEMP", "TMP"})
"""What Python itself asks the environment for, on behalf of files that want a temporary folder."""


class Reading(enum.StrEnum):
    """How a file was read. INPUTS: it stops at a Variable or Connection that was not given with ``--inputs``."""

    FULLY = "fully"
    HOLES = "with holes"
    INPUTS = "needs inputs"
    PARTLY = "refused in part"
    REFUSED = "refused"


class Runs(enum.StrEnum):
    """How tasks would run."""

    SCHEDULER = "no container"
    RUNNER = "runner"
    POD = "own pod"
    PROVIDER = "provider"
    NOT_YET = "not yet"


@dataclass(frozen=True)
class Used:
    """An operator class, its import PATH, how it RUNS, and which package it WANTS or why it does not."""

    operator: str
    path: str
    runs: Runs
    wants: str = ""


@dataclass
class FileReport:
    """What there is to say of one file with DAGs. OPERATORS counts tasks, HOLES are lines and reasons."""

    path: str
    found: Found
    dialects: dict[str, Dialect]
    schedules: dict[str, str]
    operators: dict[Used, int]
    holes: list[tuple[int, str]]
    asked: Asked
    read_by: ReadBy
    local: set[str]
    """The first words of modules that were found in the folder or its import roots."""

    @property
    def reading(self) -> Reading:
        """How it was read."""
        errors = [finding for finding in self.found.diagnostics if finding.severity is Severity.ERROR]
        if errors and all(finding.code == "GF008" for finding in errors):
            return Reading.INPUTS
        if errors:
            return Reading.PARTLY if self.found.dags else Reading.REFUSED
        holes = self.holes or any(finding.code in {"GF102", "GF103"} for finding in self.found.diagnostics)
        return Reading.HOLES if holes else Reading.FULLY

    @property
    def reasons(self) -> list[tuple[int, str, str]]:
        """Why it was not read fully, as line, code and words: the errors, or what makes the holes."""
        errors = [finding for finding in self.found.diagnostics if finding.severity is Severity.ERROR]
        told = errors or [finding for finding in self.found.diagnostics if finding.code in {"GF102", "GF103"}]
        found = [(one.span.line, one.code, one.message.partition("\n")[0]) for one in told]
        return found or [(line, "GF102", reason) for line, reason in self.holes]


@dataclass
class Report:
    """The whole of it."""

    repository: Repository
    files: list[FileReport] = field(default_factory=list)
    without_dags: int = 0
    variables: set[str] = field(default_factory=set)
    connections: set[str] = field(default_factory=set)
    environment: set[str] = field(default_factory=set)
    modules: dict[str, int] = field(default_factory=dict)
    """Modules that are neither Python's nor Airflow's nor the repository's, and how many files import each."""
    providers: dict[str, int] = field(default_factory=dict)
    """Provider packages that are imported, and by how many files."""

    def by_reading(self) -> dict[Reading, list[FileReport]]:
        """The files by how they were read."""
        return {kind: [file for file in self.files if file.reading is kind] for kind in Reading}

    def operators(self) -> list[tuple[Used, int, int]]:
        """Every operator with its number of tasks and of files, the most used first within each way of running."""
        tasks: dict[Used, int] = {}
        files: dict[Used, int] = {}
        for file in self.files:
            for used, count in file.operators.items():
                tasks[used] = tasks.get(used, 0) + count
                files[used] = files.get(used, 0) + 1
        order = list(Runs)
        ranked = sorted(tasks, key=lambda used: (order.index(used.runs), -tasks[used], used.operator, used.path))
        return [(used, tasks[used], files[used]) for used in ranked]

    def schedules(self) -> dict[str, list[tuple[str, str]]]:
        """File and DAG of every schedule that is not followed yet, by what is said of it."""
        found: dict[str, list[tuple[str, str]]] = {}
        for file in self.files:
            for dag_id, words in file.schedules.items():
                found.setdefault(words, []).append((file.path, dag_id))
        return found

    def written_in_yaml(self) -> int:
        """How many files are YAML themselves."""
        return sum(file.path.endswith((".yaml", ".yml")) for file in self.files)

    def calling_dag_factory(self) -> int:
        """How many Python files load dag-factory's YAML."""
        return sum(any(name.partition(".")[0] == "dagfactory" for name in file.asked.modules) for file in self.files)

    def dialects(self) -> dict[str, int]:
        """How many files are read as which Airflow."""
        names = [", ".join(sorted({str(dialect) for dialect in file.dialects.values()})) for file in self.files]
        return {name: names.count(name) for name in sorted(set(names)) if name}


def report_on(
    repository: Repository, folders: Sequence[Path], roots: Sequence[Path], dialect: Dialect | None, inputs: Inputs
) -> Report:
    """Read the DAG files in FOLDERS of REPOSITORY, with a progress bar where somebody watches. DIALECT holds where it
    is given."""
    from goflow.parser.folder import survey

    report = Report(repository)
    for root in folders:
        import_roots = tuple(path for path in roots if path != root)
        seen = survey(root, dialect, import_roots, repository.dialect)
        folder = Folder(root, import_roots, str(root), seen.dialect, seen.inferred)
        files = list(_files(folder, seen.paths, repository.root, inputs))
        again = twice(file.found for file in files)
        for file, found in zip(files, again, strict=True):
            file.found = found
            _take(report, file)
    return report


def _files(folder: Folder, paths: Sequence[str], root: Path, inputs: Inputs) -> Iterator[FileReport]:
    from goflow.cli._reading import read_watched

    begin = "" if folder.root == root else f"{os.path.relpath(folder.root, root)}/"
    yield from read_watched(folder, paths, inputs, functools.partial(_file_report, folder, begin))


def _take(report: Report, file: FileReport) -> None:
    if not file.found.dags and not file.found.diagnostics:
        report.without_dags += 1
        return
    report.files.append(file)
    report.variables.update(file.asked.variables)
    report.connections.update(file.asked.connections - {""})
    report.environment.update(file.asked.environment)
    for name in {module.partition(".")[0] for module in file.asked.modules} - file.local - {"airflow", "goflow"}:
        if name not in sys.stdlib_module_names:
            report.modules[name] = report.modules.get(name, 0) + 1
    for package in _providers(file.asked.modules):
        report.providers[package] = report.providers.get(package, 0) + 1


def _providers(modules: Iterable[str]) -> set[str]:
    from goflow.operators.registry import provider_of

    found = {provider_of(f"{module}.") for module in modules if module.startswith("airflow.providers.")}
    return {package for package in found if package.startswith("apache-")}


def _file_report(folder: Folder, begin: str, result: ParseResult) -> FileReport:
    """What is told of RESULT; made where the file was read."""
    from goflow.cli._checking import found_in

    asked = Asked(
        variables=set(result.inputs.variables),
        connections=set(result.inputs.connections),
        environment=set(result.inputs.environment) - _OURS,
    )
    counts: dict[Used, int] = {}
    holes: list[tuple[int, str]] = []
    for dag in result.dags:
        for task in dag.tasks:
            used = _used(task)
            counts[used] = counts.get(used, 0) + 1
            holes += [
                (hole["line"] or task.line, f"of task {task.task_id!r}: {hole['reason']}") for hole in _holes(task)
            ]
            asked.connections.update(_connections(task))
    found = found_in(result)
    if result.dags or found.diagnostics:
        for path in result.closure:
            _add_texts(asked, folder.root / path)
    return FileReport(
        path=begin + result.path,
        found=found,
        dialects={dag.dag_id: dag.dialect for dag in result.dags},
        schedules={dag.dag_id: words for dag in result.dags if (words := not_followed(dag.schedule))},
        operators=counts,
        holes=holes,
        asked=asked,
        read_by=result.read_by,
        local=_local(folder, asked.modules),
    )


def _used(task: TaskSpec) -> Used:
    from goflow.operators.registry import Way, way_of
    from goflow.scheduler.decided import needs_no_container

    name = task.operator.removeprefix("_")
    if needs_no_container(task):
        return Used(name, task.operator_path, Runs.SCHEDULER)
    way, words = way_of(task)
    ways = {Way.POD: Runs.POD, Way.RUNNER: Runs.RUNNER, Way.PROVIDER: Runs.PROVIDER, Way.NOT_YET: Runs.NOT_YET}
    return Used(name, task.operator_path, ways[way], words)


_NOT_ASKED = frozenset({"", "kubernetes_default"})
"""Pods run in GoFlow's own cluster, without a Connection."""


def _holes(task: TaskSpec) -> Iterator[dict[str, Any]]:
    for found in task.holes():
        assert isinstance(found, dict)
        hole = found["$hole"]
        assert isinstance(hole, dict)
        yield hole


def _connections(task: TaskSpec) -> set[str]:
    values = {**task.arguments, **task.fields}
    return {
        value
        for name, value in values.items()
        if name.endswith(CONNECTION_ARGUMENT)
        and isinstance(value, str)
        and "{{" not in value
        and value not in _NOT_ASKED
    }


def _add_texts(asked: Asked, path: Path) -> None:
    """What the text of the file PATH asks for, which the reading depended on."""
    try:
        if path.stat().st_size > _LARGEST:
            return
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return
    asked.add(asked_in_python(text) if path.suffix == ".py" else asked_in_template(text))


def _local(folder: Folder, modules: Iterable[str]) -> set[str]:
    roots = (folder.root, *folder.import_roots)
    names = {module.partition(".")[0] for module in modules}
    return {name for name in names if any((root / name).is_dir() or (root / f"{name}.py").is_file() for root in roots)}
