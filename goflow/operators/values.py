"""Argument values of tasks whose container the daemon makes up itself: results of other tasks put in, and the share
that one copy of a mapped task gets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from goflow.domain.canonical import tag_of

PullResult = Callable[[str, str], Any]
"""From a task's id and a key to its result: of a mapped task the list of its copies' results, in order."""


class NotKnownError(Exception):
    """A value that the daemon cannot work out, and why"""


def with_results(value: Any, pull: PullResult) -> Any:
    """VALUE (tagged JSON) with the results that it refers to. Raises NotKnownError for what only Python can tell."""
    tag = tag_of(value)
    if tag == "$xcom":
        return _result(value["$xcom"], pull)
    if tag == "$hole":
        raise NotKnownError(f"{value['$hole'].get('reason', 'a value')} is known at run time only")
    if tag == "$tuple":
        return [with_results(inner, pull) for inner in value["$tuple"]]
    if isinstance(value, Mapping):
        return {key: with_results(inner, pull) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_results(inner, pull) for inner in value]
    return value


def share_of(expand: Mapping[str, Any], map_index: int, pull: PullResult) -> dict[str, Any]:
    """The arguments that copy MAP_INDEX of a task mapped over EXPAND gets.

    The last argument turns fastest; of a dictionary each copy gets a pair (``DictOfListsExpandInput`` and
    ``ListOfDictsExpandInput`` in ``airflow.sdk.definitions._internal.expandinput``). Raises NotKnownError.
    """
    if set(expand) == {"*"}:
        chosen = _items(with_results(expand["*"], pull))[map_index]
        if not isinstance(chosen, Mapping):
            raise NotKnownError(f"expand_kwargs got {type(chosen).__name__} for a copy, not a dictionary")
        return dict(chosen)
    found: dict[str, Any] = {}
    left = map_index
    for name, value in reversed(list(expand.items())):
        items = _items(with_results(value, pull))
        if not items:
            raise NotKnownError(f"there is nothing to expand {name} over any more")
        left, index = divmod(left, len(items))
        found[name] = items[index]
    return found


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [[key, inner] for key, inner in value.items()]
    if isinstance(value, list):
        return value
    raise NotKnownError(f"a task cannot be expanded over {type(value).__name__}")


def _result(inner: Any, pull: PullResult) -> Any:
    if "task_id" not in inner:
        kind = next((name for name in ("map", "zip", "concat") if name in inner), "derived")
        raise NotKnownError(f"a result that went through .{kind}() is known to Python only")
    return pull(str(inner["task_id"]), str(inner.get("key") or "return_value"))
