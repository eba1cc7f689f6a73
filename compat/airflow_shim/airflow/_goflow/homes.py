"""Which private module of the shim has which of Airflow's public names.

Airflow has moved its classes between 1.10, 2.x and 3.x, but hardly ever uses one name for two things: so a name is
enough, whatever path a file imports it by. What a path has at all, `facts` knows.
"""

_HOMES = {
    "assets": "Asset Dataset Model AssetAlias DatasetAlias AssetAll DatasetAll AssetAny DatasetAny BaseAsset "
    "BaseDataset AssetRef AssetNameRef AssetUriRef AssetWatcher AssetUniqueKey AssetAliasUniqueKey "
    "AssetAccessControl Metadata",
    "asset_events": "AssetEvent DatasetEvent OutletEventAccessor OutletEventAccessors InletEventsAccessors",
    "asset_decorator": "asset AssetDefinition MultiAssetDefinition",
    "async_operator": "BaseAsyncOperator",
    "callables": "KeywordParameters determine_kwargs make_kwargs_callable context_merge is_async_callable",
    "classes.bash": "BashOperator",
    "classes.branches": "BranchDateTimeOperator BranchDayOfWeekOperator LatestOnlyOperator target_times_as_dates",
    "classes.empty": "EmptyOperator SmoothOperator",
    "classes.external_task": "ExternalTaskSensor ExternalTaskMarker ExternalDagLink",
    "classes.hitl": "HITLOperator ApprovalOperator HITLBranchOperator HITLEntryOperator upsert_hitl_detail",
    "classes.hooks": "SubprocessHook SubprocessResult FSHook PackageIndexHook working_directory",
    "classes.python": "PythonOperator BranchPythonOperator ShortCircuitOperator",
    "classes.sensors": "BashSensor PythonSensor FileSensor DayOfWeekSensor",
    "classes.subdag": "SubDagOperator SkippedStatePropagationOptions",
    "classes.time_sensors": "TimeSensor TimeSensorAsync TimeDeltaSensor TimeDeltaSensorAsync WaitSensor DateTimeSensor "
    "DateTimeSensorAsync",
    "classes.trigger_dagrun": "TriggerDagRunOperator TriggerDagRunLink DagIsPaused",
    "classes.virtualenv": "PythonVirtualenvOperator ExternalPythonOperator BranchPythonVirtualenvOperator "
    "BranchExternalPythonOperator prepare_virtualenv is_venv_installed",
    "configuration": "conf AirflowConfigParser AirflowSDKConfigParser AIRFLOW_HOME AIRFLOW_CONFIG get_airflow_home",
    "connection": "Connection BaseHook get_async_connection get_async_extra_dejson",
    "context": "Context AIRFLOW_VAR_NAME_FORMAT_MAPPING DEFAULT_FORMAT_PREFIX",
    "dag": "DAG Dag dag DagContext",
    "dag_run": "DagRun",
    "database": "provide_session create_session NEW_SESSION Session",
    "deadlines": "AsyncCallback SyncCallback DeadlineAlert DeadlineReference BaseDeadlineReference deadline_reference "
    "VariableInterval DagRunLogicalDateDeadline DagRunQueuedAtDeadline FixedDatetimeDeadline AverageRuntimeDeadline",
    "decorated": "DecoratedOperator _PythonDecoratedOperator _BashDecoratedOperator DecoratedSensorOperator "
    "_ShortCircuitDecoratedOperator _BranchPythonDecoratedOperator _PythonVirtualenvDecoratedOperator "
    "_PythonExternalDecoratedOperator _BranchPythonVirtualenvDecoratedOperator "
    "_BranchExternalPythonDecoratedOperator",
    "edges": "DependencyMixin TaskMixin EdgeModifier Label chain chain_linear cross_downstream",
    "emails": "send_email send_email_smtp build_mime_message EmailOperator",
    "exceptions": "",
    "expand": "MappedArgument DictOfListsExpandInput ListOfDictsExpandInput",
    "groups": "TaskGroup MappedTaskGroup TaskGroupContext task_group",
    "helpers": "merge_dicts prune_dict is_container exactly_one import_string literal apply_defaults qualname "
    "TRUE_LIKE_VALUES to_boolean get_random_string chunks as_flattened_list convert_camel_to_snake md5 getuser "
    "patch_environ validate_key",
    "late_runs": "SlaMiss",
    "lineage": "HookLineage HookLineageCollector NoOpCollector get_hook_lineage_collector",
    "logs": "LoggingMixin mask_secret redact",
    "mapped": "MappedOperator OperatorPartial",
    "notifier": "BaseNotifier",
    "operator": "BaseOperator AbstractOperator BaseOperatorMeta Operator BaseOperatorLink ResumableJobMixin",
    "optional": "hookimpl require_provider_version require_openlineage_version",
    "params": "Param ParamsDict DagParam process_params",
    "parsing": "get_parsing_context AirflowParsingContext",
    "paths": "ObjectStoragePath attach",
    "policies": "pod_mutation_hook",
    "partition_mappers": "AllowedKeyMapper ChainMapper FanOutMapper FixedKeyMapper IdentityMapper ProductMapper "
    "RollupMapper StartOfDayMapper StartOfHourMapper StartOfMonthMapper StartOfQuarterMapper StartOfWeekMapper "
    "StartOfYearMapper",
    "partition_parts": "PartitionMapper Window MinimumCount WaitForAll WaitPolicy encode_partition_mapper "
    "encode_window encode_wait_policy decode_partition_mapper decode_window decode_wait_policy",
    "partition_windows": "DayWindow HourWindow MonthWindow QuarterWindow SegmentWindow WeekWindow YearWindow",
    "providers": "ProvidersManager ProvidersManagerTaskRuntime ProviderInfo HookInfo DialectInfo",
    "retry_policy": "RetryPolicy ExceptionRetryPolicy RetryRule RetryAction RetryDecision",
    "secret_files": "LocalFilesystemBackend load_variables load_connections_dict load_configs_dict",
    "secrets": "BaseSecretsBackend EnvironmentVariablesBackend CONN_ENV_PREFIX VAR_ENV_PREFIX "
    "DEFAULT_SECRETS_SEARCH_PATH DEFAULT_SECRETS_SEARCH_PATH_WORKERS call_secrets_backend_method",
    "sensor": "BaseSensorOperator PokeReturnValue poke_mode_only",
    "serialization": "XComEncoder XComDecoder",
    "setup_teardown": "SetupTeardownContext ContextWrapper context_wrapper",
    "skipping": "SkipMixin BranchMixIn BranchMixin BaseBranchOperator",
    "stats": "Stats",
    "task_instance": "TaskInstance RuntimeTaskInstance TaskInstanceKey",
    "taskflow": "task setup teardown setup_task teardown_task result run_if skip_if task_decorator_factory "
    "TaskDecorator TaskDecoratorCollection get_unique_task_id python_task bash_task branch_task short_circuit_task "
    "virtualenv_task external_python_task branch_virtualenv_task branch_external_python_task sensor_task",
    "timetable_classes": "CronDataIntervalTimetable CronTriggerTimetable DeltaDataIntervalTimetable "
    "DeltaTriggerTimetable MultipleCronTriggerTimetable AssetOrTimeSchedule DatasetOrTimeSchedule NullTimetable "
    "OnceTimetable ContinuousTimetable EventsTimetable CronPartitionTimetable _DataIntervalTimetable _TriggerTimetable",
    "timetable_rules": "CronMixin DeltaMixin",
    "timetables": "Timetable BaseTimetable DataInterval DagRunInfo TimeRestriction "
    "AssetTriggeredTimetable DatasetTriggeredTimetable PartitionedAssetTimetable PartitionedAtRuntime",
    "triggers": "BaseTrigger BaseEventTrigger TriggerEvent TaskSuccessEvent TaskFailedEvent TaskSkippedEvent "
    "BaseTaskEndEvent StartTriggerArgs DateTimeTrigger TimeDeltaTrigger FileTrigger FileDeleteTrigger",
    "triggers_external": "WorkflowTrigger DagStateTrigger",
    "variable": "Variable",
    "weighing": "PriorityWeightStrategy _AbsolutePriorityWeightStrategy _DownstreamPriorityWeightStrategy "
    "_UpstreamPriorityWeightStrategy",
    "words": "TriggerRule WeightRule State TaskInstanceState DagRunState DagRunType DagRunTriggeredByType WeekDay "
    "NOTSET ArgNotSet is_arg_set SET_DURING_EXECUTION NEVER_EXPIRE XCOM_RETURN_KEY EdgeInfoType",
    "xcom": "XCom BaseXCom LazyXComSequence LazyXComAccess",
    "xcom_arg": "XComArg PlainXComArg MapXComArg ZipXComArg ConcatXComArg",
}
_HOME_OF = {name: (home, name) for home, names in _HOMES.items() for name in names.split()}
_RENAMED = {
    "DummyOperator": ("classes.empty", "EmptyOperator"),
    "BranchDayOfWeek": ("classes.branches", "BranchDayOfWeekOperator"),
    "MetastoreBackend": ("secrets", "ServerBackend"),
    "ExecutionAPISecretsBackend": ("secrets", "ServerBackend"),
    "ensure_secrets_loaded": ("sources", "backends"),
    "days_ago": ("dates", "days_ago"),
    "cron_presets": ("dates", "cron_presets"),
    "date_range": ("dates", "date_range"),
    "round_time": ("dates", "round_time"),
    "get_current_context": ("context", "get_current_context"),
    "_get_current_context": ("context", "get_current_context"),
    "set_current_context": ("context", "set_current_context"),
    "context_to_airflow_vars": ("context", "context_to_airflow_vars"),
    "KNOWN_CONTEXT_KEYS": ("context", "KNOWN_CONTEXT_KEYS"),
    "WEIGHT_RULE": ("words", "WeightRule"),
    "timezone": ("timezone_module", "timezone"),
}
MODULES = {
    "airflow.utils.timezone": "timezone",
    "airflow.sdk.timezone": "timezone",
    "airflow._shared.timezones.timezone": "timezone",
    "airflow.sdk._shared.timezones.timezone": "timezone",
    "airflow.macros": "macros",
    "airflow.sdk.execution_time.macros": "macros",
    "airflow.utils.dates": "dates",
    "airflow.settings": "settings",
    "airflow.utils.deprecation_tools": "deprecation",
    "airflow.utils.yaml": "yaml_module",
    "airflow.version": "version",
    "airflow.security.permissions": "permissions",
}
"""Modules that hold functions and constants of their own."""
NAMES_BEFORE_MODULES = frozenset(
    f"airflow.{path}"
    for path in (
        "decorators.task_group", "decorators.dag", "decorators.task", "decorators.setup", "decorators.teardown",
        "sdk.dag", "sdk.task", "sdk.task_group", "sdk.setup", "sdk.teardown", "sdk.asset", "sdk.result",
        "sdk.definitions.decorators.task_group", "sdk.definitions.dag.dag", "models.dag.dag", "sdk.get_parsing_context",
        "decorators.setup_teardown.setup_task", "sdk.deadline_reference", "sdk.literal", "sdk.conf", "sdk.chain",
    )
)  # fmt: skip
"""Paths that are a function although a module has the same path."""


SDK = ("airflow.sdk", "airflow.providers.common.compat")
OF_SDK = frozenset({"TriggerRule", "WeightRule", "TaskInstanceState", "DagRunState", "Variable"})
"""Names that the SDK of Airflow 3 has in a form of its own: ``of_sdk`` of the private module gives it."""


OF_MODELS = frozenset({"Connection"})
"""Names that ``airflow.models`` of Airflow 3 has in a form of its own: ``of_models`` of the private module gives it."""


def home_of(module, name):
    """``(private module, its name)`` of what NAME means in Airflow's MODULE; None where the shim does not have it."""
    if module.endswith((".exceptions", "exceptions")):
        from airflow._goflow import exceptions

        if hasattr(exceptions, name):
            return "exceptions", name
    if name.startswith("AIRFLOW_V_"):
        return "version", name
    found = _HOME_OF.get(name) or _RENAMED.get(name)
    if found is None:
        from airflow._goflow import exceptions

        kind = vars(exceptions).get(name)
        if isinstance(kind, type) and issubclass(kind, BaseException):
            return "exceptions", name
    return found


def is_function_name(name):
    """Whether NAME of a provider's module is one of the functions that the shim knows."""
    return name in _HOME_OF or name in _RENAMED


def listed(module):
    """Names for ``dir()``."""
    from airflow._goflow import facts

    return [name for name in {**_HOME_OF, **_RENAMED} if facts.has_name(module, name)]
