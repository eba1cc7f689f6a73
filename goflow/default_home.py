"""Where GoFlow is at home. By itself, since the command line asks it at each call, and settings take long to load."""

from __future__ import annotations

import os
from pathlib import Path


def default_home() -> Path:
    """``GOFLOW_HOME``, else ``~/goflow``."""
    return Path(os.environ.get("GOFLOW_HOME") or Path.home() / "goflow")
