"""The runner as one file, for a pod whose image has it not."""

from __future__ import annotations

import subprocess
import sys

from goflow_runner.packing import pack

from tests.runners import bash


def test_a_python_without_the_runner_runs_a_launch_with_it(server, tmp_path):
    started = server.launch(bash("t", "echo hello"))
    packed = tmp_path / "goflow-runner.pyz"
    assert pack(packed) == 0
    assert (packed.stat().st_mode & 0o777) == 0o644
    alone = [sys.executable, "-I", "-S", str(packed)]  # -S: without the packages that are installed here
    done = subprocess.run([*alone, "run"], env=started.environment(), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert (started.output, started.state) == (["hello"], "success")


def test_packing_again_puts_the_new_one_in_its_place(tmp_path):
    for _ in range(2):
        assert pack(tmp_path / "r.pyz") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["r.pyz"]
