"""What a mapper of an author's own has told of the key of an event, asked by a helper (`goflow.domain.questions`).

It is asked once for each event and DAG: for the keys of the runs, and for all that is to be known of each of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from goflow.domain.canonical import Json
from goflow.domain.partition_mappers import MapperError, policy_of
from goflow.domain.partition_windows import WaitPolicy


@dataclass(frozen=True, slots=True)
class KeyTold:
    """What was told of a key that the mapper has made: the moment that it stands for (IS_DATELESS: it could not say),
    and under a rollup the keys EXPECTED of its window and how many of these are enough. IS_HELD: it could not say."""

    date: dt.datetime | None = None
    is_dateless: bool = False
    expected: frozenset[str] | None = None
    policy: WaitPolicy | None = None
    is_held: bool = False

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> KeyTold:
        """As it is kept. Raises ValueError."""
        date, expected, policy = value.get("date"), value.get("expected"), value.get("policy")
        return cls(
            date=None if date is None else dt.datetime.fromisoformat(date).astimezone(dt.UTC),
            is_dateless=bool(value.get("is_dateless")),
            expected=None if expected is None else frozenset(expected),
            policy=None if policy is None else policy_of(policy),
            is_held=bool(value.get("is_held")),
        )


@dataclass(frozen=True, slots=True)
class Mapped:
    """The keys that one has become, or only how many (COUNT) if these were too many; MOST: how many there may be by
    the mapper. CARRIED is the moment that the event hands on."""

    keys: Mapping[str, Mapping[str, Json]]
    count: int
    most: int | None
    carried: dt.datetime | None


def mapped(told: Any) -> Mapped:
    """What a helper has TOLD. Raises ValueError when it is nothing of the kind."""
    try:
        keys: dict[str, dict[str, Json]] = {key: dict(about) for key, about in told["keys"]}
        if not all(isinstance(key, str) for key in keys):
            raise TypeError("a key is no text")
        carried = told.get("carried")
        for about in keys.values():
            KeyTold.of(about)
        return Mapped(
            keys=keys,
            count=int(told["count"]),
            most=None if told.get("most") is None else int(told["most"]),
            carried=None if carried is None else dt.datetime.fromisoformat(carried).astimezone(dt.UTC),
        )
    except (KeyError, TypeError, AttributeError, MapperError) as problem:
        raise ValueError(f"no keys of partitions: {problem!r}") from problem
