"""The fixtures of the rooms whose processes are looked at here."""

from __future__ import annotations

from tests.unit.cli.conftest import loaded_once
from tests.unit.importer.conftest import kit, make_kit, shared_readers

__all__ = ["kit", "loaded_once", "make_kit", "shared_readers"]
