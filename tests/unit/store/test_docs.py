"""``docs/database.md`` and the tables are held together."""

from __future__ import annotations

import re
from pathlib import Path

from goflow.store import events
from goflow.store.indexes import metadata

DOCUMENT = Path(__file__).parents[3] / "docs" / "database.md"


def documented() -> dict[str, list[str]]:
    """Table to its columns, as the document has them."""
    sections = re.split(r"^## `(\w+)`$", DOCUMENT.read_text(), flags=re.MULTILINE)[1:]
    return {
        name: re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)
        for name, text in zip(sections[::2], sections[1::2], strict=True)
    }


def test_every_table_and_column_is_documented_in_order() -> None:
    tables = {table.name: [column.name for column in table.columns] for table in metadata.sorted_tables}
    assert documented() == tables


def test_no_two_kinds_of_events_have_one_name() -> None:
    named = [value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)]
    kinds = [value for value in named if "." in value]
    assert len(kinds) == len(set(kinds)) > 20
