"""What a large folder costs once it has been read: GoFlow's importer by itself, with its database and its processes.

Airflow has no figures here: it reads every file again after `min_file_process_interval`, whether it has changed or not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil

from benchmarks.generated import SHARE, generated_folder, helper_of
from benchmarks.memory import MEGABYTE
from goflow.importer.pool import ReaderPool
from goflow.importer.scan import Scanner
from goflow.importer.settings import ImportSettings
from goflow.store import Store
from goflow.store.sealer import new_key

FILES = 10_000
DAY_OF_SCANS = 24 * 60 * 2
POINTS = 10
"""How often the memory is looked at in a day."""


def measure(
    examples: Path, work: Path, repeats: int, files: int = FILES, scans: int = DAY_OF_SCANS
) -> dict[str, float]:
    """The figures of this part, by the keys of MEASURES."""
    return (
        _begun(examples, work / "begun", repeats)
        | _large(work / "large", files, repeats)
        | _day(examples, work / "day", scans)
    )


def _begun(folder: Path, work: Path, repeats: int) -> dict[str, float]:
    """FOLDER read into a new database by processes that have begun: they have read it once, into another database."""
    seen = []
    with _scanner(folder, work / "first") as first:
        first.scan()
        for number in range(repeats):
            with _scanner(folder, work / str(number), first.pool) as scanner:
                first.pool.warm()
                seen.append(_seconds(scanner.scan, expected=None))
    return {"begun_s": median(seen)}


def _large(work: Path, files: int, repeats: int) -> dict[str, float]:
    """A folder of FILES files: read for the first time, looked through again, and with one helper module changed."""
    folder = generated_folder(work / "dags", files)
    with _scanner(folder, work) as scanner:
        first = _seconds(scanner.scan, expected=files)
        again = [_seconds(scanner.scan, expected=0) for _ in range(repeats)]
        changed: dict[bool, list[float]] = {True: [], False: []}
        for number in range(2 * repeats):
            helper = helper_of(folder, number % (files // SHARE))
            helper.write_text(helper.read_text() + f"\nREVISION = {number}\n")
            begun = number % 2 == 0
            if begun:
                scanner.pool.ready()
            else:
                scanner.pool.rest()  # as after a quiet while: the reading processes are forked anew
            changed[begun].append(_seconds(lambda: scanner.scan(thorough=False), expected=SHARE))
    return {
        "large_first_s": first,
        "large_again_s": median(again),
        "large_changed_s": median(changed[True]),
        "large_changed_cold_s": median(changed[False]),
    }


def _day(folder: Path, work: Path, scans: int) -> dict[str, float]:
    """As many scans of FOLDER as there are in a day, one right after the other, and what becomes of the memory."""
    process = psutil.Process()
    with _scanner(folder, work) as scanner:
        scanner.scan()
        curve: list[float] = []
        for number in range(scans + 1):
            if number % (scans // POINTS) == 0:
                curve.append(process.memory_info().rss / MEGABYTE)
            if scanner.scan().read:
                raise ValueError("a file was read again that had not changed")
    print("resident memory over the day, in MB:", " ".join(f"{point:.1f}" for point in curve))
    return {"day_start_mb": curve[1], "day_end_mb": curve[-1]}  # the first tenth warms up


@contextmanager
def _scanner(folder: Path, work: Path, readers: ReaderPool | None = None) -> Iterator[Scanner]:
    work.mkdir(parents=True, exist_ok=True)
    store = Store(f"sqlite:///{work / 'goflow.sqlite3'}", encryption_key=new_key())
    store.upgrade()
    scanner = Scanner(store, ImportSettings(root=folder, parse_path="/dags", processes=2), readers)
    try:
        yield scanner
    finally:
        if readers is None:
            scanner.close()
        store.close()


def _seconds(scan: Callable[[], object], expected: int | None) -> float:
    """How long a scan takes. Raises ValueError where it did not read as many files as it should."""
    began = time.perf_counter()
    summary = scan()
    taken = time.perf_counter() - began
    read = len(summary.read)  # type: ignore[attr-defined]
    if expected is not None and read != expected:
        raise ValueError(f"{read} files were read, not {expected}")
    return taken
