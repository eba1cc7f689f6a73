"""Classes of the file that derive from ``str``, ``dict``, ``list`` and other types of Python's own."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.classes import ClassValue, Instance, initialise
from goflow.parser.interpreter.values import At, Unknown


def construct_subtype(cls: ClassValue, args: Any, kwargs: dict[str, Any], at: At) -> Any:
    """An instance that holds a value of the type it derives from (in ``data``)."""
    host_class = next((base for base in cls.mro if base.host is not None and base.host is not object), None)
    if host_class is None or host_class.construct is None:
        from goflow.parser.interpreter.classes import default_construct

        return default_construct(cls, args, kwargs, at)
    instance = Instance(cls)
    has_init = any("__init__" in base.attributes for base in cls.mro if not base.is_native)
    taken = args[:1] if has_init and host_class.host in {str, int, float, bytes} else args
    inner = host_class.construct(
        host_class, () if has_init and host_class.host in {list, dict, set} else taken, {} if has_init else kwargs, at
    )
    if isinstance(inner, Unknown):
        return inner
    instance.data = inner
    if has_init:
        initialise(instance, args, kwargs, at)
    return instance
