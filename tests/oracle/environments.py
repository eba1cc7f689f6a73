"""Virtual environments with the real Apache Airflow, one per version, made once and kept in the cache folder."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PINS = Path(__file__).parent / "pins"


@dataclass(frozen=True)
class Release:
    """A release of Airflow: the dialect that GoFlow reads it in, and what is installed for it.

    VARIANT tells an environment from another one with the same Airflow.
    """

    version: str
    dialect: int
    requirements: tuple[str, ...]
    variant: str = ""

    @property
    def name(self) -> str:
        return f"{self.version}-{self.variant}" if self.variant else self.version

    @property
    def pins(self) -> Path:
        """The versions of everything in the environment; Airflow's own constraint files are in no package registry."""
        return PINS / f"airflow-{self.name}.txt"


# The kubernetes provider: two of the examples define a DAG only where the Kubernetes client can be imported, as it
# can wherever Airflow runs on Kubernetes. psycopg2 and asyncpg: the metadata database of `states` and the benchmarks.
_KUBERNETES = "apache-airflow-providers-cncf-kubernetes"
AIRFLOW_3 = Release("3.3.2", 3, ("apache-airflow==3.3.2", _KUBERNETES, "psycopg2-binary", "asyncpg"))
AIRFLOW_2 = Release("2.11.2", 2, ("apache-airflow==2.11.2", _KUBERNETES, "psycopg2-binary"))
RELEASES = (AIRFLOW_3, AIRFLOW_2)

# Every provider that installs together with the others. Its pins are made by uv, which can leave out drivers that are
# built against libraries of the system; tools/catalogue/generate.py says how. flit-core and hatchling: the providers'
# source distributions are looked at without an environment of its own for each (`tests.oracle.corpus`); pytest: some of
# their tests import it.
AIRFLOW_3_PROVIDERS = Release(
    "3.3.2", 3, ("--requirement=tools/catalogue/providers.txt", "flit-core", "hatchling", "pytest"), "providers"
)


_UV = "uv==0.13.9"
"""What installs from pins: six hundred packages in a minute and a half, which take pip a quarter of an hour."""


@dataclass(frozen=True)
class Environment:
    """An installed Airflow."""

    release: Release
    root: Path

    @property
    def python(self) -> Path:
        return self.root / "bin" / "python"

    @property
    def airflow(self) -> Path:
        """The `airflow` command."""
        return self.root / "bin" / "airflow"

    @property
    def package(self) -> Path:
        """The folder of the installed `airflow` package; the providers share it."""
        return next(self.root.glob("lib/python3.*/site-packages/airflow"))


def cache_folder() -> Path:
    """GOFLOW_TEST_CACHE, by default ~/.cache/goflow-tests: what tests build once and use again."""
    folder = Path(os.environ.get("GOFLOW_TEST_CACHE") or Path.home() / ".cache" / "goflow-tests")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold the cache's lock NAME: of several test runs on one machine, one builds and the others wait."""
    with (cache_folder() / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def base_python() -> str:
    """The interpreter that this one's own virtual environment was made from."""
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
    return str(base) if base.exists() else sys.executable


def environment(release: Release) -> Environment:
    """The environment of a release, built if it is not there or no longer what the pins say.

    An environment counts as built when its mark, written last, holds the digest of its requirements and pins: one
    that was interrupted is begun anew. Raises CalledProcessError with pip's own words on standard error.
    """
    root = cache_folder() / f"airflow-{release.name}"
    built = Environment(release, root)
    mark = root / "built-from"
    wanted = _digest(release)
    with alone(f"airflow-{release.name}"):
        if mark.exists() and mark.read_text() == wanted:
            return built
        print(f"installing Airflow {release.name} into {root} (once; two to ten minutes)", file=sys.stderr)
        _install(built.python, root, release.pins, release.requirements)
        mark.write_text(wanted)
    return built


def pinned(name: str) -> Path:
    """The interpreter of an environment with what ``pins/NAME.txt`` says and nothing else, made as `environment` does.

    Raises CalledProcessError with uv's own words on standard error.
    """
    pins = PINS / f"{name}.txt"
    root = cache_folder() / name
    mark = root / "built-from"
    python = root / "bin" / "python"
    wanted = hashlib.sha256(base_python().encode() + pins.read_bytes()).hexdigest()
    with alone(name):
        if not mark.exists() or mark.read_text() != wanted:
            print(f"installing {name} into {root} (once; half a minute)", file=sys.stderr)
            _install(python, root, pins, ())
            mark.write_text(wanted)
    return python


def _install(python: Path, root: Path, pins: Path, requirements: tuple[str, ...]) -> None:
    """Make the environment ROOT anew: PINS where there are any, else REQUIREMENTS and what they ask for."""
    shutil.rmtree(root, ignore_errors=True)
    _run([base_python(), "-m", "venv", str(root)])
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    if pins.exists():
        _run([*pip, _UV])
        uv = [str(python), "-m", "uv", "pip", "install", "--quiet", "--python", str(python)]
        _run([*uv, "--no-deps", "--requirement", str(pins)])
    else:
        _run([*pip, *requirements])


def write_pins(release: Release) -> Path:
    """Write down every version that the release's environment has, as the pins of environments to come."""
    built = environment(release)
    frozen = subprocess.run(
        [built.python, "-m", "pip", "freeze", "--exclude", "pip", "--exclude", "setuptools"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    head = f"# What pip chose for {' '.join(release.requirements)}; made by `python -m tests.oracle pin`.\n"
    release.pins.write_text(head + frozen)
    (built.root / "built-from").write_text(_digest(release))
    return release.pins


def _digest(release: Release) -> str:
    pins = release.pins.read_bytes() if release.pins.exists() else b""
    return hashlib.sha256(repr((base_python(), release.requirements)).encode() + pins).hexdigest()


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
