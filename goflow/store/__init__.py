"""What GoFlow remembers: the tables, their migrations, and the only queries and state changes there are.

`Store` opens a database (SQLite or PostgreSQL) and hands out transactions; every query is a function of a module that
is named after its table and takes the transaction first: ``runs.get(tx, run_id)``. Rows come back as the frozen
dataclasses of `goflow.domain.runs` and `goflow.store.rows`; states change in `goflow.store.transitions` alone.

What does not belong here: when a task is due, whether a dependency is met, what a Job looks like. The store checks that
a change is one the state table has and that nobody was faster; it never decides that it should be made.
"""

from goflow.store.engine import Store
from goflow.store.errors import DatabaseBusyError
from goflow.store.tx import Tx

__all__ = ["DatabaseBusyError", "Store", "Tx"]
