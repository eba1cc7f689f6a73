"""Bash, empty, latest-only, branches on dates, triggering other DAGs."""

import datetime as dt
import os
import shutil
import signal
import subprocess
import tempfile

from airflow._goflow.operator import BaseBranchOperator, BaseOperator


class BashOperator(BaseOperator):
    """Runs a command; its last line of output is the result."""

    template_fields = ("bash_command", "env", "cwd")
    template_fields_renderers = {"bash_command": "bash", "env": "json"}
    template_ext = (".sh", ".bash")

    def __init__(
        self, *, bash_command, env=None, append_env=False, output_encoding="utf-8", skip_on_exit_code=99, cwd=None,
        output_processor=None, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.bash_command, self.env, self.append_env, self.cwd = bash_command, env, append_env, cwd
        self.output_encoding = output_encoding
        codes = skip_on_exit_code
        self.skip_on_exit_code = (
            [] if codes is None else list(codes) if isinstance(codes, list | tuple | set) else [codes]
        )
        self.output_processor = output_processor or (lambda result: result)
        self._process = None

    def get_env(self, context):
        """The command's environment."""
        from goflow_runner.command import airflow_variables

        system = dict(os.environ)
        env = system if self.env is None else {**system, **self.env} if self.append_env else dict(self.env)
        return {**{key: str(value) for key, value in env.items()}, **airflow_variables(context["ti"]._input)}

    def execute(self, context):
        """Run it."""
        from airflow._goflow.exceptions import AirflowException, AirflowSkipException

        if self.cwd is not None and not os.path.isdir(self.cwd):
            raise AirflowException(f"Can not find the cwd: {self.cwd}")
        with tempfile.TemporaryDirectory(prefix="airflowtmp") as scratch:
            bash = shutil.which("bash") or "bash"
            self._process = subprocess.Popen(
                [bash, "-c", self.bash_command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                cwd=self.cwd or scratch, env=self.get_env(context), start_new_session=True,
            )  # fmt: skip
            line = ""
            for raw in self._process.stdout:
                line = raw.decode(self.output_encoding, errors="backslashreplace").rstrip()
                print(line, flush=True)
            code = self._process.wait()
        if code in self.skip_on_exit_code:
            raise AirflowSkipException(f"Bash command returned exit code {code}. Skipping.")
        if code != 0:
            raise AirflowException(f"Bash command failed. The command returned a non-zero exit code {code}.")
        return self.output_processor(line)

    def on_kill(self):
        """Tell the command's session to stop."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)


class EmptyOperator(BaseOperator):
    """Does nothing."""

    def execute(self, context):
        """Nothing."""


DummyOperator = EmptyOperator


class SmoothOperator(BaseOperator):
    """Says where to listen."""

    def execute(self, context):
        """Say it."""
        self.log.info("Enjoy Sade - Smooth Operator: https://www.youtube.com/watch?v=4TYv2PhG89A")


class LatestOnlyOperator(BaseBranchOperator):
    """Skips what is below unless the run is the latest."""

    def choose_branch(self, context):
        """All of it, or nothing."""
        run = context["dag_run"]
        if run.run_type == "manual" or run.external_trigger:
            return list(self.downstream_task_ids)
        end = context["data_interval_end"]
        length = end - context["data_interval_start"]
        now = dt.datetime.now(dt.UTC)
        is_latest = end < now <= end + length if length else True
        return list(self.downstream_task_ids) if is_latest else []


class BranchDateTimeOperator(BaseBranchOperator):
    """Chooses by whether now is between two moments."""

    def __init__(
        self, *, follow_task_ids_if_true, follow_task_ids_if_false, target_lower, target_upper,
        use_task_logical_date=False, use_task_execution_date=False, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.target_lower, self.target_upper = target_lower, target_upper
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.use_task_logical_date = use_task_logical_date or use_task_execution_date

    def choose_branch(self, context):
        """Compare."""
        now = context["logical_date"] if self.use_task_logical_date else dt.datetime.now(dt.UTC)
        low, high = self._bounds(now)
        is_between = (low is None or low <= now) and (high is None or now <= high)
        return self.follow_task_ids_if_true if is_between else self.follow_task_ids_if_false

    def _bounds(self, now):
        def full(value):
            if isinstance(value, dt.time):
                return dt.datetime.combine(now.date(), value, tzinfo=value.tzinfo or dt.UTC)
            return value if value is None or value.tzinfo else value.replace(tzinfo=dt.UTC)

        low, high = full(self.target_lower), full(self.target_upper)
        times = isinstance(self.target_lower, dt.time) and isinstance(self.target_upper, dt.time)
        return low, high + dt.timedelta(days=1) if times and high < low else high


class BranchDayOfWeekOperator(BaseBranchOperator):
    """Chooses by the day of the week."""

    def __init__(
        self, *, follow_task_ids_if_true, follow_task_ids_if_false, week_day, use_task_logical_date=False,
        use_task_execution_day=False, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        from airflow._goflow.enums import WeekDay

        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.week_day = week_day
        self.use_task_logical_date = use_task_logical_date or use_task_execution_day
        self._days = WeekDay.validate_week_day(week_day)

    def choose_branch(self, context):
        """Compare."""
        now = context["logical_date"] if self.use_task_logical_date else dt.datetime.now(dt.UTC)
        return self.follow_task_ids_if_true if now.isoweekday() in self._days else self.follow_task_ids_if_false


BranchDayOfWeek = BranchDayOfWeekOperator


class TriggerDagRunOperator(BaseOperator):
    """Makes a run of another DAG."""

    template_fields = (
        "trigger_dag_id",
        "trigger_run_id",
        "logical_date",
        "conf",
        "wait_for_completion",
        "skip_when_already_exists",
    )

    def __init__(
        self, *, trigger_dag_id, trigger_run_id=None, conf=None, logical_date=None, execution_date=None,
        reset_dag_run=False, wait_for_completion=False, poke_interval=60, allowed_states=None, failed_states=None,
        skip_when_already_exists=False, fail_when_dag_is_paused=False, deferrable=False, note=None, **kwargs,
    ):  # fmt: skip
        kwargs.pop("openlineage_inject_parent_info", None)
        super().__init__(**kwargs)
        self.trigger_dag_id, self.trigger_run_id, self.conf = trigger_dag_id, trigger_run_id, conf
        self.logical_date = logical_date if logical_date is not None else execution_date
        self.reset_dag_run, self.wait_for_completion = reset_dag_run, wait_for_completion
        self.poke_interval = poke_interval
        self.allowed_states = [str(s) for s in allowed_states or ["success"]]
        self.failed_states = [str(s) for s in (failed_states if failed_states is not None else ["failed"])]
        self.skip_when_already_exists = skip_when_already_exists
        self.note = note

    def execute(self, context):
        """Make it, and wait for its end where that is asked for."""
        from goflow_runner.client import RefusedError

        from airflow._goflow.exceptions import AirflowSkipException, DagRunAlreadyExists
        from airflow._goflow.values import encode

        client = context["ti"].client
        moment = self.logical_date
        if isinstance(moment, dt.datetime):
            moment = moment.isoformat()
        body = {"dag_id": self.trigger_dag_id, "run_id": self.trigger_run_id, "logical_date": moment}
        try:
            made = client.trigger_dag_run({**body, "conf": encode(self.conf) if self.conf else None})
        except RefusedError as refusal:
            if refusal.status != 409:
                raise
            if self.skip_when_already_exists:
                raise AirflowSkipException(f"Skipping due to skip_when_already_exists: {refusal.detail}") from None
            raise DagRunAlreadyExists(refusal.detail) from None
        context["ti"].xcom_push(key="trigger_run_id", value=made["run_id"])
        if self.wait_for_completion:
            self._wait(client, made["run_id"])

    def _wait(self, client, run_id):
        import time

        from airflow._goflow.exceptions import AirflowException

        while True:
            found = client.dag_runs(self.trigger_dag_id, run_id=run_id)
            state = found[0]["state"] if found else None
            if state in self.failed_states:
                raise AirflowException(f"{self.trigger_dag_id} failed with failed state {state}")
            if state in self.allowed_states:
                return
            self.log.info(
                "Waiting for %s on %s to become allowed state %s ...", self.trigger_dag_id, run_id, self.allowed_states
            )
            time.sleep(self.poke_interval)


class ExternalTaskMarker(EmptyOperator):
    """Marks that another DAG waits for this."""

    template_fields = ("external_dag_id", "external_task_id", "logical_date")

    def __init__(
        self,
        *,
        external_dag_id,
        external_task_id,
        logical_date="{{ logical_date.isoformat() }}",
        recursion_depth=10,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.external_dag_id, self.external_task_id = external_dag_id, external_task_id
        self.logical_date, self.recursion_depth = logical_date, recursion_depth


class SubDagOperator(BaseOperator):
    """A DAG inside a DAG."""

    def __init__(self, *, subdag, **kwargs):
        super().__init__(**kwargs)
        self.subdag = subdag
