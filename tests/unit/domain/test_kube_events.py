"""Which events of Kubernetes are kept with a launch, and in what form."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from goflow.domain.kube_events import LONGEST_MESSAGE, MOST_KEPT, KubeEvent, merged, to_keep

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def event(reason: str, at: float | None = 0, *, kind: str = "Warning", count: int = 1, **more: Any) -> KubeEvent:
    """An event that was last seen AT seconds past noon."""
    seen = None if at is None else NOON + dt.timedelta(seconds=at)
    given = {"about": "Pod p", "message": f"{reason} it is", "source": "kubelet", "first_at": NOON, **more}
    return KubeEvent(kind=kind, reason=reason, count=count, last_at=seen, **given)


MERGED: dict[str, tuple[list[list[KubeEvent]], list[tuple[str, int]]]] = {
    "nothing at all is nothing": ([], []),
    "events come in the order in which they were last seen": (
        [[event("BackOff", 9), event("Failed", 3)], [event("Pulling", 1, kind="Normal")]],
        [("Pulling", 1), ("Failed", 1), ("BackOff", 1)],
    ),
    "one that was counted on is the one event as it was counted last": (
        [[event("BackOff", 9, count=7)], [event("BackOff", 2, count=3)]],
        [("BackOff", 7)],
    ),
    "the same of another pod is another event": (
        [[event("BackOff", 1)], [event("BackOff", 2, about="Pod q")]],
        [("BackOff", 1), ("BackOff", 1)],
    ),
    "the same that began anew is another event": (
        [[event("BackOff", 1)], [event("BackOff", 99, first_at=NOON + dt.timedelta(seconds=90))]],
        [("BackOff", 1), ("BackOff", 1)],
    ),
    "one without a moment of its own stands where it began": (
        [[event("Late", 5), event("Early", None)]],
        [("Early", 1), ("Late", 1)],
    ),
    "one without any moment comes first": (
        [[event("Early", 0), event("Timeless", None, first_at=None)]],
        [("Timeless", 1), ("Early", 1)],
    ),
    "one that was kept with a shorter message is the event itself": (
        [to_keep([event("Failed", message="x" * 5000)]), [event("Failed", message="x" * 5000)]],
        [("Failed", 1)],
    ),
}


@pytest.mark.parametrize(("groups", "expected"), MERGED.values(), ids=MERGED)
def test_of_several_groups_each_event_is_told_once(groups: list[list[KubeEvent]], expected: list[Any]) -> None:
    assert [(one.reason, one.count) for one in merged(*groups)] == expected


def test_of_many_events_warnings_are_kept_before_others_and_the_newest_of_each() -> None:
    warnings = [event(f"W{number}", number) for number in range(MOST_KEPT - 2)]
    normal = [event(f"N{number}", 0.5 + number, kind="Normal") for number in range(10)]
    kept = to_keep([*normal, *warnings])
    assert len(kept) == MOST_KEPT
    assert [one.reason for one in kept if one.kind == "Normal"] == ["N8", "N9"]
    assert [one.last_at for one in kept] == sorted(one.last_at for one in kept if one.last_at)
    assert next(one.reason for one in to_keep(event(f"W{n}", n) for n in range(99))) == f"W{99 - MOST_KEPT}"


CUT = {
    "a short one stays": ("no such image", "no such image"),
    "one that just fits stays": ("x" * LONGEST_MESSAGE, "x" * LONGEST_MESSAGE),
    "a long one ends with dots": ("x" * 2000, "x" * (LONGEST_MESSAGE - 3) + "…"),
    "no letter is cut in two": ("ä" * 2000, "ä" * ((LONGEST_MESSAGE - 3) // 2) + "…"),
}


@pytest.mark.parametrize(("message", "kept"), CUT.values(), ids=CUT)
def test_messages_are_kept_within_bounds(message: str, kept: str) -> None:
    [one] = to_keep([event("Failed", message=message)])
    assert one.message == kept
    assert len(one.message.encode()) <= LONGEST_MESSAGE
    assert to_keep([one]) == [one]


@pytest.mark.parametrize("at", [0.25, None], ids=["with its moments", "without moments"])
def test_what_is_stored_is_read_again(at: float | None) -> None:
    whole = event("BackOff", at, count=3, first_at=None)
    assert KubeEvent.of_json(json.loads(json.dumps(whole.as_json()))) == whole
