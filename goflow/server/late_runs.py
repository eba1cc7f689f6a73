"""What callbacks of runs that are late are told: of a deadline that was missed, of tasks that have missed their SLA."""

from __future__ import annotations

from typing import Any

from goflow.domain.callbacks import RunCallback
from goflow.domain.errors import NotFoundError
from goflow.domain.runs import DagRun
from goflow.server.rest import shapes
from goflow.store import Tx, deadlines, runs


def reading_of(tx: Tx, callback: RunCallback) -> int:
    """The reading of the DAG that CALLBACK is of: a deadline's is the one that its run was made with. Raises
    NotFoundError when its run is gone."""
    key = callback.data.get("deadline")
    deadline = deadlines.find(tx, key) if isinstance(key, int) else None
    return runs.get(tx, callback.dag_run_id).reading_id if deadline is None else deadline.reading_id


def told_besides(tx: Tx, callback: RunCallback, run: DagRun) -> tuple[int, dict[str, Any]]:
    """The reading that CALLBACK is called from, and its ``data`` for the runner. Raises NotFoundError for a deadline
    that is gone."""
    if callback.kind != "deadline":
        return run.reading_id, dict(callback.data)
    deadline = deadlines.find(tx, int(str(callback.data["deadline"])))
    if deadline is None:
        raise NotFoundError(f"deadline {callback.data['deadline']}")
    context = {
        "dag_run": shapes.run(run),
        "deadline": {"id": str(deadline.id), "deadline_time": deadline.deadline_time.isoformat()},
    }
    return deadline.reading_id, {"position": deadline.position, "context": context}
