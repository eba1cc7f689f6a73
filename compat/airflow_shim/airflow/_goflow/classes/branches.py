"""Operators that branch on time."""

import datetime as dt

from airflow._goflow import timezone, world
from airflow._goflow.exceptions import AirflowException
from airflow._goflow.skipping import BaseBranchOperator
from airflow._goflow.words import DagRunType, WeekDay


def _moment_of_run(context):
    """The run's logical date, else the moment after which it was to run."""
    return context.get("logical_date") or context["dag_run"].run_after


class BranchDateTimeOperator(BaseBranchOperator):
    """Branches on whether now (or the run's logical date) lies between two moments or times of the day."""

    def __init__(
        self, *, follow_task_ids_if_true, follow_task_ids_if_false, target_lower, target_upper,
        use_task_logical_date=False, use_task_execution_date=False, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        if target_lower is None and target_upper is None:
            raise AirflowException(
                "Both target_upper and target_lower are None. At least one must be defined to be compared to the "
                "current datetime"
            )
        self.target_lower, self.target_upper = target_lower, target_upper
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.use_task_logical_date = use_task_logical_date or use_task_execution_date

    def choose_branch(self, context):
        """Compare."""
        now = _moment_of_run(context) if self.use_task_logical_date else timezone.utcnow()
        now = timezone.coerce_datetime(now)
        lower, upper = target_times_as_dates(now, self.target_lower, self.target_upper)
        lower = timezone.coerce_datetime(lower, self.dag.timezone)
        upper = timezone.coerce_datetime(upper, self.dag.timezone)
        is_outside = (upper is not None and upper < now) or (lower is not None and lower > now)
        return self.follow_task_ids_if_false if is_outside else self.follow_task_ids_if_true


def target_times_as_dates(base_date, lower, upper):
    """Times of the day become moments of BASE_DATE's day; the upper one of the next day where it would lie below the
    lower one."""
    if isinstance(lower, dt.datetime) and isinstance(upper, dt.datetime):
        return lower, upper
    if isinstance(lower, dt.time):
        lower = dt.datetime.combine(base_date, lower)
    if isinstance(upper, dt.time):
        upper = dt.datetime.combine(base_date, upper)
    if lower is not None and upper is not None and upper < lower:
        upper += dt.timedelta(days=1)
    return lower, upper


class BranchDayOfWeekOperator(BaseBranchOperator):
    """Branches on the day of the week."""

    def __init__(
        self, *, follow_task_ids_if_true, follow_task_ids_if_false, week_day, use_task_logical_date=False,
        use_task_execution_day=False, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.week_day = week_day
        self.use_task_logical_date = use_task_logical_date or use_task_execution_day
        self._week_day_num = WeekDay.validate_week_day(week_day)

    def choose_branch(self, context):
        """Compare."""
        if self.use_task_logical_date:
            now = _moment_of_run(context)
        else:
            now = timezone.make_naive(timezone.utcnow(), self.dag.timezone)
        is_one = now.isoweekday() in self._week_day_num
        return self.follow_task_ids_if_true if is_one else self.follow_task_ids_if_false


class LatestOnlyOperator(BaseBranchOperator):
    """Skips what is right below unless the run is the latest one.

    The scheduler decides this by itself where it can; here a timetable of the author's own is asked, and with any other
    the next interval is taken to be as long as the run's own.
    """

    ui_color = "#e9ffdb"

    def choose_branch(self, context):
        """All of it, or nothing."""
        run = context["dag_run"]
        below = list(self.get_direct_relative_ids(upstream=False))
        if run.run_type == DagRunType.MANUAL or (world.is_airflow2() and run.external_trigger):
            self.log.info("Manually triggered DAG_Run: allowing execution to proceed.")
            return below
        moment = run.logical_date or run.run_after
        start, end = run.data_interval_start or moment, run.data_interval_end or moment
        now = timezone.utcnow()
        left, right = self._window(start, end)
        self.log.info("Checking latest only with left_window: %s right_window: %s now: %s", left, right, now)
        if left != right and not left < now <= right:
            self.log.info("Not latest execution, skipping downstream.")
            return []
        self.log.info("Latest, allowing execution to proceed.")
        return below

    def _window(self, start, end):
        """When a run for START to END is the latest; two equal moments: always (``_get_compare_dates``)."""
        from airflow._goflow.asking import timetable_of
        from airflow._goflow.timetables import DataInterval, TimeRestriction

        timetable, this = timetable_of(self.dag), DataInterval(start, end)
        if type(timetable).__module__.startswith("airflow."):
            return end, end + (end - start)

        def following(restriction):
            info = timetable.next_dagrun_info(last_automated_data_interval=this, restriction=restriction)
            return None if info is None else info.data_interval

        if world.is_airflow2():
            return following(TimeRestriction(None, None, True)) or (end, end)
        before = following(TimeRestriction(None, end - dt.timedelta(microseconds=1), True))
        after = following(TimeRestriction(end, None, True))
        return (end, end) if after is None else (before.end if before else start, after.end)
