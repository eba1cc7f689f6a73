"""What Airflow's own DagBag sees in a folder of DAG files: the truth that `goflow export` is held against."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.oracle.environments import AIRFLOW_2, AIRFLOW_3, Environment, Release, alone, cache_folder, environment

REPOSITORY = Path(__file__).resolve().parents[2]
ORACLE = REPOSITORY.parent / "shared" / "oracle"  # the scripts that stand for the mission, beside the checkout


@dataclass(frozen=True)
class Folder:
    """A folder of DAG files that comes with an installed Airflow."""

    name: str
    release: Release
    inside: str  # relative to the `airflow` package

    @property
    def path(self) -> Path:
        return environment(self.release).package / self.inside


# Every folder of example DAGs in the packages that `pip install apache-airflow` brings. Airflow 2's own examples hold
# what the standard provider's do in Airflow 3; its provider common.sql brings one that only Airflow 3 can import.
FOLDERS = (
    Folder("airflow-3", AIRFLOW_3, "example_dags"),
    Folder("airflow-3-standard", AIRFLOW_3, "providers/standard/example_dags"),
    Folder("airflow-3-common-sql", AIRFLOW_3, "providers/common/sql/example_dags"),
    Folder("airflow-2", AIRFLOW_2, "example_dags"),
)


def truth(release: Release, folder: Path, arguments: Sequence[str] = ()) -> Path:
    """The document of airflow_snapshot.py for FOLDER, made once for the same files, script and Airflow on one day.

    The day counts because a file may ask for it (`now()` in a start date). ARGUMENTS go to the script as they are.
    Raises CalledProcessError where the script does not end well.
    """
    installed = environment(release)
    script = ORACLE / "airflow_snapshot.py"
    today = dt.datetime.now(dt.UTC).date()
    key = hashlib.sha256(repr((release, today, str(folder), tuple(arguments))).encode())
    for file in (script, release.pins, *_files(folder)):
        key.update(f"\0{file.name}\0".encode() + file.read_bytes())
    kept = cache_folder() / "truth" / f"{release.version}-{key.hexdigest()[:24]}.json"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        _snapshot(installed, [str(script), str(folder), *arguments], kept)
    return kept


def airflow_home(installed: Environment) -> dict[str, str]:
    """The environment variables of an Airflow that only reads files: a home with a migrated SQLite database."""
    home = installed.root / "home"
    # Only what every process needs: no AIRFLOW__ setting, variable or connection of the caller's may change the truth.
    variables = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    variables |= {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    with alone(f"airflow-{installed.release.version}-home"):
        if not (home / "migrated").exists():
            home.mkdir(exist_ok=True)
            subprocess.run([installed.airflow, "db", "migrate"], check=True, capture_output=True, env=variables)
            (home / "migrated").touch()
    return variables


def _snapshot(installed: Environment, arguments: list[str], kept: Path) -> None:
    """Run the script and put its document in place at once, so that one cut short is never taken for the truth.

    Airflow's own deprecation warnings go to a file beside it.
    """
    partial = kept.with_suffix(f".{os.getpid()}.partial")
    words = kept.with_suffix(".stderr")
    with partial.open("wb") as out, words.open("wb") as err:
        subprocess.run([installed.python, *arguments], check=True, stdout=out, stderr=err, env=airflow_home(installed))
    partial.replace(kept)


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix != ".pyc")
