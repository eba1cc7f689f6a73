"""Argument values of tasks whose container the daemon makes up itself: results of other tasks put in, and the share
that one copy of a mapped task gets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from goflow.domain.canonical import tag_of
from goflow.domain.spec import TaskSpec
from goflow.operators.plan import NotConvertibleError
from goflow.operators.request import PlanRequest


def time_limit(task: TaskSpec, own: Any = None) -> float | None:
    """Whole seconds after which TASK's Job ends its pods: the limit of its OWN that the author has given, and
    ``execution_timeout``, whichever is less. Nobody in a foreign pod could hold it to that; it counts from the Job's
    beginning, as Airflow's worker counts from before it makes the pod. None without a limit."""
    limits = [float(limit) for limit in (own, task.execution_timeout) if limit]
    return float(max(1, math.ceil(min(limits)))) if limits else None


PullResult = Callable[[str, str], Any]
"""From a task's id and a key to its result: of a mapped task the list of its copies' results, in order."""


class NotKnownError(Exception):
    """A value that the daemon cannot work out, and why"""


def values_of(request: PlanRequest, **more: Any) -> dict[str, Any]:
    """The arguments of the task's operator as they hold for this launch: of a mapped task its copy's, results of other
    tasks and templates put in, MORE under them, and over them what an earlier launch of the attempt has found out.
    Raises NotConvertibleError."""
    task = request.task
    told = request.resolved or {}
    values: dict[str, Any] = {**task.arguments, **task.fields, **more}
    try:
        if task.mapped and request.resolved is None:  # else its share is among what was told
            values.update(share_of(task.expand, request.instance.map_index, request.pull))
        values = with_results({name: value for name, value in values.items() if name not in told}, request.pull)
    except (NotKnownError, LookupError) as problem:
        raise NotConvertibleError(task.operator, str(problem)) from problem
    if request.render is not None:
        templated = {name: values[name] for name in task.template_fields if name in values}
        values.update(request.render(templated))
    return {**values, **told}


def skip_codes(said: Any) -> tuple[int, ...]:
    """``skip_on_exit_code``: one exit code, several or none."""
    if said is None:
        return ()
    if isinstance(said, dict) and tag_of(said) in ("$tuple", "$set"):
        said = next(iter(said.values()))
    return tuple(int(code) for code in said) if isinstance(said, list) else (int(said),)


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
