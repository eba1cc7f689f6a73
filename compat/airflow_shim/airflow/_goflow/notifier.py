"""Notifiers."""

from airflow._goflow import world
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
            slas = ("slas",) if world.is_airflow2() else ()
            context = dict(zip(("dag", "task_list", "blocking_task_list", *slas, "blocking_tis"), args, strict=False))
        try:
            self.notify(self._prepared(context))
        except Exception as problem:
            self.log.error("Failed to send notification: %s", problem)
            raise

    def __await__(self):
        return self.async_notify(self._prepared(self.context)).__await__()
