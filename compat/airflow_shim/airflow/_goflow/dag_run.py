"""The run, as tasks see it."""

import datetime as dt

from airflow._goflow.words import DagRunType, of_sdk

_MOMENTS = ("logical_date", "data_interval_start", "data_interval_end", "start_date", "end_date")
_KIND_OF_AIRFLOW2 = {"asset_triggered": "dataset_triggered"}


def moment(text):
    """ISO text as a pendulum moment in UTC; None stays None."""
    if text is None:
        return None
    import pendulum

    return pendulum.instance(dt.datetime.fromisoformat(text)).in_timezone("UTC")


class _Run:
    """What is known of a run. Its moments are made when they are asked for."""

    MOMENTS = _MOMENTS

    def __init__(self, task_input=None, **values):
        run = dict((task_input or {}).get("run") or {})
        self._run = {**run, **values}
        self.dag_id = values.get("dag_id") or (task_input or {}).get("dag_id")
        self.run_id = self._run.get("run_id")
        self.conf = self._run.get("conf") or {}
        self.note = self._run.get("note")
        self.clear_number = 0
        self._set_words(self._run.get("run_type") or "manual", self._run.get("state") or "running")

    def _set_words(self, kind, state):
        """Keep the run's type and state in the form of the dialect."""
        raise NotImplementedError

    def __getattr__(self, name):
        if name in type(self).MOMENTS:
            found = moment(self.__dict__.get("_run", {}).get(name))
            self.__dict__[name] = found
            return found
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self):
        return f"<DagRun {self.dag_id} @ {self._run.get('logical_date')}: {self.run_id}, state:{self.state}>"

    def __eq__(self, other):
        return isinstance(other, _Run) and (self.dag_id, self.run_id) == (other.dag_id, other.run_id)

    def __hash__(self):
        return hash((self.dag_id, self.run_id))


class RunOfTask(_Run):
    """``dag_run`` in a context of Airflow 3: what its API tells a task of the run, and no more."""

    MOMENTS = (*_MOMENTS, "run_after", "partition_date")

    def _set_words(self, kind, state):
        kinds = of_sdk("DagRunType")
        self.run_type = kinds(kind) if kind in {member.value for member in kinds} else kind
        self.state = of_sdk("DagRunState")(state)
        self.triggering_user_name = self.team_name = None
        self.partition_key = self._run.get("partition_key")

    @property
    def consumed_asset_events(self):
        """The events that made the run begin."""
        from airflow._goflow.asset_events import triggering

        return triggering(self._run.get("consumed_asset_events"))


class DagRun(_Run):
    """A run as Airflow 2's tasks see it, and what ``airflow.models`` has under that name."""

    MOMENTS = (*_MOMENTS, "run_after", "queued_at", "execution_date")

    def _set_words(self, kind, state):
        self.run_type, self.state = _KIND_OF_AIRFLOW2.get(kind, kind), state
        self.external_trigger, self.is_backfill = kind == "manual", kind == "backfill"
        self._run["execution_date"] = self._run.get("logical_date")

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
