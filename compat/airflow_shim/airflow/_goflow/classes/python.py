"""Operators that call the author's functions in this process."""

from airflow._goflow import callables
from airflow._goflow.exceptions import AirflowException
from airflow._goflow.operator import BaseOperator
from airflow._goflow.skipping import BaseBranchOperator, SkipMixin


class PythonOperator(BaseOperator):
    """Calls ``python_callable`` with its arguments and what it takes of the context."""

    template_fields = ("templates_dict", "op_args", "op_kwargs")
    template_fields_renderers = {"templates_dict": "json", "op_args": "py", "op_kwargs": "py"}
    shallow_copy_attrs = ("python_callable", "op_kwargs")
    ui_color = "#ffefeb"
    _context = None

    def __init__(
        self, *, python_callable, op_args=None, op_kwargs=None, templates_dict=None, templates_exts=None,
        show_return_value_in_logs=True, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        if not callable(python_callable):
            raise AirflowException("`python_callable` param must be callable")
        self.python_callable = python_callable
        self.op_args, self.op_kwargs, self.templates_dict = op_args or (), op_kwargs or {}, templates_dict
        if templates_exts:
            self.template_ext = templates_exts
        self.show_return_value_in_logs = show_return_value_in_logs

    @property
    def is_async(self):
        """Whether the function is a coroutine function."""
        return callables.is_async_callable(self.python_callable)

    def execute(self, context):
        """Call it; its result is the task's."""
        callables.context_merge(context, self.op_kwargs, templates_dict=self.templates_dict)
        self.op_kwargs = self.determine_kwargs(context)
        self._context = context
        answer = self.execute_callable()
        if self.show_return_value_in_logs:
            self.log.info("Done. Returned value was: %s", answer)
        else:
            self.log.info("Done. Returned value not shown")
        return answer

    def determine_kwargs(self, context):
        """What the function takes of CONTEXT."""
        return callables.determine_kwargs(self.python_callable, self.op_args, context)

    def execute_callable(self):
        """The call itself."""
        events = {} if self._context is None else self._context.get("outlet_events", {})
        answer = callables.call(self.python_callable, self.op_args, self.op_kwargs, events, self.log)
        return callables.run_coroutine(_all_of(answer)) if self.is_async else answer


async def _all_of(answer):
    """What a coroutine returns, or all that an asynchronous generator yields."""
    if hasattr(answer, "__aiter__"):
        return [item async for item in answer]
    return await answer


class BranchPythonOperator(BaseBranchOperator, PythonOperator):
    """Its result chooses what runs next."""

    def choose_branch(self, context):
        """Call it."""
        return PythonOperator.execute(self, context)


class ShortCircuitOperator(PythonOperator, SkipMixin):
    """Goes on only where its result is true."""

    def __init__(self, *, ignore_downstream_trigger_rules=True, **kwargs):
        super().__init__(**kwargs)
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules

    def execute(self, context):
        """Call it; where the result is false, skip everything below, or what is right below."""
        condition = super().execute(context)
        self.log.info("Condition result is %s", condition)
        if condition:
            self.log.info("Proceeding with downstream tasks...")
            return condition
        if not self.downstream_task_ids:
            self.log.info("No downstream tasks; nothing to do.")
            return condition
        task = context["task"]
        below = task.get_flat_relatives() if self.ignore_downstream_trigger_rules is True else task.downstream_list
        self.log.info("Skipping downstream tasks")
        self.skip(ti=context["ti"], tasks=sorted((t for t in below if not t.is_teardown), key=lambda t: t.task_id))
        self.log.info("Done.")
        return condition
