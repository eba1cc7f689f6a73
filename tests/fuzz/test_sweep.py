"""A sample of Python's library and of installed packages, read as if they were DAG files (`make sweep`: all of them)."""

from __future__ import annotations

import pytest

from tests.fuzz.sweep import library_folders, python_files, sample, sweep

FILES = 60
MOST_MEMORY_MB = 1536


@pytest.mark.parametrize("folder", library_folders(), ids=lambda folder: folder.name)
@pytest.mark.timeout(600)
def test_no_file_is_too_much_for_the_reader(folder):
    found = sweep(folder, sample(python_files(folder), FILES))
    assert found.files == FILES
    assert found.internal == []
    assert found.slow == []
    assert found.most_memory_mb < MOST_MEMORY_MB
