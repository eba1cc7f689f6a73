"""Answers of an author's own code, for `goflow_runner.answers`: of a DAG's timetable which runs come next and which
data interval a run by hand has, of a task's strategy how much an instance weighs, of a deadline what it counts from, of
a partition mapper for which keys an event is, of timetable or mappers which moment the key of a run by hand stands for.

A timetable is asked as the scheduler has it in Airflow: as ``deserialize`` makes it of what ``serialize`` gave.
"""

import datetime as dt
import json
import sys
import traceback

from airflow._goflow import loading, logs, timezone, tracebacks, world
from airflow._goflow.timetables import DagRunInfo, DataInterval, TimeRestriction, Timetable


def load(info, client, folder):
    """The DAG of INFO (`goflow_runner.wire.QuestionInfo`), its file in FOLDER imported. Raises whatever that raises."""
    world.reset(info["dialect"], client)
    given = {"dag_id": info["dag_id"], "task_id": "", "folder": info["folder"], "inputs": info["inputs"]}
    world.World.task_input = {**given, "folder_here": str(folder)}
    sys.dont_write_bytecode = True
    logs.configure()
    tracebacks.moved(str(folder), info["folder"]["path"])
    return loading.load_dag(given, folder)


def ask(dag, info):
    """The answer to INFO, as JSON. Raises whatever the author's code raises."""
    return _KINDS[info["kind"]](dag, info["asked"])


def words():
    """The failure that is being handled, in words, with the author's own lines."""
    problem = sys.exc_info()[1]
    return tracebacks.text_of(problem) if problem is not None else traceback.format_exc()


def timetable_of(dag):
    """The timetable of DAG as the scheduler has it."""
    timetable = dag.timetable
    if getattr(timetable, "timetable", None) is not None:  # assets or time
        timetable = timetable.timetable
    kind = type(timetable)
    if kind.__module__.startswith("airflow."):
        return timetable
    return kind.deserialize(json.loads(json.dumps(timetable.serialize())))


def _next_runs(dag, asked):
    timetable = timetable_of(dag)
    restriction = TimeRestriction(_moment(asked["earliest"]), _moment(asked["latest"]), asked["catchup"])
    last, found = _info(asked["last"]), []
    now = timezone.coerce_datetime(timezone.utcnow())
    while len(found) < asked["most"]:
        info = _following(timetable, last, restriction)
        if info is None:
            return {"runs": found, "over": True}
        if last is not None and (info.data_interval, info.run_after) == (last.data_interval, last.run_after):
            raise ValueError(f"it does not advance past the run of {info.run_after}")
        found.append([*_told(info), _run_id(timetable, info), *_partition(info)])
        last = info
        if info.run_after > now:
            break
    return {"runs": found, "over": False}


def _following(timetable, last, restriction):
    if world.is_airflow2():
        interval = None if last is None else last.data_interval
        return timetable.next_dagrun_info(last_automated_data_interval=interval, restriction=restriction)
    return timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=restriction)


def _run_id(timetable, info):
    """The id that the author's own ``generate_run_id`` gives; None: they have none."""
    if type(timetable).generate_run_id is Timetable.generate_run_id:
        return None
    from airflow._goflow.words import DagRunType

    given = {"logical_date": info.logical_date} if world.is_airflow2() else {"run_after": info.run_after}
    if not world.is_airflow2():
        given["partition_key"] = getattr(info, "partition_key", None)
    return str(timetable.generate_run_id(run_type=DagRunType.SCHEDULED, data_interval=info.data_interval, **given))


def _interval(dag, asked):
    interval = timetable_of(dag).infer_manual_data_interval(run_after=_moment(asked["run_after"]))
    return [_iso(interval.start), _iso(interval.end)]


def _weight(dag, asked):
    from airflow._goflow.weighing import weigh

    return weigh(dag, asked)


def _deadline(dag, asked):
    """What a deadline counts from by a reference of the author's own (``SerializedCustomReference.evaluate_with``)."""
    from airflow._goflow.late_runs import counts_from

    return _iso(counts_from(dag, asked["position"], asked["run"]["run_id"]))


def _partition_keys(dag, asked):
    from airflow._goflow.mapping_keys import keys_of

    return keys_of(dag.timetable, asked)


def _partition_date(dag, asked):
    if asked["assets"] is None:
        return _iso(timetable_of(dag).resolve_partition_date(asked["key"]))
    from airflow._goflow.mapping_keys import date_of

    return date_of(dag.timetable, asked)


_KINDS = {
    "next_runs": _next_runs, "interval": _interval, "weight": _weight, "deadline": _deadline,
    "partition": _partition_keys, "partition_date": _partition_date,
}  # fmt: skip


def _info(told):
    if told is None:
        return None
    _, start, end, run_after = (_moment(text) for text in told[:4])
    interval = None if start is None or end is None else DataInterval(start, end)
    if not told[4:]:
        return DagRunInfo(run_after=run_after, data_interval=interval)
    return DagRunInfo(run_after, interval, partition_date=_moment(told[5]), partition_key=told[4])


def _told(info):
    interval = info.data_interval
    start, end = (None, None) if interval is None else interval
    return [_iso(at) for at in (info.logical_date, start, end, info.run_after)]


def _partition(info):
    """Key and moment of the run's partition; nothing where it has none."""
    key = getattr(info, "partition_key", None)
    return [] if key is None else [str(key), _iso(getattr(info, "partition_date", None))]


def _moment(text):
    if text is None:
        return None
    import pendulum

    return pendulum.instance(dt.datetime.fromisoformat(text)).in_timezone("UTC")


def _iso(at):
    if at is None:
        return None
    if not isinstance(at, dt.datetime):
        raise TypeError(f"a moment of a run must be a datetime, not {at!r}")
    if at.utcoffset() is None:
        raise ValueError(f"a moment of a run must have a time zone: {at!r}")
    return at.astimezone(dt.timezone.utc).isoformat()
