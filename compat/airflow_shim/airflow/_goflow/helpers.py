"""``airflow.utils.helpers``."""

from airflow._goflow.operator import chain, cross_downstream

__all__ = ["chain", "cross_downstream", "merge_dicts", "prune_dict"]


def merge_dicts(first, second):
    """SECOND over FIRST, maps inside merged."""
    merged = dict(first)
    for key, value in second.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge_dicts(merged[key], value) if both else value
    return merged


def prune_dict(value, mode="strict"):
    """VALUE without what is None (strict) or false."""
    keep = (lambda inner: inner is not None) if mode == "strict" else bool
    if isinstance(value, dict):
        return {k: prune_dict(v, mode) if isinstance(v, dict) else v for k, v in value.items() if keep(v)}
    return [inner for inner in value if keep(inner)]
