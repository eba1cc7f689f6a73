"""``math``, ``decimal``."""

from __future__ import annotations

import decimal
import math
from typing import Any

from goflow.parser.interpreter.session import Session
from goflow.parser.libraries.datetimes import host_class
from goflow.parser.libraries.registry import function, module


@module("math")
def build(session: Session) -> dict[str, Any]:
    """``math``."""
    names = ("ceil", "floor", "sqrt", "log", "log2", "log10", "exp", "pow", "fabs", "trunc", "gcd", "isnan", "isinf",
             "sin", "cos", "tan", "prod", "fsum", "isclose", "fmod", "degrees", "radians", "hypot", "lcm", "isfinite",
             "copysign", "isqrt", "atan", "atan2", "asin", "acos", "log1p", "expm1", "modf", "remainder")  # fmt: skip
    found: dict[str, Any] = {name: function(name, lambda at, *a, run=getattr(math, name): run(*a)) for name in names}
    return found | {"pi": math.pi, "e": math.e, "inf": math.inf, "nan": math.nan, "tau": math.tau}


@module("decimal")
def build_decimal(session: Session) -> dict[str, Any]:
    """``decimal``."""
    return {"Decimal": host_class(decimal.Decimal, "decimal"), "ROUND_HALF_UP": decimal.ROUND_HALF_UP}
