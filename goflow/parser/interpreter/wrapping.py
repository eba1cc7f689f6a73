"""Decorators of libraries that are not read, of which it is known that a function stays what it is under them."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.unread import NOT_READ
from goflow.parser.interpreter.values import Arguments, At, Keywords, Raised, Unknown, UnknownElementsError

_WRAPPERS: dict[str, tuple[str, ...]] = {
    "backoff.on_exception": (),
    "backoff.on_predicate": (),
    "beartype.beartype": (),
    "deprecated.deprecated": (),
    "func_timeout.func_set_timeout": (),
    "memory_profiler.profile": (),
    "ratelimit.limits": (),
    "ratelimit.sleep_and_retry": (),
    "retry.api.retry": (),
    "retry.retry": (),
    "retrying.retry": (),
    "sentry_sdk.trace": (),
    "stamina.retry": (),
    "tenacity.retry": ("retry", "retry_with", "statistics"),
    "timeout_decorator.timeout": (),
    "typeguard.typechecked": (),
}
"""They keep name, module, signature, annotations and docstring, as ``functools.wraps`` does (each was tried), and call
the function once unless it raises; with the attributes that they add."""


class WrappedFunction(UserFunction):
    """A function of the file under such a decorator, which is not known for the reason WHY."""

    why: Unknown

    @classmethod
    def of(cls, function: UserFunction, why: Unknown, added: tuple[str, ...]) -> WrappedFunction:
        """FUNCTION, with ADDED attributes."""
        made = cls.__new__(cls)
        made.__dict__.update(function.__dict__)
        made.attributes = {**function.attributes, **dict.fromkeys(added, why)}
        made.wraps, made.why = function, why
        return made

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """What the function gives. Where it raises, nobody here knows whether it is tried again, and how that ends."""
        try:
            return super().call(args, kwargs, at)
        except Raised:
            raise UnknownElementsError(Unknown(self.why.reason, at)) from None


def wrapped(unknown: Unknown, args: Arguments, kwargs: Keywords) -> UserFunction | None:
    """What calling UNKNOWN with one function gives, if it is one of those; else None."""
    added = _WRAPPERS.get(unknown.reason.removesuffix(NOT_READ))
    if added is None or kwargs or len(args) != 1 or not isinstance(args[0], UserFunction):
        return None
    return WrappedFunction.of(args[0], unknown, added)
