"""What Airflow's own DagBag sees in a folder of DAG files: the truth that `goflow export` is held against."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from tests.oracle.environments import Environment, Release, alone, cache_folder, environment

REPOSITORY = Path(__file__).resolve().parents[2]
ORACLE = REPOSITORY.parent / "shared" / "oracle"  # the scripts that stand for the mission, beside the checkout
SNAPSHOT = Path(__file__).with_name("snapshot.py")


def truth(release: Release, folder: Path, arguments: Sequence[str] = ()) -> Path:
    """The document of airflow_snapshot.py for FOLDER, made once for the same files, script and Airflow on one day.

    The day counts because a file may ask for it (`now()` in a start date); where this checkout lies does not. ARGUMENTS
    go to the script as they are. Raises CalledProcessError where the script does not end well.
    """
    installed = environment(release)
    script = ORACLE / "airflow_snapshot.py"
    given = [Path(word) for option, word in pairwise(arguments) if option in {"--sys-path", "--inputs"}]
    today = dt.datetime.now(dt.UTC).date()
    words = [word if Path(word) not in given else Path(word).name for word in arguments]
    key = hashlib.sha256(repr((release, today, str(folder), words)).encode())
    for file in (script, SNAPSHOT, release.pins, *(file for place in (folder, *given) for file in _files(place))):
        key.update(f"\0{file.name}\0".encode() + file.read_bytes())
    kept = cache_folder() / "truth" / f"{release.name}-{key.hexdigest()[:24]}.json"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        _snapshot(installed, ["-P", str(SNAPSHOT), str(script), str(folder), *arguments], kept)
    return kept


def airflow_home(installed: Environment) -> dict[str, str]:
    """The environment variables of an Airflow that only reads files: a home with a migrated SQLite database."""
    home = installed.root / "home"
    # Only what every process needs: no AIRFLOW__ setting, variable or connection of the caller's may change the truth.
    variables = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    variables |= {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    with alone(f"airflow-{installed.release.name}-home"):
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


def _files(place: Path) -> list[Path]:
    if place.is_file():
        return [place]
    return sorted(p for p in place.rglob("*") if p.is_file() and p.suffix != ".pyc")
