"""Skipping tasks below: branches, short circuits, and what is reached by another way."""

from airflow._goflow import world
from airflow._goflow.exceptions import AirflowException, DownstreamTasksSkipped
from airflow._goflow.logs import LoggingMixin
from airflow._goflow.operator import AbstractOperator, BaseOperator

XCOM_SKIPMIXIN_KEY = "skipmixin_key"
XCOM_SKIPMIXIN_SKIPPED = "skipped"
XCOM_SKIPMIXIN_FOLLOWED = "followed"


def _ids(nodes):
    return [node.task_id for node in nodes if isinstance(node, AbstractOperator)]


class SkipMixin(LoggingMixin):
    """An operator that can skip tasks below it."""

    inherits_from_skipmixin = True

    @staticmethod
    def _set_skipped(task_ids):
        """Tell the runner. Airflow 3 ends the task here, and its result is not kept; Airflow 2 goes on."""
        if not task_ids:
            return
        world.World.skipped.extend(task_id for task_id in task_ids if task_id not in world.World.skipped)
        if not world.is_airflow2():
            raise DownstreamTasksSkipped(tasks=list(task_ids))

    def skip(self, ti=None, tasks=None, dag_run=None, execution_date=None, map_index=-1, session=None, **kwargs):
        """Skip TASKS once this task has ended; told to those who clear it later too."""
        if isinstance(tasks, AbstractOperator):
            tasks = [tasks]
        if ti is None or not hasattr(ti, "xcom_push"):  # Airflow 2: skip(dag_run, execution_date, tasks)
            from airflow._goflow.context import get_current_context

            ti = get_current_context()["ti"]
        task_ids = _ids(tasks or ())
        if task_ids:
            ti.xcom_push(key=XCOM_SKIPMIXIN_KEY, value={XCOM_SKIPMIXIN_SKIPPED: task_ids})
            self._set_skipped(task_ids)

    def skip_all_except(self, ti, branch_task_ids):
        """Skip everything right below that is neither chosen nor below what is chosen.

        Raises AirflowException for a choice that cannot be.
        """
        chosen = _chosen(branch_task_ids)
        self.log.info("Following branch %s", chosen)
        task, dag = ti.task, ti.task.dag
        unknown = chosen - set(dag.task_ids)
        if unknown:
            raise AirflowException(
                f"'branch_task_ids' must contain only valid task_ids. Invalid tasks found: {unknown}."
            )
        below = sorted(task.downstream_task_ids)
        if not below:
            return
        for task_id in list(chosen):
            chosen |= dag.get_task(task_id).get_flat_relative_ids(upstream=False)
        skipped = [task_id for task_id in below if task_id not in chosen]
        self.log.info("Skipping tasks %s", skipped)
        followed = [task_id for task_id in below if task_id in chosen]
        ti.xcom_push(key=XCOM_SKIPMIXIN_KEY, value={XCOM_SKIPMIXIN_FOLLOWED: followed})
        self._set_skipped(skipped)


def _chosen(branch_task_ids):
    if branch_task_ids is None:
        return set()
    if isinstance(branch_task_ids, str):
        return {branch_task_ids}
    try:
        chosen = set(branch_task_ids)
    except TypeError:
        raise AirflowException(
            "'branch_task_ids' must be either None, a task ID, or an Iterable of IDs, "
            f"but got {type(branch_task_ids).__name__!r}."
        ) from None
    wrong = {(inner, type(inner).__name__) for inner in chosen if not isinstance(inner, str)}
    if wrong:
        raise AirflowException(
            "Unable to branch to the specified tasks. "
            f"The branching function returned invalid 'branch_task_ids': {wrong}. "
            "Please check that your function returns an Iterable of valid task IDs that exist in your DAG."
        )
    return chosen


class BranchMixIn(SkipMixin):
    """Operators whose result is a choice."""

    def do_branch(self, context, branches_to_execute):
        """Skip what is not chosen; a group stands for its roots. The choice is given back."""
        self.log.info("Branch into %s", branches_to_execute)
        chosen = branches_to_execute
        if chosen is not None:
            chosen = list(self._expand_task_group_roots(context["ti"], chosen))
        self.skip_all_except(context["ti"], chosen)
        return branches_to_execute

    def _expand_task_group_roots(self, ti, branches_to_execute):
        groups = ti.task.dag.task_group_dict
        if isinstance(branches_to_execute, str) or not hasattr(branches_to_execute, "__iter__"):
            branches_to_execute = [branches_to_execute]
        for branch in branches_to_execute:
            if branch in groups:
                roots = _ids(groups[branch].roots)
                self.log.info("Expanding task group %s into %s", branch, roots)
                yield from roots
            else:
                yield branch


BranchMixin = BranchMixIn


class BaseBranchOperator(BaseOperator, BranchMixIn):
    """An operator whose ``choose_branch`` chooses."""

    def choose_branch(self, context):
        """The ids of the tasks and groups to follow."""
        raise NotImplementedError

    def execute(self, context):
        """Choose, and skip the rest."""
        return self.do_branch(context, self.choose_branch(context))
