"""Airflow's exceptions and warnings, as far as DAG files and tasks raise, catch or mention them."""


class AirflowException(Exception):
    """Base of most."""

    status_code = 500


class AirflowRuntimeError(Exception):
    """The server said no; ERROR tells why."""

    def __init__(self, error=None):
        super().__init__(str(getattr(error, "detail", None) or error or ""))
        self.error = error


class AirflowBadRequest(AirflowException):
    """A request that cannot be."""

    status_code = 400


class AirflowNotFoundException(AirflowException):
    """Something asked for is not there."""

    status_code = 404


class AirflowConfigException(AirflowException):
    """A setting is missing."""


class AirflowSensorTimeout(AirflowException):
    """A sensor has waited long enough."""


class AirflowRescheduleException(AirflowException):
    """The task is to be started again at RESCHEDULE_DATE."""

    def __init__(self, reschedule_date):
        super().__init__()
        self.reschedule_date = reschedule_date


class InvalidStatsNameException(AirflowException):
    """A metric's name is wrong."""


class AirflowTaskTimeout(BaseException):
    """``execution_timeout`` is over."""


class AirflowTaskTerminated(BaseException):
    """The task was told to stop."""


class AirflowInternalRuntimeError(BaseException):
    """Airflow itself failed."""


class AirflowSkipException(AirflowException):
    """The task is to be skipped."""


class AirflowFailException(AirflowException):
    """The task is to fail without another try."""


class AirflowInactiveAssetInInletOrOutletException(AirflowFailException):
    """An asset of the task is not active."""


class AirflowOptionalProviderFeatureException(AirflowException):
    """A feature of a provider that needs another package."""


class AirflowTimetableInvalid(AirflowException):
    """A timetable that cannot be."""


class AirflowDagInconsistent(AirflowException):
    """A DAG that cannot be."""


class AirflowDagCycleException(AirflowException):
    """A DAG with a cycle."""


class AirflowDagDuplicatedIdException(AirflowException):
    """Two DAGs with one id."""


class AirflowClusterPolicyViolation(AirflowException):
    """A policy says no."""


class AirflowClusterPolicySkipDag(AirflowException):
    """A policy leaves a DAG out."""


class AirflowClusterPolicyError(AirflowException):
    """A policy failed."""


class AirflowFileParseException(AirflowException):
    """A file of Variables or connections cannot be read."""


class AirflowUnsupportedFileTypeException(AirflowException):
    """A file of another kind."""


class ConnectionNotUnique(AirflowException):
    """Several connections for one id."""


class VariableNotUnique(AirflowException):
    """Several Variables for one name."""


class DownstreamTasksSkipped(AirflowException):
    """Tasks below are to be skipped; the task itself succeeds."""

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


class UnmappableOperator(AirflowException):
    """An operator that cannot be mapped."""


class XComForMappingNotPushed(AirflowException, TypeError):
    """A task maps over this one's result, and there is none."""

    def __str__(self):
        return "did not push XCom for task mapping"


class UnmappableXComTypePushed(AirflowException, TypeError):
    """A task maps over this one's result, and that is no list or dict."""

    def __init__(self, value, *values):
        super().__init__(value, *values)

    def __str__(self):
        name = type(self.args[0]).__qualname__
        for arg in self.args[1:]:
            name = f"{name}[{type(arg).__qualname__}]"
        return f"unmappable return type {name!r}"


class UnmappableXComLengthPushed(AirflowException):
    """A task maps over this one's result, and that is too long."""


class DagNotFound(AirflowNotFoundException):
    """There is no such DAG."""


class DagCodeNotFound(AirflowNotFoundException):
    """There is no such code."""


class DagRunNotFound(AirflowNotFoundException):
    """There is no such run."""


class DagRunAlreadyExists(AirflowBadRequest):
    """There is such a run."""


class PoolNotFound(AirflowNotFoundException):
    """There is no such pool."""


class TaskNotFound(AirflowNotFoundException):
    """There is no such task."""


class NodeNotFound(TaskNotFound, KeyError):
    """There is no such task or group."""

    __str__ = Exception.__str__


class TaskInstanceNotFound(AirflowNotFoundException):
    """There is no such task instance."""


class DuplicateTaskIdFound(AirflowException):
    """Two tasks with one id."""


class TaskAlreadyInTaskGroup(AirflowException):
    """A task in two groups."""

    def __init__(self, task_id, existing_group_id, new_group_id):
        super().__init__(task_id, new_group_id)
        self.task_id, self.existing_group_id, self.new_group_id = task_id, existing_group_id, new_group_id

    def __str__(self):
        where = f"TaskGroup {self.existing_group_id!r}" if self.existing_group_id else "the DAG's root group"
        return f"cannot add {self.task_id!r} to {self.new_group_id!r} (already in {where})"


class FailFastDagInvalidTriggerRule(AirflowException):
    """A trigger rule that a fail-fast DAG must not have."""


FailStopDagInvalidTriggerRule = FailFastDagInvalidTriggerRule


class SerializationError(AirflowException):
    """Something cannot be written down."""


class DeserializingResultError(ValueError):
    """A result cannot be read: another version of Python or of a package wrote it."""

    def __str__(self):
        return (
            "Error deserializing result. Note that result deserialization is not supported across major Python "
            f"versions. Cause: {self.__cause__}"
        )


class ParamValidationError(AirflowException, ValueError):
    """A param does not fit its schema."""


class TaskDeferred(BaseException):
    """The task waits for TRIGGER and goes on with METHOD_NAME; TIMEOUT is a timedelta or seconds."""

    def __init__(self, *, trigger, method_name, kwargs=None, timeout=None):
        import datetime as dt

        super().__init__()
        self.trigger = trigger
        self.method_name = method_name
        self.kwargs = kwargs
        self.timeout = dt.timedelta(seconds=timeout) if isinstance(timeout, (int, float)) else timeout

    def __repr__(self):
        return f"<TaskDeferred trigger={self.trigger} method={self.method_name}>"


class TaskAwaitingInput(BaseException):
    """The task waits for a person's answer, TIMEOUT (a timedelta or seconds) at most, and goes on with METHOD_NAME."""

    def __init__(self, *, method_name, kwargs=None, timeout=None):
        super().__init__()
        self.method_name, self.kwargs, self.timeout = method_name, kwargs, timeout

    def __repr__(self):
        return f"<TaskAwaitingInput method={self.method_name}>"


class HITLTriggerEventError(Exception):
    """A person's answer could not be had, or is not one."""


class HITLTimeoutError(HITLTriggerEventError):
    """Nobody has answered in time."""


class HITLRejectException(AirflowException):
    """A person has rejected."""


class TaskDeferralError(AirflowException):
    """A trigger failed."""


class TaskDeferralTimeout(AirflowException):
    """A trigger took too long."""


class DagRunTriggerException(AirflowException):
    """A run of another DAG is wanted."""

    def __init__(self, **kwargs):
        super().__init__()
        self.__dict__.update(kwargs)


class PodMutationHookException(AirflowException):
    """The pod mutation hook failed."""


class PodReconciliationError(AirflowException):
    """Two pod specifications do not fit."""


class UnknownExecutorException(ValueError):
    """There is no such executor."""


class ExternalTaskNotFoundError(AirflowException):
    """The task that a sensor waits for does not exist."""


class ExternalDagNotFoundError(AirflowException):
    """The DAG that a sensor waits for does not exist."""


class ExternalDagDeletedError(AirflowException):
    """The DAG that a sensor waits for was deleted."""


class ExternalTaskGroupNotFoundError(AirflowException):
    """The group that a sensor waits for does not exist."""


class ExternalTaskFailedError(AirflowException):
    """The task that a sensor waits for failed."""


class ExternalTaskGroupFailedError(AirflowException):
    """The group that a sensor waits for failed."""


class ExternalDagFailedError(AirflowException):
    """The DAG that a sensor waits for failed."""


class DuplicateStateError(AirflowException):
    """One state is both wanted and not wanted."""


class RemovedInAirflow3Warning(DeprecationWarning):
    """What Airflow 3 no longer has."""


class RemovedInAirflow4Warning(DeprecationWarning):
    """What Airflow 4 will no longer have."""


class AirflowProviderDeprecationWarning(DeprecationWarning):
    """What a provider will no longer have."""


class DeprecatedImportWarning(FutureWarning):
    """A name has moved."""
