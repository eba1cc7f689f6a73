"""This package as one file that any Python 3.10 or later runs: ``python FILE run``."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

_MAIN = "from goflow_runner.main import main\n\nraise SystemExit(main())\n"


def pack(target: Path) -> int:
    """Write it to TARGET, readable for everybody, in one step; the exit code."""
    package = Path(__file__).parent
    staging = target.with_name(f".{target.name}.{os.getpid()}")
    with zipfile.ZipFile(staging, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(package.rglob("*.py")):
            archive.write(path, path.relative_to(package.parent))
        archive.writestr("__main__.py", _MAIN)
    staging.chmod(0o644)
    staging.replace(target)
    return 0
