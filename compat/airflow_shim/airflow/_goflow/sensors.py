"""Sensors of the standard provider."""

import datetime as dt
import glob
import os
import subprocess
import tempfile

from airflow._goflow.operator import BaseSensorOperator, PokeReturnValue


def _now():
    return dt.datetime.now(dt.UTC)


def _aware(moment):
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


class PythonSensor(BaseSensorOperator):
    """Asks a function."""

    template_fields = ("templates_dict", "op_args", "op_kwargs")

    def __init__(self, *, python_callable, op_args=None, op_kwargs=None, templates_dict=None, **kwargs):
        super().__init__(**kwargs)
        self.python_callable = python_callable
        self.op_args, self.op_kwargs, self.templates_dict = op_args or [], op_kwargs or {}, templates_dict

    def poke(self, context):
        """Ask."""
        from airflow._goflow.python_operators import determine_kwargs

        merged = {**context.copy(), **self.op_kwargs, "templates_dict": self.templates_dict}
        kwargs = {**self.op_kwargs, **determine_kwargs(self.python_callable, self.op_args, merged)}
        answer = self.python_callable(*self.op_args, **kwargs)
        return answer if isinstance(answer, PokeReturnValue) else PokeReturnValue(bool(answer))


class BashSensor(BaseSensorOperator):
    """Asks a command."""

    template_fields = ("bash_command", "env")

    def __init__(self, *, bash_command, env=None, output_encoding="utf-8", retry_exit_code=None, **kwargs):
        super().__init__(**kwargs)
        self.bash_command, self.env, self.retry_exit_code = bash_command, env, retry_exit_code

    def poke(self, context):
        """Ask."""
        from airflow._goflow.exceptions import AirflowFailException

        with tempfile.TemporaryDirectory(prefix="airflowtmp") as scratch:
            code = subprocess.run(["bash", "-c", self.bash_command], env=self.env, cwd=scratch, check=False).returncode
        if code and self.retry_exit_code is not None and code != self.retry_exit_code:
            raise AirflowFailException(f"Command exited with code {code}")
        return code == 0


class TimeSensor(BaseSensorOperator):
    """Waits for a time of the day."""

    def __init__(self, *, target_time, **kwargs):
        for name in ("deferrable", "start_from_trigger", "end_from_trigger", "trigger_kwargs"):
            kwargs.pop(name, None)
        super().__init__(**kwargs)
        self.target_time = target_time
        today = dt.datetime.combine(_now().date(), target_time, tzinfo=target_time.tzinfo)
        self.target_datetime = _aware(today)

    def poke(self, context):
        """Whether it is that late."""
        return _now() > self.target_datetime


TimeSensorAsync = TimeSensor


class TimeDeltaSensor(BaseSensorOperator):
    """Waits for a while after the data interval."""

    def __init__(self, *, delta, **kwargs):
        for name in ("deferrable", "end_from_trigger"):
            kwargs.pop(name, None)
        super().__init__(**kwargs)
        self.delta = delta

    def poke(self, context):
        """Whether it is that late."""
        start = context.get("data_interval_end") or context["dag_run"].run_after
        return _now() > start + self.delta


TimeDeltaSensorAsync = WaitSensor = TimeDeltaSensor


class DateTimeSensor(BaseSensorOperator):
    """Waits for a moment."""

    template_fields = ("target_time",)

    def __init__(self, *, target_time, **kwargs):
        for name in ("start_from_trigger", "end_from_trigger", "trigger_kwargs", "deferrable"):
            kwargs.pop(name, None)
        super().__init__(**kwargs)
        self.target_time = target_time.isoformat() if isinstance(target_time, dt.datetime) else target_time

    def poke(self, context):
        """Whether it has come."""
        import pendulum

        return _now() > pendulum.parse(str(self.target_time))


DateTimeSensorAsync = DateTimeSensor


class DayOfWeekSensor(BaseSensorOperator):
    """Waits for a day of the week."""

    def __init__(self, *, week_day, use_task_logical_date=False, use_task_execution_day=False, **kwargs):
        super().__init__(**kwargs)
        from airflow._goflow.enums import WeekDay

        self.week_day = week_day
        self._days = WeekDay.validate_week_day(week_day)
        self.use_task_logical_date = use_task_logical_date or use_task_execution_day

    def poke(self, context):
        """Whether it is that day."""
        now = context["logical_date"] if self.use_task_logical_date else _now()
        return now.isoweekday() in self._days


class FileSensor(BaseSensorOperator):
    """Waits for a file."""

    template_fields = ("filepath",)

    def __init__(self, *, filepath, fs_conn_id="fs_default", recursive=False, deferrable=False, **kwargs):
        for name in ("start_from_trigger", "trigger_kwargs"):
            kwargs.pop(name, None)
        super().__init__(**kwargs)
        self.filepath, self.fs_conn_id, self.recursive = filepath, fs_conn_id, recursive

    def poke(self, context):
        """Whether it is there."""
        from airflow._goflow.exceptions import AirflowNotFoundException
        from airflow._goflow.live import BaseHook

        base = "/"
        if not os.path.isabs(self.filepath):
            try:
                base = BaseHook.get_connection(self.fs_conn_id).extra_dejson.get("path") or "/"
            except AirflowNotFoundException:
                base = "/"
        found = glob.glob(os.path.join(base, self.filepath), recursive=self.recursive)
        return any(os.path.isfile(path) or any(files for _, _, files in os.walk(path)) for path in found)


class ExternalTaskSensor(BaseSensorOperator):
    """Waits for a task, a group or a run of another DAG."""

    template_fields = ("external_dag_id", "external_task_id", "external_task_ids", "external_task_group_id")

    def __init__(
        self, *, external_dag_id, external_task_id=None, external_task_ids=None, external_task_group_id=None,
        allowed_states=None, skipped_states=None, failed_states=None, execution_delta=None, execution_date_fn=None,
        check_existence=False, poll_interval=2.0, deferrable=False, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.external_dag_id = external_dag_id
        ids = list(external_task_ids or [])
        self.external_task_id = external_task_id
        self.external_task_ids = [*ids, external_task_id] if external_task_id else ids
        self.external_task_group_id = external_task_group_id
        self.allowed_states = [str(s) for s in allowed_states or ["success"]]
        self.skipped_states = [str(s) for s in skipped_states or []]
        self.failed_states = [str(s) for s in failed_states or []]
        self.execution_delta, self.execution_date_fn = execution_delta, execution_date_fn
        self.check_existence = check_existence

    def _moments(self, context):
        logical = context["logical_date"]
        if self.execution_delta:
            return [logical - self.execution_delta]
        if self.execution_date_fn:
            from airflow._goflow.python_operators import determine_kwargs

            found = self.execution_date_fn(
                logical, **determine_kwargs(self.execution_date_fn, [logical], context.copy())
            )
            return found if isinstance(found, list) else [found]
        return [logical]

    def poke(self, context):
        """Whether all of them are there."""
        from airflow._goflow.exceptions import AirflowException, AirflowSkipException

        client = context["ti"].client
        states = []
        for moment in self._moments(context):
            text = moment.isoformat()
            if self.external_task_ids:
                found = client.task_states(self.external_dag_id, task_ids=self.external_task_ids, logical_date=text)
                for task_id in self.external_task_ids:
                    states += list(found.get(task_id, {}).values()) or [None]
            else:
                runs = client.dag_runs(self.external_dag_id, logical_date=text)
                states += [run["state"] for run in runs] or [None]
        if any(state in self.failed_states for state in states):
            if self.soft_fail:
                raise AirflowSkipException("External job has failed skipping.")
            raise AirflowException(f"Some of the external tasks in DAG {self.external_dag_id} failed.")
        if any(state in self.skipped_states for state in states):
            raise AirflowSkipException(
                f"Some of the external tasks in DAG {self.external_dag_id} reached a state in our skipped states"
            )
        return all(state in self.allowed_states for state in states)
