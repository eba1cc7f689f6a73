"""Waiting for another DAG, its tasks or a group of them."""

import datetime as dt

from airflow._goflow import callables, world
from airflow._goflow import exceptions as e
from airflow._goflow.classes.empty import EmptyOperator
from airflow._goflow.dialects import ByDialect
from airflow._goflow.operator import BaseOperatorLink
from airflow._goflow.sensor import BaseSensorOperator
from airflow._goflow.words import State


class ExternalDagLink(BaseOperatorLink):
    """A link to the other DAG."""

    name = "External DAG"


class ExternalTaskSensor(BaseSensorOperator):
    """Waits until a DAG, some of its tasks or a group of them have one of the states that are wanted, in the runs of
    the dates that are wanted."""

    template_fields = ("external_dag_id", "external_task_id", "external_task_ids", "external_task_group_id")
    ui_color = "#4db7db"

    def __init__(
        self, *, external_dag_id, external_task_id=None, external_task_ids=None, external_task_group_id=None,
        allowed_states=None, skipped_states=None, failed_states=None, execution_delta=None, execution_date_fn=None,
        check_existence=False, poll_interval=None, deferrable=False, **kwargs,
    ):  # fmt: skip
        if poll_interval is not None:
            kwargs.setdefault("poke_interval", poll_interval)
        super().__init__(**kwargs)
        self.allowed_states = [str(state) for state in allowed_states or ["success"]]
        self.skipped_states = [str(state) for state in skipped_states or []]
        self.failed_states = [str(state) for state in failed_states or []]
        external_task_ids = external_task_ids or None
        self._check(external_task_id, external_task_ids, external_task_group_id, execution_delta, execution_date_fn)
        if external_task_id is not None:
            external_task_ids = [external_task_id]
        self.execution_delta, self.execution_date_fn = execution_delta, execution_date_fn
        self.external_dag_id, self.external_task_id = external_dag_id, external_task_id
        self.external_task_ids, self.external_task_group_id = external_task_ids, external_task_group_id
        self.check_existence, self.deferrable = check_existence, deferrable

    def _check(self, task_id, task_ids, group_id, delta, function):
        """Raises ValueError and DuplicateStateError for arguments that exclude each other."""
        states = [*self.allowed_states, *self.skipped_states, *self.failed_states]
        if len(set(states)) != len(states):
            raise e.DuplicateStateError(
                "Duplicate values provided across allowed_states, skipped_states and failed_states."
            )
        if sum(value is not None for value in (task_id, task_ids, group_id)) > 1:
            raise ValueError(
                "Only one of `external_task_id`, `external_task_ids` or `external_task_group_id` may be provided to "
                "ExternalTaskSensor"
            )
        is_of_tasks = any(value is not None for value in (task_id, task_ids, group_id))
        valid = {str(state) for state in (State.task_states if is_of_tasks else State.dag_states)}
        if not set(states) <= valid:
            raise ValueError(
                f"Valid values for `allowed_states`, `skipped_states` and `failed_states`: {sorted(valid)}"
            )
        if delta is not None and function is not None:
            raise ValueError("Only one of `execution_delta` or `execution_date_fn` may be provided; not both.")

    def _dates(self, context):
        moment = context.get("execution_date" if world.is_airflow2() else "logical_date")
        moment = moment or context["dag_run"].run_after
        if self.execution_delta:
            return [moment - self.execution_delta]
        if self.execution_date_fn:
            kwargs = {key: context[key] for key in context.names() if key not in {"execution_date", "logical_date"}}
            found = callables.make_kwargs_callable(self.execution_date_fn)(moment, **kwargs, context=context)
            return found if isinstance(found, list) else [found]
        return [moment]

    def poke(self, context):
        """Whether they all have. Raises an ExternalTask...Error or AirflowSkipException for other states."""
        if self.external_task_ids and len(self.external_task_ids) > len(set(self.external_task_ids)):
            raise ValueError("Duplicate task_ids passed in external_task_ids parameter")
        dates = self._dates(context)
        what = self.external_task_ids or self.external_task_group_id or "the whole DAG"
        shown = ",".join(date.isoformat() for date in dates)
        self.log.info("Poking for %s in dag %s on %s ... ", what, self.external_dag_id, shown)
        client = context["ti"].client
        if self.failed_states and self._count(client, dates, self.failed_states) > 0:
            self._failed()
        if self.skipped_states and self._count(client, dates, self.skipped_states) > 0:
            raise e.AirflowSkipException(f"{self._name()} reached a state in our states-to-skip-on list. Skipping.")
        return self._count(client, dates, self.allowed_states) == len(dates)

    def _count(self, client, dates, states):
        """In how many of the runs what is waited for has one of STATES; tasks count by their share."""
        return sum(self._share(client, date.astimezone(dt.timezone.utc).isoformat(), states) for date in dates)

    def _share(self, client, date, states):
        if not self.external_task_ids and not self.external_task_group_id:
            runs = client.dag_runs(self.external_dag_id, logical_date=date)
            return float(any(run["state"] in states for run in runs))
        wanted = list(self.external_task_ids or [])
        found = client.task_states(self.external_dag_id, task_ids=wanted, logical_date=date)
        if self.external_task_group_id:
            prefix = f"{self.external_task_group_id}."
            found = {key: value for key, value in found.items() if key.startswith(prefix)}
            all_states = [state for copies in found.values() for state in copies.values()]
            return float(bool(all_states) and all(state in states for state in all_states))
        fit = sum(bool(copies) and all(state in states for state in copies.values()) for copies in found.values())
        return fit / len(wanted)

    def _name(self):
        if self.external_task_ids:
            return f"Some of the external tasks {self.external_task_ids} in DAG {self.external_dag_id}"
        if self.external_task_group_id:
            return f"The external task_group '{self.external_task_group_id}' in DAG '{self.external_dag_id}'"
        return f"The external DAG {self.external_dag_id}"

    def _failed(self):
        if self.soft_fail:
            raise e.AirflowSkipException(f"{self._name()} failed. Skipping due to soft_fail.")
        if self.external_task_ids:
            raise e.ExternalTaskFailedError(f"{self._name()} failed.")
        if self.external_task_group_id:
            raise e.ExternalTaskGroupFailedError(f"{self._name()} failed.")
        raise e.ExternalDagFailedError(f"{self._name()} failed.")

    def execute(self, context):
        """Wait, in this process or by a trigger."""
        if not self.deferrable:
            super().execute(context)
            return
        from airflow._goflow.triggers_external import WorkflowTrigger

        self.defer(
            timeout=dt.timedelta(seconds=self.timeout) if self.timeout else None,
            trigger=WorkflowTrigger(
                external_dag_id=self.external_dag_id, external_task_group_id=self.external_task_group_id,
                external_task_ids=self.external_task_ids, allowed_states=self.allowed_states,
                failed_states=self.failed_states, skipped_states=self.skipped_states,
                poke_interval=self.poke_interval, soft_fail=self.soft_fail, logical_dates=self._dates(context),
            ),
            method_name="execute_complete",
        )  # fmt: skip

    def execute_complete(self, context, event=None):
        """The trigger has fired."""
        status = (event or {}).get("status")
        if status == "success":
            self.log.info("External tasks %s has executed successfully.", self.external_task_ids)
        elif status == "skipped":
            raise e.AirflowSkipException("External job has skipped skipping.")
        elif self.soft_fail:
            raise e.AirflowSkipException("External job has failed skipping.")
        elif status == "failed":
            raise e.ExternalDagFailedError("External job has failed.")
        else:
            raise e.ExternalTaskNotFoundError("No event received from trigger")


class ExternalTaskMarker(EmptyOperator):
    """Marks that another DAG's task waits for this one."""

    template_fields = ByDialect(
        ("external_dag_id", "external_task_id", "execution_date"),
        ("external_dag_id", "external_task_id", "logical_date"),
    )
    ui_color = "#4db7db"

    def __init__(
        self, *, external_dag_id, external_task_id, logical_date=None, execution_date=None, recursion_depth=10, **kwargs
    ):
        super().__init__(**kwargs)
        self.external_dag_id, self.external_task_id = external_dag_id, external_task_id
        moment = logical_date or execution_date or "{{ logical_date.isoformat() }}"
        if not isinstance(moment, (str, dt.datetime)):
            raise TypeError(f"Expected str or datetime.datetime type for logical_date. Got {type(moment)}")
        self.logical_date = moment.isoformat() if isinstance(moment, dt.datetime) else moment
        if world.is_airflow2():
            self.execution_date = self.logical_date
        if recursion_depth <= 0:
            raise ValueError("recursion_depth should be a positive integer")
        self.recursion_depth = recursion_depth
