"""``update_mask``: which fields of a body count, as in Airflow."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel

UpdateMask = Annotated[list[str] | None, Query(description="the fields of the body that count; all without it")]


def masked(body: BaseModel, mask: Collection[str] | None) -> dict[str, Any]:
    """The fields of BODY that were given, and are in MASK where there is one, by their names in Python."""
    given = {name: getattr(body, name) for name in body.model_fields_set}
    if not mask:
        return given
    wanted = {name for name, field in type(body).model_fields.items() if name in mask or (field.alias or name) in mask}
    return {name: value for name, value in given.items() if name in wanted}
