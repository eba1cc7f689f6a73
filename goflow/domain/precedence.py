"""Two words about where and how a task runs made one: the stronger wins, mappings are merged key by key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from goflow.domain.spec import RuntimeSpec

_FIELDS = fields(RuntimeSpec)


def over(upper: RuntimeSpec, lower: RuntimeSpec) -> RuntimeSpec:
    """UPPER where it says something, else LOWER; mappings are merged key by key, all the way down."""
    values: dict[str, Any] = {spec.name: deep(getattr(upper, spec.name), getattr(lower, spec.name)) for spec in _FIELDS}
    return RuntimeSpec(**values)


def deep(mine: Any, theirs: Any) -> Any:
    """MINE over THEIRS, merged where both are mappings."""
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        both = {**theirs, **mine}
        return {key: deep(mine[key], theirs[key]) if key in mine and key in theirs else both[key] for key in both}
    return theirs if mine is None else mine
