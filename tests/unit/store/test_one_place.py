"""The states of runs, task instances, attempts and launches are written in `goflow.store.transitions` and nowhere else.

Only the store speaks SQL (a contract of import-linter), so its modules are all that has to be looked through.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import goflow.store

STORE = Path(goflow.store.__file__).parent
TABLES = {"dag_runs", "task_instances", "attempts", "launches"}
STATES = {"state", "status"}
SPOKEN = re.compile(rf"\bupdate\s+({'|'.join(TABLES)})\b", re.IGNORECASE)


def writes(path: Path) -> Iterator[str]:
    """Where a module of the store changes a row of those tables and speaks of its state in the same breath."""
    tree = ast.parse(path.read_text())
    names = {table: table for table in TABLES}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname and alias.name in TABLES}
    for statement in tree.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and SPOKEN.search(node.value):
                yield f"{path.name}:{node.lineno}: SQL as text"
            if isinstance(node, ast.Call) and _changes(node, names) and _tells_state(statement):
                yield f"{path.name}:{node.lineno}: {ast.unparse(node)[:80]}"


def _changes(call: ast.Call, names: dict[str, str]) -> bool:
    """``update(table)``, or one of the ways of `goflow.store.tx.Tx` that may change a row that is there."""
    called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    table = call.args[0] if call.args else None
    return called in {"update", "upsert", "upsert_many"} and isinstance(table, ast.Name) and table.id in names


def _tells_state(statement: ast.stmt) -> bool:
    """Whether a function, or a statement of a module, has a value for a state."""
    for node in ast.walk(statement):
        if isinstance(node, ast.keyword) and node.arg in STATES:
            return True
        if isinstance(node, ast.Dict) and any(map(_is_state, node.keys)):
            return True
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and _is_state(node.slice):
            return True
    return False


def _is_state(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value in STATES


def test_no_other_module_writes_a_state() -> None:
    others = [path for path in STORE.rglob("*.py") if not {"transitions", "migrations"} & set(path.parts)]
    assert len(others) > 30
    assert [found for path in others for found in writes(path)] == []


def test_a_write_would_be_found(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    for text in (
        "A = update(launches).where(x).values(state='ended')",
        "from goflow.store.tables import dag_runs as t\ndef f(tx):\n    tx.change(update(t).values(**{'status': 'failed'}))",
        "def f(tx):\n    values = {}\n    values['state'] = 'none'\n    tx.upsert(attempts, values)",
        "A = text('UPDATE task_instances SET state = 1')",
    ):
        module.write_text(text)
        assert list(writes(module)), text
    module.write_text("A = update(launches).values(plan=1)\nB = dict(state=1)")
    assert list(writes(module)) == []
