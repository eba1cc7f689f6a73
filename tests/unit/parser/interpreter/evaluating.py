"""Evaluate a text as a module, for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from goflow.domain.spec import Dialect, Inputs
from goflow.parser.interpreter.bodies import run_top
from goflow.parser.interpreter.builtins import give_builtins
from goflow.parser.interpreter.modules import Loader, ModuleValue, set_docstring
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.session import Budget, Session
from goflow.parser.libraries.registry import resolve


def make_session(root: Path, inputs: Inputs | None = None) -> Session:
    """A session over the folder ROOT, which the file sees as ``/dags``."""
    budget = Budget(steps=50_000)
    session = Session(root=root, parse_path="/dags", inputs=inputs or Inputs(), dialect=Dialect.AIRFLOW3, budget=budget)
    session.loader = Loader(session, resolve)
    give_builtins(session)
    return session


def evaluate_text(source: str, root: Path, inputs: Inputs | None = None) -> tuple[dict[str, Any], Session]:
    """The globals that running SOURCE as a file of ROOT leaves, and the session. Raises Raised, BudgetError."""
    session = make_session(root, inputs)
    module = ModuleValue(session, "main_file", "main_file.py", source)
    session.main = module
    tree = module.parse()
    set_docstring(module)
    module.names.update({"__name__": module.name, "__file__": "/dags/main_file.py", "__package__": ""})
    run_top(Frame(session, module, module.scope), tree.body)
    return module.names, session
