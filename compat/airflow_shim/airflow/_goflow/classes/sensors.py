"""Sensors that ask a command, a function, the file system or the calendar."""

import datetime as dt
import os

from airflow._goflow import callables, timezone
from airflow._goflow.dialects import ByDialect
from airflow._goflow.exceptions import AirflowException, AirflowFailException
from airflow._goflow.sensor import BaseSensorOperator, PokeReturnValue
from airflow._goflow.words import WeekDay


class PythonSensor(BaseSensorOperator):
    """Asks a function."""

    template_fields = ("templates_dict", "op_args", "op_kwargs")
    takes_multiple_outputs = True

    def __init__(self, *, python_callable, op_args=None, op_kwargs=None, templates_dict=None, **kwargs):
        super().__init__(**kwargs)
        self.python_callable = python_callable
        self.op_args, self.op_kwargs, self.templates_dict = op_args or [], op_kwargs or {}, templates_dict

    def poke(self, context):
        """Ask."""
        callables.context_merge(context, self.op_kwargs, templates_dict=self.templates_dict)
        self.op_kwargs = callables.determine_kwargs(self.python_callable, self.op_args, context)
        self.log.info("Poking callable: %s", str(self.python_callable))
        answer = self.python_callable(*self.op_args, **self.op_kwargs)
        return answer if isinstance(answer, PokeReturnValue) else PokeReturnValue(bool(answer))


class BashSensor(BaseSensorOperator):
    """Asks a command."""

    template_fields = ("bash_command", "env")

    def __init__(self, *, bash_command, env=None, output_encoding="utf-8", retry_exit_code=None, **kwargs):
        super().__init__(**kwargs)
        self.bash_command, self.env = bash_command, env
        self.output_encoding, self.retry_exit_code = output_encoding, retry_exit_code

    def poke(self, context):
        """Ask. Raises AirflowFailException for an exit code that does not mean 'later'."""
        from airflow._goflow.classes.hooks import SubprocessHook

        self._hook = SubprocessHook()
        code = self._hook.run_command(
            ["bash", "-c", self.bash_command], env=self.env, output_encoding=self.output_encoding
        ).exit_code
        if code == 0:
            return True
        if self.retry_exit_code is not None and code != self.retry_exit_code:
            raise AirflowFailException(f"Command exited with return code {code}")
        self.log.info("Command exited with return code %s, will retry later", code)
        return False

    def on_kill(self):
        """Tell the command to stop."""
        if getattr(self, "_hook", None) is not None:
            self._hook.send_sigterm()


class DayOfWeekSensor(BaseSensorOperator):
    """Waits for a day of the week."""

    def __init__(self, *, week_day, use_task_logical_date=False, use_task_execution_day=False, **kwargs):
        super().__init__(**kwargs)
        self.week_day = week_day
        self.use_task_logical_date = use_task_logical_date or use_task_execution_day
        self._week_day_num = WeekDay.validate_week_day(week_day)

    def poke(self, context):
        """Whether it is that day."""
        now = timezone.utcnow()
        self.log.info("Poking until weekday is in %s, Today is %s", self.week_day, WeekDay(now.isoweekday()).name)
        if self.use_task_logical_date:
            now = context.get("logical_date") or context["dag_run"].run_after
        return now.isoweekday() in self._week_day_num


class FileSensor(BaseSensorOperator):
    """Waits for a file, or for files in a folder."""

    template_fields = ByDialect(("filepath",), ("filepath", "fs_conn_id"))

    def __init__(
        self, *, filepath, fs_conn_id="fs_default", recursive=False, deferrable=False, start_from_trigger=False,
        trigger_kwargs=None, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.filepath, self.fs_conn_id, self.recursive, self.deferrable = filepath, fs_conn_id, recursive, deferrable

    @property
    def path(self):
        """The full path; the connection names the folder, and may be missing where the path is absolute."""
        from airflow._goflow.classes.hooks import FSHook

        return os.path.join(FSHook(self.fs_conn_id).get_path(), self.filepath)

    def poke(self, context):
        """Whether it is there."""
        self.log.info("Poking for file %s", self.path)
        return find_file(self.path, self.recursive, self.log)

    def execute(self, context):
        """Wait, in this process or by a trigger."""
        if not self.deferrable:
            return super().execute(context)
        if not self.poke(context):
            from airflow._goflow.triggers import FileTrigger

            trigger = FileTrigger(filepath=self.path, recursive=self.recursive, poke_interval=self.poke_interval)
            self.defer(timeout=dt.timedelta(seconds=self.timeout), trigger=trigger, method_name="execute_complete")
        return None

    def execute_complete(self, context, event=None):
        """The trigger has fired."""
        if not event:
            raise AirflowException(f"{self.task_id} task failed as {self.filepath} not found.")
        self.log.info("%s completed successfully as %s found.", self.task_id, self.filepath)


def find_file(pattern, recursive, log):
    """Whether a file fits PATTERN, or a folder with files in it."""
    from glob import glob

    for path in glob(pattern, recursive=recursive):
        if os.path.isfile(path):
            changed = dt.datetime.fromtimestamp(os.path.getmtime(path)).strftime("%Y%m%d%H%M%S")
            log.info("Found File %s last modified: %s", path, changed)
            return True
        if any(files for _, _, files in os.walk(path)):
            return True
    return False
