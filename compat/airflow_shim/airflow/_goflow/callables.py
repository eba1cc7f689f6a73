"""How an author's function is called: what it takes of the context, generators that yield metadata, coroutines."""

from airflow._goflow.signatures import parameters_of, unwrapped


def context_merge(context, *args, **kwargs):
    """CONTEXT with more in it, changed in place."""
    context.update(*args, **kwargs)


def name_in_place(function):
    """The qualified name of FUNCTION, its last part the ``__name__`` that the file may have given it since."""
    around, dot, name = getattr(function, "__qualname__", "").rpartition(".")
    return around + dot + (getattr(function, "__name__", "") or name)


class KeywordParameters:
    """The part of a context that a function is given by name."""

    def __init__(self, kwargs):
        self._kwargs = kwargs

    @classmethod
    def determine(cls, func, args, kwargs):
        """What FUNC takes of KWARGS beside ARGS. Raises ValueError where ARGS would take the place of one of them."""
        found = parameters_of(func)
        for name in found.positional[: len(args)]:
            if name in kwargs:
                raise ValueError(f"The key {name!r} in args is a part of kwargs and therefore reserved.")
        if found.takes_any_keyword:
            return cls(kwargs if type(kwargs) is dict else dict(kwargs.items()))
        return cls({name: kwargs[name] for name in found.names if name in kwargs})

    def unpacking(self):
        """For ``**``."""
        return self._kwargs

    serializing = unpacking


def determine_kwargs(func, args, kwargs):
    """What FUNC takes of KWARGS by name, beside ARGS; all of it where it has ``**kwargs``."""
    return KeywordParameters.determine(func, args, kwargs).unpacking()


def make_kwargs_callable(func):
    """FUNC, given only what it takes."""

    def call(*args, **kwargs):
        return func(*args, **determine_kwargs(func, args, kwargs))

    return call


def is_async_callable(func):
    """Whether FUNC is a coroutine function, perhaps behind decorators and partials."""
    import functools

    while isinstance(func, functools.partial):
        func = func.func
    func = unwrapped(getattr(func, "function", func))
    code = getattr(func, "__code__", None) or getattr(type(func).__call__, "__code__", None)
    return bool(code is not None and code.co_flags & 0x80)


def call(function, args, kwargs, outlet_events, log):
    """The result of FUNCTION; what it yields is metadata for assets (``ExecutionCallableRunner``)."""
    code = getattr(unwrapped(function), "__code__", None)
    is_generator = code is not None and code.co_flags & 0x20
    answer = function(*args, **kwargs)
    if not is_generator or not hasattr(answer, "send"):
        return answer
    from airflow._goflow.assets import Metadata

    while True:
        try:
            item = next(answer)
        except StopIteration as end:
            return end.value
        if not isinstance(item, Metadata):
            log.warning("Ignoring unknown data of %r received from task", type(item))
            continue
        outlet_events[item.asset].extra.update(item.extra)
        if item.alias:
            outlet_events[item.alias].add(item.asset, extra=item.extra)


def run_coroutine(coroutine):
    """Wait for a coroutine."""
    import asyncio

    return asyncio.run(coroutine)
