"""Operators whose work is a coroutine."""

from airflow._goflow.callables import run_coroutine
from airflow._goflow.operator import BaseOperator


class BaseAsyncOperator(BaseOperator):
    """Runs ``aexecute``."""

    @property
    def is_async(self):
        """Whether it is one."""
        return True

    async def aexecute(self, context):
        """The work."""
        raise NotImplementedError

    def execute(self, context):
        """Run it in an event loop."""
        return run_coroutine(self.aexecute(context))
