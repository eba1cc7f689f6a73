"""``itertools``, over iterators of the evaluator's."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter.calls import call
from goflow.parser.interpreter.items import elements, iterate, iterate_now
from goflow.parser.interpreter.operations import binary, truth
from goflow.parser.interpreter.orders import iterator_over, unordered
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.unread import Called, may_be_called
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, UnknownElementsError, first_unknown
from goflow.parser.libraries.registry import function, module


def _over(run: Callable[..., Any], sources: int | None = None) -> Callable[..., Any]:
    """RUN of ``itertools`` over iterators of ours: of the first SOURCES arguments, or of all."""

    def wrapped(at: At, *args: Any, **kwargs: Any) -> Any:
        end = len(args) if sources is None else sources
        unknown = first_unknown((args[end:], kwargs)) if sources is not None else None
        if unknown is not None:
            return unknown
        reasons = [source if isinstance(source, Unknown) else unordered(source, at) for source in args[:end]]
        for source, reason in zip(args, reasons, strict=False):
            if isinstance(source, Unknown) or (reason is not None and run is not itertools.chain):
                return reason
        found = run(*(iterate_now(source, at) for source in args[:end]), *args[end:], **kwargs)
        return iterator_over(found, next((reason for reason in reasons if reason is not None), None))

    return wrapped


def _with_function(run: Callable[..., Any], *, spread: bool = False) -> Callable[..., Any]:
    """RUN of ``itertools`` whose first argument is a function that the evaluator calls."""

    def wrapped(at: At, target: Any, source: Any) -> Any:
        unknown = source if isinstance(source, Unknown) else unordered(source, at)
        if unknown is not None:
            return Called(unknown, [target, source])

        def asked(*values: Any) -> Any:
            answer = values[0] if target is None else call(target, list(values), {}, at)
            if spread:
                return answer
            answer = truth(answer, at)
            if isinstance(answer, Unknown):
                may_be_called([target, source], answer, at)
            return _settled(answer)

        values = iterate_now(source, at)
        rows = (tuple(_settled(elements(row, at))) for row in values) if spread else values
        return run(asked, rows)

    return wrapped


def _settled(value: Any) -> Any:
    """VALUE; where it is not known nothing that comes after is, either."""
    if isinstance(value, Unknown):
        raise UnknownElementsError(value)
    return value


def _product(at: At, *sources: Any, repeat: Any = 1) -> Any:
    if isinstance(repeat, Unknown):
        return repeat
    found: list[Any] = [elements(source, at) for source in sources]
    size = 1
    for source in found:
        unknown = source if isinstance(source, Unknown) else unordered(source, at)
        if unknown is not None:
            return unknown
        size = min(size * max(len(source), 1), 1 << 62)
    at.session.budget.check_size(min(repeat, 1000) * len(found), at)
    return itertools.product(*found, repeat=repeat)


def _chosen(run: Callable[..., Any]) -> Callable[..., Any]:
    """``permutations`` and its kin: RUN over a list, and how many of it are taken."""

    def wrapped(at: At, source: Any, *rest: Any, **kwargs: Any) -> Any:
        found = elements(source, at)
        if isinstance(found, Unknown):
            return found
        unknown = first_unknown((rest, kwargs)) if (order := unordered(found, at)) is None else order
        return unknown if unknown is not None else run(found, *rest, **kwargs)

    return wrapped


def _accumulate(at: At, source: Any, func: Any = None, *, initial: Any = None) -> Any:
    unknown = source if isinstance(source, Unknown) else unordered(source, at)
    if unknown is not None:
        return Called(unknown, [func, source])

    def both(left: Any, right: Any) -> Any:
        return binary("+", left, right, at) if func is None else call(func, [left, right], {}, at)

    return itertools.accumulate(iterate_now(source, at), both, initial=initial)


def _groupby(at: At, source: Any, key: Any = None) -> Any:
    unknown = source if isinstance(source, Unknown) else unordered(source, at)
    if unknown is not None:
        return Called(unknown, [key, source])
    return itertools.groupby(
        iterate_now(source, at), lambda value: _settled(value if key is None else call(key, [value], {}, at))
    )


def _from_iterable(at: At, sources: Any) -> Any:
    unknown = sources if isinstance(sources, Unknown) else unordered(sources, at)
    if unknown is not None:
        return unknown
    return (value for source in iterate_now(sources, at) for value in iterate(_settled(source), at))


class Chain(NativeFunction):
    """``itertools.chain`` with its ``from_iterable``."""

    def get_attribute(self, name: str, at: At) -> Any:
        """``from_iterable``."""
        if name == "from_iterable":
            return NativeFunction(name, _from_iterable, takes_unknown=True)
        return super().get_attribute(name, at)


@module("itertools")
def build_itertools(session: Session) -> dict[str, Any]:
    """``itertools``."""
    found: dict[str, Any] = {
        "chain": Chain("chain", _over(itertools.chain), takes_unknown=True),
        "product": function("product", _product, takes_unknown=True),
        "count": function("count", lambda at, *args, **kwargs: itertools.count(*args, **kwargs)),
        "repeat": function("repeat", _repeat, takes_unknown=True),
        "groupby": function("groupby", _groupby, takes_unknown=True),
        "accumulate": function("accumulate", _accumulate, takes_unknown=True),
        "starmap": function("starmap", _with_function(itertools.starmap, spread=True), takes_unknown=True),
    }
    for name, sources in (("zip_longest", None), ("compress", None), ("pairwise", 1), ("cycle", 1), ("islice", 1)):
        found[name] = function(name, _over(getattr(itertools, name), sources), takes_unknown=True)
    found["tee"] = function("tee", _tee, takes_unknown=True)
    for name in ("permutations", "combinations", "combinations_with_replacement"):
        found[name] = function(name, _chosen(getattr(itertools, name)), takes_unknown=True)
    for name in ("takewhile", "dropwhile", "filterfalse"):
        found[name] = function(name, _with_function(getattr(itertools, name)), takes_unknown=True)
    return found


def _repeat(at: At, value: Any, times: Any = None) -> Any:
    if isinstance(times, Unknown):
        return times
    return itertools.repeat(value) if times is None else itertools.repeat(value, times)


def _tee(at: At, source: Any, n: Any = 2) -> Any:
    unknown = source if isinstance(source, Unknown) else first_unknown(n)
    return unknown if unknown is not None else itertools.tee(iterate_now(source, at), min(n, 1000))
