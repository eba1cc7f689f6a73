"""What Airflow makes of the examples: taken from a real scheduler with the LocalExecutor, and kept in the cache."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.oracle.environments import AIRFLOW_2, alone, cache_folder, environment
from tests.oracle.examples import SEEDED, task_environment
from tests.oracle.live import COMPONENTS, Airflow, airflow, wait_until_healthy
from tests.oracle.truth import airflow_home
from tests.oracle.wheels import wheel_folder
from tests.parity.examples import LOGICAL_DATE, PLACE, RUN_ID, Group
from tests.parity.outcomes import add_records

HERE = Path(__file__).parent
INSIDE = HERE / "inside.py"
FORMAT = 1
"""Another one when `inside` writes another thing down."""
LATE_CALLBACKS_S = 60.0
"""How long after the end of the last run Airflow's processor may call what the DAG files give it to call."""
Outcome = dict[str, Any]


def dags(group: Group) -> dict[str, str]:
    """The id of every DAG that Airflow finds in the group's folder, with the name of its file."""
    installed = environment(group.release)
    listed = subprocess.run(
        [installed.python, INSIDE, "list", group.folder],
        check=True,
        stdout=subprocess.PIPE,
        env={**airflow_home(installed), "PYTHONPATH": str(group.folder)},
    )
    found: dict[str, str] = json.loads(listed.stdout.splitlines()[-1])
    return found


def truth(group: Group, dag_ids: list[str], retake: bool = False) -> dict[str, list[Outcome]]:
    """DAG id to its runs as Airflow left them. What the cache does not have is run now, with what it waits for."""
    kept = _kept_in(group)
    with alone(f"parity-{group.name}"):
        missing = [dag_id for dag_id in dag_ids if retake or not kept[dag_id].exists()]
        if missing:
            _take(group, _with_their_causes(group, missing), kept)
    return {dag_id: json.loads(kept[dag_id].read_text()) for dag_id in dag_ids}


def _kept_in(group: Group) -> Mapping[str, Path]:
    """The file of the cache for each DAG: another one when how it is run changes, or the day that it goes by."""
    base = hashlib.sha256(repr((FORMAT, group.release, LOGICAL_DATE, RUN_ID)).encode())
    for file in (SEEDED / "sitecustomize.py", group.release.pins, *group.own_files):
        base.update(file.read_bytes())
    folder = cache_folder() / "parity" / f"{group.name}-{base.hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    today = dt.datetime.now(dt.UTC).date().isoformat()

    class Files(dict[str, Path]):
        def __missing__(self, dag_id: str) -> Path:
            key = repr((group.entry(dag_id), today if group.goes_by_the_clock(dag_id) else ""))
            return folder / f"{dag_id}-{hashlib.sha256(key.encode()).hexdigest()[:8]}.json"

    return Files()


def _with_their_causes(group: Group, missing: list[str]) -> list[str]:
    found = list(missing)
    for dag_id in found:  # which grows
        found += [cause for cause in group.entry(dag_id)["after"] if cause not in found]
    return group.in_order(found)


def _take(group: Group, dag_ids: list[str], kept: Mapping[str, Path]) -> None:
    print(f"running {len(dag_ids)} DAGs of {group.name} in Airflow {group.release.version}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix=PLACE) as place:
        work = Path(place)
        work.chmod(0o755)  # PostgreSQL's own user has its folder below
        plan, out = work / "plan.json", work / "out"
        out.mkdir()
        entries = [group.entry(dag_id) for dag_id in dag_ids]
        given = {"entries": entries, "run_id": RUN_ID, "logical_date": LOGICAL_DATE, "limit_s": group.limit_s}
        plan.write_text(json.dumps(given))
        try:
            with _running(group, work) as variables:
                python = environment(group.release).python
                subprocess.run([python, INSIDE, "run", plan, out], check=True, env=variables, stdout=sys.stderr)
                if group.records:
                    time.sleep(LATE_CALLBACKS_S)
        finally:
            for file in out.iterdir():
                runs = json.loads(file.read_text())
                if group.records:
                    add_records(runs, work / "tmp" / "record" / file.stem)
                kept[file.stem].write_text(json.dumps(runs, indent=1, sort_keys=True))
    late = [dag_id for dag_id in dag_ids if not kept[dag_id].exists()]
    if late:
        raise SystemExit(f"Airflow did not bring to an end: {', '.join(late)}")


@contextmanager
def _running(group: Group, work: Path) -> Iterator[dict[str, str]]:
    """A scheduler and what it needs, on the group's folder; yields the environment of all of its processes."""
    installed = environment(group.release)
    scratch = work / "tmp"
    scratch.mkdir()
    if group.on_path is None:
        own = task_environment(str(SEEDED), str(wheel_folder(group.folder.glob("*.py"))))
    else:
        own = {"PYTHONPATH": str(group.on_path)}
    settings = own | {
        "TMPDIR": str(scratch),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__PARALLELISM": "8" if group.records else "24",  # its races when busy are no truth
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",  # manual runs only
        "AIRFLOW__STANDARD__VENV_INSTALL_METHOD": "pip",
    }
    _write_plugins(group, work / "home" / "plugins")
    with airflow(installed, group.folder, work, settings, start=False) as running:
        for component in COMPONENTS if group.release is not AIRFLOW_2 else ("scheduler", "triggerer"):
            running.start(component, installed.airflow, work / f"{component}.log")
        if group.release is not AIRFLOW_2:
            wait_until_healthy(running)
        try:
            yield _variables(running)
        finally:
            _keep_logs(group, work)


def _write_plugins(group: Group, folder: Path) -> None:
    """Register the examples' own timetables and the like, which Airflow does by itself only where it reads the example
    DAGs in its own package."""
    folder.mkdir(parents=True)
    names = sorted(file.stem for file in (group.folder / "plugins").glob("*.py") if "listener" not in file.stem)
    lines = [f"from airflow.example_dags.plugins.{name} import *\n" for name in names if name != "__init__"]
    (folder / "examples.py").write_text("".join(lines))


def _variables(running: Airflow) -> dict[str, str]:
    return dict(running.variables)


def _keep_logs(group: Group, work: Path) -> None:
    """The last run's logs stay in the cache, for whoever wonders about a state."""
    kept = cache_folder() / "parity" / f"{group.name}.logs"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for log in work.glob("*.log"):
        shutil.copy(log, kept)
    if (work / "home" / "logs").exists():
        shutil.copytree(work / "home" / "logs", kept / "tasks", symlinks=True)
