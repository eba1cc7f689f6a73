"""The task instance: results pushed and pulled, and what else a task asks about itself."""

import collections
import datetime as dt

from airflow._goflow import world
from airflow._goflow.dag_run import DagRun, moment
from airflow._goflow.serialization import deserialize, length_of, serialize
from airflow._goflow.words import NOTSET, XCOM_RETURN_KEY, TaskInstanceState
from airflow._goflow.xcom import LazyXComSequence

TaskInstanceKey = collections.namedtuple(
    "TaskInstanceKey", ["dag_id", "task_id", "run_id", "try_number", "map_index"], defaults=[1, -1]
)


class TaskInstance:
    """The task instance that runs. It asks the server through CLIENT."""

    def __init__(self, task_input, client, task):
        self._input, self.client, self.task = task_input, client, task
        self.dag_id, self.task_id, self.run_id = task_input["dag_id"], task_input["task_id"], task_input["run_id"]
        self.map_index, self.try_number = task_input["map_index"], task_input["try_number"]
        self.max_tries = task_input["max_tries"]
        self.id = task_input["launch_id"]
        self.state = TaskInstanceState.RUNNING
        self.is_mapped = bool(getattr(task, "is_mapped", False))
        self.rendered_map_index = self.end_date = self.duration = None
        self.test_mode = False
        self.log_url = self.mark_success_url = ""
        self.dag_run = DagRun(task_input)

    def __str__(self):
        return f"<TaskInstance: {self.dag_id}.{self.task_id} {self.run_id} [{self.state}]>"

    __repr__ = __str__

    @property
    def operator(self):
        """The operator's class name."""
        return self.task.task_type

    @property
    def hostname(self):
        """This machine's name."""
        import socket

        return socket.gethostname()

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

    pool, queue, priority_weight = _of_task("pool"), _of_task("queue"), _of_task("priority_weight")
    pool_slots, executor_config = _of_task("pool_slots"), _of_task("executor_config")
    task_display_name = _of_task("task_display_name")
    del _of_task

    @property
    def prev_attempted_tries(self):
        """The number of this attempt."""
        return self.try_number

    @property
    def start_date(self):
        """When the attempt began, as a pendulum moment."""
        return moment(self._input["first_start"] or self._input["server_time"])

    @property
    def logical_date(self):
        """The run's."""
        return self.dag_run.logical_date

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
        return self.dag_run

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
        self.client.report(xcoms=[{"key": key, "value": serialize(value), "length": length_of(value)}])

    def xcom_pull(
        self, task_ids=None, dag_id=None, key=XCOM_RETURN_KEY, include_prior_dates=False, session=None, *,
        map_indexes=NOTSET, default=None, run_id=None,
    ):  # fmt: skip
        """Take results: one value for one task, a list for several tasks or map indexes and for a mapped task; DEFAULT
        where there is none."""
        is_one_task = task_ids is None or isinstance(task_ids, str)
        where = (dag_id or self.dag_id, run_id or self.run_id)
        if task_ids is None and world.is_airflow2():
            found = self._of_anybody(where, key, include_prior_dates)
        else:
            wanted = [self.task_id] if task_ids is None else [task_ids] if is_one_task else list(task_ids)
            found = {task_id: self._rows(where, task_id, key, include_prior_dates) for task_id in wanted}
        if map_indexes is NOTSET or (map_indexes is None and world.is_airflow2()):
            return self._pulled(found, is_one_task, default)
        indexes = [-1 if index is None else index for index in _several(map_indexes)]
        values = []
        for rows in found.values():
            by_index = {row["map_index"]: row["value"] for row in rows}
            for index in indexes:
                if index in by_index:
                    values.append(deserialize(by_index[index]))
                elif not world.is_airflow2():  # Airflow 2 leaves out what is not there
                    values.append(default)
        if is_one_task and (map_indexes is None or isinstance(map_indexes, int)):
            return values[0] if values else default
        return values

    def _of_anybody(self, where, key, prior):
        """Airflow 2: without a task's id, whoever left something under KEY, the nearest tasks above asked first."""
        dag = self.task.dag
        above = [*self.task.upstream_task_ids, *self.task.get_flat_relative_ids(upstream=True), *dag.task_ids]
        for task_id in dict.fromkeys(above):
            rows = self._rows(where, task_id, key, prior)
            if rows:
                return {task_id: rows}
        return {self.task_id: []}

    def _rows(self, where, task_id, key, prior):
        rows = self.client.xcoms(*where, task_id, key)
        return rows or (self.client.xcoms(*where, task_id, key, prior=True) if prior else [])

    def _pulled(self, found, is_one_task, default):
        """What is pulled where no map index is asked for."""
        if is_one_task:
            (rows,) = found.values()
            if not rows:
                return default
            values = [deserialize(row["value"]) for row in rows]
            is_mapped = any(row["map_index"] >= 0 for row in rows)
            # Airflow 3 gives a lone result as it is, Airflow 2 a list where its task is mapped.
            return values if len(values) > 1 or (is_mapped and world.is_airflow2()) else values[0]
        flat = []
        for rows in found.values():
            flat += [deserialize(row["value"]) for row in rows]
            if not rows and not world.is_airflow2():
                flat.append(default)
        return flat

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
        if world.is_airflow2() and index is NOTSET and found is not missing and not isinstance(found, list):
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

    def get_num_running_task_instances(self, *args, **kwargs):
        """Raises NotImplementedError: the server keeps that to itself."""
        raise NotImplementedError("the number of running task instances is not told to tasks")

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


RuntimeTaskInstance = TaskInstance


def _several(value):
    return [value] if value is None or isinstance(value, int) else list(value)


def _runs_of(logical_dates, run_ids):
    if run_ids:
        return [{"run_id": run_id} for run_id in run_ids]
    return [{"logical_date": date.astimezone(dt.timezone.utc).isoformat()} for date in logical_dates or ()]
