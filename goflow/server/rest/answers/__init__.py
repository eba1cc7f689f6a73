"""What the routes answer, as the OpenAPI document tells it: a TypedDict for each shape, Airflow's under Airflow's name.

Nothing is validated while it is served: an answer is as large as its DAGs are many. The tests hold what is answered to
what is published (`tests.unit.server.conforming`). What is not Airflow's field stands behind Airflow's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_type_hints

from pydantic import Field, TypeAdapter

Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""A moment, in UTC with microseconds."""
Day = Annotated[str, Field(json_schema_extra={"format": "date"})]
Duration = Annotated[str, Field(json_schema_extra={"format": "duration"})]
Uuid = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
Counted = dict[str, int]
"""How many there are of each, by name."""


@dataclass(frozen=True)
class Is:
    """Beside the type that a route's function gives: what its answer is."""

    shape: Any


def schemas(routes: Iterable[Any]) -> tuple[dict[tuple[str, str], Any], dict[str, Any]]:
    """The schema of the answer of each of ROUTES that says what it is, by method and path; and what they refer to."""
    found = {
        (method, route.path_format): shape for route in routes for method in route.methods for shape in _shapes(route)
    }
    adapters = {id(shape): TypeAdapter(shape) for shape in found.values()}
    wanted = [(key, "serialization", adapter) for key, adapter in adapters.items()]
    made, rest = TypeAdapter.json_schemas(wanted, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    by_shape = {key: schema for (key, _), schema in made.items()}
    return {place: by_shape[id(shape)] for place, shape in found.items()}, rest.get("$defs", {})


def _shapes(route: Any) -> Iterator[Any]:
    hint = _hints(route.endpoint).get("return")
    yield from (one.shape for one in getattr(hint, "__metadata__", ()) if isinstance(one, Is))


@cache
def _hints(function: Any) -> dict[str, Any]:
    return get_type_hints(function, include_extras=True)
