"""Building the context of one task out of what the server tells."""

import datetime as dt

from airflow._goflow import world
from airflow._goflow.context import Context, Lazy
from airflow._goflow.dag_run import moment
from airflow._goflow.macros import Macros
from airflow._goflow.task_instance import TaskInstance

_MOMENTS_OF_PREVIOUS = ("data_interval_start", "data_interval_end", "start_date", "end_date")


def build(task_input, client, task):
    """The context of TASK. Raises ParamValidationError."""
    from airflow._goflow.params import process_params

    ti = TaskInstance(task_input, client, task)
    run = task_input["run"]
    context = Context(
        dag=task.dag,
        task=task,
        ti=ti,
        task_instance=ti,
        dag_run=ti.dag_run,
        run_id=run["run_id"],
        params=process_params(task.dag, task, run["conf"]),
        macros=Macros(),
        var={"value": VariableAccessor(False), "json": VariableAccessor(True)},
        conn=ConnectionAccessor(),
        inlets=task.inlets,
        outlets=task.outlets,
        map_index_template=task.map_index_template,
        inlet_events=Lazy(lambda: _events("InletEventsAccessors", task.inlets)),
        outlet_events=Lazy(lambda: _events("OutletEventAccessors")),
        task_instance_key_str=f"{task_input['dag_id']}__{task_input['task_id']}__{run['run_id']}",
    )
    copies = task_input["upstream_map_lengths"].get(task_input["task_id"])
    if copies is not None or world.is_airflow2():
        context["expanded_ti_count"] = copies
    _add_dates(context, task_input)
    _add_previous(context, run)
    if world.is_airflow2():
        _add_airflow2(context, task_input)
    else:
        context.update(
            triggering_asset_events=Lazy(lambda: _events("TriggeringEvents")),
            task_reschedule_count=task_input["reschedules"],
            partition_key=None,
            partition_date=None,
            task_state_store=Lazy(lambda: _state_store("TaskStateStore")),
        )
        if task.inlets or task.outlets:
            context["asset_state_store"] = Lazy(lambda: _state_store("AssetStateStores", task.inlets, task.outlets))
    return context


def _events(kind, *arguments):
    from airflow._goflow import asset_events

    return getattr(asset_events, kind)(*arguments)


def _state_store(kind, *arguments):
    from airflow._goflow import state_store

    return getattr(state_store, kind)(*arguments)


def _add_dates(context, task_input):
    """The names that go with the logical date. A run of Airflow 3's dialect may have none: then they are absent."""
    run = task_input["run"]
    text = run["logical_date"]
    if text is None and world.is_airflow2():
        text = run["run_after"]
    if text is None:
        return
    at = dt.datetime.fromisoformat(text).astimezone(dt.timezone.utc)
    ds, ts = at.strftime("%Y-%m-%d"), at.isoformat()
    context.update(
        logical_date=Lazy(lambda: moment(text)),
        data_interval_start=Lazy(lambda: moment(run["data_interval_start"] or (text if world.is_airflow2() else None))),
        data_interval_end=Lazy(lambda: moment(run["data_interval_end"] or (text if world.is_airflow2() else None))),
        ds=ds,
        ds_nodash=ds.replace("-", ""),
        ts=ts,
        ts_nodash=at.strftime("%Y%m%dT%H%M%S"),
        ts_nodash_with_tz=ts.replace("-", "").replace(":", ""),
        task_instance_key_str=f"{task_input['dag_id']}__{task_input['task_id']}__{ds.replace('-', '')}",
    )


def _add_previous(context, run):
    previous = run.get("prev_success") or {}
    for name in _MOMENTS_OF_PREVIOUS:
        if name.startswith("data_interval") and "logical_date" not in context:
            continue  # Airflow 3 has them only beside a logical date
        context[f"prev_{name}_success"] = Lazy(lambda name=name: moment(previous.get(name)))


def _add_airflow2(context, task_input):
    from airflow._goflow.configuration import conf

    run = task_input["run"]
    at = dt.datetime.fromisoformat(run["logical_date"] or run["run_after"]).astimezone(dt.timezone.utc)
    day = dt.timedelta(days=1)
    context.update(
        conf=conf,
        test_mode=False,
        execution_date=Lazy(lambda: context["logical_date"]),
        prev_execution_date_success=Lazy(lambda: moment((run.get("prev_success") or {}).get("logical_date"))),
        triggering_dataset_events=Lazy(lambda: _events("TriggeringEvents")),
    )
    for name, date in (("yesterday", at - day), ("tomorrow", at + day)):
        context[f"{name}_ds"] = date.strftime("%Y-%m-%d")
        context[f"{name}_ds_nodash"] = date.strftime("%Y%m%d")
    for name in ("next", "prev"):
        context[f"{name}_execution_date"] = Lazy(lambda name=name: _neighbour(name, at, task_input))
        context[f"{name}_ds"] = Lazy(lambda name=name: _day(context[f"{name}_execution_date"], "%Y-%m-%d"))
        context[f"{name}_ds_nodash"] = Lazy(lambda name=name: _day(context[f"{name}_execution_date"], "%Y%m%d"))


def _day(date, form):
    return None if date is None else date.strftime(form)


def _neighbour(name, at, task_input):
    """The logical date of the next or previous scheduled run; of a manual run its own (Airflow 2's
    ``get_next_execution_date``)."""
    from airflow._goflow import schedules

    if task_input["run"]["run_type"] == "manual":
        return moment(at.isoformat())
    found = schedules.neighbour(task_input["dag"].get("schedule") or {}, at, 1 if name == "next" else -1)
    return moment(found.isoformat()) if found is not None else None


class VariableAccessor:
    """``var.value`` and ``var.json``."""

    def __init__(self, as_json):
        self._as_json = as_json

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        from airflow._goflow.variable import Variable

        return Variable.get(name, deserialize_json=self._as_json)

    def __repr__(self):
        return "<VariableAccessor (dynamic access)>"

    def get(self, key, default=None, default_var=None):
        """The Variable, or DEFAULT."""
        from airflow._goflow.variable import Variable

        other = default if default_var is None else default_var
        return Variable.get(key, default_var=other, deserialize_json=self._as_json)


class ConnectionAccessor:
    """``conn``."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        from airflow._goflow.connection import Connection

        return Connection.get(name)

    def __repr__(self):
        return "<ConnectionAccessor (dynamic access)>"

    def get(self, conn_id, default_conn=None):
        """The connection, or DEFAULT_CONN."""
        from airflow._goflow.connection import Connection
        from airflow._goflow.exceptions import AirflowNotFoundException

        try:
            return Connection.get(conn_id)
        except AirflowNotFoundException:
            return default_conn
