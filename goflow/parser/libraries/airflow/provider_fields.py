"""Template fields that constructors of providers work out from their arguments, where the catalogue cannot follow.

A rule gets the arguments of the call, defaults filled in, and gives the field's value; where an argument that it needs
is not known it raises NotKnownError. The rules of a class hold for those that derive from it, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from goflow.parser.interpreter.values import Value
from goflow.parser.libraries.airflow.opaque import Sentinel, Tagged
from goflow.parser.libraries.airflow.provider_constants import constant_of_class
from goflow.parser.libraries.airflow.signatures import name_of


class NotKnownError(Exception):
    """The rule cannot say."""


class Given:
    """The arguments of a call, as rules ask for them."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def raw(self, name: str) -> Any:
        """An argument that goes into the field as it is, known or not; None where it was not given."""
        return self.values.get(name)

    def __getitem__(self, name: str) -> Any:
        """An argument that something is done with: it has to be plain. Raises NotKnownError."""
        found = self.values.get(name)
        if isinstance(found, Value):
            raise NotKnownError
        return found


Rule = Callable[[Given], Any]


def rule_of(paths: Iterable[str], name: str) -> Rule | None:
    """The rule for the field NAME of a class: the first of PATHS, its own and its bases', that has one."""
    return next((rule for path in paths if (rule := RULES.get(path, {}).get(name)) is not None), None)


def _argument(name: str) -> Rule:
    return lambda given: given.raw(name)


def _or(name: str, instead: Any) -> Rule:
    return lambda given: given.raw(name) if given[name] else instead


def _first(name: str, then: str) -> Rule:
    return lambda given: given.raw(then) if given[name] is None else given[name]


def _text(name: str) -> Rule:
    return lambda given: str(given[name])


def _together(*names: str, **instead: Any) -> Rule:
    """A mapping of arguments; INSTEAD of those that are empty."""

    def rule(given: Given) -> Any:
        found = {name: given.raw(name) for name in names}
        return found | {name: value for name, value in instead.items() if not given[name]}

    return rule


def _unless(flag: str, name: str) -> Rule:
    return lambda given: False if given[flag] else given.raw(name)


def _set_or(name: str, instead: str) -> Rule:
    return lambda given: set(given[name]) if given[name] else {instead}


def _pod_name(given: Given) -> Any:
    """The pod of a decorated function has the function's name in its own."""
    return given.raw("name") or f"k8s-airflow-pod-{name_of(given.raw('python_callable'))}"


def _half(number: int) -> Rule:
    """A half of ``dataset.table``."""

    def rule(given: Given) -> Any:
        halves = str(given["dataset_table"]).split(".")
        if len(halves) != 2:
            raise NotKnownError
        return halves[number]

    return rule


def _listed(name: str) -> Rule:
    return lambda given: [given[name]] if isinstance(given[name], str) else given.raw(name) or []


def _conditions(given: Given) -> Any:
    kind = given["condition_type"]
    if kind is None:
        return given.raw("conditions")
    left, right = given.raw("left_value"), given.raw("right_value")
    if kind == "In":
        return [{"type": "In", "value": left, "in_values": right}]
    return [{"type": kind, "left_value": left, "right_value": right}]


def _cluster_config(given: Given) -> Any:
    """What is given; without it and a virtual one, Dataproc's operator makes one of its other arguments."""
    if given.raw("cluster_config") is None and given.raw("virtual_cluster_config") is None:
        raise NotKnownError
    return given.raw("cluster_config")


def _nothing(given: Given) -> None:
    """What the class takes for itself and does not hand on."""


def _queued(name: str) -> Rule:
    return lambda given: {**(given[name] or {}), "kueue.x-k8s.io/queue-name": given.raw("queue_name")}


def _of_body(given: Given) -> Any:
    body = given["body"]
    if not isinstance(body, dict) or isinstance(body.get("name"), Value):
        raise NotKnownError
    return body.get("name")


def _hook_params(*names: str) -> Rule:
    """``hook_params``, into which arguments of the operator's own go where one of them is given."""

    def rule(given: Given) -> Any:
        params = given["hook_params"]
        if not any(given[name] for name in names):
            return params or {}
        return {**{name: given[name] for name in names}, **(params or {})}

    return rule


def _notebook(given: Given) -> Any:
    parameters = given["notebook_parameters"] or []
    if not all(isinstance(one, str) for one in parameters):
        raise NotKnownError
    quoted = ", ".join("'" + one.replace("\\", "\\\\").replace("'", "''") + "'" for one in parameters)
    return f"EXECUTE NOTEBOOK {given['notebook']}({quoted})"


def _interval(ago: bool) -> Rule:
    """The query of one side of an interval check."""

    def rule(given: Given) -> Any:
        columns = ", ".join(sorted(given["metrics_thresholds"]))
        column, days = given["date_filter_column"] or "ds", -abs(int(given["days_back"]))
        day = f"{{{{ macros.ds_add(ds, {days}) }}}}" if ago else "{{ ds }}"
        return f"SELECT {columns} FROM {given['table']} WHERE {column}='{day}'"

    return rule


def _columns(given: Given) -> Any:
    return list(given["columns"]) if given["columns"] else None


def _where(clause: Any, check: Mapping[str, Any]) -> str:
    clauses = [clause] if clause else []
    clauses += [check["partition_clause"]] if "partition_clause" in check else []
    return f"WHERE {' AND '.join(map(str, clauses))}" if clauses else ""


def _column_checks(given: Given) -> Any:
    """The query of a check of columns."""
    path = f"{_SQL}SQLColumnCheckOperator"
    template, statements = constant_of_class(path, "sql_check_template"), constant_of_class(path, "column_checks")
    parts = [
        "UNION ALL".join(
            template.format(
                check_statement=statements[check].format(column=column),
                check=check,
                table=given["table"],
                column=column,
                partition_clause=_where(given["partition_clause"], how),
            )
            for check, how in checks.items()
        )
        for column, checks in _plain(given["column_mapping"]).items()
    ]
    return f"SELECT col_name, check_type, check_result FROM ({'UNION ALL'.join(parts)}) AS check_columns"


def _table_checks(given: Given) -> Any:
    """The query of a check of a table."""
    template = constant_of_class(f"{_SQL}SQLTableCheckOperator", "sql_check_template")
    parts = [
        template.format(
            check_statement=how["check_statement"],
            check_name=name,
            table=given["table"],
            partition_clause=_where(given["partition_clause"], how),
        )
        for name, how in _plain(given["checks"]).items()
    ]
    return f"SELECT check_name, check_result FROM ({'UNION ALL'.join(parts)}) AS check_table"


def _plain(checks: Any) -> Mapping[str, Mapping[str, Any]]:
    """Mappings of mappings without anything that is not known. Raises NotKnownError."""
    inner = [how for one in checks.values() for how in (one.values() if isinstance(one, dict) else [one])]
    deeper = [value for how in inner if isinstance(how, dict) for value in how.values()]
    if any(isinstance(value, Value) for value in (*checks, *checks.values(), *inner, *deeper)):
        raise NotKnownError
    found: Mapping[str, Mapping[str, Any]] = checks
    return found


def _states_of(name: str, count: int) -> Rule:
    """Members of an enumeration that are no texts, COUNT of them where none are given."""

    def rule(given: Given) -> Any:
        if given.raw("failure_states") is not None:
            return given.raw("failure_states")
        return [Tagged({"$object": {"class": name, "module": f"{_P}amazon.aws.hooks.ecs"}}) for _ in range(count)]

    return rule


def _own_connection(given: Given) -> Any:
    """Where the copy goes: the connection of the source, unless another one is given."""
    own = given.raw("dest_aws_conn_id")
    return given.raw("source_aws_conn_id") if isinstance(own, Sentinel | Tagged) else own


_SNOWFLAKE = ("warehouse", "database", "role", "schema", "authenticator", "session_parameters")
_SPARK = ("file", "class_name", "args", "jars", "py_files", "files")
_ADB = ("conf", "driver_resource_spec", "executor_resource_spec", "num_executors", "name")
_EKS = {"region_name": _first("region", "region_name")}
_EKS_WAITS = {**_EKS, "wait_for_completion": _unless("deferrable", "wait_for_completion")}
_KUEUE = {name: _queued(name) for name in ("labels", "annotations")}
_STATES = {
    "success_states": _set_or("success_states", "success"),
    "failure_states": _set_or("failure_states", "failed"),
}
_AT_SNOWFLAKE = {"hook_params": _hook_params(*_SNOWFLAKE), "database": _nothing}
_AWS = {name: _argument(name) for name in ("aws_conn_id", "region_name", "verify")}

_P = "airflow.providers."
_SQL = f"{_P}common.sql.operators.sql."
_EKS_OPERATORS = f"{_P}amazon.aws.operators.eks.Eks"
_EKS_SENSORS = f"{_P}amazon.aws.sensors.eks.Eks"
_MWAA = f"{_P}amazon.aws.sensors.mwaa.Mwaa"
_SNOW = f"{_P}snowflake.operators.snowflake.Snowflake"
_SPARK_AT_ADB = f"{_P}alibaba.cloud.operators.analyticdb_spark.AnalyticDBSpark"
_PYTHON_ARGUMENTS: Mapping[str, Rule] = {"op_args": _or("op_args", [])}

RULES: Mapping[str, Mapping[str, Rule]] = {
    f"{_P}amazon.aws.operators.appflow.AppflowRecordsShortCircuitOperator": _AWS,
    f"{_EKS_OPERATORS}CreateClusterOperator": {
        **_EKS_WAITS,
        "fargate_selectors": _or("fargate_selectors", [{"namespace": "default"}]),
    },
    f"{_EKS_OPERATORS}CreateNodegroupOperator": _EKS_WAITS,
    f"{_EKS_OPERATORS}CreateFargateProfileOperator": _EKS_WAITS,
    f"{_EKS_OPERATORS}DeleteClusterOperator": _EKS_WAITS,
    f"{_EKS_OPERATORS}DeleteFargateProfileOperator": _EKS,
    f"{_EKS_OPERATORS}DeleteNodegroupOperator": _EKS,
    f"{_EKS_OPERATORS}PodOperator": {
        "namespace": _argument("namespace"),
        "in_cluster": _argument("in_cluster"),
        "name": _argument("pod_name"),
        "trigger_kwargs": lambda given: {"eks_cluster_name": given.raw("cluster_name")},
    },
    f"{_EKS_SENSORS}ClusterStateSensor": _EKS,
    f"{_EKS_SENSORS}FargateProfileStateSensor": _EKS,
    f"{_EKS_SENSORS}NodegroupStateSensor": _EKS,
    f"{_MWAA}DagRunSensor": _STATES,
    f"{_MWAA}TaskSensor": _STATES,
    f"{_P}amazon.aws.transfers.sftp_to_s3.SFTPToS3Operator": {"aws_conn_id": _first("s3_conn_id", "aws_conn_id")},
    f"{_P}amazon.aws.sensors.ecs.EcsClusterStateSensor": {"failure_states": _states_of("EcsClusterStates", 2)},
    f"{_P}amazon.aws.sensors.ecs.EcsTaskDefinitionStateSensor": {
        "failure_states": _states_of("EcsTaskDefinitionStates", 1)
    },
    f"{_P}amazon.aws.sensors.ecs.EcsTaskStateSensor": {"failure_states": _states_of("EcsTaskStates", 1)},
    f"{_P}amazon.aws.transfers.base.AwsToAwsBaseOperator": {"dest_aws_conn_id": _own_connection},
    f"{_P}amazon.aws.operators.emr.EmrAddStepsOperator": {
        "cluster_states": _or("cluster_states", []),
        "steps": _or("steps", []),
    },
    f"{_P}amazon.aws.operators.sagemaker.SageMakerConditionOperator": {
        **{name: _argument(name) for name in ("condition_type", "left_value", "right_value")},
        "conditions": _conditions,
        "if_task_ids": _listed("if_task_ids"),
        "else_task_ids": _listed("else_task_ids"),
    },
    f"{_P}cncf.kubernetes.decorators.kubernetes._KubernetesDecoratedOperator": {"name": _pod_name},
    f"{_P}cncf.kubernetes.decorators.kubernetes_cmd._KubernetesCmdDecoratedOperator": {"name": _pod_name},
    f"{_P}docker.decorators.docker._DockerDecoratedOperator": {"command": lambda given: "placeholder command"},
    f"{_P}google.cloud.transfers.bigquery_to_sql.BigQueryToSqlBaseOperator": {
        "dataset_id": _half(0),
        "table_id": _half(1),
    },
    f"{_P}apache.beam.operators.beam.BeamRunGoPipelineOperator": {
        "worker_binary": lambda given: given["worker_binary"] or given.raw("launcher_binary")
    },
    f"{_P}apache.kafka.operators.produce.ProduceToTopicOperator": {
        "producer_function_args": _or("producer_function_args", ())
    },
    f"{_P}apache.kafka.operators.consume.ConsumeFromTopicOperator": {
        "apply_function_args": _or("apply_function_args", ())
    },
    f"{_P}apache.livy.operators.livy.LivyOperator": {
        "spark_params": _together(
            *(*_SPARK, "driver_memory", "driver_cores", "executor_memory", "executor_cores", "num_executors"),
            *("archives", "queue", "name", "conf", "proxy_user"),
            conf={},
        )
    },
    f"{_SPARK_AT_ADB}BatchOperator": {"spark_params": _together(*_SPARK, *_ADB, "archives")},
    f"{_SPARK_AT_ADB}SQLOperator": {"spark_params": _together("sql", *_ADB)},
    f"{_P}apache.spark.operators.spark_pyspark.PySparkOperator": _PYTHON_ARGUMENTS,
    f"{_P}snowflake.operators.snowpark.SnowparkOperator": _PYTHON_ARGUMENTS,
    f"{_P}cncf.kubernetes.operators.kueue.KubernetesStartKueueJobOperator": _KUEUE,
    f"{_P}google.cloud.operators.kubernetes_engine.GKEStartKueueJobOperator": _KUEUE,
    f"{_P}google.cloud.operators.kubernetes_engine.GKECreateClusterOperator": {"cluster_name": _of_body},
    f"{_P}google.cloud.operators.dataproc.DataprocCreateClusterOperator": {"cluster_config": _cluster_config},
    f"{_P}google.cloud.operators.dataproc.DataprocInstantiateInlineWorkflowTemplateOperator": {
        "template": _argument("template")
    },
    f"{_P}microsoft.azure.transfers.sftp_to_wasb.SFTPToWasbOperator": {"wasb_conn_id": _argument("wasb_conn_id")},
    f"{_SQL}SQLValueCheckOperator": {"pass_value": _text("pass_value")},
    f"{_SQL}SQLIntervalCheckOperator": {"sql1": _interval(ago=False), "sql2": _interval(ago=True)},
    f"{_SQL}SQLColumnCheckOperator": {"partition_clause": _argument("partition_clause"), "sql": _column_checks},
    f"{_SQL}SQLTableCheckOperator": {"partition_clause": _argument("partition_clause"), "sql": _table_checks},
    f"{_SQL}SQLInsertRowsOperator": {
        "_columns": _columns,
        "ignored_columns": lambda given: set(given["ignored_columns"] or ()),
    },
    f"{_P}databricks.operators.databricks_sql.DatabricksSqlOperator": {"hook_params": _or("hook_params", {})},
    f"{_P}ydb.operators.ydb.YDBExecuteQueryOperator": {"hook_params": _hook_params("is_ddl")},
    f"{_SNOW}CheckOperator": _AT_SNOWFLAKE,
    f"{_SNOW}ValueCheckOperator": _AT_SNOWFLAKE,
    f"{_SNOW}IntervalCheckOperator": _AT_SNOWFLAKE,
    f"{_SNOW}SqlApiOperator": _AT_SNOWFLAKE,
    f"{_SNOW}NotebookOperator": {**_AT_SNOWFLAKE, "sql": _notebook},
}
"""Class to template field to rule."""


def worked_out(paths: Iterable[str], name: str, values: Mapping[str, Any]) -> Any:
    """The value that a rule gives the field NAME of a class with those PATHS; NotImplemented where none can say."""
    rule = rule_of(paths, name)
    if rule is None:
        return NotImplemented
    try:
        return rule(Given(values))
    except (NotKnownError, AttributeError, KeyError, TypeError, ValueError):
        return NotImplemented
