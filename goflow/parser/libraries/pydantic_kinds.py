"""What pydantic makes of a value for a field of a given type: a `Kind` for each annotation.

The rules are those that pydantic 1 and 2 share ("lax mode", `pydantic_core`): where the two differ, or where a rule is
not written down here, the result is Unknown. `InvalidError` is for what both refuse.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from goflow.parser.interpreter.alternatives import partly_known
from goflow.parser.interpreter.builtin_functions import is_instance
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.operations import equal
from goflow.parser.interpreter.values import At, Unknown, Value, hidden_key, order_of
from goflow.parser.libraries.enum_ import Member
from goflow.parser.libraries.paths import PathValue

Check = Callable[[Any, At], Any]


class InvalidError(Exception):
    """The value is refused, WHY in words."""


@dataclass(frozen=True, slots=True)
class Kind:
    """CHECK gives what becomes of a value; EXACT says whether it is of the type already."""

    check: Check
    exact: Callable[[Any], bool] = lambda value: False
    takes_none: bool = False
    is_complex: bool = False
    """Whether a text of the environment is read as JSON for it."""

    def checked(self, value: Any, at: At) -> Any:
        """What becomes of VALUE; an Unknown stays one."""
        return value if isinstance(value, Unknown) else self.check(value, at)


def unsure(at: At) -> Unknown:
    """What pydantic makes of a value by a rule that is not followed."""
    return Unknown(UNSURE, at)


UNSURE = "what pydantic makes of it"
OPAQUE = Kind(lambda value, at: unsure(at))
ANYTHING = Kind(lambda value, at: value, lambda value: True, takes_none=True)
_PLAIN = (str, int, float, list, dict, tuple, set)
_WHOLE = re.compile(r"\s*[+-]?[0-9]{1,400}\s*", re.ASCII)
_NUMBER = re.compile(r"[+-]?[0-9]{1,300}(\.[0-9]{1,300})?([eE][+-]?[0-9]{1,3})?", re.ASCII)
_TRUTHS = {**dict.fromkeys(("1", "on", "t", "true", "y", "yes"), True),
           **dict.fromkeys(("0", "off", "f", "false", "n", "no"), False)}  # fmt: skip


def _refuse_plain(value: Any, at: At, words: str, *kinds: type[Any]) -> Unknown:
    if value is None or type(value) in kinds:
        raise InvalidError(words)
    return unsure(at)


def _integer(value: Any, at: At) -> Any:
    if type(value) in {int, bool} or (type(value) is float and value.is_integer()):
        return int(value)
    if type(value) is str:
        if _WHOLE.fullmatch(value):
            return int(value)
        if not any(sign.isdigit() for sign in value):
            raise InvalidError("a valid integer is wanted")
        return unsure(at)
    return _refuse_plain(value, at, "a valid integer is wanted", list, dict, tuple, set)


def _real(value: Any, at: At) -> Any:
    if type(value) in {int, bool, float}:
        return float(value)
    if type(value) is str:
        if _NUMBER.fullmatch(value):
            return float(value)
        if not any(sign.isdigit() for sign in value) and value.strip().lower().strip("+-")[:3] not in {"nan", "inf"}:
            raise InvalidError("a valid number is wanted")
        return unsure(at)
    return _refuse_plain(value, at, "a valid number is wanted", list, dict, tuple, set)


def _truth(value: Any, at: At) -> Any:
    if type(value) in {bool, int, float} and value in {0, 1}:
        return bool(value)
    if type(value) is str:
        if value.lower() in _TRUTHS:
            return _TRUTHS[value.lower()]
        if value.strip().lower() not in _TRUTHS:
            raise InvalidError("a valid boolean is wanted")
        return unsure(at)
    return _refuse_plain(value, at, "a valid boolean is wanted", list, dict, tuple, set)


def _text(value: Any, at: At) -> Any:
    return value if type(value) is str else _refuse_plain(value, at, "a valid string is wanted", list, dict, tuple, set)


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_SECOND = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?", re.ASCII)


def _dated(kind: type[datetime.date], form: re.Pattern[str]) -> Check:
    def check(value: Any, at: At) -> Any:
        if type(value) is kind:
            return value
        if type(value) is str and form.fullmatch(value):
            try:
                return kind.fromisoformat(value)
            except ValueError:
                raise InvalidError("a valid date is wanted") from None
        return unsure(at)

    return check


def _duration(value: Any, at: At) -> Any:
    if type(value) is datetime.timedelta:
        return value
    return datetime.timedelta(seconds=value) if type(value) is int and abs(value) < 10**9 else unsure(at)


def _of_type(*kinds: type) -> Callable[[Any], bool]:
    return lambda value: type(value) in kinds


BY_HOST: dict[type, Kind] = {
    str: Kind(_text, _of_type(str)),
    int: Kind(_integer, _of_type(int)),
    float: Kind(_real, _of_type(float)),
    bool: Kind(_truth, _of_type(bool)),
    datetime.datetime: Kind(_dated(datetime.datetime, _SECOND), _of_type(datetime.datetime)),
    datetime.date: Kind(_dated(datetime.date, _DAY), _of_type(datetime.date)),
    datetime.timedelta: Kind(_duration, _of_type(datetime.timedelta)),
    object: ANYTHING,
}

# Containers ------------------------------------------------------------------------------------------------------


def _doubtful(value: Any, at: At) -> Unknown | None:
    """Why the elements of VALUE, a container, are not all known."""
    why = partly_known(value, at)
    return order_of(value) if why is None else why


def many(made: Callable[[list[Any]], Any], inner: Kind, own: type[Any]) -> Kind:
    """A list, set or frozenset (MADE) of INNER; OWN is the type that needs no change."""

    def check(value: Any, at: At) -> Any:
        if type(value) not in {list, tuple, own}:
            return _refuse_plain(value, at, "a valid list is wanted", str, int, float, bool)
        why = _doubtful(value, at)
        if why is not None:
            return why
        at.session.budget.made(len(value), at)
        found = [inner.checked(one, at) for one in value]
        unknown = next((one for one in found if isinstance(one, Unknown)), None)
        if own is not list and unknown is not None:
            return unknown
        try:
            return made(found)
        except TypeError:
            return unsure(at)

    def exact(value: Any) -> bool:
        return type(value) is own and all(inner.exact(one) for one in value)

    return Kind(check, exact, is_complex=True)


def fixed(inner: Sequence[Kind]) -> Kind:
    """A tuple with a kind for each place."""

    def check(value: Any, at: At) -> Any:
        if type(value) not in {list, tuple}:
            return _refuse_plain(value, at, "a valid tuple is wanted", str, int, float, bool)
        why = _doubtful(value, at)
        if why is not None:
            return why
        if len(value) != len(inner):
            raise InvalidError(f"{len(inner)} elements are wanted")
        return tuple(kind.checked(one, at) for kind, one in zip(inner, value, strict=True))

    return Kind(check, lambda value: type(value) is tuple and len(value) == len(inner), is_complex=True)


def pairs(keys: Kind, values: Kind) -> Kind:
    """A dict."""

    def check(value: Any, at: At) -> Any:
        if type(value) is not dict:
            return _refuse_plain(value, at, "a valid dictionary is wanted", str, int, float, bool)
        why = _doubtful(value, at)
        if why is not None:
            return why
        at.session.budget.made(len(value), at)
        found = {keys.checked(key, at): values.checked(one, at) for key, one in value.items()}
        hidden = hidden_key(found)
        return found if hidden is None else hidden

    def exact(value: Any) -> bool:
        return type(value) is dict and all(keys.exact(key) and values.exact(one) for key, one in value.items())

    return Kind(check, exact, is_complex=True)


# Choices ---------------------------------------------------------------------------------------------------------


def either(members: Sequence[Kind | None]) -> Kind:
    """One of MEMBERS (None stands for None): pydantic 1 takes the first that takes the value, 2 the best."""
    kinds = [member for member in members if member is not None]
    none = len(kinds) < len(members) or any(kind.takes_none for kind in kinds)

    def check(value: Any, at: At) -> Any:
        if value is None and none:
            return None
        if len(kinds) == 1:
            return kinds[0].check(value, at)
        for kind in kinds:
            if kind.exact(value):
                return kind.check(value, at)
            try:
                kind.check(value, at)
            except InvalidError:
                continue
            return unsure(at)
        raise InvalidError("none of the types takes it")

    def exact(value: Any) -> bool:
        return (value is None and none) or any(kind.exact(value) for kind in kinds)

    return Kind(check, exact, takes_none=none, is_complex=any(kind.is_complex for kind in kinds))


def one_of(values: tuple[Any, ...]) -> Kind:
    """``Literal[...]``."""

    def exact(value: Any) -> bool:
        return any(type(value) is type(one) and value == one for one in values)

    def check(value: Any, at: At) -> Any:
        if exact(value):
            return value
        is_plain = value is None or isinstance(value, _PLAIN)
        if is_plain and all(equal(value, one, at) is False for one in values):
            raise InvalidError("another value is wanted")
        return unsure(at)

    return Kind(check, exact)


_NO_OTHER_TEXT = (str, bool, int, float, list, dict)
"""What pydantic makes no other text of (of bytes, say, it does)."""


def member_of(cls: ClassValue) -> Kind:
    """A member of the Enum CLS, or its value."""
    members: dict[str, Member] = cls.data["members"]
    mixed_in = {base.host for base in cls.mro} - {None}
    is_flag = any(base.name.endswith("Flag") for base in cls.mro)
    own = cls.lookup("_missing_")

    def exact(value: Any) -> bool:
        return isinstance(value, Member) and value.cls is cls

    def check(value: Any, at: At) -> Any:
        if exact(value):
            return value
        if isinstance(value, Value):
            return unsure(at)
        found = next((one for one in members.values() if type(one.value) is type(value) and one.value == value), None)
        if found is not None:
            return found
        as_it_is = not mixed_in or (mixed_in == {str} and type(value) in _NO_OTHER_TEXT)  # "3" may be of an IntEnum
        is_sure = as_it_is and not is_flag and not isinstance(own, Value)  # an Unknown is not known to be another
        if not is_sure or any(equal(one.value, value, at) is not False for one in members.values()):
            return unsure(at)
        raise InvalidError("a member is wanted")

    return Kind(check, exact)


def instance_of(cls: ClassValue) -> Kind:
    """An object of CLS, which nothing is made into."""

    def exact(value: Any) -> bool:
        return isinstance(value, Instance) and value.cls.derives_from(cls)

    def check(value: Any, at: At) -> Any:
        if exact(value) or (isinstance(value, Value) and is_instance(at, value, cls) is True):
            return value
        return unsure(at)

    return Kind(check, exact)


def path(value: Any, at: At) -> Any:
    """A ``Path``, or the text of one."""
    if isinstance(value, PathValue):
        return value
    return PathValue(value) if type(value) is str and value else unsure(at)
