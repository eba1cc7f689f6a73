"""What a function's parameters are called, read from its code: `inspect` is slow to import, and few need it."""

_VARARGS, _VARKEYWORDS = 4, 8


class Parameters:
    """POSITIONAL and KEYWORD_ONLY names in order, which of them are REQUIRED, and whether there are ``*args`` and
    ``**kwargs``."""

    __slots__ = ("defaults", "keyword_only", "positional", "required", "takes_any", "takes_any_keyword")

    def __init__(self, positional, keyword_only, defaults, takes_any, takes_any_keyword):
        self.positional, self.keyword_only, self.defaults = positional, keyword_only, defaults
        self.takes_any, self.takes_any_keyword = takes_any, takes_any_keyword
        self.required = [name for name in (*positional, *keyword_only) if name not in defaults]

    @property
    def names(self):
        """All names, ``*args`` and ``**kwargs`` not among them."""
        return (*self.positional, *self.keyword_only)


def unwrapped(function):
    """The function behind decorators that set ``__wrapped__``."""
    seen = set()
    while hasattr(function, "__wrapped__") and id(function) not in seen:
        seen.add(id(function))
        function = function.__wrapped__
    return function


def parameters_of(function):
    """The parameters with which FUNCTION may be called (a bound method's ``self`` is left out).

    Raises ValueError and TypeError as `inspect.signature` does.
    """
    plain = function
    skip = 0
    if not hasattr(plain, "__code__") or hasattr(plain, "__wrapped__"):
        plain = unwrapped(plain)
        inner = getattr(plain, "__func__", None)
        if inner is not None:
            plain, skip = unwrapped(inner), 1
    code = getattr(plain, "__code__", None)
    if code is None or type(plain).__name__ != "function" or hasattr(plain, "__signature__"):
        return _inspected(function)
    count = code.co_argcount
    positional = code.co_varnames[skip:count]
    keyword_only = code.co_varnames[count : count + code.co_kwonlyargcount]
    values = plain.__defaults__ or ()
    defaults = dict(zip(code.co_varnames[count - len(values) : count], values, strict=True))
    defaults.update(plain.__kwdefaults__ or {})
    return Parameters(
        positional, keyword_only, defaults, bool(code.co_flags & _VARARGS), bool(code.co_flags & _VARKEYWORDS)
    )


def _inspected(function):
    import inspect

    positional, keyword_only, defaults = [], [], {}
    takes_any = takes_any_keyword = False
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            takes_any = True
        elif parameter.kind is parameter.VAR_KEYWORD:
            takes_any_keyword = True
        else:
            (keyword_only if parameter.kind is parameter.KEYWORD_ONLY else positional).append(name)
            if parameter.default is not parameter.empty:
                defaults[name] = parameter.default
    return Parameters(tuple(positional), tuple(keyword_only), defaults, takes_any, takes_any_keyword)


def check_call(function, args, kwargs, provided):
    """Raises TypeError, in Python's words, where FUNCTION cannot be called with ARGS and KWARGS; the names PROVIDED are
    given by the context."""
    found = parameters_of(function)
    name = getattr(function, "__name__", "function")
    if len(args) > len(found.positional) and not found.takes_any:
        raise TypeError("too many positional arguments")
    taken = set(found.positional[: len(args)])
    for key in kwargs:
        if key in taken:
            raise TypeError(f"multiple values for argument {key!r}")
        if key not in found.names and not found.takes_any_keyword:
            raise TypeError(f"got an unexpected keyword argument {key!r}")
    missing = [key for key in found.required if key not in taken and key not in kwargs and key not in provided]
    if missing:
        raise TypeError(f"missing a required argument: {missing[0]!r} (of {name})")
