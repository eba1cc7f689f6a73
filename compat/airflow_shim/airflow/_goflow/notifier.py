"""Notifiers and callbacks as objects."""

from airflow._goflow.logs import LoggingMixin
from airflow._goflow.templater import Templater


class BaseNotifier(LoggingMixin, Templater):
    """The base of notifiers: called as a callback, it renders its fields and notifies."""

    template_fields = ()
    template_ext = ()

    def __init__(self, context=None, **kwargs):
        super().__init__()
        self.context = context or {}

    def _prepared(self, context):
        context = context.copy()
        context.update({name: getattr(self, name) for name in self.template_fields})
        dag = context.get("dag")
        env = None if dag is None else self.get_template_env(dag)
        self._do_render_template_fields(self, self.template_fields, context, env, set())
        return context

    def notify(self, context):
        """Tell somebody."""
        raise NotImplementedError

    async def async_notify(self, context):
        """The same for coroutines."""
        raise NotImplementedError

    def __call__(self, *args):
        if len(args) == 1:
            (context,) = args
        else:
            context = dict(zip(("dag", "task_list", "blocking_task_list", "blocking_tis"), args, strict=False))
        try:
            self.notify(self._prepared(context))
        except Exception as problem:
            self.log.error("Failed to send notification: %s", problem)
            raise

    def __await__(self):
        return self.async_notify(self._prepared(self.context)).__await__()


class _Callback:
    """A function that is called later, by somebody else."""

    def __init__(self, callback_callable, kwargs=None, **options):
        self.path = (
            callback_callable
            if isinstance(callback_callable, str)
            else (f"{callback_callable.__module__}.{callback_callable.__qualname__}")
        )
        self.kwargs = kwargs or {}


class AsyncCallback(_Callback):
    """A coroutine function that is called later."""


class SyncCallback(_Callback):
    """A function that is called later."""


class _Reference:
    """A moment that a deadline counts from; only its words are kept."""

    def __init__(self, *args, **kwargs):
        self.arguments = args, kwargs


class BaseDeadlineReference(_Reference):
    """The base of an author's own."""


class DeadlineReference:
    """Moments that deadlines count from."""

    DAGRUN_LOGICAL_DATE = _Reference("logical_date")
    DAGRUN_QUEUED_AT = _Reference("queued_at")
    AVERAGE_RUNTIME = _Reference
    FIXED_DATETIME = _Reference


def deadline_reference(*args, **kwargs):
    """A decorator of an author's own reference."""
    if args and isinstance(args[0], type):
        return args[0]
    return lambda cls: cls


class DeadlineAlert:
    """A deadline of a DAG's runs; it is watched elsewhere."""

    def __init__(self, reference, interval, callback, **kwargs):
        self.reference, self.interval, self.callback = reference, interval, callback
