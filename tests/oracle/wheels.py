"""The wheels that the examples' tasks install into virtual environments of their own, as a local folder."""

from __future__ import annotations

import ast
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.oracle.environments import alone, cache_folder
from tests.oracle.examples import EXAMPLES, source


def requirements() -> list[str]:
    """Every requirement that an example file names in a `requirements=[...]` of its own, sorted."""
    found: set[str] = set()
    for example in EXAMPLES:
        for node in ast.walk(ast.parse(source(example).read_bytes())):
            if isinstance(node, ast.keyword) and node.arg == "requirements":
                found.update(ast.literal_eval(node.value))
    return sorted(found)


def wheel_folder() -> Path:
    """A folder with those wheels and all they need, for PIP_FIND_LINKS; downloaded once per Python version.

    Only wheels: nothing is built in a task's container. Raises CalledProcessError with pip's words on standard error.
    """
    wanted = requirements()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(repr(wanted).encode()).hexdigest()[:12]
    folder = cache_folder() / f"wheels-{version}-{digest}"
    with alone("wheels"):
        if not folder.exists():
            partial = folder.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
            subprocess.run([*pip, "--only-binary", ":all:", "--dest", partial, *wanted], check=True, stdout=sys.stderr)
            partial.replace(folder)
    return folder
