"""Triggers that wait for other DAGs. They ask the task API."""

import asyncio
import datetime as dt

from airflow._goflow.triggers import BaseTrigger, TriggerEvent
from airflow._goflow.world import World


class WorkflowTrigger(BaseTrigger):
    """Waits as ExternalTaskSensor does."""

    def __init__(
        self, external_dag_id, run_ids=None, execution_dates=None, logical_dates=None, external_task_ids=None,
        external_task_group_id=None, failed_states=None, skipped_states=None, allowed_states=None, poke_interval=2.0,
        soft_fail=False, **kwargs,
    ):  # fmt: skip
        super().__init__()
        self.arguments = {
            "external_dag_id": external_dag_id, "external_task_ids": external_task_ids,
            "external_task_group_id": external_task_group_id, "failed_states": failed_states,
            "skipped_states": skipped_states, "allowed_states": allowed_states, "poke_interval": poke_interval,
            "logical_dates": logical_dates or execution_dates or [], "soft_fail": soft_fail,
        }  # fmt: skip

    def serialize(self):
        """Class and arguments."""
        return "airflow.providers.standard.triggers.external_task.WorkflowTrigger", dict(self.arguments)

    async def run(self):
        """Ask again and again."""
        from airflow._goflow.classes.external_task import ExternalTaskSensor

        names = ("external_dag_id", "external_task_ids", "external_task_group_id")
        sensor = ExternalTaskSensor.__new__(ExternalTaskSensor)
        sensor.__dict__.update({name: self.arguments[name] for name in names})
        dates = self.arguments["logical_dates"]
        while True:
            for name, status in (("failed_states", "failed"), ("skipped_states", "skipped")):
                states = self.arguments[name]
                if states and sensor._count(World.client, dates, states) > 0:
                    yield TriggerEvent({"status": status})
                    return
            if sensor._count(World.client, dates, self.arguments["allowed_states"]) == len(dates):
                yield TriggerEvent({"status": "success"})
                return
            await asyncio.sleep(self.arguments["poke_interval"])


class DagStateTrigger(BaseTrigger):
    """Waits until runs of a DAG have one of the states that are wanted."""

    def __init__(self, dag_id, states, execution_dates=None, run_ids=None, poll_interval=5.0):
        super().__init__()
        self.dag_id, self.states, self.poll_interval = dag_id, [str(state) for state in states], poll_interval
        self.execution_dates, self.run_ids = execution_dates, run_ids

    def serialize(self):
        """Class and arguments."""
        arguments = {
            "dag_id": self.dag_id, "states": self.states, "execution_dates": self.execution_dates,
            "run_ids": self.run_ids, "poll_interval": self.poll_interval,
        }  # fmt: skip
        return "airflow.providers.standard.triggers.external_task.DagStateTrigger", arguments

    async def run(self):
        """Ask again and again."""
        while True:
            runs = self._runs()
            wanted = len(self.run_ids or self.execution_dates or [])
            if runs and len(runs) >= wanted and all(run["state"] in self.states for run in runs):
                path, arguments = self.serialize()
                found = {run["run_id"]: run["state"] for run in runs}
                yield TriggerEvent((path, {**arguments, "run_ids": list(found), **found}))
                return
            await asyncio.sleep(self.poll_interval)

    def _runs(self):
        if self.run_ids:
            return [run for run_id in self.run_ids for run in World.client.dag_runs(self.dag_id, run_id=run_id)]
        dates = [date.astimezone(dt.timezone.utc).isoformat() for date in self.execution_dates or []]
        return [run for date in dates for run in World.client.dag_runs(self.dag_id, logical_date=date)]
