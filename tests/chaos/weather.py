"""What the proxy does to the calls that pass through it: chances, each between 0 and 1."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields

REFUSALS = (429, 500, 503, 504)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """Chances for each call, for each watch, or for each event of a watch. All zero: the proxy passes everything on."""

    late: float = 0.0
    """A call waits up to ``latest_s`` before it is passed on."""
    latest_s: float = 1.0
    refused: float = 0.0
    """A call is answered 429, 500, 503 or 504, and not passed on."""
    strange: float = 0.0
    """Somebody else answers in the server's place, with a page that says 404 or 403."""
    lost: float = 0.0
    """The connection ends before the call is passed on."""
    unanswered: float = 0.0
    """The call is carried out, and the connection ends before the answer."""
    silent: float = 0.0
    """The call is neither passed on nor answered for ``silence_s``; then the connection ends."""
    silence_s: float = 10.0
    gone: float = 0.0
    """A watch is answered with 410, half the time as a status and half as an event of it."""
    rewound: float = 0.0
    """A watch begins further back than it was asked to: events of before are told again by the server itself."""
    cut: float = 0.0
    """The stream ends after an event (or a piece of a log), in the midst of the next line half the time."""
    twice: float = 0.0
    """An event is told twice."""
    held: float = 0.0
    """An event is told after the next event of another object; those of one object keep their order."""

    @classmethod
    def of(cls, told: dict[str, float]) -> Weather:
        """The weather with those names. Raises TypeError for one that there is not."""
        return cls(**told)


CLEAR = Weather()
ROUGH = Weather(
    late=0.2,
    refused=0.06,
    strange=0.02,
    lost=0.03,
    unanswered=0.05,
    gone=0.15,
    rewound=0.3,
    cut=0.03,
    twice=0.15,
    held=0.15,
)
DARK = Weather(silent=1.0, silence_s=4.0, cut=1.0)
"""Nothing comes through."""


def at_random(moments: random.Random) -> Weather:
    """Some of what `ROUGH` has, more or less of it."""
    names = [field.name for field in fields(Weather) if not field.name.endswith("_s")]
    rough = {name: min(1.0, getattr(ROUGH, name) * moments.uniform(0.5, 2.0)) for name in names}
    return Weather(**{name: chance for name, chance in rough.items() if moments.random() < 0.7})
