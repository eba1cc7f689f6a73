"""The sidecar that sends a foreign container's result, told to by a file where it has missed its signal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from goflow_runner.xcom import OVER


def test_one_that_begins_after_the_container_beside_it_has_ended_does_not_wait_for_a_signal(tmp_path: Path) -> None:
    (tmp_path / OVER).touch()
    command = [sys.executable, "-m", "goflow_runner", "xcom", str(tmp_path / "return.json")]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0
