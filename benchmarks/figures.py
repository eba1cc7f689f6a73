"""What is measured, and how a figure comes from what a side tells of its runs; the same for both sides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from benchmarks.generated import GENERATED

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Measure:
    """One line of the table."""

    key: str
    title: str
    unit: str
    more_is_better: bool = False
    compared: bool = True


def _import_measures(part: str, what: str) -> tuple[Measure, ...]:
    return (
        Measure(f"{part}_net_s", f"import of {what} (the next line less the last of these four)", "s"),
        Measure(f"{part}_s", "from the command's start until all their DAGs are stored", "s"),
        Measure(f"{part}_again_s", "the same after a restart, nothing changed", "s"),
        Measure(f"{part}_startup_s", "the same command on an empty folder", "s"),
        Measure(f"{part}_dags", "DAGs stored then", "", compared=False),
    )


IMPORTS = ("imports", "generated")
ALONE = ("scale", "kwok")
"""Parts of GoFlow alone, with a table of their own."""
PARTS = (*IMPORTS, "runs", "starts", "folder", *ALONE)
"""What `--only-part` chooses from."""
MEASURES = (
    Measure("begun_s", "80 files (Airflow's examples) into a new database, the processes' own start left out", "s"),
    *_import_measures("imports", "80 files (Airflow's examples)"),
    *_import_measures("generated", f"{GENERATED} files (generated, with helper modules)"),
    Measure("parallel_per_s", "100 parallel `true` tasks", "tasks/s", more_is_better=True),
    Measure("step_s", "chain of 20: from a task's start to the next one's start", "s"),
    Measure("gap_s", "chain of 20: from a task's end to the next one's start", "s"),
    Measure("python_step_s", "chain of 20 TaskFlow tasks that hand a number on: start to next start", "s"),
    Measure("start_s", "from the start of a task's process to its Python function, as a container starts it", "s"),
    Measure("idle_pss_mb", "memory of all processes, idle (PSS)", "MB"),
    Measure("busy_pss_mb", "memory of all processes, the most with 100 tasks under way (PSS)", "MB"),
    Measure("idle_rss_mb", "memory of all processes, idle (RSS, shared pages counted in each)", "MB"),
    Measure("processes", "processes, idle", "", compared=False),
    Measure("large_first_s", "importer alone, 10,000 generated files: read for the first time", "s"),
    Measure("large_again_s", "the same: looked through again, nothing changed, every file hashed", "s"),
    Measure("large_changed_s", "the same: one helper module changed, its 50 importers read again", "s"),
    Measure("large_changed_cold_s", "the same, and the reading processes begin for it", "s"),
    Measure("day_start_mb", "importer alone, 80 files, 2,880 rescans: resident memory after a tenth", "MB"),
    Measure("day_end_mb", "the same at the end", "MB"),
)


def moment(row: Row, key: str) -> float:
    """Seconds since the epoch of an ISO date in a row of a run or a task."""
    return dt.datetime.fromisoformat(str(row[key])).timestamp()


def parallel_per_s(run: Row, tasks: Sequence[Row]) -> float:
    """Tasks per second from the run's start until its last task's end. Raises ValueError if not all succeeded."""
    _all_succeeded(tasks)
    return len(tasks) / (max(moment(task, "end_date") for task in tasks) - moment(run, "start_date"))


def step_and_gap_s(tasks: Sequence[Row]) -> tuple[float, float]:
    """Medians over a chain: start to next start, and end to next start. Raises ValueError if not all succeeded."""
    _all_succeeded(tasks)
    ordered = sorted(tasks, key=lambda task: moment(task, "start_date"))
    pairs = list(pairwise(ordered))
    steps = [moment(after, "start_date") - moment(before, "start_date") for before, after in pairs]
    gaps = [moment(after, "start_date") - moment(before, "end_date") for before, after in pairs]
    return median(steps), median(gaps)


def import_figures(part: str, seconds: Mapping[str, float]) -> dict[str, float]:
    """The figures of an import: SECONDS on an empty folder (``startup``), on a new database (``cold``), and ``again``
    on what that left; ``dags`` stored. PART tells one folder's from another's."""
    return {
        f"{part}_net_s": seconds["cold"] - seconds["startup"],
        f"{part}_s": seconds["cold"],
        f"{part}_again_s": seconds["again"],
        f"{part}_startup_s": seconds["startup"],
        f"{part}_dags": seconds["dags"],
    }


def begun_figures(figures: Mapping[str, float]) -> dict[str, float]:
    """What Airflow's import takes without its start, beside GoFlow's with processes that have begun: an empty folder
    begins all that Airflow begins for a full one."""
    return {"begun_s": figures["imports_net_s"]} if "imports_net_s" in figures else {}


def medians(several: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each figure over several measurements."""
    return {key: median(one[key] for one in several) for key in several[0]}


def _all_succeeded(tasks: Sequence[Row]) -> None:
    others = {task["task_id"]: task["state"] for task in tasks if task["state"] != "success"}
    if others or not tasks:
        raise ValueError(f"not every task succeeded: {others or 'there are none'}")
