"""Hatch's hook that puts the web page into the wheel: `make ui`, where it has not been built and can be."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HINT = "build the page first (`make ui`, with Node.js 20.19 or newer), or set GOFLOW_WITHOUT_PAGE=1 to go without it"


class BuildPage(BuildHookInterface[Any]):
    """Builds ``ui/`` into ``goflow/server/static``. Editable installs and sources without ``ui/`` take what is there:
    the daemon says at ``/`` that the page is not."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page for a wheel that would lack it. Raises RuntimeError where that cannot be done."""
        root = Path(self.root)
        built = (root / "goflow" / "server" / "static" / "index.html").is_file()
        if version == "editable" or built or not (root / "ui" / "package.json").is_file():
            return
        if os.environ.get("GOFLOW_WITHOUT_PAGE"):
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError(f"there is no npm: {HINT}")
        for words in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            if subprocess.run([npm, *words], cwd=root / "ui", check=False).returncode:  # noqa: S603
                raise RuntimeError(f"npm {' '.join(words)} failed: {HINT}")
