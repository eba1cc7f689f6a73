"""What readings depend on, as it is now: contents, Variables, Connections, environment, listings, the reader."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from goflow.domain.canonical import Json, digest
from goflow.domain.spec import Dialect, Inputs, InputsUsed
from goflow.importer.digests import Digester
from goflow.importer.messages import Parsed
from goflow.parser.folder import FILE, FOLDER, FolderConfig, kind_of_path
from goflow.store import Tx, connections, variables
from goflow.store.rows import FileRecord

RETRY_CRASHED_S = 600.0
"""Seconds after which a file that made its reading process die is tried again, unchanged: the machine may have been
short of memory."""
_CRASHED = "crashed "


def current_inputs(tx: Tx, environment: Mapping[str, str], secret: frozenset[str] = frozenset()) -> Inputs:
    """All that files may ask for. Connections are given without their passwords, which no file gets to see."""
    uris = {item.conn_id: connections.uri(item, with_password=False) for item in connections.list_(tx)}
    known = variables.values(tx)
    return Inputs(variables=known, environment=environment, connections=uris, secret_environment=secret)


@dataclass(slots=True)
class Conditions:
    """The folder ROOT with its CONFIG, the INPUTS there are, the DIALECT that it tells, the READER that would read, and
    the time."""

    root: Path
    config: FolderConfig
    inputs: Inputs
    dialect: Dialect
    reader: str
    digester: Digester
    now: dt.datetime
    _seen: dict[str, str | None] = field(default_factory=dict)
    _same_for_all: Inputs | None = None
    _absent: set[str] = field(default_factory=set)
    _listed: dict[str, list[str]] = field(default_factory=dict)

    def changed(self, paths: Collection[str], records: Mapping[str, FileRecord]) -> list[str]:
        """Those of PATHS that have to be read: those without a record, or with one that does not hold any more."""
        return [path for path in paths if path not in records or not self.still_hold(records[path])]

    def still_hold(self, record: FileRecord) -> bool:
        """Whether reading the file again would give what it gave: then it is not read."""
        if record.reader_version == _CRASHED + self.reader:
            age = (self.now - record.last_read_at).total_seconds()
            return age < RETRY_CRASHED_S and self._same_contents(record.closure)
        if record.reader_version != self.reader or not self._same_contents(record.closure):
            return False
        used = record.inputs
        if (dialect := used.get("dialect")) is not None and dialect != self.dialect:
            return False
        if (listings := used.get("listings")) and not self._same_listings(listings):
            return False
        variables, environment, connections = map(used.get, ("variables", "environment", "connection_digests"))
        if not (variables or environment or connections):
            return True
        seen = self._seen_by(record.path)
        return (
            _same(variables, seen.variables)
            and _same(environment, seen.environment)
            and (not connections or _same(connections, _digests(seen.connections)))
        )

    def _seen_by(self, path: str) -> Inputs:
        """What the file PATH gets to see; all the same where `goflow.yaml` has no rules."""
        if self.config.rules:
            return self.config.for_file(path).inputs(self.inputs)
        if self._same_for_all is None:
            self._same_for_all = self.config.for_file(path).inputs(self.inputs)
        return self._same_for_all

    def digest(self, name: str) -> str | None:
        """The digest of a file of a closure: relative to the folder, or absolute. Each is looked at once."""
        if name not in self._seen:
            self._seen[name] = self.digester.digest(self._full(name))
        return self._seen[name]

    def record_of(self, parsed: Parsed, before: FileRecord | None, defines: tuple[str, ...]) -> FileRecord:
        """What to remember of a reading. A crash tells little of what the file depends on: what it was known to depend
        on before is taken, too."""
        closure = dict(parsed.closure)
        if parsed.crashed:
            names = {parsed.path, *parsed.closure, *(before.closure if before else ())}
            closure = {name: self.digest(name) for name in sorted(names)}
        return FileRecord(
            path=parsed.path,
            digest=closure.get(parsed.path) or "",
            closure=closure,
            reader_version=_CRASHED + self.reader if parsed.crashed else self.reader,
            inputs=self._inputs_json(parsed.path, parsed.inputs),
            dag_ids=defines,
            looks_like_dag=parsed.looks_like_dag,
            seconds=round(parsed.seconds, 6),
            last_read_at=self.now,
        )

    def _inputs_json(self, path: str, used: InputsUsed) -> dict[str, Json]:
        seen = self._seen_by(path).connections
        asked: dict[str, Json] = {name: _digest(seen.get(name)) for name in used.connections}
        document = used.to_json()
        assert isinstance(document, dict)
        return {**document, "connection_digests": asked}

    def _full(self, name: str) -> str:
        return name if name.startswith("/") else f"{self.root}/{name}"

    def _same_contents(self, closure: Mapping[str, str | None]) -> bool:
        seen, absent = self._seen, self._absent
        for name, known in closure.items():  # most are the same, and were looked at for another file already
            if name in absent if known is None else seen.get(name) == known:
                continue
            if not self._as_it_was(name, known):
                return False
        return True

    def _as_it_was(self, name: str, known: str | None) -> bool:
        if known in {FILE, FOLDER}:
            return kind_of_path(self._full(name)) == known
        found = self.digest(name)
        if found is not None or found != known:
            return found == known
        if os.path.isdir(self._full(name)):
            return False
        self._absent.add(name)
        return True

    def _same_listings(self, listings: Json) -> bool:
        if not isinstance(listings, dict):
            return True
        return all(
            isinstance(known, list) and sorted(map(str, known)) == self._names_in(folder)
            for folder, known in listings.items()
        )

    def _names_in(self, folder: str) -> list[str]:
        """The names in a folder: relative to the root, or absolute. Each is looked at once; what is none has none."""
        if folder not in self._listed:
            try:
                self._listed[folder] = sorted(os.listdir(self._full(folder)))
            except OSError:
                self._listed[folder] = []
        return self._listed[folder]


def _same(used: Json, now: Mapping[str, str | None]) -> bool:
    """Whether everything that was asked for has the answer that it had."""
    return not isinstance(used, dict) or all(now.get(name) == value for name, value in used.items())


def _digests(uris: Mapping[str, str]) -> dict[str, str | None]:
    return {name: _digest(uri) for name, uri in uris.items()}


def _digest(uri: str | None) -> str | None:
    return None if uri is None else digest(uri)
