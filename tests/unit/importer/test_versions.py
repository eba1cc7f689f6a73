"""What the reader's own version is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

import goflow
from goflow.importer import digests


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of another place in GoFlow's."""
    for part in ("parser", "domain", "operators"):
        (tmp_path / part / "__pycache__").mkdir(parents=True)
        (tmp_path / part / "code.py").write_text("x = 1\n")
    monkeypatch.setattr(goflow, "__file__", str(tmp_path / "__init__.py"))
    return tmp_path


def version() -> str:
    return digests.parser_version.__wrapped__()  # asked anew each time


def test_code_of_the_reader_is_its_version(copy: Path) -> None:
    before = version()
    (copy / "domain" / "code.py").write_text("x = 2\n")
    assert version() != before


def test_what_python_has_left_half_written_is_not(copy: Path) -> None:
    before = version()
    (copy / "parser" / "__pycache__" / "code.cpython-311.pyc.140234").write_bytes(b"half")
    assert version() == before
