"""What runners send, checked: each part as it should be, or `InvalidRequestError` in words that name it.

Text that no database takes is mended on the way: NUL and halves of surrogate pairs are shown as U+FFFD.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from typing import Any

from goflow.domain.errors import InvalidRequestError
from goflow.executor.words import mended
from goflow.store.rows import LogRow

LARGEST_NUMBER = 2**53
"""Line numbers beyond it are nobody's: JSON readers elsewhere would round them."""
LONGEST_KEY = 512
"""Characters of a result's key, as Airflow limits it (``XComModel.key``)."""


def parse(body: bytes) -> Any:
    """The JSON of BODY, None without one."""
    if not body:
        return None
    try:
        return json.loads(body)
    except RecursionError:
        raise InvalidRequestError("the body is nested too deeply") from None
    except ValueError as problem:
        raise InvalidRequestError(f"the body is no JSON: {problem}") from None


def mapping(value: Any, what: str = "the body") -> Mapping[str, Any]:
    """VALUE, a JSON object."""
    if not isinstance(value, dict):
        raise InvalidRequestError(f"{what} must be a JSON object")
    return value


def text(body: Any, name: str) -> str:
    """A field that must be there and is text."""
    value = mapping(body).get(name)
    if not isinstance(value, str):
        raise InvalidRequestError(f"{name} must be given, as text")
    return mended(value)


def maybe_text(body: Any, name: str) -> str | None:
    """A field that is text, or None."""
    return None if mapping(body).get(name) is None else text(body, name)


def number(body: Any, name: str) -> int:
    """A field that must be there and is a whole number."""
    value = mapping(body).get(name)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST_NUMBER:
        raise InvalidRequestError(f"{name} must be given, as a whole number")
    return value


def seconds(value: Any, name: str) -> float:
    """A stretch of time that is none below zero."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise InvalidRequestError(f"{name} must be seconds")
    return float(value)


def moment(value: str | None, name: str) -> dt.datetime | None:
    """A moment in UTC; text without an offset is UTC."""
    if value is None:
        return None
    try:
        found = dt.datetime.fromisoformat(value)
        return (found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found).astimezone(dt.UTC)
    except (ValueError, OverflowError, TypeError):
        raise InvalidRequestError(f"{name} must be a moment in ISO 8601, and is {str(value)[:100]!r}") from None


def lines(value: Any) -> list[LogRow]:
    """Lines of a log."""
    if not isinstance(value, list):
        raise InvalidRequestError("lines must be a list")
    return [_line(entry) for entry in value]


def _line(entry: Any) -> LogRow:
    seq, at = number(entry, "seq"), entry.get("at")
    if seq < 1:
        raise InvalidRequestError("seq must be 1 or more")
    if not isinstance(at, int | float) or not math.isfinite(at):
        raise InvalidRequestError("at must be given, as seconds since 1970")
    return LogRow(seq=seq, at=float(at), stream=text(entry, "stream"), text=text(entry, "text"))


def report(body: Any) -> Mapping[str, Any]:
    """What is told before the end, or with it."""
    out = dict(mapping(body))
    if out.get("rendered_fields") is not None:
        mapping(out["rendered_fields"], "rendered_fields")
    for name in ("rendered_map_index", "note"):
        out[name] = maybe_text(out, name)
    results = out.get("xcoms") or []
    if not isinstance(results, list):
        raise InvalidRequestError("xcoms must be a list")
    out["xcoms"] = [_result(entry) for entry in results]
    return out


def _result(entry: Any) -> Mapping[str, Any]:
    key = text(entry, "key")
    if not key or len(key) > LONGEST_KEY:
        raise InvalidRequestError(f"the key of a result has 1 to {LONGEST_KEY} characters")
    if "value" not in entry:
        raise InvalidRequestError(f"the result {key!r} has no value")
    length = None if entry.get("length") is None else number(entry, "length")
    return {"key": key, "value": entry["value"], "length": length}


def word(value: Any) -> Mapping[str, Any]:
    """How a task ended; `goflow.executor.words.outcome_from_word` takes it from here."""
    out = dict(mapping(value, "outcome"))
    text(out, "state")
    for name in ("reason", "message"):
        out[name] = maybe_text(out, name)
    if out.get("exit_code") is not None:
        number(out, "exit_code")
    if out.get("retry") is not None and not isinstance(out["retry"], bool):
        raise InvalidRequestError("retry must be true or false")
    if out.get("retry_delay_s") is not None:
        out["retry_delay_s"] = seconds(out["retry_delay_s"], "retry_delay_s")
    again = moment(maybe_text(out, "reschedule_at"), "reschedule_at")
    out["reschedule_at"] = None if again is None else again.isoformat()
    skipped = out.get("skip_downstream") or []
    if not isinstance(skipped, list) or not all(isinstance(task_id, str) for task_id in skipped):
        raise InvalidRequestError("skip_downstream must be a list of task ids")
    if out.get("resolved") is not None:
        mapping(out["resolved"], "resolved")
    if out.get("deferral") is not None:
        mapping(out["deferral"], "deferral")
    mapping(out.get("usage") or {}, "usage")
    return out
