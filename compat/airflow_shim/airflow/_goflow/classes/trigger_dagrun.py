"""TriggerDagRunOperator."""

import datetime as dt
import time

from airflow._goflow import timezone, world
from airflow._goflow.exceptions import AirflowException, AirflowSkipException, DagNotFound, DagRunAlreadyExists
from airflow._goflow.operator import BaseOperator, BaseOperatorLink
from airflow._goflow.words import NOTSET, DagRunState

XCOM_RUN_ID = "trigger_run_id"
XCOM_LOGICAL_DATE_ISO = "trigger_logical_date_iso"


class DagIsPaused(AirflowException):
    """The DAG is paused."""

    def __init__(self, dag_id):
        super().__init__(dag_id)
        self.dag_id = dag_id

    def __str__(self):
        return f"Dag {self.dag_id} is paused"


class TriggerDagRunLink(BaseOperatorLink):
    """A link to the run."""

    name = "Triggered DAG"


class TriggerDagRunOperator(BaseOperator):
    """Makes a run of another DAG, and waits for its end where that is wanted."""

    template_fields = ("trigger_dag_id", "trigger_run_id", "logical_date", "conf", "wait_for_completion",
                       "skip_when_already_exists")  # fmt: skip
    template_fields_renderers = {"conf": "py"}
    ui_color = "#ffefeb"

    def __init__(
        self, *, trigger_dag_id, trigger_run_id=None, conf=None, logical_date=NOTSET, run_after=NOTSET,
        execution_date=NOTSET, reset_dag_run=False, wait_for_completion=False, poke_interval=60, allowed_states=None,
        failed_states=None, skip_when_already_exists=False, fail_when_dag_is_paused=False, note=None, deferrable=False,
        openlineage_inject_parent_info=True, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.trigger_dag_id, self.trigger_run_id, self.conf = trigger_dag_id, trigger_run_id, conf
        self.reset_dag_run, self.wait_for_completion, self.poke_interval = (
            reset_dag_run,
            wait_for_completion,
            poke_interval,
        )
        self.allowed_states = [DagRunState(state) for state in allowed_states or [DagRunState.SUCCESS]]
        self.failed_states = [DagRunState(s) for s in (failed_states if failed_states is not None else ["failed"])]
        self.skip_when_already_exists = skip_when_already_exists
        self.fail_when_dag_is_paused = fail_when_dag_is_paused
        self.note, self.deferrable = note, deferrable
        self.openlineage_inject_parent_info = openlineage_inject_parent_info
        self.logical_date = logical_date if execution_date in (NOTSET, None) else execution_date
        if self.logical_date is NOTSET and world.is_airflow2():
            self.logical_date = None  # which is now there, and no logical date in Airflow 3
        self.run_after = run_after

    def _moments(self):
        """``(logical date, run after)``: now where neither is given, no logical date where only RUN_AFTER is."""
        if self.logical_date is not NOTSET and not isinstance(self.logical_date, (str, dt.datetime, type(None))):
            raise TypeError(
                "Expected str, datetime.datetime, or None for parameter 'logical_date'. "
                f"Got {type(self.logical_date).__name__}"
            )
        run_after = None if self.run_after is NOTSET else _parsed(self.run_after)
        if self.logical_date is None and world.is_airflow2():
            return timezone.utcnow(), run_after
        if self.logical_date is not NOTSET:
            return _parsed(self.logical_date), run_after
        return (None if run_after is not None else timezone.utcnow()), run_after

    def _checked_conf(self):
        import json

        try:
            if isinstance(self.conf, str):
                self.conf = json.loads(self.conf)
            json.dumps(self.conf)
        except (TypeError, ValueError):
            raise ValueError(f"conf parameter should be JSON Serializable: {self.conf}") from None
        return self.conf

    def execute(self, context):
        """Make the run. Raises DagRunAlreadyExists, DagNotFound, AirflowSkipException."""
        logical_date, run_after = self._moments()
        conf = self._checked_conf()
        run_id = self.trigger_run_id and str(self.trigger_run_id)
        if not run_id:
            run_id = f"manual__{(run_after or logical_date or timezone.utcnow()).isoformat()}"
            run_id += "" if logical_date is not None else f"_{_random_text()}"
        self.trigger_run_id = run_id
        made = self._trigger(context["ti"].client, run_id, logical_date, run_after, conf)
        if world.is_airflow2():
            context["ti"].xcom_push(key=XCOM_LOGICAL_DATE_ISO, value=made["logical_date"])
        context["ti"].xcom_push(key=XCOM_RUN_ID, value=made["run_id"])
        self.trigger_run_id = made["run_id"]
        if self.wait_for_completion:
            self._wait(context)

    def _trigger(self, client, run_id, logical_date, run_after, conf):
        from goflow_runner import wire
        from goflow_runner.client import RefusedError

        body = {"dag_id": self.trigger_dag_id, "run_id": run_id, "conf": conf or {}, "note": self.note,
                "logical_date": _iso(logical_date), "run_after": _iso(run_after),
                "without_logical_date": logical_date is None, "reset_dag_run": self.reset_dag_run,
                "fail_when_dag_is_paused": self.fail_when_dag_is_paused}  # fmt: skip
        body = {name: value for name, value in body.items() if value not in (None, False)}
        self.log.info("Triggering Dag Run. trigger_dag_id=%s", self.trigger_dag_id)
        try:
            return client.trigger_dag_run(body)
        except RefusedError as refusal:
            if refusal.status == 404:
                raise DagNotFound(f"Dag id {self.trigger_dag_id} not found") from None
            if refusal.status == wire.PAUSED:
                raise DagIsPaused(self.trigger_dag_id) from None
            if refusal.status != 409:
                raise
            if self.skip_when_already_exists:
                raise AirflowSkipException(
                    "Skipping due to skip_when_already_exists is set to True and DagRunAlreadyExists"
                ) from None
            raise DagRunAlreadyExists(refusal.detail) from None

    def _wait(self, context):
        client, run_id = context["ti"].client, self.trigger_run_id
        if self.deferrable:
            from airflow._goflow.triggers_external import DagStateTrigger

            states = [*self.allowed_states, *self.failed_states]
            self.defer(
                trigger=DagStateTrigger(
                    dag_id=self.trigger_dag_id, states=states, run_ids=[run_id], poll_interval=self.poke_interval
                ),
                method_name="execute_complete",
            )
        while True:
            self.log.info("Waiting for %s on %s to become allowed state %s ...", self.trigger_dag_id, run_id,
                          [str(state) for state in self.allowed_states])  # fmt: skip
            time.sleep(self.poke_interval)
            if self._is_settled(
                run_id, next((run["state"] for run in client.dag_runs(self.trigger_dag_id, run_id=run_id)), None)
            ):
                return

    def _is_settled(self, run_id, state):
        if state in self.failed_states:
            raise AirflowException(f"{self.trigger_dag_id} failed with failed state {state}")
        if state in self.allowed_states:
            self.log.info("%s finished with allowed state %s for run_id %s", self.trigger_dag_id, state, run_id)
            return True
        return False

    def execute_complete(self, context, event):
        """The trigger has fired."""
        _, data = event
        for run_id in data["run_ids"]:
            self._is_settled(run_id, data.get(run_id))


def _parsed(value):
    if value is None:
        return None
    moment = timezone.parse(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.timezone.utc)


def _iso(moment):
    return None if moment is None else moment.isoformat()


def _random_text():
    import secrets
    import string

    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(8))


__all__ = ["DagIsPaused", "TriggerDagRunLink", "TriggerDagRunOperator"]
