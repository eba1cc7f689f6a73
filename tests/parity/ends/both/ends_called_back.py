"""Callbacks, notifiers and hooks: which are called, when, with what; and what their own trouble changes."""

import datetime as dt
import functools
import time

from airflow.exceptions import AirflowFailException, AirflowSkipException
from recording import DAG_RECORDED, RECORDED, note
from spelled import DAG, BaseNotifier, BaseOperator, BashOperator, PythonOperator


class Notifier(BaseNotifier):
    template_fields = ("words",)

    def __init__(self, words, **kwargs):
        super().__init__(**kwargs)
        self.words = words

    def notify(self, context):
        note(context, "notifier", words=self.words)


class Callable:
    def __call__(self, context):
        note(context, "object")


class Holder:
    def method(self, context):
        note(context, "method")

    @staticmethod
    def static(context):
        note(context, "static")


def with_more(context, more):
    note(context, "partial", more=more)


def raising(kind):
    def callback(context):
        note(context, f"raises {kind.__name__}")
        raise kind("of the callback")

    return callback


def pushes(context):
    context["ti"].xcom_push(key="by_callback", value=str(context["run_id"]))
    note(context, "pushes", result=context["ti"].xcom_pull(task_ids=context["ti"].task_id))


def last(context):
    note(context, "last")


def fail():
    raise ValueError("failed")


def skip():
    raise AirflowSkipException("skipped")


def give_up():
    raise AirflowFailException("given up")


EVERY = [
    Notifier("of {{ ti.task_id }}, run {{ run_id }}"),
    Callable(),
    Holder().method,
    Holder.static,
    functools.partial(with_more, more=1),
    lambda context: note(context, "lambda"),
    pushes,
    last,
]
KINDS = ("execute", "success", "failure", "retry", "skipped")
ENDS = {"succeeds": lambda: "result", "fails": fail, "skips": skip, "gives_up": give_up}


class Hooked(BaseOperator):
    """Tells its hooks, and raises in the one that RAISES_IN names."""

    def __init__(self, *, raises_in=None, problem=ValueError, **kwargs):
        super().__init__(**kwargs)
        self.raises_in, self.problem = raises_in, problem

    def tell(self, context, hook, **more):
        note(context, hook, **more)
        if self.raises_in == hook:
            raise self.problem(hook)

    def pre_execute(self, context):
        self.tell(context, "pre_execute")

    def execute(self, context):
        self.context = context
        self.tell(context, "execute")
        if self.execution_timeout is not None:
            try:
                time.sleep(30)
            finally:
                note(context, "finally")
        return "result"

    def post_execute(self, context, result=None):
        self.tell(context, "post_execute", result=result)

    def on_kill(self):
        self.tell(self.context, "on_kill")


class NeedsResult(Hooked):
    def post_execute(self, context, result):
        self.tell(context, "post_execute", result=result)


with DAG("ends_called_back", default_args=RECORDED, **DAG_RECORDED):
    for name, function in ENDS.items():
        PythonOperator(
            task_id=f"{name}_with_many", python_callable=function, **{f"on_{kind}_callback": EVERY for kind in KINDS}
        )
        PythonOperator(
            task_id=f"{name}_with_none", python_callable=function, **{f"on_{kind}_callback": None for kind in KINDS}
        )
    for problem in (ValueError, AirflowSkipException):
        for kind, end in {
            "execute": "succeeds",
            "success": "succeeds",
            "failure": "gives_up",
            "skipped": "skips",
        }.items():
            PythonOperator(
                task_id=f"on_{kind}_raises_{problem.__name__}",
                python_callable=ENDS[end],
                **{f"on_{kind}_callback": [raising(problem), last]},
            )
    for problem in (ValueError, AirflowSkipException):
        for hook in ("pre_execute", "execute", "post_execute"):
            Hooked(task_id=f"{hook}_raises_{problem.__name__}", raises_in=hook, problem=problem)
    Hooked(task_id="hooks")
    Hooked(
        task_id="hooks_given",
        pre_execute=lambda context: note(context, "given pre_execute"),
        post_execute=lambda context, result: note(context, "given post_execute", result=result),
    )
    NeedsResult(task_id="hook_needs_result")
    Hooked(task_id="out_of_time", execution_timeout=dt.timedelta(seconds=1), retries=0)
    Hooked(task_id="out_of_time_and_on_kill_raises", raises_in="on_kill", execution_timeout=dt.timedelta(seconds=1))
    PythonOperator(task_id="dies", python_callable=lambda: __import__("os").kill(__import__("os").getpid(), 9))
    BashOperator(task_id="command_fails", bash_command="exit 3")
    BashOperator(task_id="command_skips", bash_command="exit 99")
