"""What single operators of providers do in their constructors and the catalogue does not tell, looked at by eye."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.values import At, NativeFunction

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.operator_arguments import Merged
    from goflow.parser.libraries.airflow.operators import OperatorValue

_WEEK_S = 60 * 60 * 24 * 7
_BIGQUERY = "airflow.providers.google.cloud.sensors.bigquery"

DEFERRABLE_SENSORS: Mapping[str, Mapping[str, float]] = {
    f"{_BIGQUERY}.BigQueryTableExistenceSensor": {"poke_interval": 5},
    f"{_BIGQUERY}.BigQueryTablePartitionExistenceSensor": {"poke_interval": 5},
    f"{_BIGQUERY}.BigQueryStreamingBufferEmptySensor": {"poke_interval": 30},
    "airflow.providers.dbt.cloud.sensors.dbt.DbtCloudJobRunSensor": {"poke_interval": 5, "timeout": _WEEK_S},
    "airflow.providers.airbyte.sensors.airbyte.AirbyteJobSensor": {"poke_interval": 5, "timeout": _WEEK_S},
}
"""Sensors that wait otherwise when they are deferrable; what their author's call says goes first."""

OUTPUT_PROPERTIES = {("airflow.providers.yandex.operators.dataproc.DataprocCreateClusterOperator", "cluster_id")}
"""Properties of operators that are their ``output``."""

NOT_HANDED_ON: Mapping[str, Mapping[str, Any]] = {
    "airflow.providers.apache.livy.operators.livy.LivyOperator": {"queue": "default"}
}
"""Arguments that BaseOperator has too and the class keeps to itself (a queue of YARN): what the task has then."""

OWN_CALLABLES: Mapping[str, Mapping[str, Any]] = {
    "airflow.providers.amazon.aws.operators.appflow.AppflowRecordsShortCircuitOperator": {
        "python_callable": NativeFunction("_has_new_records_func", lambda at, *args, **kwargs: None)
    }
}
"""Operators for a Python function that bring the function themselves."""


def settle_sensor(path: str, task: OperatorValue, values: dict[str, Any], merged: Merged, at: At) -> None:
    """Give a deferrable sensor the interval that its class prefers, over those in the default arguments."""
    if values.get("deferrable") is not True:
        return
    defaults = merged.default_args if isinstance(merged.default_args, dict) else {}
    for name, value in DEFERRABLE_SENSORS[path].items():
        if name in task.given:
            if name == "poke_interval":
                return
        elif name not in values or values[name] is defaults.get(name):
            values[name] = value
