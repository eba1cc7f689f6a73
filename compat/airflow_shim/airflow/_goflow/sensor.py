"""Sensors: they poke until it is there, in this process or by being started again."""

import datetime as dt
import time

from airflow._goflow import exceptions as e
from airflow._goflow import world
from airflow._goflow.operator import BaseOperator
from airflow._goflow.skipping import SkipMixin

DEFAULT_TIMEOUT_S = 7 * 24 * 3600
_LONGEST_S = dt.timedelta.max.total_seconds() - 1


class PokeReturnValue:
    """A poke's answer with a result."""

    def __init__(self, is_done, xcom_value=None):
        self.is_done, self.xcom_value = is_done, xcom_value

    def __bool__(self):
        return bool(self.is_done)


def _seconds(value, name):
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, (int, float)) and value >= 0:
        return float(value)
    raise ValueError(f"Operator arg `{name}` must be timedelta object or a non-negative number")


class BaseSensorOperator(BaseOperator, SkipMixin):
    """Waits until ``poke`` is true."""

    valid_modes = ("poke", "reschedule")
    inherits_from_skipmixin = False
    ui_color = "#e6f1f2"

    def __init__(
        self, *, poke_interval=60, timeout=DEFAULT_TIMEOUT_S, soft_fail=False, mode="poke", exponential_backoff=False,
        max_wait=None, silent_fail=False, never_fail=False, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.poke_interval = _seconds(poke_interval, "poke_interval")
        self.timeout = _seconds(DEFAULT_TIMEOUT_S if timeout is None else timeout, "timeout")
        self.soft_fail, self.exponential_backoff = soft_fail, exponential_backoff
        self.max_wait = None if max_wait is None else dt.timedelta(seconds=_seconds(max_wait, "max_wait"))
        self.mode = mode
        if soft_fail is True and never_fail is True:
            raise ValueError("soft_fail and never_fail are mutually exclusive, you can not provide both.")
        self.silent_fail, self.never_fail = silent_fail, never_fail
        if mode not in self.valid_modes:
            raise ValueError(f"The mode must be one of {self.valid_modes}; {self.task_id} received '{mode}'.")

    @property
    def reschedule(self):
        """Whether it is started again between pokes."""
        return self.mode == "reschedule"

    def poke(self, context):
        """Whether it is there."""
        raise e.AirflowException("Override me.")

    def execute(self, context):
        """Poke until it is there or time is over.

        Raises AirflowSensorTimeout, AirflowRescheduleException, AirflowSkipException.
        """
        started, elapsed = self._clock(context)
        number = 1
        while True:
            answer = self._poked(context)
            if answer:
                self.log.info("Success criteria met. Exiting.")
                return answer.xcom_value if isinstance(answer, PokeReturnValue) else None
            if elapsed() > self.timeout:
                message = (
                    f"Sensor has timed out; run duration of {elapsed()} seconds exceeds "
                    f"the specified timeout of {self.timeout}."
                )
                raise (e.AirflowSkipException if self.soft_fail else e.AirflowSensorTimeout)(message)
            pause = self._get_next_poke_interval(started, elapsed, number)
            if self.reschedule:
                raise e.AirflowRescheduleException(_now() + dt.timedelta(seconds=pause))
            time.sleep(pause)
            number += 1

    def _clock(self, context):
        """When the waiting began, and a function that tells the seconds since. A sensor that is started again counts
        from its first start."""
        if self.reschedule:
            started = context["ti"].get_first_reschedule_date(context) or _now()
            return started, lambda: (_now() - started).total_seconds()
        began = time.monotonic()
        return began, lambda: time.monotonic() - began

    def _poked(self, context):
        try:
            return self.poke(context)
        except e.AirflowSkipException:
            raise
        except (e.AirflowSensorTimeout, e.AirflowTaskTimeout, e.AirflowFailException) as problem:
            self._skip_softly(problem, self.soft_fail)
            raise
        except Exception as problem:
            if self.silent_fail:
                self.log.exception("Sensor poke failed:")
                return False
            self._skip_softly(problem, False)
            raise

    def _skip_softly(self, problem, soft_fail):
        if soft_fail:
            raise e.AirflowSkipException("Skipping due to soft_fail is set to True.") from problem
        if self.never_fail:
            raise e.AirflowSkipException("Skipping due to never_fail is set to True.") from problem

    def resume_execution(self, next_method, next_kwargs, context):
        """Go on after a trigger."""
        try:
            try:
                return super().resume_execution(next_method, next_kwargs, context)
            except e.TaskDeferralTimeout as problem:
                raise e.AirflowSensorTimeout(*problem.args) from problem
        except (e.AirflowException, e.TaskDeferralError) as problem:
            if not isinstance(problem, e.AirflowSkipException) and (self.soft_fail or not world.is_airflow2()):
                self._skip_softly(problem, self.soft_fail)
            raise

    def _get_next_poke_interval(self, started_at, run_duration, poke_count):
        """Seconds until the next poke; with exponential back-off they grow, with a jitter of the task's own."""
        if not self.exponential_backoff:
            return self.poke_interval
        if self.reschedule:
            waited, poke_count = 0.0, 0
            while waited <= run_duration():
                poke_count += 1
                waited += self._backoff(started_at, poke_count)
        pause = min(self.timeout - int(run_duration()), self._backoff(started_at, poke_count))
        if self.max_wait:
            pause = min(self.max_wait.total_seconds(), pause)
        self.log.info("new %s interval is %s", self.mode, pause)
        return pause

    def _backoff(self, started_at, number):
        import hashlib

        least = max(int(self.poke_interval * (2 ** (number - 2))), 1)
        text = f"{self.dag_id}#{self.task_id}#{started_at}#{number}"
        digest = int(hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), 16)
        return min(least + digest % least, _LONGEST_S)


def _now():
    return dt.datetime.now(dt.timezone.utc)


def poke_mode_only(cls):
    """A sensor class that can only poke. Raises ValueError for what is no sensor."""
    if not issubclass(cls, BaseSensorOperator):
        raise ValueError(
            f"poke_mode_only decorator should only be applied to subclasses of BaseSensorOperator, got:{cls}."
        )

    def put(self, value):
        if value != "poke":
            raise ValueError(f"Cannot set mode to '{value}'. Only 'poke' is acceptable")

    cls.mode = property(lambda self: "poke", put)
    return cls
