"""``math``, ``decimal``, ``fractions``."""

from __future__ import annotations

import decimal
import fractions
import math
from collections.abc import Callable
from typing import Any

from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At
from goflow.parser.libraries.datetimes import host_class
from goflow.parser.libraries.registry import function, module


def _factorial(at: At, n: Any) -> Any:
    if isinstance(n, int):
        at.session.budget.check_size(n * n.bit_length(), at)
    return math.factorial(n)


def _chosen(run: Callable[..., int]) -> Callable[..., Any]:
    """``perm`` and ``comb``, whose result may be as long as K numbers that are multiplied together."""

    def wrapped(at: At, n: Any, *k: Any) -> Any:
        if isinstance(n, int) and all(isinstance(one, int) for one in k):
            at.session.budget.check_size(min(n, *k, n) * n.bit_length(), at)
        return run(n, *k)

    return wrapped


_COUNTED: dict[str, Callable[..., Any]] = {
    "factorial": _factorial, "perm": _chosen(math.perm), "comb": _chosen(math.comb)
}  # fmt: skip


@module("math")
def build(session: Session) -> dict[str, Any]:
    """``math``."""
    names = ("ceil", "floor", "sqrt", "log", "log2", "log10", "exp", "pow", "fabs", "trunc", "gcd", "isnan", "isinf",
             "sin", "cos", "tan", "prod", "fsum", "isclose", "fmod", "degrees", "radians", "hypot", "lcm", "isfinite",
             "copysign", "isqrt", "atan", "atan2", "asin", "acos", "log1p", "expm1", "modf", "remainder", "sinh",
             "cosh", "tanh", "asinh", "acosh", "atanh", "cbrt", "exp2", "dist", "erf", "erfc", "gamma", "lgamma",
             "frexp", "ldexp", "nextafter", "ulp")  # fmt: skip
    found: dict[str, Any] = {
        name: function(name, lambda at, *a, run=getattr(math, name), **k: run(*a, **k)) for name in names
    }
    found |= {name: function(name, run) for name, run in _COUNTED.items()}
    return found | {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan, "tau": math.tau}


@module("decimal")
def build_decimal(session: Session) -> dict[str, Any]:
    """``decimal``."""
    modes = {name: getattr(decimal, name) for name in dir(decimal) if name.startswith("ROUND_")}
    return {"Decimal": host_class(decimal.Decimal, "decimal"), **modes}


@module("fractions")
def build_fractions(session: Session) -> dict[str, Any]:
    """``fractions``."""
    return {"Fraction": host_class(fractions.Fraction, "fractions", "from_float", "from_decimal")}
