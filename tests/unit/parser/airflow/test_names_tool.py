"""The facts of `import_paths` as the tool reads and writes them: what it writes back is what it has read."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
FACTS = ROOT / "goflow" / "parser" / "libraries" / "airflow" / "facts"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("names", ROOT / "tools" / "catalogue" / "names.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_files_are_what_the_tool_writes(tool, tmp_path):
    tool.write(tmp_path, tool.read(FACTS))
    for name in ("names.txt", "borrowed.txt"):
        assert (tmp_path / name).read_text() == (FACTS / name).read_text()


def test_what_a_module_has_and_the_files_do_not_is_found(tool):
    more, less = tool.differences("textwrap", {"dedent": "", "indent": "", "gone": ""})
    assert more["re"] == "re"
    assert more["shorten"] == "textwrap.shorten"
    assert less == {"gone"}
    assert tool.differences("textwrap", {"*": ""}) == ({}, set())
    assert tool.differences("no_such_module", {"a": ""}) == ({}, set())
