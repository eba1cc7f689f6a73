"""The wheels that the examples' tasks install into virtual environments of their own, as a local folder."""

from __future__ import annotations

import ast
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.oracle.environments import alone, cache_folder
from tests.oracle.examples import EXAMPLES, source


def example_files() -> list[Path]:
    """The example files whose states are recorded."""
    return [source(example) for example in EXAMPLES]


def requirements(files: Iterable[Path]) -> list[str]:
    """Every requirement that FILES name in a ``requirements=[...]`` of their own, sorted."""
    found: set[str] = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.keyword) and node.arg == "requirements" and isinstance(node.value, ast.List):
                found.update(ast.literal_eval(node.value))
    return sorted(found)


def wheel_folder(files: Iterable[Path] | None = None) -> Path:
    """A folder with what FILES (default: `example_files`) require and all it needs, for PIP_FIND_LINKS; downloaded once
    per Python version.

    Only wheels: nothing is built in a task's container. Raises CalledProcessError with pip's words on standard error.
    """
    wanted = requirements(example_files() if files is None else files)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(repr(wanted).encode()).hexdigest()[:12]
    folder = cache_folder() / f"wheels-{version}-{digest}"
    with alone("wheels"):
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
            if wanted:
                subprocess.run(
                    [*pip, "--only-binary", ":all:", "--dest", partial, *wanted], check=True, stdout=sys.stderr
                )
            partial.replace(folder)
    return folder
