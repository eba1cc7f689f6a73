"""Callbacks in YAML: a dotted path, a path with arguments, or a name and a file (``set_callback`` of dag-factory)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.values import At, Unknown
from goflow.parser.libraries.dagfactory.names import callable_of_file
from goflow.parser.libraries.dagfactory.shapes import Place, given, refuse
from goflow.parser.libraries.functools_ import Partial
from goflow.parser.libraries.import_string import import_string

DAG_CALLBACKS = ("on_success_callback", "on_failure_callback")
TASK_CALLBACKS = ("on_execute_callback", *DAG_CALLBACKS, "on_retry_callback", "on_skipped_callback")
_OF_DAGS = ("on_execute_callback", *DAG_CALLBACKS)


def settle_callbacks(
    holder: dict[Any, Any], place: Place, kinds: Sequence[str] = TASK_CALLBACKS, *, sla: bool = False
) -> None:
    """Put functions where HOLDER names them; PLACE gives the places of its keys. SLA: Airflow has SLAs."""
    kinds = _OF_DAGS if kinds is DAG_CALLBACKS else kinds
    for kind in (*kinds, "sla_miss_callback") if sla else kinds:
        if given(holder, kind):
            holder[kind] = _callback(holder[kind], kind, place(kind))
        if given(holder, f"{kind}_name", f"{kind}_file"):
            name, file = holder.pop(f"{kind}_name"), holder.pop(f"{kind}_file")
            holder[kind] = callable_of_file(name, file, place(f"{kind}_name"))


def _callback(value: Any, kind: str, at: At) -> Any:
    if isinstance(value, Unknown):
        return value
    if isinstance(value, str):
        return import_string(value, at)
    if isinstance(value, dict) and isinstance(value.get("callback"), str):
        found = import_string(value["callback"], at)
        arguments = {str(key): inner for key, inner in value.items() if key != "callback"}
        if isinstance(found, Unknown):
            return found
        if _is_notifier(found):
            return found.call([], arguments, at)
        return Partial(found, [], arguments)
    return refuse(at, f"Invalid type passed to {kind}", "give a dotted path, or a mapping with a callback")


def _is_notifier(found: Any) -> bool:
    """Whether dag-factory would find a method ``notify``; of classes that are not read their name tells."""
    if not isinstance(found, ClassValue):
        return False
    return found.lookup("notify") is not MISSING or any(base.name.endswith("Notifier") for base in found.mro)
