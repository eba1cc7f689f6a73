"""A runner's word about the end (`goflow_runner.wire.OutcomeInfo`) as an `Outcome`."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

from goflow.domain.assets import AssetKey, NewAssetEvent
from goflow.domain.runs import Outcome
from goflow.domain.state import TaskState
from goflow.domain.triggers import Deferral

TOLD_STATES = frozenset(
    {TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED, TaskState.UP_FOR_RESCHEDULE, TaskState.DEFERRED}
)


LONGEST_MESSAGE = 10_000
"""Characters of the words of an end; an exception may say more, and its log has all of it."""


def outcome_from_word(word: Mapping[str, Any], at: dt.datetime | None = None) -> Outcome:
    """WORD as an `Outcome`. Raises ValueError when its state is none that a runner may tell, or when it is deferred and
    does not say what it waits for.

    It may come from a termination message or a file, too, and past the task API's checks: its text is mended here.
    """
    state = TaskState(word["state"])
    if state not in TOLD_STATES:
        raise ValueError(f"a runner cannot end a task as {state.value!r}")
    code, resolved = word.get("exit_code"), word.get("resolved")
    deferral = _deferral(word.get("deferral")) if state is TaskState.DEFERRED else None
    return Outcome(
        state=state,
        exit_code=code if isinstance(code, int) else None,
        reason=mended(str(word.get("reason") or ""))[:LONGEST_MESSAGE],
        message=mended(str(word.get("message") or ""))[:LONGEST_MESSAGE],
        retry=bool(word.get("retry", True)),
        retry_delay_s=_seconds(word.get("retry_delay_s")),
        reschedule_at=_moment(word.get("reschedule_at")),
        skip_downstream=tuple(word.get("skip_downstream") or ()),
        resolved=dict(resolved) if isinstance(resolved, Mapping) else None,
        called_back=bool(word.get("called_back")),
        disrupted=state is TaskState.FAILED and word.get("not_begun") is True,
        deferral=deferral,
        asset_events=_asset_events(word.get("asset_events")),
        at=at,
        usage=usage_of(word),
    )


def usage_of(word: Mapping[str, Any]) -> dict[str, float]:
    """What WORD tells of what was used; anything but numbers is passed over."""
    told = word.get("usage")
    items = told.items() if isinstance(told, Mapping) else ()
    numbers = {name: used for name, used in items if isinstance(used, int | float) and not isinstance(used, bool)}
    return {str(name): float(used) for name, used in numbers.items() if math.isfinite(used)}


def _seconds(told: Any) -> float | None:
    """None for what is no number of seconds, too: then the task waits as it declares."""
    is_number = isinstance(told, int | float) and not isinstance(told, bool)
    return float(told) if is_number and 0 <= told < math.inf else None


def _asset_events(told: Any) -> tuple[NewAssetEvent, ...] | None:
    """What has happened to assets (`goflow_runner.wire.AssetEventInfo`); None where nobody says. Raises ValueError."""
    if told is None:
        return None
    if not isinstance(told, list) or not all(isinstance(one, Mapping) for one in told):
        raise ValueError("asset_events must be a list of maps")
    return tuple(_asset_event(one) for one in told)


def _asset_event(one: Mapping[str, Any]) -> NewAssetEvent:
    name, uri, partition = (one.get(word) for word in ("name", "uri", "partition_key"))
    extra, aliases = one.get("extra") or {}, one.get("aliases") or []
    if not (name or uri) or not all(text is None or isinstance(text, str) for text in (name, uri, partition)):
        raise ValueError("an event of an asset has the asset's name or uri, as text")
    if not isinstance(extra, Mapping) or not all(isinstance(alias, str) for alias in aliases):
        raise ValueError("the extra of an asset's event must be a map, and its aliases texts")
    return NewAssetEvent(
        asset=AssetKey(mended(name or ""), mended(uri or "")),
        extra=dict(extra),
        aliases=tuple(mended(alias) for alias in aliases),
        partition_key=None if partition is None else mended(partition),
    )


def _deferral(told: Any) -> Deferral:
    """What a deferred task waits for (`goflow_runner.wire.DeferralInfo`)."""
    if not isinstance(told, Mapping):
        raise ValueError("a deferred task must say what it waits for")
    maps = {name: told.get(name) or {} for name in ("kwargs", "next_kwargs")}
    seconds = told.get("timeout_s")
    if not all(isinstance(value, Mapping) for value in maps.values()):
        raise ValueError("the arguments of a trigger must be maps")
    if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float)):
        raise ValueError("timeout_s of a trigger must be a number of seconds")
    classpath, method = told.get("classpath"), told.get("next_method")
    if not (isinstance(classpath, str) and classpath and isinstance(method, str) and method):
        raise ValueError("a trigger has a classpath and a next_method")
    return Deferral(
        classpath=mended(classpath),
        next_method=mended(method),
        kwargs=dict(maps["kwargs"]),
        next_kwargs=dict(maps["next_kwargs"]),
        timeout_s=None if seconds is None else float(seconds),
        from_folder=told.get("from_folder") is not False,
        encoding=str(told.get("encoding") or "goflow"),
    )


def mended(text: str) -> str:
    """TEXT as every database takes it: NUL and halves of surrogate pairs are shown as U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _moment(text: str | None) -> dt.datetime | None:
    """A moment in UTC, which it is too when it does not say its zone."""
    if text is None:
        return None
    found = dt.datetime.fromisoformat(text)
    return (found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found).astimezone(dt.UTC)
