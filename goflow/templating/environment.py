"""The sandboxed Jinja environment, and rendering through nested values, with limits on what a template may use.

The sandbox keeps a template from Python's innards; it does not keep it from making a string of ten gigabytes or from
running for a year. So every turn of a loop, call and filter takes a step of the template's `budget`, every text that is
written is counted, and what multiplies is looked at before it does.
https://jinja.palletsprojects.com/en/stable/sandbox/#security-considerations
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

import pendulum
from jinja2 import StrictUndefined, TemplateError, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment, is_internal_attribute, modifies_known_mutable
from jinja2.visitor import NodeTransformer

from goflow.domain.canonical import Json, walk
from goflow.templating.budget import (
    DEEPEST,
    LARGEST_NUMBER,
    LARGEST_RESULT,
    LONGEST_TAG,
    LONGEST_TEMPLATE,
    MOST_BLOCKS,
    budget,
    current,
    sized,
    small_numbers,
)

MARKS = ("{{", "{%", "{#")
_WIDE = re.compile(r"\d{5,}")
_TAG = re.compile(r"\{[{%].*?[}%]\}", re.DOTALL)
_BRACKET = re.compile(r"[\[\](){}]")
_CAUGHT = (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError, OSError)


class RenderError(Exception):
    """A template cannot be rendered: FIELD, and why."""

    def __init__(self, field: str, problem: str) -> None:
        self.field = field
        self.problem = problem
        super().__init__(f"{field}: {problem}")


@pass_context  # which keeps Jinja from working it out while it compiles
def _join(_context: Any, parts: tuple[Any, ...]) -> str:
    """What ``~`` gives."""
    texts = [str(part) for part in parts]
    if sum(map(len, texts)) > LARGEST_RESULT:
        raise SecurityError("the result of ~ is too large")
    return "".join(texts)


@pass_context
def _turns(_context: Any, values: Iterable[Any]) -> Iterator[Any]:
    """VALUES of a loop, each turn a step."""
    for value in values:
        current().step()
        yield value


@pass_context
def _data(_context: Any, text: str) -> str:
    """Text of the template's own, counted as often as it is written."""
    current().step()
    current().text(len(text))
    return text


class _Counted(NodeTransformer):
    """Puts what counts around loops, ``~`` and the template's own text."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - Jinja's name
        made = self.generic_visit(node)
        assert isinstance(made, nodes.For)
        made.iter = _filtered(cast("nodes.Expr", made.iter), "goflow_turns")
        return made

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - Jinja's name
        made = self.generic_visit(node)
        assert isinstance(made, nodes.Concat)
        return _filtered(nodes.Tuple(made.nodes, "load", lineno=node.lineno), "goflow_join")

    def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.Node:  # noqa: N802 - Jinja's name
        return _filtered(nodes.Const(node.data, lineno=node.lineno), "goflow_data")


def _filtered(value: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(value, name, [], [], None, None, lineno=value.lineno)


class LimitedEnvironment(ImmutableSandboxedEnvironment):
    """Airflow's sandbox (``SandboxedEnvironment`` in ``airflow.templates``) that counts."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """As in Airflow: names that begin with one underscore are allowed; but nothing changes what it is given."""
        if isinstance(obj, pendulum.Interval) and attr == "range":
            return False  # its steps may be microseconds, and its ends years apart
        return not is_internal_attribute(obj, attr) and not modifies_known_mutable(obj, attr)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        made = _Counted().visit(super()._parse(source, name, filename))
        assert isinstance(made, nodes.Template)
        made.set_environment(self)
        return made

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """``+``, ``*``, ``**`` and ``%`` within limits."""
        current().step()
        if operator == "*":
            numbers = [x for x in (left, right) if isinstance(x, int)]
            sizes = [len(x) for x in (left, right) if isinstance(x, str | list | tuple)]
            if numbers and sizes and numbers[0] * sizes[0] > LARGEST_RESULT:
                raise SecurityError("the result of * is too large")
        if operator == "**":
            small_numbers([right])
            if isinstance(left, int) and isinstance(right, int) and left.bit_length() * right > LARGEST_NUMBER * 4:
                raise SecurityError("the result of ** is too large")
        if operator == "%" and isinstance(left, str):
            raise SecurityError("% on text is not available here: use format or ~")
        return sized(super().call_binop(context, operator, left, right))

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        owner = getattr(obj, "__self__", None)
        if isinstance(owner, str | bytes):
            _look_at_text(owner, getattr(obj, "__name__", ""), (*args, *kwargs.values()))
        with current().call():
            return sized(super().call(context, obj, *args, **kwargs))

    def wrap_str_format(self, value: Any) -> Any:
        """``format`` of text, without wide fields."""
        made = super().wrap_str_format(value)
        if made is None:
            return None

        def format_within(*args: Any, **kwargs: Any) -> str:
            _look_at_text(value.__self__, "format", (*args, *kwargs.values()))
            return str(made(*args, **kwargs))

        return format_within


def _look_at_text(text: Any, method: str, values: tuple[Any, ...]) -> None:
    """Raises SecurityError for a method of text that could make a far longer one."""
    small_numbers(values)
    if method == "replace" and len(values) >= 2:
        _look_at_replacement(text, values[0], values[1])
    elif method == "join" and values and isinstance(values[0], list | tuple | dict | set):
        if len(values[0]) * len(text) > LARGEST_RESULT:
            raise SecurityError("the result of join is too large")
    elif method.startswith("format") and _WIDE.search(str(text)):
        raise SecurityError("a field of format is too wide")
    elif method == "translate":
        raise SecurityError("translate is not available here")


def _look_at_replacement(text: Any, old: Any, new: Any) -> None:
    if str(text).count(str(old)) * len(str(new)) > LARGEST_RESULT:
        raise SecurityError("the result of replace is too large")


def _within(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter or test as a step, its numbers small and its result not too large."""

    @functools.wraps(function)
    def limited(*args: Any, **kwargs: Any) -> Any:
        current().step()
        given = [*args, *kwargs.values()]
        small_numbers(given[1:])
        if any(isinstance(value, pendulum.Interval) for value in given) and name not in {"string", "default", "d"}:
            raise SecurityError("the days of an interval are not listed here")
        texts = [value for value in given if isinstance(value, str)]
        if name == "replace" and len(texts) >= 3:
            _look_at_replacement(*texts[:3])
        if name == "join" and texts and max(map(len, texts)) > LARGEST_NUMBER:
            raise SecurityError("the text between is too long")
        if name == "format" and any(_WIDE.search(text) or "*" in text for text in texts[:1]):
            raise SecurityError("a field of format is too wide")
        return sized(function(*args, **kwargs))

    return limited


def environment(filters: Mapping[str, Any]) -> LimitedEnvironment:
    """An environment with Airflow's FILTERS."""
    made = LimitedEnvironment(undefined=StrictUndefined, cache_size=64, extensions=["jinja2.ext.do"], finalize=_written)
    made.filters.update(filters)
    made.filters = {
        name: _within(name, cast("Callable[..., Any]", function)) for name, function in made.filters.items()
    }
    made.tests = {name: _within(name, cast("Callable[..., Any]", function)) for name, function in made.tests.items()}
    made.filters.update(goflow_join=_join, goflow_turns=_turns, goflow_data=_data)
    del made.globals["lipsum"]  # text by chance, and as much of it as one likes
    return made


@pass_context
def _written(_context: Any, value: Any) -> Any:
    """What ``{{ value }}`` writes, counted."""
    text = sized(value if isinstance(value, str) else str(sized(value)))
    current().text(len(text))
    return text


def render(value: Any, jinja: LimitedEnvironment, context: Mapping[str, Any], field: str = "") -> Any:
    """VALUE with every template in it rendered, through lists and maps. Raises RenderError."""
    if isinstance(value, str):
        return _render_text(value, jinja, context, field)
    if isinstance(value, list):
        return [render(inner, jinja, context, f"{field}[{index}]") for index, inner in enumerate(value)]
    if isinstance(value, dict):
        return {key: render(inner, jinja, context, f"{field}.{key}") for key, inner in value.items()}
    return value


def is_plain(text: str) -> bool:
    """Whether TEXT comes out of Jinja as it goes in."""
    return not any(mark in text for mark in MARKS) and not text.endswith("\n") and "\r" not in text


def templates_in(value: Json) -> list[str]:
    """The texts in VALUE, whatever it is, that do not come out of Jinja as they go in."""
    return [inner for inner in walk(value) if isinstance(inner, str) and not is_plain(inner)]


def _look_at_template(text: str) -> None:
    """Raises SecurityError for a template that is long or deep: Jinja reads it by functions that call themselves."""
    if len(text) > LONGEST_TEMPLATE:
        raise SecurityError(f"the template is longer than {LONGEST_TEMPLATE} characters")
    if text.count("{%") > MOST_BLOCKS or any(len(tag) > LONGEST_TAG for tag in _TAG.findall(text)):
        raise SecurityError(f"more than {MOST_BLOCKS} blocks, or an expression of more than {LONGEST_TAG} characters")
    depth = 0
    for bracket in _BRACKET.findall(text):
        depth = depth + 1 if bracket in "([{" else max(depth - 1, 0)
        if depth > DEEPEST:
            raise SecurityError(f"more than {DEEPEST} brackets stand in each other")


def _render_text(text: str, jinja: LimitedEnvironment, context: Mapping[str, Any], field: str) -> str:
    if is_plain(text):
        return text
    try:
        _look_at_template(text)
        with budget():
            parts, size = [], 0
            for part in jinja.from_string(text).generate(context):
                size += len(part)
                if size > LARGEST_RESULT:
                    raise SecurityError(f"the result is longer than {LARGEST_RESULT} characters")
                parts.append(part)
            return "".join(parts)
    except _CAUGHT as problem:
        raise RenderError(field, f"{type(problem).__name__}: {problem}") from problem


__all__ = ["LimitedEnvironment", "RenderError", "environment", "is_plain", "render", "templates_in"]
