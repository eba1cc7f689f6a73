"""Results as they are told (`goflow_runner.results` says where they go)."""

from goflow_runner.results import REFERENCE, fetch, kept

from airflow._goflow.world import World

__all__ = ["REFERENCE", "fetch", "leave"]


def leave(key, value):
    """The result KEY as the wire has it (`goflow_runner.wire.XComValue`).

    Raises what `serialize` raises, ResultTooLarge, and what the store does.
    """
    from airflow._goflow.serialization import length_of, serialize

    told, given = serialize(value), World.task_input or {}
    limits = given.get("results")
    if limits:
        place = (given["dag_id"], given["run_id"], given["task_id"], str(given["map_index"]))
        told = kept(key, told, limits, place, given["launch_id"])
    return {"key": key, "value": told, "length": length_of(value)}
