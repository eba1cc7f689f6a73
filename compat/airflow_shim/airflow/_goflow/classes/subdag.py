"""Airflow 2's SubDagOperator."""

from airflow._goflow.dag import DagContext
from airflow._goflow.exceptions import AirflowException
from airflow._goflow.sensor import BaseSensorOperator
from airflow._goflow.words import DagRunState, TaskInstanceState, _Words

_OPEN = (DagRunState.QUEUED, DagRunState.RUNNING)


class SkippedStatePropagationOptions(_Words):
    """Which skipped leaves of the inner DAG skip what follows."""

    ALL_LEAVES = "all_leaves"
    ANY_LEAF = "any_leaf"


class SubDagOperator(BaseSensorOperator):
    """Makes a run of the DAG inside it, for the same logical date, and waits for its end."""

    ui_color = "#555"

    def __init__(self, *, subdag, conf=None, propagate_skipped_state=None, session=None, **kwargs):
        super().__init__(**kwargs)
        self.subdag, self.conf, self.propagate_skipped_state = subdag, conf, propagate_skipped_state
        dag = kwargs.get("dag") or DagContext.get_current_dag()
        if not dag:
            raise AirflowException("Please pass in the `dag` param or call within a DAG context manager")
        wanted = f"{dag.dag_id}.{kwargs['task_id']}"
        if wanted != subdag.dag_id:
            raise AirflowException(
                "The subdag's dag_id should have the form '{parent_dag_id}.{this_task_id}'. "
                f"Expected '{wanted}'; received '{subdag.dag_id}'."
            )

    def pre_execute(self, context):
        """Make the run, unless there is one; one that has failed begins anew."""
        super().pre_execute(context)
        run = self._run(context)
        if run is not None and run["state"] != DagRunState.FAILED:
            self.log.info("Found existing DagRun: %s", run["run_id"])
            return
        run_id = context["run_id"] if run is None else run["run_id"]
        body = {"dag_id": self.subdag.dag_id, "run_id": run_id, "conf": self.conf or {}, "inside": True}
        context["ti"].client.trigger_dag_run({**body, "reset_dag_run": run is not None})
        self.log.info("Created DagRun: %s", run_id)

    def _run(self, context):
        moment = context["logical_date"].isoformat()
        return next(iter(context["ti"].client.dag_runs(self.subdag.dag_id, logical_date=moment)), None)

    def poke(self, context):
        """Whether the run has ended."""
        return self._run(context)["state"] not in _OPEN

    def post_execute(self, context, result=None):
        """Raises AirflowException where the run has failed."""
        super().post_execute(context, result)
        state = self._run(context)["state"]
        if state != DagRunState.SUCCESS:
            raise AirflowException(f"Expected state: SUCCESS. Actual state: {state}")
        if self.propagate_skipped_state and self._is_skipped(context):
            self.skip(context["ti"], self.downstream_list)

    def _is_skipped(self, context):
        leaves = [leaf.task_id for leaf in self.subdag.leaves]
        moment = context["logical_date"].isoformat()
        found = context["ti"].client.task_states(self.subdag.dag_id, task_ids=leaves, logical_date=moment)
        skipped = [state == TaskInstanceState.SKIPPED for states in found.values() for state in states.values()]
        return (any if self.propagate_skipped_state == SkippedStatePropagationOptions.ANY_LEAF else all)(skipped)
