"""The folders of local launches."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from goflow_runner.local import process_identity

from goflow.executor.backend import Handle
from goflow.executor.local import STOPPED_BEFORE_START, LocalBackend


@pytest.mark.parametrize(
    ("process", "is_gone"),
    [(process_identity(os.getpid()), False), ("1:1", True), (STOPPED_BEFORE_START, True), (None, True)],
    ids=["its process is still there", "its process is gone", "it was stopped before it began", "it never began"],
)
def test_a_launchs_folder_goes_when_nobody_works_in_it(tmp_path: Path, process: str | None, is_gone: bool) -> None:
    backend = LocalBackend(tmp_path, "http://nowhere", {})
    folder = backend.launches / "a"
    folder.mkdir(parents=True)
    if process is not None:
        (folder / "process").write_text(process)
    assert backend.cleanup(Handle(launch_id="a", job_name="", namespace="")) is is_gone
    assert folder.exists() is not is_gone
