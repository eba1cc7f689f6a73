"""docs/diagnostics.md explains every code there is, and none that there is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from goflow.domain.diagnostics import CODES

PAGE = (Path(__file__).parents[3] / "docs" / "diagnostics.md").read_text()
SECTIONS = dict(re.findall(r"^### (GF\d+)\n\n((?:(?!^#).*\n?)+)", PAGE, re.MULTILINE))


def test_the_page_and_the_codes_are_the_same_in_the_same_order():
    assert list(SECTIONS) == sorted(CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_each_code_is_explained_in_words_of_its_own(code):
    assert len(SECTIONS[code].split()) >= 10
    assert CODES[code].endswith(".")
