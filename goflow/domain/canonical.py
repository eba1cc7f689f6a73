"""Canonical JSON: one text for one meaning, so that a digest of it can stand for the meaning.

Keys are sorted, there is no white space, text is UTF-8 and floats that are whole numbers are written as integers, so
that ``retry_delay=300`` and ``300.0`` are one meaning. Among an author's own values (a param's default, an argument)
they are two, and stay so. NaN and infinities are refused.

Values that JSON does not have are tagged objects with one key that begins with ``$``; ``encode``s live where the values
are known (``goflow.parser.lower``). The tags:

========================================  ============================================================================
``{"$timedelta": seconds}``               a ``timedelta`` or ``relativedelta`` without calendar parts
``{"$relativedelta": {...}}``             a ``relativedelta`` with months or years
``{"$datetime": iso}``                    a moment (aware ones in UTC) , ``{"$date": iso}``, ``{"$time": iso}``
``{"$tuple": [...]}``, ``{"$set": [...]}`` a tuple; a set, sorted by canonical text
``{"$xcom": {"task_id", "key", ...}}``    an XComArg; ``"map"``/``"zip"``/``"concat"`` beside for derived ones
``{"$callable": "module:qualname"}``      a function, class or lambda of the file (``"<lambda>"`` as its name)
``{"$asset": {"name", "uri"}}``           an asset or dataset; ``{"$asset_alias": name}``
``{"$moment": {...}}``                    a symbolic moment, `goflow.domain.moments.Moment.to_json`
``{"$object": {"class", "module", ...}}`` any other object: its class, and its arguments where they are known
``{"$hole": {...}}``                      not known before run time, `goflow.domain.spec.Hole`
``{"$dict": [[key, value], ...]}``        a mapping whose keys are not all text, or one whose key begins with ``$``
========================================  ============================================================================
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


def canonical_json(value: Json) -> str:
    """VALUE as canonical JSON text. Raises ValueError for NaN and infinities, TypeError for what is not JSON."""
    return written_out(normal(value))


def written_out(value: Json) -> str:
    """The text of a VALUE, whose numbers are as they are to be."""
    return encodable(_ENCODE(value))


def encodable(text: str) -> str:
    """TEXT (JSON, or for people) with each half of a surrogate pair, which Python's texts may have and no database
    takes, escaped."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def digest(value: Json) -> str:
    """The sha256 of VALUE's canonical JSON, 64 hexadecimal digits."""
    return digest_bytes(canonical_json(value).encode("utf-8", "surrogatepass"))


def digest_bytes(content: bytes) -> str:
    """The sha256 of CONTENT, 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def walk(value: Json) -> Iterator[Json]:
    """VALUE and everything inside it, outermost first."""
    yield value
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def tag_of(value: Json) -> str | None:
    """The tag (``"$hole"``, ``"$xcom"``, ...) of a tagged object; None for plain JSON."""
    if isinstance(value, dict) and len(value) == 1:
        (key,) = value
        if key.startswith("$"):
            return key
    return None


def normal(value: Json) -> Json:
    """VALUE as it is written: whole numbers as integers. Raises ValueError for NaN and infinities."""
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is float or isinstance(value, float):
        if not math.isfinite(value):  # type: ignore[arg-type]
            raise ValueError(f"{value} has no canonical JSON")
        return int(value) if value.is_integer() else value  # type: ignore[union-attr, arg-type]
    if kind is dict or isinstance(value, Mapping):
        return {key: normal(inner) for key, inner in value.items()}  # type: ignore[union-attr]
    if kind is list or isinstance(value, list | tuple):
        return [normal(inner) for inner in value]  # type: ignore[union-attr]
    return value


_AS_IT_IS = frozenset({str, int, bool, type(None)})
_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
