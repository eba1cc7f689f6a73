"""How the runs are measured: the same steps, in the same order, for both sides."""

from __future__ import annotations

import time
from statistics import median
from typing import Any, Protocol

from benchmarks.figures import parallel_per_s, step_and_gap_s
from benchmarks.memory import Installation, watching
from benchmarks.workloads import CHAIN, PARALLEL, TASKFLOW

SETTLE_S = 10.0


class Side(Protocol):
    """An installation that has read the task folder."""

    @property
    def installation(self) -> Installation:
        """Its processes."""

    def run(self, dag_id: str, run_id: str) -> None:
        """Run a DAG by hand and wait for the run's end."""

    def rows(self, dag_id: str, run_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The run and its tasks, as the side recorded them."""


def measure_runs(side: Side, repeats: int) -> dict[str, float]:
    """Throughput, latency (medians of REPEATS runs each, after one to warm up) and memory."""
    side.run(CHAIN, "warm-up")
    time.sleep(SETTLE_S)
    idle = side.installation.sample()
    seen: dict[str, list[float]] = {key: [] for key in ("parallel_per_s", "step_s", "gap_s", "python_step_s")}
    for number in range(repeats):
        run_id = f"measured-{number}"
        for dag_id in (PARALLEL, CHAIN, TASKFLOW):
            side.run(dag_id, run_id)
        step, gap = step_and_gap_s(side.rows(CHAIN, run_id)[1])
        seen["parallel_per_s"].append(parallel_per_s(*side.rows(PARALLEL, run_id)))
        seen["step_s"].append(step)
        seen["gap_s"].append(gap)
        seen["python_step_s"].append(step_and_gap_s(side.rows(TASKFLOW, run_id)[1])[0])
    with watching(side.installation.sample) as watch:
        side.run(PARALLEL, "memory")
    return {key: median(values) for key, values in seen.items()} | {
        "idle_pss_mb": idle.pss_mb,
        "idle_rss_mb": idle.rss_mb,
        "processes": float(idle.processes),
        "busy_pss_mb": watch.most_pss_mb,
    }
