"""Which private module of the shim has which of Airflow's public names, whatever path a file imports it by.

Airflow has moved its classes between 1.10, 2.x and 3.x, but hardly ever renamed them: so a name is enough.
"""

HOMES = {
    "dag": "DAG dag DagContext DagModel Dag create_timetable",
    "operator": (
        "BaseOperator BaseOperatorLink BaseSensorOperator PokeReturnValue SkipMixin BranchMixIn BaseBranchOperator "
        "chain chain_linear cross_downstream Label EdgeModifier poke_mode_only apply_defaults AbstractOperator "
        "MappedOperator XComArg DependencyMixin TaskMixin Operator DEFAULT_TASK_EXECUTION_TIMEOUT"
    ),
    "xcom_arg": "PlainXComArg MapXComArg ZipXComArg ConcatXComArg",
    "groups": "TaskGroup task_group TaskGroupContext MappedTaskGroup",
    "taskflow": "task setup teardown task_decorator_factory TaskDecorator DecoratedOperator get_unique_task_id",
    "exceptions": (
        "AirflowException AirflowSkipException AirflowFailException AirflowRescheduleException AirflowSensorTimeout "
        "AirflowTaskTimeout AirflowTaskTerminated AirflowNotFoundException AirflowBadRequest AirflowConfigException "
        "TaskDeferred AirflowOptionalProviderFeatureException DagNotFound DagRunAlreadyExists TaskNotFound "
        "XComNotFound AirflowInternalException ParamValidationError AirflowDagInconsistent DuplicateTaskIdFound "
        "AirflowTimetableInvalid RemovedInAirflow3Warning AirflowProviderDeprecationWarning DownstreamTasksSkipped"
    ),
    "params": "Param ParamsDict DagParam",
    "assets": "Asset Dataset AssetAlias DatasetAlias AssetAll AssetAny AssetRef AssetWatcher Metadata asset AssetEvent",
    "timetables": (
        "CronDataIntervalTimetable CronTriggerTimetable DeltaDataIntervalTimetable DeltaTriggerTimetable "
        "MultipleCronTriggerTimetable AssetOrTimeSchedule DatasetOrTimeSchedule NullTimetable OnceTimetable "
        "ContinuousTimetable EventsTimetable Timetable DataInterval DagRunInfo TimeRestriction AssetTriggeredTimetable"
    ),
    "live": (
        "Variable Connection BaseHook BaseNotifier XCom get_current_context conf LoggingMixin Context DagRun "
        "TaskInstance ObjectStoragePath Log Pool DagBag AIRFLOW_VERSION KubernetesPodOperator"
    ),
    "enums": "TriggerRule WeightRule State TaskInstanceState DagRunState DagRunType NOTSET ArgNotSet WeekDay",
    "python_operators": (
        "PythonOperator BranchPythonOperator ShortCircuitOperator PythonVirtualenvOperator ExternalPythonOperator "
        "BranchPythonVirtualenvOperator BranchExternalPythonOperator is_venv_installed"
    ),
    "other_operators": (
        "BashOperator EmptyOperator DummyOperator LatestOnlyOperator BranchDateTimeOperator BranchDayOfWeekOperator "
        "BranchDayOfWeek TriggerDagRunOperator SmoothOperator ExternalTaskMarker SubDagOperator"
    ),
    "sensors": (
        "BashSensor PythonSensor TimeSensor TimeSensorAsync TimeDeltaSensor TimeDeltaSensorAsync DateTimeSensor "
        "DateTimeSensorAsync DayOfWeekSensor FileSensor ExternalTaskSensor WaitSensor"
    ),
}
HOME_OF = {name: home for home, names in HOMES.items() for name in names.split()}

MODULES = {
    "airflow.utils.timezone": "timezone",
    "airflow.sdk.timezone": "timezone",
    "airflow.sdk.definitions._internal.timezone": "timezone",
    "airflow._shared.timezones.timezone": "timezone",
    "airflow.macros": "macros",
    "airflow.sdk.execution_time.macros": "macros",
    "airflow.utils.dates": "dates",
    "airflow.utils.helpers": "helpers",
    "airflow.settings": "settings",
}
"""Modules with functions of their own."""
