"""The report of `goflow check --airflow-repo` as text for a terminal, as Markdown, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from goflow.cli._coverage import Reading, Report, Runs
from goflow.cli._output import amount

_MOST = 5
"""So many reasons are told of one file; `goflow check FILE` tells all."""
_MEANINGS = {
    Reading.FULLY: "every value is known",
    Reading.HOLES: "some values are found out when the task runs, as the file says",
    Reading.INPUTS: "stops at a Variable or Connection: give it with --inputs",
    Reading.PARTLY: "some of its DAGs are taken, others are not",
    Reading.REFUSED: "none of its DAGs is taken",
}
_WAYS = {
    Runs.SCHEDULER: "the scheduler decides it by itself",
    Runs.RUNNER: "in GoFlow's runner image, on its shim of Airflow",
    Runs.POD: "as the pod that the task describes",
    Runs.PROVIDER: "through its own execute, in an image with the package: goflow.yaml names it",
    Runs.NOT_YET: "it would fail (GF301)",
}
_OVERRIDE = (
    "Not so? Name the DAG folders with --folder, further import roots with --sys-path, "
    "the Airflow with --airflow; or say it in a goflow.yaml at the top of the DAG folder."
)


@dataclass
class Section:
    """A heading, words below it, ITEMS with lines of their own, and a table: COLUMNS are headings, ROWS have as many
    cells."""

    title: str
    words: Sequence[str] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    items: Sequence[tuple[str, Sequence[str]]] = ()


def sections(report: Report) -> list[Section]:
    """The report in its order; what there is nothing of is left out."""
    found = [_layout(report), _files(report), _reasons(report), _operators(report), _schedules(report), _asked(report)]
    return [section for section in found if section.words or section.rows or section.items]


def as_text(report: Report) -> None:
    """Print it for people; it fits 80 columns."""
    import sys

    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 80)
    for section in sections(report):
        console.print(Text(section.title, "bold"))
        for line in section.words:
            console.print(Text(line), soft_wrap=False)
        for head, inner in section.items:
            console.print(Text(head), soft_wrap=False)
            for line in filter(None, inner):
                console.print(Padding(Text(line), (0, 0, 0, 4)))
        if section.rows:
            table = Table(box=None, pad_edge=False, show_header=bool(section.columns), header_style="dim")
            for number, heading in enumerate(section.columns or section.rows[0]):
                right = all(row[number].replace(",", "").isdigit() for row in section.rows)
                table.add_column(heading, justify="right" if right else "left", overflow="fold")
            for row in section.rows:
                table.add_row(*(Text(cell) for cell in row))
            console.print(table)
        console.print()
    console.print(Text(_OVERRIDE, "dim"))


def as_markdown(report: Report) -> None:
    """Print it for a pull request."""
    lines = ["# How GoFlow reads this repository", ""]
    for section in sections(report):
        lines += [f"## {section.title}", ""]
        for line in section.words:
            lines += [_escaped(line), ""]
        for head, inner in section.items:
            lines += [f"* {_escaped(head)}", *(f"  * {_escaped(line)}" for line in inner if line)]
        lines += [""] if section.items else []
        if section.rows:
            columns = section.columns or [""] * len(section.rows[0])
            lines += [_row(columns), "|" + "---|" * len(columns), *map(_row, section.rows), ""]
    click.echo("\n".join([*lines, _OVERRIDE]))


def as_json(report: Report) -> None:
    """Print it for programs."""
    document = {
        "repository": _repository(report),
        "readings": {kind.value: len(files) for kind, files in report.by_reading().items()},
        "files_without_dags": report.without_dags,
        "files": [
            {
                "path": file.path,
                "reading": file.reading.value,
                "dags": list(file.found.dags),
                "dialects": file.dialects,
                "holes": len(file.holes),
                "read_by": file.read_by,
                "diagnostics": [finding.to_json() for finding in file.found.diagnostics],
            }
            for file in report.files
        ],
        "operators": [
            {
                "operator": used.operator,
                "path": used.path,
                "tasks": tasks,
                "files": files,
                "runs": used.runs.name.lower(),
                "wants": used.wants,
            }
            for used, tasks, files in report.operators()
        ],
        "schedules_not_followed": [
            {"path": path, "dag_id": dag_id, "why": words}
            for words, found in report.schedules().items()
            for path, dag_id in found
        ],
        "asks_for": {
            "variables": sorted(report.variables),
            "connections": sorted(report.connections),
            "environment": sorted(report.environment),
            "modules": report.modules,
            "providers": report.providers,
        },
    }
    click.echo(json.dumps(document, indent=1))


def _repository(report: Report) -> dict[str, Any]:
    repository = report.repository
    return {
        "folders": [{"path": path, "because": why} for path, why in repository.folders],
        "import_roots": list(repository.import_roots),
        "ignore_files": list(repository.ignores),
        "requirements": list(repository.requirements),
        "outside": list(repository.outside),
        "dialect": repository.dialect,
        "dialect_from": repository.dialect_from,
        "yaml_files": report.written_in_yaml(),
        "dag_factory_files": report.calling_dag_factory(),
    }


FORMS = {"text": as_text, "markdown": as_markdown, "json": as_json}


def _layout(report: Report) -> Section:
    repository = report.repository
    rows: list[tuple[str, str]] = [("DAG folder", f"{path} ({why})") for path, why in repository.folders]
    rows += [("imports from", path) for path in repository.import_roots]
    rows += [("ignore file", path) for path in repository.ignores]
    rows += [("packages", path) for path in repository.requirements]
    if repository.dialect is not None:
        rows.append(("Airflow", f"{_airflow(repository.dialect)} (by {repository.dialect_from})"))
    if report.dialects():
        said = [f"{amount(count, 'file')} as {_airflow(name)}" for name, count in report.dialects().items()]
        rows.append(("read", ", ".join(said)))
    if report.written_in_yaml():
        rows.append(("YAML", amount(report.written_in_yaml(), "file")))
    if report.calling_dag_factory():
        rows.append(("dag-factory", f"{amount(report.calling_dag_factory(), 'file')} with its YAML"))
    run = sum(file.read_by == "sandbox" for file in report.files)
    if run:
        rows.append(("run", f"{amount(run, 'file')} in a sandbox, as goflow.yaml says"))
    if repository.outside:
        first = ", ".join(repository.outside[:3]) + (", ..." if len(repository.outside) > 3 else "")
        rows.append(
            ("not looked at", f"{amount(len(repository.outside), 'file')} outside that look like DAGs: {first}")
        )
    return Section("What was found", rows=rows)


def _files(report: Report) -> Section:
    total = len(report.files)
    rows = [
        (kind.value, f"{len(files):,}", f"{len(files) / total:.0%}", _MEANINGS[kind])
        for kind, files in report.by_reading().items()
        if files
    ]
    words = f"{amount(total, 'file')} with {amount(sum(len(file.found.dags) for file in report.files), 'DAG')}"
    others = f"; {amount(report.without_dags, 'file')} without DAGs" if report.without_dags else ""
    return Section("How the files are read", [f"{words}{others}."], ("read", "files", "", "which means"), rows)


def _reasons(report: Report) -> Section:
    items: list[tuple[str, list[str]]] = []
    for kind in (Reading.REFUSED, Reading.PARTLY, Reading.INPUTS, Reading.HOLES):
        items += [(f"{file.path}: {kind}", _lines(file.reasons)) for file in report.by_reading()[kind]]
    return Section("Files that are not read fully", items=items)


def _lines(reasons: Sequence[tuple[int, str, str]]) -> list[str]:
    """The first few, those with the same reason as one."""
    alike: dict[tuple[str, str], list[tuple[int, str, str]]] = {}
    for reason in dict.fromkeys(reasons):
        alike.setdefault((reason[1], reason[2].rpartition(" depends on ")[2]), []).append(reason)
    lines = []
    for (code, _), found in list(alike.items())[:_MOST]:
        line, _, words = found[0]
        more = f" (and {len(found) - 1} more alike)" if len(found) > 1 else ""
        lines.append(f"{f'line {line}, ' if line else ''}{code}: {words}{more}")
    return [*lines, f"and {len(alike) - _MOST} more" if len(alike) > _MOST else ""]


def _operators(report: Report) -> Section:
    rows = []
    for used, tasks, files in report.operators():
        wants = used.wants.removeprefix("apache-airflow-providers-")
        rows.append((used.operator, f"{tasks:,}", f"{files:,}", f"{used.runs}: {wants}" if wants else used.runs.value))
    ways = {used.runs for used, _, _ in report.operators()}
    words = [f"{way}: {meaning}" for way, meaning in _WAYS.items() if way in ways]
    return Section("How the tasks run", words, ("operator", "tasks", "files", "runs"), rows)


def _schedules(report: Report) -> Section:
    items = []
    for words, found in report.schedules().items():
        paths = dict.fromkeys(path for path, _ in found)
        lines = [f"{path}: {', '.join(dag_id for other, dag_id in found if other == path)}" for path in paths]
        items.append((f"{words} ({amount(len(found), 'DAG')})", lines))
    return Section("Schedules that are not followed (GF302)", items=items)


def _asked(report: Report) -> Section:
    rows = [
        (name, ", ".join(found))
        for name, found in (
            ("Variables", sorted(report.variables)),
            ("Connections", sorted(report.connections)),
            ("environment", sorted(report.environment)),
            ("modules", _counted(report.modules)),
            ("providers", _counted(report.providers)),
        )
        if found
    ]
    words = ["While they are read or when their tasks run, as far as the names stand in the files."] if rows else []
    return Section("What the files ask for", words, ("", "names"), rows)


def _counted(names: dict[str, int]) -> list[str]:
    return sorted(names, key=lambda name: (-names[name], name))


def _airflow(dialect: Any) -> str:
    return str(dialect).replace("airflow", "Airflow ")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
