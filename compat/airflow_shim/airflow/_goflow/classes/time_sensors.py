"""Sensors that wait for a moment."""

import datetime as dt

from airflow._goflow import timezone
from airflow._goflow.dialects import ByDialect
from airflow._goflow.sensor import BaseSensorOperator


def _wait_for(sensor, moment, end_from_trigger, timeout=None):
    from airflow._goflow.triggers import DateTimeTrigger

    trigger = DateTimeTrigger(moment=moment, end_from_trigger=end_from_trigger)
    sensor.defer(trigger=trigger, method_name="execute_complete", timeout=timeout)


class TimeSensor(BaseSensorOperator):
    """Waits for a time of the day, in the DAG's zone."""

    def __init__(
        self, *, target_time, deferrable=False, start_from_trigger=False, end_from_trigger=False, trigger_kwargs=None,
        **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.target_time, self.deferrable, self.end_from_trigger = target_time, deferrable, end_from_trigger

    @property
    def target_datetime(self):
        """The moment of today."""
        zone = self.dag.timezone
        moment = dt.datetime.combine(dt.datetime.now(zone), self.target_time, tzinfo=self.target_time.tzinfo or zone)
        return timezone.convert_to_utc(moment)

    def execute(self, context):
        """Wait."""
        if self.deferrable:
            _wait_for(self, self.target_datetime, self.end_from_trigger)
        return super().execute(context)

    def execute_complete(self, context, event=None):
        """The trigger has fired."""

    def poke(self, context):
        """Whether it is that late."""
        self.log.info("Checking if the time (%s) has come", self.target_datetime)
        return timezone.utcnow() > self.target_datetime


class TimeSensorAsync(TimeSensor):
    """The same, by a trigger."""

    def __init__(self, **kwargs):
        super().__init__(deferrable=True, **kwargs)


class TimeDeltaSensor(BaseSensorOperator):
    """Waits for a while after the data interval (or after the moment that the run was for)."""

    template_fields = ByDialect((), ("delta",))

    def __init__(self, *, delta, deferrable=False, end_from_trigger=False, **kwargs):
        super().__init__(**kwargs)
        self.delta, self.deferrable, self.end_from_trigger = delta, deferrable, end_from_trigger

    def _target(self, context):
        delta = self.delta if isinstance(self.delta, dt.timedelta) else dt.timedelta(minutes=int(self.delta))
        return (context.get("data_interval_end") or context["dag_run"].run_after) + delta

    def poke(self, context):
        """Whether it is that late."""
        target = self._target(context)
        self.log.info("Checking if the time (%s) has come", target)
        return timezone.utcnow() > target

    def execute(self, context):
        """Wait."""
        if not self.deferrable:
            return super().execute(context)
        if timezone.utcnow() <= self._target(context):
            _wait_for(self, self._target(context), self.end_from_trigger, self.timeout)
        return True

    def execute_complete(self, context, event=None):
        """The trigger has fired."""


class TimeDeltaSensorAsync(TimeDeltaSensor):
    """The same, by a trigger."""

    def __init__(self, *, delta, end_from_trigger=False, **kwargs):
        super().__init__(delta=delta, deferrable=True, end_from_trigger=end_from_trigger, **kwargs)


class WaitSensor(BaseSensorOperator):
    """Waits for a while from its own start on."""

    template_fields = ("time_to_wait",)

    def __init__(self, *, time_to_wait, deferrable=False, **kwargs):
        super().__init__(**kwargs)
        self.time_to_wait, self.deferrable = time_to_wait, deferrable

    def execute(self, context):
        """Wait."""
        import time

        length = self.time_to_wait
        if not isinstance(length, dt.timedelta):
            length = dt.timedelta(minutes=int(length))
        if self.deferrable:
            from airflow._goflow.triggers import TimeDeltaTrigger

            self.defer(trigger=TimeDeltaTrigger(length, end_from_trigger=True), method_name="execute_complete")
        time.sleep(int(length.total_seconds()))

    def execute_complete(self, context, event=None):
        """The trigger has fired."""


class DateTimeSensor(BaseSensorOperator):
    """Waits for a moment."""

    template_fields = ("target_time",)

    def __init__(self, *, target_time, **kwargs):
        super().__init__(**kwargs)
        self.target_time = target_time

    @property
    def _moment(self):
        target = self.target_time.isoformat() if isinstance(self.target_time, dt.datetime) else self.target_time
        if not isinstance(target, str):
            raise TypeError(f"Expected str or datetime.datetime type for target_time. Got {type(target)}")
        return timezone.parse(target)

    def poke(self, context):
        """Whether it has come."""
        self.log.info("Checking if the time (%s) has come", self.target_time)
        return timezone.utcnow() > self._moment


class DateTimeSensorAsync(DateTimeSensor):
    """The same, by a trigger."""

    def __init__(self, *, start_from_trigger=False, end_from_trigger=False, trigger_kwargs=None, **kwargs):
        super().__init__(**kwargs)
        self.end_from_trigger = end_from_trigger

    def execute(self, context):
        """Wait."""
        _wait_for(self, self._moment, self.end_from_trigger)

    def execute_complete(self, context, event=None):
        """The trigger has fired."""
