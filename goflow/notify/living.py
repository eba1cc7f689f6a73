"""``alerts.yaml`` as it is now, and what of it is in force: the last version without an error, over restarts too."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Mapping
from pathlib import Path

import structlog

from goflow.domain.diagnostics import Diagnostic, Severity, Span
from goflow.notify.config import AlertsConfig
from goflow.store import Store, installation

log = structlog.get_logger(__name__)

LAST_GOOD = "alerts_yaml"
"""Under that name ``installation`` has the last text without an error, sealed."""


class LivingConfig:
    """What the file at PATH says, read again when it has changed. Thread-safe. Where there is no file there are no
    rules; where it has an error the last good version stays in force, and `diagnostics` tell the error."""

    def __init__(self, path: Path, store: Store, environment: Mapping[str, str] | None = None) -> None:
        self.path = path
        self.store = store
        self.config = AlertsConfig()
        self.diagnostics: tuple[Diagnostic, ...] = ()
        self.in_force_since: dt.datetime | None = None
        """When what is in force was read; None: nothing was read yet."""
        self._environment = os.environ if environment is None else environment
        self._seen: tuple[int, int, int] | None = None
        self._looked = False
        self._guard = threading.Lock()

    def look(self) -> bool:
        """Read the file if it has changed; whether anything else is in force now. Raises DatabaseBusyError."""
        with self._guard:
            stamp = self._stamp()
            if self._looked and stamp == self._seen:
                return False
            changed = self._read() if stamp is not None else self._take(AlertsConfig(), ())
            self._looked, self._seen = True, stamp
            return changed

    @property
    def errors(self) -> list[Diagnostic]:
        """What keeps the file from being taken."""
        return [finding for finding in self.diagnostics if finding.severity is Severity.ERROR]

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()  # of what a link leads to: a ConfigMap's files are links that are changed
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> bool:
        from goflow.notify.reading import NAME, read_alerts

        try:
            content = self.path.read_bytes()
        except OSError as problem:
            fault = Diagnostic("GF001", f"{self.path} cannot be read: {problem.strerror}", Span(NAME))
            return self._refuse([fault])
        config, diagnostics = read_alerts(content, self._environment)
        if any(finding.severity is Severity.ERROR for finding in diagnostics):
            return self._refuse(diagnostics)
        self._remember(content)
        return self._take(config, tuple(diagnostics))

    def _refuse(self, diagnostics: list[Diagnostic]) -> bool:
        """The file is not taken: what was in force stays, after a restart what was in force before that."""
        for finding in diagnostics:
            log.warning("alerts.yaml is not taken", at=str(finding.span), problem=finding.message, hint=finding.hint)
        self.diagnostics = tuple(diagnostics)
        if self.in_force_since is not None:
            return False
        from goflow.notify.reading import read_alerts

        with self.store.reading() as tx:
            text = installation.find(tx, LAST_GOOD)
            known = "" if text is None else tx.sealer.open(text)
        config, _ = read_alerts(known.encode(), self._environment)
        return self._take(config, self.diagnostics)

    def _take(self, config: AlertsConfig, diagnostics: tuple[Diagnostic, ...]) -> bool:
        self.config, self.diagnostics = config, diagnostics
        self.in_force_since = self.store.clock.now()
        return True

    def _remember(self, content: bytes) -> None:
        text = content.decode("utf-8-sig")
        with self.store.transaction() as tx:
            known = installation.find(tx, LAST_GOOD)
            if known is None or tx.sealer.open(known) != text:
                installation.set_(tx, LAST_GOOD, tx.sealer.seal(text))
