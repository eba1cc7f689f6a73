"""The open corpus: DAG files that come with packages on PyPI, fetched into the cache folder and never committed."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tests.oracle.environments import (
    AIRFLOW_2,
    AIRFLOW_3,
    AIRFLOW_3_PROVIDERS,
    Release,
    alone,
    cache_folder,
    environment,
)

HERE = Path(__file__).parent
STAND_INS = HERE / "stand_ins"
"""What the providers' system tests import and no package has; an import root on both sides."""
INPUTS = HERE / "inputs.json"
"""Environment variables that both sides get; GoFlow is told besides where the Python of the truth's environment is and
which modules it does not have, as `goflow.yaml` tells it of the tasks' containers."""
AIRFLOW_1 = "1.10.15"
_MIXED = "/example_subdag_operator.py"
"""It imports its other half as `airflow.example_dags.subdags`, which Airflow 2.11.2 has a newer file as."""
_PROVIDER = "apache-airflow-providers-"
_IN_SDIST = re.compile(
    r"[^/]+/(?:tests/(?P<test>system/.+)|src/airflow/providers/(?P<example>(?!standard/|common/sql/).+/example_dags/.+))"
)


@dataclass(frozen=True)
class Folder:
    """A folder of DAG files of the corpus, and how both sides read it.

    KIND is ``examples`` (of Airflow itself and what it brings), ``system`` (tests of providers) or ``more`` (example
    DAGs of other providers): the targets of `tests.oracle.scores` go by it. PARTS are patterns that pick the files, each read in a process of its own;
    ARGUMENTS go to both sides.
    """

    name: str
    kind: str
    release: Release
    place: Callable[[], Path]
    parts: tuple[str, ...] = ("**/*.py",)
    arguments: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return self.place()


def _inside(release: Release, folder: str) -> Callable[[], Path]:
    return lambda: environment(release).package / folder


_GIVEN = ("--sys-path", str(STAND_INS), "--inputs", str(INPUTS))
FOLDERS = (
    Folder("airflow-1.10", "examples", AIRFLOW_2, lambda: airflow_1("example_dags")),
    Folder("airflow-1.10-contrib", "examples", AIRFLOW_2, lambda: airflow_1("contrib/example_dags")),
    Folder("airflow-2", "examples", AIRFLOW_2, _inside(AIRFLOW_2, "example_dags")),
    Folder("airflow-3", "examples", AIRFLOW_3, _inside(AIRFLOW_3, "example_dags")),
    Folder("airflow-3-standard", "examples", AIRFLOW_3, _inside(AIRFLOW_3, "providers/standard/example_dags")),
    Folder("airflow-3-common-sql", "examples", AIRFLOW_3, _inside(AIRFLOW_3, "providers/common/sql/example_dags")),
    Folder(
        "providers",
        "system",
        AIRFLOW_3_PROVIDERS,
        lambda: provider_tests(AIRFLOW_3_PROVIDERS),
        ("system/[a-f]*/**/*.py", "system/[g]*/**/*.py", "system/[h-z]*/**/*.py"),
        _GIVEN,
    ),
    Folder(
        "provider-examples",
        "more",
        AIRFLOW_3_PROVIDERS,
        lambda: provider_tests(AIRFLOW_3_PROVIDERS).with_name("examples"),
        arguments=_GIVEN,
    ),
)


def airflow_1(folder: str) -> Path:
    """FOLDER of the package `airflow` of release 1.10.15, whose wheel is only looked at: no Python of today runs it."""
    place = cache_folder() / "corpus" / f"airflow-{AIRFLOW_1}"
    with alone("corpus"):
        if not place.exists():
            wheels = place.with_name(f"{place.name}.wheels")
            wheel = ["--only-binary", ":all:", "--python-version", "3.8", f"apache-airflow=={AIRFLOW_1}"]
            _download(environment(AIRFLOW_2).python, wheels, wheel)
            partial = place.with_name(f"{place.name}.partial")
            with zipfile.ZipFile(next(wheels.glob("*.whl"))) as archive:
                names = [name for name in archive.namelist() if "/example_dags/" in name]
                archive.extractall(partial, [name for name in names if not name.endswith(_MIXED)])
            partial.replace(place)
    return place / "airflow" / folder


def provider_tests(release: Release) -> Path:
    """The system tests of every provider pinned for RELEASE, as one tree whose only package is ``system``.

    Beside it lies ``examples``, with the folders ``example_dags`` of the same source distributions.
    """
    wanted = [line for line in release.pins.read_text().splitlines() if line.startswith(_PROVIDER)]
    digest = hashlib.sha256(repr(wanted).encode()).hexdigest()[:12]
    place = cache_folder() / "corpus" / f"providers-{digest}"
    with alone("corpus"):
        if not place.exists():
            sources = place.with_name(f"{place.name}.sources")
            _download(environment(release).python, sources, ["--no-binary", ":all:", "--no-build-isolation", *wanted])
            partial = place.with_name(f"{place.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            for source in sorted(sources.glob("*.tar.gz")):
                _unpack(source, partial)
            partial.replace(place)
    return place / "tests"


def provider_of(path: str, release: Release) -> str:
    """The provider that a file of `provider_tests` belongs to: ``apache-beam`` for ``system/apache/beam/x.py``."""
    names = {line.partition("==")[0].removeprefix(_PROVIDER) for line in release.pins.read_text().splitlines()}
    parts = PurePosixPath(path.removeprefix("system/")).parts
    return next((name for n in (2, 1) if (name := "-".join(parts[:n])) in names), parts[0])


def _download(python: Path, to: Path, what: list[str]) -> None:
    pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-deps"]
    subprocess.run([*pip, "--dest", str(to), *what], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def _unpack(source: Path, to: Path) -> None:
    with tarfile.open(source) as archive:
        for member, name in _chosen(archive):
            target = to / name
            target.parent.mkdir(parents=True, exist_ok=True)
            content = archive.extractfile(member)
            assert content is not None
            target.write_bytes(content.read())


def _chosen(archive: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, PurePosixPath]]:
    for member in archive:
        found = _IN_SDIST.fullmatch(member.name) if member.isfile() else None
        if found is not None and ".." not in PurePosixPath(member.name).parts:
            yield (
                member,
                PurePosixPath("tests", found["test"]) if found["test"] else PurePosixPath("examples", found["example"]),
            )
