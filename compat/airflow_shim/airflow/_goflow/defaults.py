"""Which arguments every operator has, what they are where nobody gives them, and how default arguments add up."""

import datetime as dt

from airflow._goflow import world

ALL = {
    "owner": "airflow",
    "email": None,
    "email_on_retry": True,
    "email_on_failure": True,
    "retries": 0,
    "retry_delay": dt.timedelta(seconds=300),
    "retry_exponential_backoff": False,
    "max_retry_delay": None,
    "retry_policy": None,
    "start_date": None,
    "end_date": None,
    "depends_on_past": False,
    "ignore_first_depends_on_past": False,
    "wait_for_past_depends_before_skipping": False,
    "wait_for_downstream": False,
    "priority_weight": 1,
    "weight_rule": "downstream",
    "queue": "default",
    "pool": None,
    "pool_slots": 1,
    "sla": None,
    "execution_timeout": None,
    "on_execute_callback": None,
    "on_failure_callback": None,
    "on_success_callback": None,
    "on_retry_callback": None,
    "on_skipped_callback": None,
    "pre_execute": None,
    "post_execute": None,
    "trigger_rule": "all_success",
    "resources": None,
    "run_as_user": None,
    "map_index_template": None,
    "max_active_tis_per_dag": None,
    "max_active_tis_per_dagrun": None,
    "executor": None,
    "executor_config": None,
    "do_xcom_push": True,
    "multiple_outputs": False,
    "inlets": None,
    "outlets": None,
    "doc": None,
    "doc_md": None,
    "doc_json": None,
    "doc_yaml": None,
    "doc_rst": None,
    "task_display_name": None,
    "logger_name": None,
    "allow_nested_operators": True,
    "render_template_as_native_obj": None,
}
"""``BaseOperator.__init__``'s parameters and their defaults, those of both dialects together."""
ONLY_AIRFLOW2 = {"task_concurrency": None}
STRUCTURE = ("task_id", "dag", "task_group", "default_args", "params")
NAMES = frozenset({*ALL, *ONLY_AIRFLOW2, *STRUCTURE})


def default_of(name):
    """What an argument is where nobody gives it."""
    if name == "ignore_first_depends_on_past" and world.is_airflow2():
        return True
    return ALL[name]


def merged(dag, task_group, task_params, task_default_args):
    """``(default arguments, params)`` of a task: those of the DAG, its group, its own, the later over the earlier
    (``get_merged_defaults``)."""
    from airflow._goflow.params import ParamsDict

    arguments, params = {}, ParamsDict()
    if dag is not None:
        arguments.update(dag.default_args)
        params.update(dag.params)
    if task_group is not None:
        arguments.update(task_group.default_args)
    inherited = arguments.pop("params", None)
    if inherited:
        params.update(inherited)
    if task_params:
        params.update(task_params)
    if task_default_args:
        arguments.update(task_default_args)
        inherited = arguments.pop("params", None)
        if inherited:
            params.update(inherited)
    return arguments, params


def as_callbacks(value):
    """One callback, several or none as a list."""
    if not value:
        return []
    return list(value) if isinstance(value, (list, tuple, set)) else [value]


def as_timedelta(value):
    """Seconds or a timedelta as a timedelta; None stays None."""
    return value if value is None or isinstance(value, dt.timedelta) else dt.timedelta(seconds=value)
