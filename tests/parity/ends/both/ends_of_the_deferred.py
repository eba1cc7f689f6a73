"""Deferred tasks: how they go on, by event, failure and timeout, and how a trigger ends them itself."""

import datetime as dt

from airflow.exceptions import AirflowException, AirflowSkipException, TaskDeferralError
from recording import DAG_RECORDED, RECORDED, START, note
from spelled import DAG, BaseOperator, BaseSensorOperator


class Deferred(BaseOperator):
    """Defers itself to ``ends_triggers.KIND(way=WAY)`` and goes on with METHOD."""

    def __init__(self, *, way, kind="Ending", method="go_on", after=None, kwargs=None, catches=False, **others):
        super().__init__(**others)
        self.way, self.kind, self.method, self.after = way, kind, method, after
        self.kwargs, self.catches = kwargs, catches

    def execute(self, context):
        import ends_triggers

        note(context, "execute")
        trigger = getattr(ends_triggers, self.kind)(self.way, {"said": [1]})
        timeout = None if self.after is None else dt.timedelta(seconds=self.after)
        self.defer(trigger=trigger, method_name=self.method, kwargs=self.kwargs, timeout=timeout)

    def resume_execution(self, next_method, next_kwargs, context):
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except TaskDeferralError as problem:
            note(context, "resume", caught=f"{type(problem).__name__}: {str(problem).splitlines()[0]}")
            if self.catches:
                return "caught"
            raise

    def go_on(self, context, event=None, **more):
        note(context, "go_on", event=event, more={key: repr(value) for key, value in more.items()})
        return event

    def go_on_without_event(self, context):
        note(context, "go_on_without_event")
        return 1

    def again(self, context, event=None):
        note(context, "again", event=event)
        self.defer_again("go_on")

    def defer_again(self, method):
        import ends_triggers

        self.defer(trigger=ends_triggers.Ending("event", "second"), method_name=method)

    def fail(self, context, event=None):
        note(context, "fail")
        raise AirflowException("after it was deferred")

    def skip(self, context, event=None):
        raise AirflowSkipException("after it was deferred")

    def take_long(self, context, event=None):
        import time

        note(context, "take_long")
        time.sleep(30)

    def on_kill(self):
        print("killed")


class DeferredSensor(BaseSensorOperator, Deferred):
    """The same as a sensor."""

    def execute(self, context):
        return Deferred.execute(self, context)


with DAG("ends_of_the_deferred", default_args=RECORDED, **DAG_RECORDED):
    Deferred(task_id="goes_on", way="event")
    Deferred(task_id="goes_on_with_arguments", way="event", kwargs={"a": {"b": (1, 2)}, "when": START})
    Deferred(task_id="goes_on_without_event", way="event", method="go_on_without_event")
    Deferred(task_id="goes_on_nowhere", way="event", method="no_such_method")
    Deferred(task_id="defers_again", way="event", method="again")
    Deferred(task_id="fails_then", way="event", method="fail")
    Deferred(task_id="skips_then", way="event", method="skip")
    Deferred(task_id="takes_long_then", way="event", method="take_long", execution_timeout=dt.timedelta(seconds=2))
    Deferred(task_id="trigger_raises", way="raises")
    Deferred(task_id="trigger_raises_and_is_caught", way="raises", catches=True)
    Deferred(task_id="trigger_says_nothing", way="nothing")
    Deferred(task_id="trigger_is_late", way="hangs", after=1, retries=0)
    Deferred(task_id="trigger_is_late_and_is_caught", way="hangs", after=1, catches=True)
    Deferred(task_id="trigger_succeeds", way="success")
    Deferred(task_id="trigger_fails", way="failed")
    Deferred(task_id="trigger_skips", way="skipped")
    Deferred(task_id="trigger_cannot_be_told", way="event", kind="Unpackable")
    Deferred(task_id="trigger_is_broken", way="event", kind="Broken")
    Deferred(task_id="trigger_is_unknown", way="event", kind="Unknown")
    Deferred(task_id="arguments_cannot_be_told", way="event", kwargs={"a": object()})
    for soft in (False, True):
        for way in ("raises", "hangs"):
            after = 1 if way == "hangs" else None
            DeferredSensor(task_id=f"sensor_{way}_{'soft' if soft else 'hard'}", way=way, after=after, soft_fail=soft)
    DeferredSensor(task_id="sensor_never_fails", way="raises", never_fail=True)
    DeferredSensor(task_id="sensor_fails_softly_then", way="event", method="fail", soft_fail=True)
