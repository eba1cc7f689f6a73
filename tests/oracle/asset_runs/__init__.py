"""Runs that events of assets begin, as the real Airflows make them: the DAG files beside this, and what was recorded."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.oracle.environments import AIRFLOW_2, AIRFLOW_3, Release, environment
from tests.oracle.examples import SEEDED, task_environment
from tests.oracle.live import COMPONENTS, airflow, wait_until_healthy
from tests.parity.airflow_side import INSIDE

HERE = Path(__file__).parent
MADE_BY = "makes"
RUN_ID = "oracle"
LOGICAL_DATE = "2026-02-03T04:05:06+00:00"
FOLLOW = {
    2: ("by_both", "by_what_the_alias_found"),
    3: ("by_both", "by_alias", "by_what_the_alias_found", "by_reference"),
}
RUN_LIMIT_S = 400.0


def folder(dialect: int) -> Path:
    """The DAG folder of a dialect."""
    return HERE / f"airflow{dialect}"


def recorded(dialect: int) -> dict[str, Any]:
    """DAG id to the one run that there was of it, as `told` has it."""
    found: dict[str, Any] = json.loads((HERE / f"truth-{dialect}.json").read_text())
    for run in found.values():
        for task in run["tasks"].values():
            task["saw"] = in_any_order(task["saw"])
    return found


def in_any_order(saw: Any) -> Any:
    """What a task saw; of what a template printed the parts, since Airflow keeps no order of a run's events."""
    return sorted(saw.split(";")) if isinstance(saw, str) else saw


def told(run: Mapping[str, Any]) -> dict[str, Any]:
    """What is compared of a run: its kind, state, whether it has a date, and what its tasks saw."""
    tasks = {
        name: {"state": task["state"], "saw": task["xcoms"].get("return_value")} for name, task in run["tasks"].items()
    }
    moments = {name: run[name] for name in ("data_interval_start", "data_interval_end")}
    return {
        "run_type": run["run_type"].replace("dataset", "asset"),
        "begins_with": run["run_id"].split("__")[0],
        "state": run["state"],
        "dated": run["logical_date"] is not None,
        "tasks": tasks,
        **{name: text if text is None else text[:19] for name, text in moments.items()},
    }


def record() -> list[Path]:
    """Run the DAGs in both Airflows, and write down what came of it."""
    return [_record(release) for release in (AIRFLOW_2, AIRFLOW_3)]


def _record(release: Release) -> Path:
    with tempfile.TemporaryDirectory(prefix="goflow-oracle-") as place:
        work = Path(place)
        work.chmod(0o755)  # PostgreSQL's own user has its folder below
        plan, out = work / "plan.json", work / "out"
        out.mkdir()
        entries = [{"dag_id": MADE_BY, "conf": {}, "after": [], "triggered": False}]
        entries += [{"dag_id": d, "conf": {}, "after": [MADE_BY], "triggered": True} for d in FOLLOW[release.dialect]]
        given = {"entries": entries, "run_id": RUN_ID, "logical_date": LOGICAL_DATE, "limit_s": RUN_LIMIT_S}
        plan.write_text(json.dumps(given))
        settings = task_environment(str(SEEDED), "") | {"AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False"}
        installed = environment(release)
        with airflow(installed, folder(release.dialect), work, settings, start=False) as running:
            for component in COMPONENTS if release is not AIRFLOW_2 else ("scheduler", "triggerer"):
                running.start(component, installed.airflow, work / f"{component}.log")
            if release is not AIRFLOW_2:
                wait_until_healthy(running)
            command = [installed.python, INSIDE, "run", plan, out]
            subprocess.run(command, check=True, env=dict(running.variables), stdout=sys.stderr)
        found = {}
        for file in sorted(out.iterdir()):
            (run,) = json.loads(file.read_text())
            found[file.stem] = told(run)
    path = HERE / f"truth-{release.dialect}.json"
    path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    return path
