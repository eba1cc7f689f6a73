"""Results, held against what Airflow 2.11.2 and 3.3.2 make of them (`tests.oracle.serde`): the form, and what comes back."""

from __future__ import annotations

import importlib
import sys
from functools import cache
from typing import Any

import pytest

from tests.oracle.serde import driver
from tests.oracle.serde.record import HERE, SOURCES, truth

BETTER = {
    "a moment at an offset": "Airflow keeps the moment without its zone, and fails when it reads it back",
    "an attrs class": "Airflow keeps a private attribute under a name that its class does not take, and fails likewise",
    "an attrs class in an attrs class": "the same",
}
"""Values that come back although Airflow cannot read them back."""
CASES = [(release, name) for release in SOURCES for name in truth(release)]


@cache
def ours(which: str) -> dict[str, Any]:
    """What the shim makes of the table, with the module under the name that its classes have in the truth."""
    sys.path.insert(0, str(HERE))
    try:
        return driver.told(which, importlib.import_module("values"))
    finally:
        sys.path.remove(str(HERE))


@pytest.mark.parametrize(("release", "name"), CASES, ids=lambda value: getattr(value, "version", value))
def test_a_result_is_kept_and_comes_back_as_under_airflow(world, release, name):
    expected, found = truth(release)[name], ours(f"shim{release.dialect}")[name]
    if name in BETTER:
        assert "not_back" in expected
        assert "back" in found
        return
    if "absent" not in expected and "absent" not in found:  # numpy's: tests/integration/runner/test_libraries.py
        assert found == expected
