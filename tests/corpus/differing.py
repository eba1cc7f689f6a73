"""Where two specs of one DAG differ, one from evaluating its file and one from running it."""

from __future__ import annotations

from typing import Any

from goflow.domain.canonical import tag_of


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Where ONE (evaluated) and OTHER (run) differ, but for what evaluating left open."""
    if tag_of(one) == "$hole" or _is_same_function(one, other):
        return []
    if isinstance(one, dict) and isinstance(other, dict):
        is_part = not where or where.endswith("]")
        left_open = {"column", "unknown", *one.get("unknown", ())} if is_part else set()
        keys = dict.fromkeys([*one, *other])
        return [
            found
            for key in keys
            if key not in left_open and (key != "line" or not where.endswith("]"))
            for found in differences(one.get(key), other.get(key), f"{where}.{key}")
        ]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return [found for index, (left, right) in pairs for found in differences(left, right, f"{where}[{index}]")]
    return [] if one == other and type(one) is type(other) else [f"{where}: {one!r} and {other!r}"]


def _is_same_function(one: Any, other: Any) -> bool:
    """Of a function of Python's own library evaluation knows the name and not always the module."""
    texts = isinstance(one, str) and isinstance(other, str)
    return texts and one.startswith("builtins:") and one.partition(":")[2] == other.partition(":")[2]
