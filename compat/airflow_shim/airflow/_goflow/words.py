"""Trigger rules, states, run types and other words; they are text, so that comparing with text works."""

import datetime as dt
import enum

XCOM_RETURN_KEY = "return_value"


class _Words(str, enum.Enum):
    def __str__(self):
        return self.value


class _Names(str, enum.Enum):
    """Words as ``airflow.sdk`` of Airflow 3 has them, made from its API's description: as text they are names."""


class TriggerRule(_Words):
    """When a task begins."""

    ALL_SUCCESS = "all_success"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ALL_DONE_MIN_ONE_SUCCESS = "all_done_min_one_success"
    ALL_DONE_SETUP_SUCCESS = "all_done_setup_success"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    NONE_FAILED = "none_failed"
    NONE_FAILED_OR_SKIPPED = "none_failed_or_skipped"
    NONE_SKIPPED = "none_skipped"
    DUMMY = "dummy"
    ALWAYS = "always"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    ALL_SKIPPED = "all_skipped"

    @classmethod
    def is_valid(cls, trigger_rule):
        """Whether it is one."""
        return trigger_rule in cls.all_triggers()

    @classmethod
    def all_triggers(cls):
        """All of them."""
        return {rule.value for rule in cls}


class WeightRule(_Words):
    """How priorities add up."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    ABSOLUTE = "absolute"

    @classmethod
    def is_valid(cls, weight_rule):
        """Whether it is one."""
        return weight_rule in cls.all_weight_rules()

    @classmethod
    def all_weight_rules(cls):
        """All of them."""
        return {rule.value for rule in cls}


class TaskInstanceState(_Words):
    """States of task instances."""

    REMOVED = "removed"
    SCHEDULED = "scheduled"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    RESTARTING = "restarting"
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    DEFERRED = "deferred"
    AWAITING_INPUT = "awaiting_input"


class DagRunState(_Words):
    """States of runs."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class DagRunType(_Words):
    """Kinds of runs."""

    BACKFILL_JOB = "backfill"
    SCHEDULED = "scheduled"
    MANUAL = "manual"
    OPERATOR_TRIGGERED = "operator_triggered"
    ASSET_TRIGGERED = "asset_triggered"
    DATASET_TRIGGERED = "dataset_triggered"
    ASSET_MATERIALIZATION = "asset_materialization"

    def generate_run_id(self, logical_date=None, *, suffix=None):
        """A run id of this kind."""
        return f"{self}__{suffix if suffix is not None else logical_date.isoformat()}"

    @staticmethod
    def from_run_id(run_id):
        """The kind that a run id tells."""
        return next((kind for kind in DagRunType if run_id and run_id.startswith(f"{kind}__")), DagRunType.MANUAL)


class DagRunTriggeredByType(_Words):
    """Who asked for a run."""

    CLI = "cli"
    OPERATOR = "operator"
    REST_API = "rest_api"
    UI = "ui"
    TEST = "test"
    TIMETABLE = "timetable"
    ASSET = "asset"
    DATASET = "dataset"
    BACKFILL = "backfill"


class State:
    """All states by name."""

    SUCCESS = TaskInstanceState.SUCCESS
    RUNNING = TaskInstanceState.RUNNING
    FAILED = TaskInstanceState.FAILED
    NONE = None
    REMOVED = TaskInstanceState.REMOVED
    SCHEDULED = TaskInstanceState.SCHEDULED
    QUEUED = TaskInstanceState.QUEUED
    RESTARTING = TaskInstanceState.RESTARTING
    UP_FOR_RETRY = TaskInstanceState.UP_FOR_RETRY
    UP_FOR_RESCHEDULE = TaskInstanceState.UP_FOR_RESCHEDULE
    UPSTREAM_FAILED = TaskInstanceState.UPSTREAM_FAILED
    SKIPPED = TaskInstanceState.SKIPPED
    DEFERRED = TaskInstanceState.DEFERRED
    task_states = (None, *TaskInstanceState)
    dag_states = (DagRunState.QUEUED, DagRunState.SUCCESS, DagRunState.RUNNING, DagRunState.FAILED)
    finished = frozenset({SUCCESS, FAILED, SKIPPED, UPSTREAM_FAILED, REMOVED})
    unfinished = frozenset({None, SCHEDULED, QUEUED, RUNNING, RESTARTING, UP_FOR_RETRY, UP_FOR_RESCHEDULE, DEFERRED})
    failed_states = frozenset({FAILED, UPSTREAM_FAILED})
    success_states = frozenset({SUCCESS, SKIPPED})
    finished_dr_states = frozenset({DagRunState.SUCCESS, DagRunState.FAILED})
    unfinished_dr_states = frozenset({DagRunState.QUEUED, DagRunState.RUNNING})


class WeekDay(enum.IntEnum):
    """Days of the week, as ISO numbers them."""

    MONDAY = 1
    TUESDAY = 2
    WEDNESDAY = 3
    THURSDAY = 4
    FRIDAY = 5
    SATURDAY = 6
    SUNDAY = 7

    @classmethod
    def get_weekday_number(cls, week_day_str):
        """The day of that name. Raises AttributeError where there is none."""
        name = week_day_str.upper()
        if name not in cls.__members__:
            raise AttributeError(f'Invalid Week Day passed: "{week_day_str}"')
        return cls[name]

    @classmethod
    def convert(cls, day):
        """The day's number."""
        return day if isinstance(day, WeekDay) else cls.get_weekday_number(day)

    @classmethod
    def validate_week_day(cls, week_day):
        """The numbers of one or several days. Raises TypeError for what is neither."""
        if isinstance(week_day, (str, WeekDay)):
            week_day = {week_day}
        if not hasattr(week_day, "__iter__"):
            raise TypeError(
                f"Unsupported Type for week_day parameter: {type(week_day)}."
                "Input should be iterable type:str, set, list, dict or Weekday enum type"
            )
        return {cls.convert(day) for day in week_day}


class ArgNotSet:
    """The type of NOTSET."""

    def __bool__(self):
        return False

    def __repr__(self):
        from airflow._goflow.world import is_airflow2

        return f"<airflow.utils.types.ArgNotSet object at {id(self):#x}>" if is_airflow2() else "NOTSET"

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


NOTSET = ArgNotSet()
"""Not given."""


def is_arg_set(value):
    """Whether VALUE was given."""
    return not isinstance(value, ArgNotSet)


class _SetDuringExecution(ArgNotSet):
    def __repr__(self):
        from airflow._goflow.world import is_airflow2

        return super().__repr__() if is_airflow2() else "DYNAMIC (set during execution)"


SET_DURING_EXECUTION = _SetDuringExecution()
"""Not known before the task runs."""
NEVER_EXPIRE = dt.timedelta.max
"""A retention without end."""
EdgeInfoType = dict


_OF_SDK = {}
_NAMES_OF_SDK = {"BACKFILL_JOB": "BACKFILL"}


def of_sdk(name):
    """The enumeration NAME as ``airflow.sdk`` has it: the same words, shown by their names."""
    if name not in _OF_SDK:
        kind = globals()[name]
        names = {_NAMES_OF_SDK.get(member.name, member.name): member.value for member in kind}
        made = _Names(name, names, module="airflow.sdk")
        for method in ("is_valid", "all_triggers", "all_weight_rules"):
            if method in vars(kind):
                setattr(made, method, vars(kind)[method])
        _OF_SDK[name] = made
    return _OF_SDK[name]


def of_dialect(name):
    """The enumeration NAME as tasks of the dialect see it: of the SDK under Airflow 3."""
    from airflow._goflow import world

    return globals()[name] if world.is_airflow2() else of_sdk(name)
