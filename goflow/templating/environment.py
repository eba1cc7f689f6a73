"""The sandboxed Jinja environment, and rendering through nested values, with limits on what a template may make.

The sandbox keeps a template from Python's innards; it does not keep it from making a string of ten gigabytes, so the
operators that multiply are capped, and the text that comes out is, too.
https://jinja.palletsprojects.com/en/stable/sandbox/#security-considerations
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

LARGEST_RESULT = 1 << 20
"""Characters of one rendered field: the whole Job has to fit into 1.5 MiB of etcd."""
LARGEST_FACTOR = 10_000
MARKS = ("{{", "{%", "{#")


class RenderError(Exception):
    """A template cannot be rendered: FIELD, and why."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field}: {problem}")


class LimitedEnvironment(ImmutableSandboxedEnvironment):
    """Airflow's sandbox (``SandboxedEnvironment`` in ``airflow.templates``) with caps on what multiplies."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """``*``, ``**`` and ``%`` within limits."""
        if operator == "*" and any(_is_long(x) for x in (left, right)):
            numbers = [x for x in (left, right) if isinstance(x, int)]
            sizes = [len(x) for x in (left, right) if isinstance(x, str | list | tuple)]
            if numbers and sizes and numbers[0] * sizes[0] > LARGEST_RESULT:
                raise SecurityError("the result of * is too large")
        if operator == "**" and isinstance(right, int | float) and abs(right) > LARGEST_FACTOR:
            raise SecurityError("the exponent of ** is too large")
        if operator == "%" and isinstance(left, str):
            raise SecurityError("% on text is not available here: use format or ~")
        return super().call_binop(context, operator, left, right)


def _is_long(value: Any) -> bool:
    return isinstance(value, str | list | tuple)


def environment(filters: Mapping[str, Any]) -> LimitedEnvironment:
    """An environment with Airflow's FILTERS."""
    made = LimitedEnvironment(undefined=StrictUndefined, cache_size=64)
    made.filters.update(filters)
    return made


def render(value: Any, jinja: LimitedEnvironment, context: Mapping[str, Any], field: str = "") -> Any:
    """VALUE with every template in it rendered, through lists and maps. Raises RenderError."""
    if isinstance(value, str):
        return _render_text(value, jinja, context, field)
    if isinstance(value, list):
        return [render(inner, jinja, context, f"{field}[{index}]") for index, inner in enumerate(value)]
    if isinstance(value, dict):
        return {key: render(inner, jinja, context, f"{field}.{key}") for key, inner in value.items()}
    return value


def _render_text(text: str, jinja: LimitedEnvironment, context: Mapping[str, Any], field: str) -> str:
    if not any(mark in text for mark in MARKS):
        return text
    try:
        parts, size = [], 0
        for part in jinja.from_string(text).generate(context):
            size += len(part)
            if size > LARGEST_RESULT:
                raise RenderError(field, f"the result is longer than {LARGEST_RESULT} characters")
            parts.append(part)
        return "".join(parts)
    except RenderError:
        raise
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError) as problem:
        raise RenderError(field, f"{type(problem).__name__}: {problem}") from problem


__all__ = ["LimitedEnvironment", "RenderError", "environment", "render"]
