"""Airflow's exceptions, as far as task code raises and catches them."""


class AirflowException(Exception):
    """Base of all."""

    status_code = 500


class AirflowNotFoundException(AirflowException):
    """Something asked for is not there."""


class AirflowBadRequest(AirflowException):
    """A request that cannot be."""


class AirflowConfigException(AirflowException):
    """A setting is missing."""


class AirflowSkipException(AirflowException):
    """The task is to be skipped."""


class AirflowFailException(AirflowException):
    """The task is to fail without another try."""


class AirflowSensorTimeout(AirflowException):
    """A sensor has waited long enough."""


class AirflowTaskTimeout(BaseException):
    """``execution_timeout`` is over."""


class AirflowTaskTerminated(BaseException):
    """The task was told to stop."""


class AirflowRescheduleException(AirflowException):
    """The task is to be started again at RESCHEDULE_DATE."""

    def __init__(self, reschedule_date):
        super().__init__()
        self.reschedule_date = reschedule_date


class TaskDeferred(BaseException):
    """The task waits for TRIGGER and goes on with METHOD_NAME."""

    def __init__(self, *, trigger, method_name, kwargs=None, timeout=None):
        super().__init__()
        self.trigger = trigger
        self.method_name = method_name
        self.kwargs = kwargs
        self.timeout = timeout


class DownstreamTasksSkipped(AirflowException):
    """Tasks below are to be skipped; the task itself goes on."""

    def __init__(self, *, tasks):
        super().__init__()
        self.tasks = tasks


class XComNotFound(AirflowException):
    """An XCom that must be there is not."""

    def __init__(self, dag_id, task_id, key):
        super().__init__()
        self.dag_id, self.task_id, self.key = dag_id, task_id, key

    def __str__(self):
        return f'XComArg result from {self.task_id} at {self.dag_id} with key="{self.key}" is not found!'


class AirflowOptionalProviderFeatureException(AirflowException):
    """A feature of a provider that needs another package."""


class AirflowInternalException(AirflowException):
    """Something went wrong inside."""


class AirflowDagInconsistent(AirflowException):
    """A DAG that cannot be."""


class AirflowTimetableInvalid(AirflowException):
    """A timetable that cannot be."""


class ParamValidationError(AirflowException):
    """A param that does not fit its schema."""


class DagNotFound(AirflowNotFoundException):
    """There is no such DAG."""


class TaskNotFound(AirflowNotFoundException):
    """There is no such task."""


class DagRunAlreadyExists(AirflowBadRequest):
    """There is such a run."""


class DuplicateTaskIdFound(AirflowException):
    """Two tasks with one id."""


class RemovedInAirflow3Warning(DeprecationWarning):
    """What Airflow 3 no longer has."""


class AirflowProviderDeprecationWarning(DeprecationWarning):
    """What a provider will no longer have."""
