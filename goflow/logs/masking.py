"""Secrets do not show in logs: values of connections and Variables are masked before a line leaves.

What is a secret is as Airflow's secrets masker has it: a connection's password; in its extra and in Variables what a
name says to be one. The shim masks what a task asks for, in the task's own process; here is what tasks print that never
asked.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from goflow.domain.runs import Event
from goflow.domain.secret_names import SECRET_WORDS, is_secret
from goflow.store import Store, Tx, connections, events, variables
from goflow.store.rows import LogRow

MASK = "***"
SHORTEST = 5
"""Characters of a secret; shorter ones would mask half of every line (Airflow's ``min_length_masked_secret``)."""
SHORTEST_PART = 16
"""Characters of one line of a secret that has several, such as a key's: lines of logs are looked at one by one."""
_CHANGES = frozenset({events.VARIABLE_SET, events.VARIABLE_DELETED, events.CONNECTION_SET, events.CONNECTION_DELETED})


class Masker:
    """Masks the secrets in STORE. OWN_WORDS make a name a secret's, too (Airflow's ``sensitive_var_conn_names``)."""

    def __init__(self, store: Store, own_words: Collection[str] = ()) -> None:
        self._store = store
        self._words = SECRET_WORDS | {word.strip().lower() for word in own_words} - {""}
        self._secrets: tuple[str, ...] | None = None
        self._guard = threading.Lock()
        self._changes = 0
        self.stop: Callable[[], None] = store.subscribe(self._heard)
        """End it."""

    def rows(self, rows: Sequence[LogRow]) -> Sequence[LogRow]:
        """ROWS without secrets."""
        secrets = self._known() if rows else ()
        if not secrets:
            return rows
        whole = "\n".join(row.text for row in rows)
        found = [secret for secret in secrets if secret in whole]
        return [_masked(row, found) for row in rows] if found else rows

    def _heard(self, happened: Sequence[Event]) -> None:
        if any(event.kind in _CHANGES for event in happened):
            with self._guard:
                self._secrets = None
                self._changes += 1

    def _known(self) -> tuple[str, ...]:
        """All secrets, the longest first. Raises DatabaseBusyError."""
        with self._guard:
            known, changes = self._secrets, self._changes
        if known is not None:
            return known
        with self._store.reading() as tx:
            found = tuple(sorted(set(self._read(tx)), key=lambda secret: (-len(secret), secret)))
        with self._guard:
            if changes == self._changes:
                self._secrets = found
        return found

    def _read(self, tx: Tx) -> Iterator[str]:
        for connection in connections.list_(tx):
            if connection.password:
                yield from _forms(connection.password)
            yield from self._named(_json(connection.extra))
        for name, value in variables.values(tx).items():
            parsed = _json(value)
            if is_secret(name, self._words):
                yield from _forms(value)
                yield from _leaves(parsed)
            else:
                yield from self._named(parsed)

    def _named(self, value: Any) -> Iterator[str]:
        """What names inside of VALUE say to be secret."""
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from _leaves(inner) if is_secret(name, self._words) else self._named(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from self._named(inner)


def _json(text: str | None) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from _forms(value)
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)


def _forms(secret: str) -> Iterator[str]:
    """SECRET as it may stand in a line: itself, as a part of a URL, inside JSON, and each of its lines."""
    lines = [line.strip() for line in secret.splitlines()]
    candidates: Iterable[str] = {secret.strip(), quote(secret), json.dumps(secret)[1:-1]}
    yield from (form for form in candidates if len(form) >= SHORTEST and "\n" not in form)
    if len(lines) > 1:
        yield from (line for line in lines if len(line) >= SHORTEST_PART)


def _masked(row: LogRow, secrets: Sequence[str]) -> LogRow:
    text = row.text
    for secret in secrets:
        text = text.replace(secret, MASK)
    return row if text == row.text else replace(row, text=text)
