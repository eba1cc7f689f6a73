"""``ti.xcom_pull`` of both Airflows, over what the server tells: they differ in defaults and in lists."""

from airflow._goflow.serialization import deserialize
from airflow._goflow.words import NOTSET
from airflow._goflow.xcom import LazySelectSequence


def of_airflow3(ti, task_ids, where, key, prior, map_indexes, default):
    """``RuntimeTaskInstance.xcom_pull`` of the task SDK: without map indexes all copies' values, None for a task
    that left nothing (DEFAULT is not asked); with them DEFAULT for each value that is None."""
    is_one_task = task_ids is None or isinstance(task_ids, str)
    wanted = [ti.task_id] if task_ids is None else [task_ids] if is_one_task else list(task_ids)
    if map_indexes is NOTSET:
        values = []
        for task_id in wanted:
            values += [deserialize(row["value"]) for row in _rows(ti, where, task_id, key, prior)] or [None]
        return values[0] if is_one_task and len(values) == 1 else values
    values = []
    for task_id in wanted:
        found = {row["map_index"]: row["value"] for row in _rows(ti, where, task_id, key, prior)}
        for index in _several(map_indexes):
            value = deserialize(found.get(-1 if index is None else index))
            values.append(default if value is None else value)
    return values[0] if is_one_task and (map_indexes is None or isinstance(map_indexes, int)) else values


def of_airflow2(ti, task_ids, where, key, prior, map_indexes, default):
    """``TaskInstance.xcom_pull`` of Airflow 2: without a task's id whoever left something under KEY; a lazy list of
    what is there for several tasks, indexes or copies; DEFAULT for one value that is not there."""
    is_one_task = task_ids is None or isinstance(task_ids, str)
    if task_ids is None:
        found = _of_anybody(ti, where, key, prior)
    else:
        wanted = [task_ids] if is_one_task else list(task_ids)
        found = {task_id: _rows(ti, where, task_id, key, prior) for task_id in wanted}
    if is_one_task and (map_indexes is NOTSET or map_indexes is None or isinstance(map_indexes, int)):
        (rows,) = found.values()
        if isinstance(map_indexes, int):
            rows = [row for row in rows if row["map_index"] == map_indexes]
        if not rows:
            return default
        if not isinstance(map_indexes, int) and any(row["map_index"] >= 0 for row in rows):
            return LazySelectSequence([deserialize(row["value"]) for row in rows])
        return deserialize(rows[0]["value"])
    values = []
    for rows in found.values():
        if map_indexes is NOTSET or map_indexes is None:
            values += [deserialize(row["value"]) for row in rows]
            continue
        by_index = {row["map_index"]: row["value"] for row in rows}
        values += [deserialize(by_index[index]) for index in _several(map_indexes) if index in by_index]
    return LazySelectSequence(values)


def _of_anybody(ti, where, key, prior):
    """Whoever left something under KEY, the nearest tasks above asked first."""
    above = [*ti.task.upstream_task_ids, *ti.task.get_flat_relative_ids(upstream=True), *ti.task.dag.task_ids]
    for task_id in dict.fromkeys(above):
        rows = _rows(ti, where, task_id, key, prior)
        if rows:
            return {task_id: rows}
    return {ti.task_id: []}


def _rows(ti, where, task_id, key, prior):
    rows = ti.client.xcoms(*where, task_id, key)
    return rows or (ti.client.xcoms(*where, task_id, key, prior=True) if prior else [])


def _several(value):
    return [value] if value is None or isinstance(value, int) else list(value)
