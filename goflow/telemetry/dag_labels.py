"""Which DAGs have a label of their own in Prometheus' metrics: as many as the settings say, so that their number is
bounded whatever the folder holds."""

from __future__ import annotations

OTHERS = "other"
"""The label of all DAGs beyond that number."""


class DagLabels:
    """Labels for MOST DAGs, those that are asked for first; a DAG keeps its label as long as the process lives."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._known: set[str] = set()

    def of(self, dag_id: str | None) -> str:
        """The label of a DAG."""
        if not dag_id:
            return OTHERS
        if dag_id in self._known:
            return dag_id
        if len(self._known) >= self.most:
            return OTHERS
        self._known.add(dag_id)
        return dag_id
