"""``pydantic``: classes are known, what they make of their arguments is not."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, Unknown
from goflow.parser.libraries.registry import module, unknown_function

_METHODS = (
    "model_validate", "model_validate_json", "model_construct", "model_json_schema", "model_rebuild", "parse_obj",
    "parse_raw", "parse_file", "construct", "schema", "schema_json", "from_orm",
)  # fmt: skip


def _instance(cls: ClassValue, args: Arguments, kwargs: Keywords, at: At) -> Unknown:
    return Unknown(f"an object of {cls.name}, which pydantic makes", at)


@module("pydantic")
def build(session: Session) -> dict[str, Any]:
    """``pydantic``: all but ``BaseModel`` is unknown."""
    model = ClassValue("BaseModel", module_name="pydantic.main", construct=_instance)
    reason = "what pydantic makes of a model"
    model.attributes |= {name: unknown_function(name, reason) for name in _METHODS}
    return {"BaseModel": model}
