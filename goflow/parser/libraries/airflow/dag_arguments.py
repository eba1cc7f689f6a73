"""The arguments of DAG under both dialects: names, defaults, order and types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from goflow.domain.spec import Dialect
from goflow.parser.libraries.airflow.opaque import NOT_SET
from goflow.parser.libraries.airflow.words import words

DEFAULTS: Mapping[str, Any] = {
    "dag_id": NOT_SET,
    "description": None,
    "schedule": None,
    "start_date": None,
    "end_date": None,
    "template_searchpath": None,
    "template_undefined": None,
    "user_defined_macros": None,
    "user_defined_filters": None,
    "default_args": None,
    "max_active_tasks": 16,
    "max_active_runs": 16,
    "max_consecutive_failed_dag_runs": 0,
    "dagrun_timeout": None,
    "sla_miss_callback": None,
    "catchup": False,
    "on_success_callback": None,
    "on_failure_callback": None,
    "doc_md": None,
    "params": None,
    "access_control": None,
    "is_paused_upon_creation": None,
    "jinja_environment_kwargs": None,
    "render_template_as_native_obj": False,
    "tags": None,
    "owner_links": None,
    "auto_register": True,
    "dag_display_name": None,
}
"""What both take, with their defaults; where Airflow 2 has another default, it stands with what only 2 takes."""
_ONLY2: Mapping[str, Any] = {
    "schedule": NOT_SET,
    "schedule_interval": NOT_SET,
    "timetable": None,
    "full_filepath": None,
    "concurrency": None,
    "default_view": "grid",
    "orientation": "LR",
    "catchup": True,
    "fail_stop": False,
}
_ONLY3: Mapping[str, Any] = {
    "deadline": None,
    "fail_fast": False,
    "allowed_run_types": None,
    "disable_bundle_versioning": False,
    "rerun_with_latest_version": None,
}
ORDER_2 = words(
    """dag_id description schedule schedule_interval timetable start_date end_date full_filepath
        template_searchpath template_undefined user_defined_macros user_defined_filters default_args concurrency
        max_active_tasks max_active_runs max_consecutive_failed_dag_runs dagrun_timeout sla_miss_callback
        default_view orientation catchup"""
)
"""The order in which Airflow 2 takes positional arguments; Airflow 3 takes only the id so."""
TYPES_3: Mapping[str, type] = {"description": str, "dag_display_name": str}
"""What Airflow 3 insists on."""
TYPES_2: Mapping[str, type] = {
    **TYPES_3,
    **dict.fromkeys(("default_view", "orientation", "doc_md"), str),
    **dict.fromkeys(
        ("catchup", "is_paused_upon_creation", "render_template_as_native_obj", "auto_register", "fail_stop"), bool
    ),
    "tags": list,
}
"""What Airflow 2 insists on."""
SCHEDULE_ARGUMENTS = ("schedule", "schedule_interval", "timetable")
"""The arguments that say when runs begin; Airflow 3 has only the first."""
DEFAULT_SCHEDULE_2 = dt.timedelta(days=1)


def parameters(dialect: Dialect) -> dict[str, Any]:
    """The arguments of DAG under DIALECT, with their defaults."""
    return {**DEFAULTS, **(_ONLY2 if dialect is Dialect.AIRFLOW2 else _ONLY3)}
