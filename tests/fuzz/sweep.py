"""Every ``.py`` file of Python's library and of installed packages, read as if it were a DAG file.

Nobody wrote these files for a scheduler: they hold every construct that the language has. Each must be read within the
budget, without an internal error, by a process that stays small.

    python -m tests.fuzz.sweep [--folder DIRECTORY] [--every N]
"""

from __future__ import annotations

import argparse
import collections
import functools
import os
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from goflow.domain.spec import Dialect, Inputs
from goflow.importer.messages import Setup
from goflow.importer.pool import ReaderPool
from goflow.importer.settings import ImportSettings

MOST_SECONDS = 600.0
"""The reader gives up after 30 seconds of the processor; on a machine that does other things they take much longer."""
TELL_EVERY = 500


@dataclass
class Sweep:
    """What reading many files came to: how many, by the codes of their errors, and what must not be there."""

    files: int = 0
    clean: int = 0
    codes: collections.Counter[str] = field(default_factory=collections.Counter)
    internal: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    slow: list[str] = field(default_factory=list)
    slowest: list[tuple[float, str]] = field(default_factory=list)
    most_memory_mb: int = 0
    seconds: float = 0.0

    def text(self) -> str:
        """For people."""
        lines = [
            f"{self.files} files in {self.seconds:.0f} s, {self.clean} without an error; at most {self.most_memory_mb} MB",
            "errors (files with such a one): " + ", ".join(f"{code} {n}" for code, n in sorted(self.codes.items())),
            "slowest: " + ", ".join(f"{path} {seconds:.1f} s" for seconds, path in sorted(self.slowest)[:-6:-1]),
        ]
        return "\n".join([*lines, *self.findings()])

    def findings(self) -> list[str]:
        """A line for each file that is told of by itself: what must not be, and what the reader gave up."""
        named = (("INTERNAL", self.internal), ("GIVEN UP", self.given_up), ("SLOW", self.slow))
        return [f"{word} {line}" for word, lines in named for line in lines]


def library_folders() -> list[Path]:
    """Where Python's library lies, and the installed packages."""
    paths = sysconfig.get_paths()
    return [Path(paths["stdlib"]), Path(paths["purelib"])]


def python_files(folder: Path) -> list[str]:
    """Every ``.py`` file below FOLDER, relative to it, sorted; another folder of packages inside is left out."""
    found = (path.relative_to(folder) for path in folder.rglob("*.py") if path.is_file())
    return sorted(path.as_posix() for path in found if "site-packages" not in path.parts)


def sweep(
    folder: Path, paths: Sequence[str], processes: int = 2, tell: Callable[[str], None] = lambda line: None
) -> Sweep:
    """Read PATHS of FOLDER, each as a DAG file, in reading processes as the daemon has them. TELL is called with each
    line of the findings when it is found, and with how far it has come every so many files."""
    with tempfile.TemporaryDirectory() as empty:
        settings = ImportSettings(root=folder, processes=processes, safe_mode=False, parse_timeout_s=MOST_SECONDS)
        setup = Setup(
            root=folder,
            import_roots=(Path(empty),),
            parse_path=str(folder),
            dialect=Dialect.AIRFLOW3,
            safe_mode=False,
            environment={},
            runs_files=False,
            inputs=Inputs(),
        )
        found, told = Sweep(), set[str]()
        begun = time.perf_counter()
        pool = ReaderPool(settings)
        try:
            for parsed in pool.read(setup, paths):
                found.files += 1
                errors = {problem.code for problem in parsed.diagnostics if problem.severity.value == "error"}
                found.codes.update(errors)
                found.clean += not errors
                for problem in parsed.diagnostics:
                    line = f"{folder / parsed.path}: {problem.code} {problem.message} {problem.hint}"
                    if problem.code == "GF009" or (problem.code == "GF005" and parsed.crashed):
                        found.internal.append(line)
                    elif problem.code == "GF005":
                        found.given_up.append(f"{line} ({parsed.seconds:.1f} s)")
                if parsed.seconds > MOST_SECONDS:
                    found.slow.append(f"{parsed.path}: {parsed.seconds:.1f} s")
                found.slowest = sorted([*found.slowest, (parsed.seconds, parsed.path)])[-5:]
                found.most_memory_mb = max(found.most_memory_mb, *(memory_mb(pid) for pid in pool.pids()), 0)
                for line in found.findings():
                    if line not in told:
                        told.add(line)
                        tell(line)
                if found.files % TELL_EVERY == 0:
                    tell(f"{found.files} of {len(paths)} files, {time.perf_counter() - begun:.0f} s")
        finally:
            pool.close()
        found.seconds = time.perf_counter() - begun
        return found


def memory_mb(pid: int) -> int:
    """The most resident memory that process PID has had; 0 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:")), 0)


def sample(paths: Sequence[str], count: int) -> list[str]:
    """COUNT of PATHS, evenly over them all."""
    return list(paths[:: max(len(paths) // count, 1)])[:count]


def _folders(given: list[str]) -> Iterator[Path]:
    yield from map(Path, given) if given else library_folders()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", action="append", default=[], help="read the files below this one instead")
    parser.add_argument("--every", type=int, default=1, help="only every Nth file")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)), help="reading at a time")
    given = parser.parse_args()
    failed = False
    for folder in _folders(given.folder):
        paths = python_files(folder)[:: given.every]
        found = sweep(folder, paths, given.processes, tell=functools.partial(print, flush=True))
        print(f"\n{folder}\n{found.text()}", flush=True)
        failed = failed or bool(found.internal or found.slow)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
