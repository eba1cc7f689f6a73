"""What may stop a task from outside: SIGTERM, and ``execution_timeout``. Both become exceptions in the task. At SIGTERM
its ``on_kill`` is called before: it may be that the task waits for a process that only ``on_kill`` ends. When time is
over, it is called once the exception has left ``execute``, as in Airflow (``_run_execute_callable``); where it does not
leave it, the agent's SIGTERM follows."""

import contextlib
import os
import signal
import threading

from airflow._goflow import exceptions as e
from airflow._goflow import timezone, world


class Limits:
    """While it is entered, SIGTERM raises AirflowTaskTerminated in the task of CONTEXT."""

    def __init__(self, context):
        self._context = context
        self._owner = os.getpid()
        self._before = None

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGTERM, self._terminate)
        return self

    def __exit__(self, *_):
        if self._before is not None:
            signal.signal(signal.SIGTERM, self._before)

    def _terminate(self, number, frame):
        if os.getpid() != self._owner:  # a fork of the task's own
            os._exit(1)
        print("Received SIGTERM. Terminating subprocesses.", flush=True)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough: what cleans up is not disturbed
        self._kill()
        raise e.AirflowTaskTerminated("Task received SIGTERM signal")

    def _kill(self):
        try:
            self._context["ti"].task.on_kill()
        except Exception as problem:
            print(f"on_kill failed: {type(problem).__name__}: {problem}", flush=True)

    @contextlib.contextmanager
    def of_execution(self, task, goes_on=False):
        """While TASK's work runs, its ``execution_timeout`` raises AirflowTaskTimeout in it.

        GOES_ON: it was deferred; Airflow 2 counts from the attempt's start then, Airflow 3 anew.
        """
        limit = task.execution_timeout
        if not limit:
            yield
            return
        seconds = limit.total_seconds()
        if goes_on and world.is_airflow2():
            seconds -= (timezone.utcnow() - self._context["ti"].start_date).total_seconds()
        if seconds <= 0:
            raise e.AirflowTaskTimeout

        def over(number, frame):
            print(f"Process timed out: execution_timeout of {limit} is over, PID: {os.getpid()}", flush=True)
            raise e.AirflowTaskTimeout(f"Timeout, PID: {os.getpid()}")

        before = signal.signal(signal.SIGALRM, over)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            try:
                yield
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)
        except e.AirflowTaskTimeout:
            task.on_kill()  # what this raises instead is what the task ends with
            raise
