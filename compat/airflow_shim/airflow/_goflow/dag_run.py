"""The run, as tasks see it."""

import datetime as dt

from airflow._goflow.words import DagRunState, DagRunType

_MOMENTS = ("logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date", "end_date",
            "queued_at")  # fmt: skip


def moment(text):
    """ISO text as a pendulum moment in UTC; None stays None."""
    if text is None:
        return None
    import pendulum

    return pendulum.instance(dt.datetime.fromisoformat(text)).in_timezone("UTC")


class DagRun:
    """A run. Its moments are made when they are asked for."""

    def __init__(self, task_input=None, **values):
        run = dict((task_input or {}).get("run") or {})
        self._run = {**run, **values}
        self.dag_id = values.get("dag_id") or (task_input or {}).get("dag_id")
        self.run_id = self._run.get("run_id")
        self.conf = self._run.get("conf") or {}
        kind = self._run.get("run_type") or "manual"
        self.run_type = DagRunType(kind) if kind in set(map(str, DagRunType)) else kind
        self.state = DagRunState(self._run.get("state") or "running")
        self.external_trigger = kind == "manual"
        self.note = self._run.get("note")
        self.triggering_user_name = self.triggered_by = self.bundle_version = None
        self.partition_key = self.partition_date = None
        self.consumed_asset_events = []
        self.clear_number = 0

    def __getattr__(self, name):
        run = self.__dict__.get("_run", {})
        if name == "execution_date":
            name = "logical_date"
        if name in _MOMENTS:
            found = moment(run.get(name))
            self.__dict__[name] = found
            return found
        raise AttributeError(f"'DagRun' object has no attribute {name!r}")

    def __repr__(self):
        return f"<DagRun {self.dag_id} @ {self._run.get('logical_date')}: {self.run_id}, state:{self.state}>"

    def __eq__(self, other):
        return isinstance(other, DagRun) and (self.dag_id, self.run_id) == (other.dag_id, other.run_id)

    def __hash__(self):
        return hash((self.dag_id, self.run_id))

    def get_task_instance(self, task_id, session=None, *, map_index=-1):
        """A task instance of the run, with its state; None where there is none."""
        from types import SimpleNamespace

        from airflow._goflow.world import World

        found = World.client.task_states(self.dag_id, task_ids=[task_id], run_id=self.run_id)
        state = (found.get(task_id) or {}).get(str(map_index))
        if state is None:
            return None
        return SimpleNamespace(
            dag_id=self.dag_id, task_id=task_id, run_id=self.run_id, map_index=map_index, state=state,
            current_state=lambda: state,
        )  # fmt: skip

    @staticmethod
    def generate_run_id(run_type=DagRunType.MANUAL, logical_date=None, run_after=None, execution_date=None):
        """A run id."""
        at = run_after or logical_date or execution_date or dt.datetime.now(dt.timezone.utc)
        return f"{run_type}__{at.isoformat()}"

    @classmethod
    def find(cls, dag_id=None, run_id=None, execution_date=None, state=None, **kwargs):
        """Runs of a DAG."""
        from airflow._goflow.world import World

        date = kwargs.get("logical_date") or execution_date
        rows = World.client.dag_runs(dag_id, run_id=run_id, logical_date=None if date is None else date.isoformat())
        return [cls(dag_id=dag_id, **row) for row in rows if state is None or row["state"] == state]
