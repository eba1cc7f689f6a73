"""Symbolic moments: *now*, cut down and moved, as a value that files can calculate with (decision 4)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pendulum
from dateutil.relativedelta import relativedelta

from goflow.domain.moments import Moment, MomentText, Truncation, zone_info
from goflow.parser.interpreter.values import Arguments, At, Keywords, NativeFunction, Unknown, Value

UNITS = ("year", "month", "day", "hour", "minute", "second")
REASON = "the current time"
_CUTS = frozenset({"second", "minute", "hour", "day", "week", "month", "year"})
_PARTS = frozenset({*UNITS, "microsecond"})
_LENGTHS = frozenset({"weeks", "days", "hours", "minutes", "seconds", "microseconds"})
_FORMATS: Mapping[str, Truncation] = {
    "%Y-%m-%d": "day", "%Y%m%d": "day", "%Y-%m-%d %H:%M:%S": "second", "%Y-%m-%dT%H:%M:%S": "second",
    "%Y-%m-%d %H:%M": "minute", "%Y-%m-%d %H": "hour", "%Y-%m": "month", "%Y": "year", "%d/%m/%Y": "day",
    "%m/%d/%Y": "day", "%Y/%m/%d": "day", "%d-%m-%Y": "day",
}  # fmt: skip
"""Texts of a moment from which it is read back, and what they leave of it."""


class _FromMoment(Unknown):
    """Not known, but it is remembered how it comes from a symbolic moment. Whatever it goes through gives an Unknown
    that remembers nothing: half of a text is another text."""

    __slots__ = ()

    def shown(self) -> MomentText | None:
        """The text that it is; None for a number."""
        return None

    def derived(self) -> Unknown:
        """As little known, and nothing more."""
        return Unknown(self.reason, self.at)

    def joined(self, pieces: list[Any]) -> Unknown:
        """A text that shows moments, where all PIECES are such texts or plain ones."""
        if len(pieces) == 1:
            return self
        parts: list[Any] = []
        for piece in pieces:
            shown = piece.shown() if isinstance(piece, _FromMoment) else None
            if shown is None and not isinstance(piece, str):
                return self.derived()
            parts += [piece] if shown is None else shown.parts
        return MomentTextValue(MomentText(tuple(parts)), self.at)

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """``+`` joins texts; everything else depends on the moment."""
        if operator == "+" and self.shown() is not None:
            return self.joined([other, self] if reflected else [self, other])
        return self.derived()

    def text(self, at: At) -> Any:
        """A text is its own."""
        return self if self.shown() is not None else self.derived()

    def representation(self, at: At) -> Any:
        """Unknown."""
        return self.derived()

    def get_attribute(self, name: str, at: At) -> Any:
        """Unknown."""
        return self.derived()

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """Unknown."""
        return self.derived().call(args, kwargs, at)

    def get_item(self, key: Any, at: At) -> Any:
        """Unknown."""
        return self.derived()

    def unary(self, operator: str, at: At) -> Any:
        """Unknown."""
        return self.derived()

    def length(self, at: At) -> Any:
        """Unknown."""
        return self.derived()


class MomentPart(_FromMoment):
    """A part of a symbolic moment (its year, say), or a text of it: not known, but a moment can be made of it again."""

    __slots__ = ("moment", "part")

    def __init__(self, moment: MomentValue, part: str, at: At) -> None:
        super().__init__(REASON, at)
        self.moment, self.part = moment, part

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """Some years more or less are those of another moment."""
        if (
            self.part == "year"
            and type(other) is int
            and operator in {"+", "-"}
            and not (reflected and operator == "-")
        ):
            moment = self.moment.moment.moved_by_months(12 * (other if operator == "+" else -other))
            return MomentPart(self.moment.with_moment(moment), "year", self.at)
        return super().binary(operator, other, at, reflected=reflected)

    def shown(self) -> MomentText | None:
        """The text, where it is written in a form of ``strftime``."""
        if "%" not in self.part:
            return None
        return MomentText(((self.moment.moment, self.part),))


class MomentTextValue(_FromMoment):
    """A text that shows moments and more."""

    __slots__ = ("moment_text",)

    def __init__(self, moment_text: MomentText, at: At) -> None:
        super().__init__(REASON, at)
        self.moment_text = moment_text

    def shown(self) -> MomentText | None:
        """The text."""
        return self.moment_text


class MomentValue(Value):
    """``datetime.now()`` and what is made of it. AWARE: whether it has a zone. Its parts are Unknown.

    What a naive one shows is the time in its moment's zone all the same, which is UTC then. BY_PENDULUM: it is one of
    pendulum's, for which an hour is an hour also where the clock is changed in between.
    """

    type_name = "datetime"

    def __init__(self, moment: Moment, *, aware: bool = True, is_date: bool = False, by_pendulum: bool = False) -> None:
        self.moment = moment
        self.aware = aware
        self.is_date = is_date
        self.by_pendulum = by_pendulum

    def with_moment(self, moment: Moment, *, aware: bool | None = None, is_date: bool | None = None) -> MomentValue:
        """The same kind of value for another moment."""
        return MomentValue(
            moment,
            aware=self.aware if aware is None else aware,
            is_date=self.is_date if is_date is None else is_date,
            by_pendulum=self.by_pendulum,
        )

    def moved(self, seconds: float) -> MomentValue:
        """The same, SECONDS later on its clock."""
        return self.with_moment(self.moment.moved(seconds))

    def cut(self, unit: Truncation) -> MomentValue:
        """Cut down to UNIT, with a time of day."""
        return self.with_moment(self.moment.cut(unit), is_date=False)

    def taken_as(self, zone: Any) -> MomentValue | None:
        """What it shows as a time of ZONE (a tzinfo, or a name); None where the zone has no name."""
        name = name_of_zone(zone)
        return None if name is None else self.with_moment(self.moment.taken_as(name), aware=True, is_date=False)

    def given_to(self, receiver: Any, name: str, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """What a method of Python's own makes of it: ``localize`` of pytz, for all others nobody knows."""
        if name == "localize" and hasattr(receiver, "localize"):
            return self.taken_as(receiver) or Unknown(REASON, at)
        return Unknown(REASON, at)

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """Plus and minus a stretch of time; everything else depends on the moment."""
        if operator in {"+", "-"} and not (reflected and operator == "-"):
            sign = 1 if operator == "+" else -1
            if isinstance(other, relativedelta):
                return self._plus_relative(other * sign, at)
            if isinstance(other, pendulum.Duration) and self.by_pendulum and (sign > 0 or other.years or other.months):
                return self._plus_duration(other, sign, at)
            if isinstance(other, dt.timedelta):
                seconds = sign * other.total_seconds()
                return self.with_moment(self.moment.passed(seconds)) if self.by_pendulum else self.moved(seconds)
        return Unknown(REASON, at)

    def text(self, at: At) -> Any:
        """What a clock shows when it is asked; of a day it is written as ISO has it."""
        return MomentPart(self, "%Y-%m-%d", at) if self.is_date else Unknown(REASON, at)

    def representation(self, at: At) -> Any:
        """Unknown."""
        return Unknown(REASON, at)

    def format_with(self, spec: str, at: At) -> Any:
        """``f"{now:%Y-%m-%d}"``."""
        return self._strftime(at, spec)

    def get_attribute(self, name: str, at: At) -> Any:
        """The methods that keep it symbolic; parts of it are Unknown."""
        methods: dict[str, Callable[..., Any]] = {
            "replace": self._replace,
            "set": self._replace,
            "at": self._at,
            "add": self._add,
            "subtract": self._subtract,
            "start_of": self._start_of,
            "date": self._date,
            "naive": self._naive,
            "astimezone": self._in_zone,
            "in_timezone": self._in_zone,
            "in_tz": self._in_zone,
            "isoformat": self._isoformat,
            "to_date_string": lambda at: MomentPart(self, "%Y-%m-%d", at),
            "strftime": self._strftime,
            "timetuple": self._timetuple,
        }
        method = methods.get(name)
        if method is not None:
            return NativeFunction(name, method)
        return MomentPart(self, name, at)

    def _in_zone(self, at: At, tz: Any = "UTC") -> Any:
        name = name_of_zone(tz)
        return Unknown(REASON, at) if name is None else self.with_moment(self.moment.seen_in(name), aware=True)

    def _naive(self, at: At) -> Any:
        return self.with_moment(self.moment.taken_as("UTC"), aware=False)

    def _replace(self, at: At, **parts: Any) -> Any:
        zone = parts.pop("tzinfo", parts.pop("tz", self))
        if not set(parts) <= _PARTS or not all(isinstance(value, int) for value in parts.values()):
            return Unknown(REASON, at)
        made = self.with_moment(self.moment.with_parts(parts)) if parts else self
        if zone is self:
            return made
        return made._naive(at) if zone is None else made.taken_as(zone) or Unknown(REASON, at)

    def _at(self, at: At, hour: int, minute: int = 0, second: int = 0, microsecond: int = 0) -> Any:
        return self._replace(at, hour=hour, minute=minute, second=second, microsecond=microsecond)

    def _start_of(self, at: At, unit: str) -> Any:
        return self.cut(unit) if unit in _CUTS else Unknown(REASON, at)  # type: ignore[arg-type]

    def _date(self, at: At) -> Any:
        return MomentValue(self.moment.cut("day").taken_as("UTC"), aware=False, is_date=True)

    def _isoformat(self, at: At, sep: Any = "T", timespec: Any = "auto") -> Any:
        if timespec != "auto":
            return Unknown(REASON, at)
        return MomentPart(self, "%Y-%m-%d" if self.is_date else "isoformat", at)

    def _strftime(self, at: At, form: str) -> Any:
        return MomentPart(self, form, at)

    def _timetuple(self, at: At) -> Any:
        return [MomentPart(self, unit, at) for unit in UNITS]

    def _add(self, at: At, **parts: float) -> Any:
        return self._shift(at, parts, 1)

    def _subtract(self, at: At, **parts: float) -> Any:
        return self._shift(at, parts, -1)

    def _shift(self, at: At, parts: dict[str, float], sign: int) -> Any:
        months = int(12 * parts.pop("years", 0) + parts.pop("months", 0))
        if set(parts) - _LENGTHS:
            return Unknown(REASON, at)
        moment = self.moment.moved_by_months(sign * months)
        seconds = sign * dt.timedelta(**parts).total_seconds()
        on_the_clock = months or {"weeks", "days"} & set(parts) or not self.by_pendulum
        return self.with_moment(moment.moved(seconds) if on_the_clock else moment.passed(seconds))

    def _plus_duration(self, delta: pendulum.Duration, sign: int, at: At) -> Any:
        """As pendulum adds its own durations. Taking them away it counts years and months twice: nobody means that."""
        given = getattr(delta, "_signature", None)
        return self._shift(at, dict(given), 1) if sign > 0 and given is not None else Unknown(REASON, at)

    def _plus_relative(self, delta: relativedelta, at: At) -> Any:
        if delta.weekday is not None or delta.leapdays:
            return Unknown(REASON, at)
        parts = {name: value for name in _PARTS if (value := getattr(delta, name)) is not None}
        moment = self.moment.with_parts(parts) if parts else self.moment
        moment = moment.moved_by_months(12 * delta.years + delta.months)
        rest = dt.timedelta(
            days=delta.days,
            hours=delta.hours,
            minutes=delta.minutes,
            seconds=delta.seconds,
            microseconds=delta.microseconds,
        )
        return self.with_moment(moment.moved(rest.total_seconds()) if rest else moment)


def now(*, zone: str = "UTC", truncate: Truncation = "", **kind: bool) -> MomentValue:
    """*Now*; KIND as `MomentValue` takes it."""
    return MomentValue(Moment(None, truncate, zone, 0.0), **kind)


def name_of_zone(zone: Any) -> str | None:
    """The name of a zone that a symbolic moment can keep: an IANA name, or an offset as ``+02:00``; else None."""
    if zone is None:
        return "UTC"
    if not isinstance(zone, str):
        name = getattr(zone, "key", None) or getattr(zone, "zone", None) or getattr(zone, "name", None)
        if not isinstance(name, str):
            offset = zone.utcoffset(None) if isinstance(zone, dt.tzinfo) else None
            if offset is None:
                return None
            minutes = round(offset.total_seconds() / 60)
            name = (
                f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}" if minutes else "UTC"
            )
        zone = name
    try:
        zone_info(zone)
    except (KeyError, ValueError):
        return None
    return "UTC" if zone == "local" else str(zone)


def from_parts(values: Sequence[Any], named: Mapping[str, Any]) -> MomentValue | None:
    """``datetime(now.year, now.month, 1)``: the moment that parts of another and numbers make; None for all else."""
    given = {**dict(zip((*UNITS, "microsecond"), values, strict=False)), **named}
    zone = given.pop("tzinfo", given.pop("tz", None))
    own = {name: value for name, value in given.items() if isinstance(value, MomentPart)}
    sources = [value.moment for value in own.values()]
    if not sources or any(source.moment != sources[0].moment for source in sources):
        return None
    if any(value.part != name for name, value in own.items()):
        return None
    fixed = {name: given.get(name, 1 if name in {"month", "day"} else 0) for name in sorted(_PARTS) if name not in own}
    if not all(isinstance(value, int) for value in fixed.values()):
        return None
    made = MomentValue(sources[0].moment.with_parts(fixed).taken_as("UTC"), aware=False)
    return made if zone is None else made.taken_as(zone)


def from_text(text: Any, form: str = "") -> MomentValue | None:
    """The moment that a text of another is read back as: ``strptime`` with the form it was written in, or (without a
    FORM) ``fromisoformat``; None for all else."""
    if not isinstance(text, MomentPart):
        return None
    if text.part == "isoformat" and not form:
        return text.moment
    if text.part != (form or "%Y-%m-%d") or text.part not in _FORMATS:
        return None
    return MomentValue(text.moment.moment.cut(_FORMATS[text.part]).taken_as("UTC"), aware=False)
