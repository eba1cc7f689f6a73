"""A folder of wheels from which pip inside an image build takes everything, so that builds reach nothing outside."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tomllib
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
    """The folder of wheels for the images' Python; collected from the package index when the requirements changed.

    Raises HarnessError when pip fails.
    """
    wanted = requirements()
    key = hashlib.sha256("\n".join([PYTHON, *_PLATFORMS, *wanted]).encode()).hexdigest()[:12]
    folder = cache_folder() / "wheels" / key
    if folder.is_dir():
        return folder
    staging = folder.with_suffix(".being-collected")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    platforms = [f"--platform={platform}" for platform in (*_PLATFORMS, "any")]
    say(f"collecting wheels for {len(wanted)} requirements")
    run_slowly(
        [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary=:all:"),
            *(f"--python-version={PYTHON}", "--implementation=cp", *platforms, f"--dest={staging}", *wanted),
        ],
        cache_folder() / "logs" / "wheels.log",
        "collecting wheels",
        env=os.environ,
        cwd=staging,
    )
    staging.rename(folder)
    return folder
