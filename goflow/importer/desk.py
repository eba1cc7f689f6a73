"""Where the scanner hands over files that have to be run elsewhere before they can be read, and takes the answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from goflow.domain.diagnostics import Diagnostic, Span
from goflow.importer.bundle import TooLargeError, packed
from goflow.importer.messages import Parsed
from goflow.parser.api import Errand
from goflow.parser.folder import CONFIG_NAME

if TYPE_CHECKING:
    from goflow.importer.errands import Errands

_SMALLER = "let only the folders that hold such files be the DAG folder, or read the file without import_mode: sandbox"
_SOON = "it is tried again after some minutes, and when the file changes"


class Desk:
    """For the scans of one scanner; ERRANDS None: nobody runs files elsewhere. ANSWERS: those that this scan takes."""

    def __init__(self, errands: Errands | None) -> None:
        self._errands = errands
        self._bundles: dict[tuple[tuple[str, str], ...], bytes] = {}
        self._troubles: Mapping[str, str] = {}
        self.answers: Mapping[str, bytes] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether any file is being run, or was and its answer not taken yet."""
        return self._errands is not None and self._errands.is_busy

    def open(self, wanted: Collection[str]) -> None:
        """A scan begins, which reads the files WANTED: what was asked of others is of no use any more."""
        if self._errands is None:
            return
        self._bundles = {}
        self._errands.keep_only(wanted)
        self.answers, self._troubles = self._errands.answers(), self._errands.troubles()

    def pass_on(self, parsed: Parsed) -> Parsed | None:
        """PARSED where it is to be taken; None where the file is being run now. Where it cannot be, that is what there
        is to be taken."""
        errand = parsed.errand
        if errand is None or self._errands is None:
            return parsed
        if trouble := self._troubles.get(parsed.path):
            return _not_run(parsed, trouble, _SOON)
        if self._errands.has(errand):
            return None
        try:
            bundle = self._bundle(errand)
        except TooLargeError as problem:
            return _not_run(parsed, f"the folder is too large to be given to the Job that runs it: {problem}", _SMALLER)
        except OSError as problem:  # the folder is changing: the next scan sees what it has become
            return _not_run(parsed, f"the folder cannot be packed: {problem}", _SOON)
        self._errands.ask(errand, bundle)
        return None

    def close(self, paths: Iterable[str]) -> None:
        """What was read of PATHS was taken, or is asked anew: answers are good for one reading."""
        if self._errands is not None:
            for path in paths:
                self._errands.done(path)

    def _bundle(self, errand: Errand) -> bytes:
        """The folders that ERRAND sees; packed once for all errands of a scan that see the same."""
        key = tuple(errand.mounts.items())
        if key not in self._bundles:
            self._bundles[key] = packed(errand.mounts)
        return self._bundles[key]


def _not_run(parsed: Parsed, words: str, hint: str) -> Parsed:
    """A file that could not be run: nothing is known of it, and its last good version stays in force."""
    finding = Diagnostic("GF506", words, Span(parsed.path), hint=hint)
    return Parsed(
        path=parsed.path,
        diagnostics=(finding,),
        closure={CONFIG_NAME: None},
        seconds=parsed.seconds,
        crashed=True,
        memory_mb=parsed.memory_mb,
    )
