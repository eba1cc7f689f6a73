"""A folder of wheels from which pip inside an image build takes everything, so that builds reach nothing outside."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from tests.cluster.harness.layout import REPOSITORY, cache_folder
from tests.cluster.harness.report import run_slowly, say
from tests.cluster.harness.rootfs import PYTHON

_PROJECTS = (REPOSITORY, REPOSITORY / "compat" / "runner", REPOSITORY / "compat" / "airflow_shim")
_PLATFORMS = ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")


def requirements() -> list[str]:
    """What the three distributions need at run time and to be built, without themselves, sorted."""
    own, needed = set(), {"pip", "setuptools", "wheel"}
    for folder in _PROJECTS:
        document = tomllib.loads((folder / "pyproject.toml").read_text())
        own.add(document["project"]["name"])
        needed.update(document["project"].get("dependencies", []))
        needed.update(document["build-system"]["requires"])
    return sorted(line for line in needed if not any(line.startswith(name) for name in own))


def wheelhouse() -> Path:
    """The folder of wheels that our own images are built from, collected when the requirements changed.

    Raises HarnessError when pip fails.
    """
    return _collected("goflow", requirements())


def wheels_of(name: str, pins: Path) -> Path:
    """The folder of the wheels that the file PINS names, and no others, for the image NAME.

    Raises HarnessError when pip fails.
    """
    lines = (line.strip() for line in pins.read_text().splitlines())
    return _collected(name, sorted(line for line in lines if line and not line.startswith("#")), "--no-deps")


def _collected(name: str, wanted: Sequence[str], *options: str) -> Path:
    """A folder of wheels for the images' Python; that of an earlier WANTED goes."""
    key = hashlib.sha256("\n".join([PYTHON, *_PLATFORMS, *options, *wanted]).encode()).hexdigest()[:12]
    folder = cache_folder() / "wheels" / f"{name}-{key}"
    if folder.is_dir():
        return folder
    staging = folder.with_suffix(".being-collected")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    platforms = [f"--platform={platform}" for platform in (*_PLATFORMS, "any")]
    say(f"collecting wheels for {len(wanted)} requirements of the image {name}")
    run_slowly(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"),
            *(f"--python-version={PYTHON}", "--implementation=cp", *platforms, f"--dest={staging}", *options, *wanted),
        ],
        cache_folder() / "logs" / f"wheels-{name}.log",
        "collecting wheels",
        env=os.environ,
        cwd=staging,
    )
    for old in folder.parent.glob(f"{name}-*"):
        if old != staging:
            shutil.rmtree(old)
    staging.rename(folder)
    return folder
