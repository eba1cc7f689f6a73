"""Building the context of one task out of what the server tells."""

import datetime as dt

from airflow._goflow import macros, world
from airflow._goflow.accessors import ConnectionAccessor, VariableAccessor
from airflow._goflow.context import Context, Lazy
from airflow._goflow.dag_run import moment
from airflow._goflow.task_instance import RuntimeTaskInstance, TaskInstance

_MOMENTS_OF_PREVIOUS = ("data_interval_start", "data_interval_end", "start_date", "end_date")


def build(task_input, client, task):
    """The context of TASK. Raises ParamValidationError."""
    from airflow._goflow.params import process_params

    ti = (TaskInstance if world.is_airflow2() else RuntimeTaskInstance)(task_input, client, task)
    run = task_input["run"]
    context = Context(
        dag=task.dag,
        task=task,
        ti=ti,
        task_instance=ti,
        dag_run=ti._dag_run,
        run_id=run["run_id"],
        params=process_params(task.dag, task, run["conf"]),
        macros=macros if world.is_airflow2() else macros.Macros(),
        var={"value": VariableAccessor(False), "json": VariableAccessor(True)},
        conn=ConnectionAccessor(),
        inlets=task.inlets,
        outlets=task.outlets,
        map_index_template=task.map_index_template,
        inlet_events=Lazy(lambda: _events("InletEventsAccessors", task.inlets)),
        outlet_events=Lazy(lambda: _events("OutletEventAccessors")),
        task_instance_key_str=f"{task_input['dag_id']}__{task_input['task_id']}__{run['run_id']}",
    )
    _add_dates(context, task_input)
    _add_previous(context, run)
    if world.is_airflow2():
        _add_airflow2(context, task_input)
    else:
        context.update(
            triggering_asset_events=Lazy(lambda: _events("TriggeringEvents", ti._dag_run.consumed_asset_events)),
            task_reschedule_count=task_input["reschedules"],
            partition_key=ti._dag_run.partition_key,
            partition_date=ti._dag_run.partition_date,
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
        context[f"prev_{name}_success"] = Lazy(lambda name=name: _moment_or_none(previous.get(name)))


def _moment_or_none(text):
    found = moment(text)
    return NoMoment() if found is None and not world.is_airflow2() else found


class NoMoment:
    """What Airflow 3 has for a moment that is not there: a proxy of None, which looks like it and is not it."""

    __slots__ = ()
    __class__ = property(lambda self: type(None))

    def __getattr__(self, name):
        return getattr(None, name)

    def __bool__(self):
        return False

    def __str__(self):
        return "None"

    __repr__ = __str__

    def __eq__(self, other):
        return other is None or type(other) is NoMoment

    def __hash__(self):
        return hash(None)


def _add_airflow2(context, task_input):
    from airflow._goflow.configuration import conf

    run = task_input["run"]
    at = dt.datetime.fromisoformat(run["logical_date"] or run["run_after"]).astimezone(dt.timezone.utc)
    day = dt.timedelta(days=1)
    context.update(
        conf=conf,
        test_mode=False,
        expanded_ti_count=task_input["upstream_map_lengths"].get(task_input["task_id"]),
        execution_date=Lazy(lambda: context["logical_date"]),
        prev_execution_date_success=Lazy(lambda: moment((run.get("prev_success") or {}).get("logical_date"))),
        triggering_dataset_events=Lazy(lambda: _events("triggering_by_uri", run.get("consumed_asset_events"))),
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
