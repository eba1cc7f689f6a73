"""A DAG folder to do things to, and short ways to ask what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from goflow.importer.pool import ReaderPool
from goflow.importer.scan import Scanner
from goflow.importer.settings import ImportSettings, ImportSummary
from goflow.store import Store, dags, events, import_errors, versions
from goflow.store.rows import Dag

Readers = Callable[[ImportSettings], ReaderPool]
"""Gives the reading processes that fit settings."""

FAULTS = "tests.unit.importer.faults:parse"


def native(name: str, command: str = "true", **keys: Any) -> str:
    """A native DAG file."""
    lines = [f"Name: {name}", "Schedule: '@daily'", "DockerImage: busybox", f"Command: [sh, -c, {command!r}]"]
    return "\n".join([*lines, *(f"{key}: {value}" for key, value in keys.items())]) + "\n"


class Kit:
    """The folder ROOT, a STORE, and a scanner between them; it has reading processes of its own where no READERS give
    it any."""

    def __init__(self, root: Path, store: Store, readers: Readers | None = None, **settings: Any) -> None:
        self.root = root
        self.store = store
        given: dict[str, Any] = {"root": root, "parse_path": "/dags", "unpaused_at_creation": True}
        self.settings = ImportSettings(**{**given, **settings})
        self.scanner = Scanner(store, self.settings, readers(self.settings) if readers else None)

    def write(self, path: str, content: str) -> Path:
        """Write a file."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        return target

    def scan(self) -> ImportSummary:
        """Scan as the service does after a hint."""
        return self.scanner.scan(thorough=True)

    def active(self) -> dict[str, tuple[str, int]]:
        """Active DAGs: id to (file, number of the version)."""
        with self.store.reading() as tx:
            return {dag.dag_id: (dag.file_path, dag.version) for dag in dags.list_(tx)}

    def dag(self, dag_id: str) -> Dag:
        """One DAG."""
        with self.store.reading() as tx:
            return dags.get(tx, dag_id)

    def errors(self) -> dict[str, list[str]]:
        """Files with errors: path to codes."""
        with self.store.reading() as tx:
            return {row.path: [item.code for item in row.diagnostics] for row in import_errors.list_(tx)}

    def command(self, dag_id: str) -> Any:
        """What the DAG's only task runs, by the reading that is in force."""
        with self.store.reading() as tx:
            spec = versions.spec(tx, dags.get(tx, dag_id).reading_id)
        native = spec.tasks[0].native
        assert native is not None
        return native["Command"]

    def told(self) -> list[tuple[str, str | None]]:
        """All events: (kind, DAG id)."""
        with self.store.reading() as tx:
            return [(event.kind, event.dag_id) for event in events.after(tx, 0, limit=10_000)]

    def numbers(self, dag_id: str) -> list[int]:
        """The numbers of the DAG's versions."""
        with self.store.reading() as tx:
            return [version.number for version in versions.list_(tx, dag_id)]
