"""A DAG folder with very many files: what a scan takes, and how that grows with their number.

    python -m tests.fuzz.folder [--files 25000 --files 100000]

One file in a hundred is a DAG file; the others are modules that safe mode passes over, as in a repository that is
mounted whole. Printed: seconds of the first scan, of a thorough rescan and of one after a hint, and this process's
memory after each.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from goflow.importer.scan import Scanner
from goflow.importer.settings import ImportSettings
from goflow.store import Store
from goflow.telemetry import memory

PER_FOLDER = 500
DAG = "from airflow import DAG\nfrom airflow.operators.bash import BashOperator\nwith DAG('dag_{0}', schedule=None):\n    BashOperator(task_id='t', bash_command='{0}')\n"
MODULE = "VALUE_{0} = {0}\n"
ONE_IN = 100


def lay(root: Path, files: int) -> None:
    """Make FILES files below ROOT, 500 in each folder."""
    for number in range(files):
        folder = root / f"part_{number // PER_FOLDER:05}"
        if number % PER_FOLDER == 0:
            folder.mkdir(parents=True)
        text = DAG if number % ONE_IN == 0 else MODULE
        (folder / f"file_{number:07}.py").write_text(text.format(number))


def measure(files: int, processes: int) -> list[str]:
    """A line for each kind of scan of a folder of so many FILES."""
    with tempfile.TemporaryDirectory() as home:
        root = Path(home) / "dags"
        lay(root, files)
        store = Store(f"sqlite:///{home}/store.sqlite3")
        store.upgrade()
        scanner = Scanner(store, ImportSettings(root=root, processes=processes))
        lines = []
        try:
            for name, thorough in (("first", True), ("thorough", True), ("hinted", False), ("thorough", True)):
                begun, used = time.perf_counter(), time.process_time()
                summary = scanner.scan(thorough=thorough)
                lines.append(
                    f"{files:,} files, {name} scan: {time.perf_counter() - begun:.1f} s"
                    f" ({time.process_time() - used:.1f} s of this process), {len(summary.read):,} read,"
                    f" {memory.resident_mb()} MB"
                )
                print(lines[-1], flush=True)
        finally:
            scanner.close()
            store.close()
        return lines


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, action="append", default=[])
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args()
    for files in given.files or [25_000, 100_000]:
        measure(files, given.processes)


if __name__ == "__main__":
    main()
