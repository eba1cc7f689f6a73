"""The task instance: results pushed and pulled, and what else a task asks about itself."""

import collections
import datetime as dt

from airflow._goflow import world
from airflow._goflow.dag_run import DagRun, RunOfTask, moment
from airflow._goflow.results import leave
from airflow._goflow.words import NOTSET, XCOM_RETURN_KEY, of_sdk
from airflow._goflow.xcom import LazySelectSequence, LazyXComSequence

TaskInstanceKey = collections.namedtuple(
    "TaskInstanceKey", ["dag_id", "task_id", "run_id", "try_number", "map_index"], defaults=[1, -1]
)


class RuntimeTaskInstance:
    """The task instance that runs, as Airflow 3's tasks see it. It asks the server through CLIENT."""

    def __init__(self, task_input, client, task):
        self._input, self.client, self.task = task_input, client, task
        self.dag_id, self.task_id, self.run_id = task_input["dag_id"], task_input["task_id"], task_input["run_id"]
        self.map_index, self.try_number = task_input["map_index"], task_input["try_number"]
        self.max_tries = task_input["max_tries"]
        self.id = task_input["launch_id"]
        self.rendered_map_index = self.end_date = None
        self._begin(task_input)

    def _begin(self, task_input):
        self._dag_run = RunOfTask(task_input)
        self.state = of_sdk("TaskInstanceState").RUNNING
        self.is_mapped = None

    def __str__(self):
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id} [{self.state}]>"

    __repr__ = __str__

    @property
    def hostname(self):
        """This machine's name."""
        import socket

        return socket.gethostname()

    @property
    def queue(self):
        """The task's queue."""
        return self.task.queue

    @property
    def log_url(self):
        """Where Airflow's page would show the log, below the ``base_url`` of the settings."""
        from urllib.parse import quote

        from airflow._goflow.configuration import conf

        base = conf.get("api", "base_url", fallback="http://localhost:8080/").rstrip("/")
        copy = f"/mapped/{self.map_index}" if self.map_index >= 0 else ""
        where = f"/dags/{self.dag_id}/runs/{quote(self.run_id)}/tasks/{self.task_id}{copy}"
        return f"{base}{where}?try_number={self.try_number}"

    mark_success_url = log_url

    @property
    def start_date(self):
        """When the attempt began, as a pendulum moment."""
        return moment(self._input["first_start"] or self._input["server_time"])

    def get_template_context(self, session=None, ignore_param_exceptions=True):
        """The current context."""
        from airflow._goflow.context import get_current_context

        return get_current_context()

    def get_first_reschedule_date(self, context=None):
        """When it was started for the first time, where it has been started again since; else None."""
        text = self._input["first_start"]
        return dt.datetime.fromisoformat(text) if text and self._input["reschedules"] else None

    def xcom_push(self, key, value, execution_date=None, session=None):
        """Leave VALUE under KEY. Raises TypeError for what cannot be kept."""
        self.client.report(xcoms=[leave(key, value)])

    def xcom_pull(
        self, task_ids=None, dag_id=None, key=XCOM_RETURN_KEY, include_prior_dates=False, session=None, *,
        map_indexes=NOTSET, default=None, run_id=None,
    ):  # fmt: skip
        """Take results: see `airflow._goflow.pulling`."""
        from airflow._goflow import pulling

        where = (dag_id or self.dag_id, run_id or self.run_id)
        pull = pulling.of_airflow2 if world.is_airflow2() else pulling.of_airflow3
        return pull(self, task_ids, where, key, include_prior_dates, map_indexes, default)

    def result_of(self, operator, key, missing):
        """The result of OPERATOR as an argument of this task (``PlainXComArg.resolve``).

        All copies' where it is mapped, this copy's where both stand in one mapped group, else the value; MISSING where
        there is none.
        """
        if operator.is_mapped:
            return LazyXComSequence(self, operator.task_id, key)
        group = operator.get_closest_mapped_task_group()
        index = None
        if group is not None:
            index = self.map_index if self._stands_in(group) else NOTSET
        found = self.xcom_pull(task_ids=operator.task_id, key=key, default=missing, map_indexes=index)
        if index is NOTSET and found is None:
            return missing
        if (
            world.is_airflow2()
            and index is NOTSET
            and found is not missing
            and not isinstance(found, (list, LazySelectSequence))
        ):
            return [found]
        return found

    def _stands_in(self, group):
        return any(other.group_id == group.group_id for other in self.task.iter_mapped_task_groups())

    def get_previous_dagrun(self, state=None, session=None):
        """The newest earlier successful run (what the server tells), or None."""
        found = self._input["run"].get("prev_success")
        if not found or (state is not None and state != "success"):
            return None
        return DagRun(dag_id=self.dag_id, state="success", **found)

    def get_previous_ti(self, state=None, session=None, **kwargs):
        """This task in the newest earlier successful run, or None."""
        return self.get_previous_dagrun(state)

    def get_ti_count(self, dag_id, map_index=None, task_ids=None, task_group_id=None, logical_dates=None, run_ids=None,
                     states=None):  # fmt: skip
        """How many task instances have one of STATES."""
        count = 0
        for where in _runs_of(logical_dates, run_ids):
            found = self.client.task_states(dag_id, task_ids=list(task_ids or []), **where)
            for task_id, copies in found.items():
                if task_group_id is None or task_id.startswith(f"{task_group_id}."):
                    fit = [i for i, state in copies.items() if states is None or state in states]
                    count += sum(map_index is None or int(i) == map_index for i in fit)
        return count

    def get_task_states(self, dag_id, map_index=None, task_ids=None, task_group_id=None, logical_dates=None,
                        run_ids=None):  # fmt: skip
        """Run id (or date) to task id to state."""
        out = {}
        for where in _runs_of(logical_dates, run_ids):
            found = self.client.task_states(dag_id, task_ids=list(task_ids or []), **where)
            states = out.setdefault(next(iter(where.values())), {})
            for task_id, copies in found.items():
                if task_group_id is None or task_id.startswith(f"{task_group_id}."):
                    for index, state in copies.items():
                        states[task_id if int(index) < 0 else f"{task_id}_{index}"] = state
        return out

    def get_dr_count(self, dag_id, logical_dates=None, run_ids=None, states=None):
        """How many runs have one of STATES."""
        rows = [row for where in _runs_of(logical_dates, run_ids) for row in self.client.dag_runs(dag_id, **where)]
        return sum(states is None or row["state"] in states for row in rows)

    def get_dagrun_state(self, dag_id, run_id):
        """A run's state, or None."""
        return next((row["state"] for row in self.client.dag_runs(dag_id, run_id=run_id)), None)


class TaskInstance(RuntimeTaskInstance):
    """The same as Airflow 2's tasks see it."""

    def _begin(self, task_input):
        self.dag_run = self._dag_run = DagRun(task_input)
        self.state = "running"
        self.duration = None
        self.test_mode = False

    @property
    def log_url(self):
        """Where Airflow's page would show the log, below the ``base_url`` of the settings."""
        from urllib.parse import quote

        from airflow._goflow.configuration import conf

        base = conf.get("webserver", "base_url", fallback="http://localhost:8080")
        date = quote(self.logical_date.strftime("%Y-%m-%dT%H:%M:%S.%f%z"))
        copy = f"&map_index={self.map_index}" if self.map_index >= 0 else ""
        where = f"dag_run_id={quote(self.run_id)}&task_id={self.task_id}{copy}&base_date={date}&tab=logs"
        return f"{base}/dags/{self.dag_id}/grid?{where}"

    mark_success_url = log_url

    @property
    def operator(self):
        """The operator's class name."""
        return self.task.task_type

    @property
    def pid(self):
        """This process."""
        import os

        return os.getpid()

    @property
    def unixname(self):
        """The user."""
        import getpass

        return getpass.getuser()

    def _of_task(name):
        return property(lambda self: getattr(self.task, name))

    pool, priority_weight = _of_task("pool"), _of_task("priority_weight")
    pool_slots, executor_config = _of_task("pool_slots"), _of_task("executor_config")
    task_display_name = _of_task("task_display_name")
    del _of_task

    @property
    def prev_attempted_tries(self):
        """The number of this attempt."""
        return self.try_number

    @property
    def logical_date(self):
        """The run's."""
        return self._dag_run.logical_date

    execution_date = logical_date

    @property
    def key(self):
        """What names it."""
        return TaskInstanceKey(self.dag_id, self.task_id, self.run_id, self.try_number, self.map_index)

    @property
    def log(self):
        """The task's logger."""
        import logging

        return logging.getLogger("airflow.task")

    def current_state(self, session=None):
        """It runs."""
        return self.state

    def get_dagrun(self, session=None):
        """The run."""
        return self._dag_run

    def get_num_running_task_instances(self, *args, **kwargs):
        """Raises NotImplementedError: the server keeps that to itself."""
        raise NotImplementedError("the number of running task instances is not told to tasks")


def _runs_of(logical_dates, run_ids):
    if run_ids:
        return [{"run_id": run_id} for run_id in run_ids]
    return [{"logical_date": date.astimezone(dt.timezone.utc).isoformat()} for date in logical_dates or ()]
