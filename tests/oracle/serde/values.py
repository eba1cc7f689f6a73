"""Values that tasks return. Imported by real Airflow and by the shim, under one name: their classes' paths are kept."""

import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import pathlib
import uuid
import zoneinfo

import attr
import pendulum
import pydantic

Pair = collections.namedtuple("Pair", "a b")


class Colour(enum.Enum):
    RED = "red"


class Word(str, enum.Enum):  # noqa: UP042 - as authors write it
    YES = "yes"


class Number(int, enum.Enum):
    ONE = 1


class Text(str):
    """A text of a kind of its own."""


class Count(int):
    """A number of a kind of its own."""


class Rows(list):
    """A list of a kind of its own."""


class Named(tuple):
    """A tuple of a kind of its own, without names."""


@dataclasses.dataclass
class Point:
    x: int
    y: object = None


@dataclasses.dataclass(frozen=True)
class Versioned:
    text: str
    __version__ = 3


@attr.define
class Parcel:
    weight: float
    _hidden: int = 0
    made: str = attr.field(default="", init=False)
    inner: object = None


class Model(pydantic.BaseModel):
    name: str
    when: dt.datetime | None = None
    inner: "Model | None" = None


class Own:
    __version__ = 2

    def __init__(self, data):
        self.data = data

    def __eq__(self, other):
        return isinstance(other, Own) and self.data == other.data

    __hash__ = None

    def __repr__(self):
        return f"Own({self.data!r})"

    def serialize(self):
        return {"data": self.data}

    @staticmethod
    def deserialize(data, version):
        return Own((data["data"], version))


class OneWay(Own):
    def serialize(self):
        return "text"

    deserialize = None


class Plain:
    pass


def deep(levels):
    found = []
    for _ in range(levels):
        found = [found]
    return found


AT = dt.datetime(2026, 1, 2, 3, 4, 5, 678901)  # noqa: DTZ001 - without a zone
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")


def table():
    """Name -> what makes the value: where numpy or pandas are not there, theirs cannot be made."""
    return {
        "nothing": lambda: None,
        "plain JSON": lambda: {"a": [1, 2.5, "x", None, True], "b": {"c": []}},
        "keys that are no text": lambda: {1: "x", None: "y", (1, 2): "z", False: "t"},
        "a float that is whole": lambda: 1.0,
        "infinity": lambda: float("inf"),
        "a large number": lambda: 2**70,
        "an ordered map": lambda: collections.OrderedDict(b=1, a=2),
        "a map with defaults": lambda: collections.defaultdict(list, a=[1]),
        "a counter": lambda: collections.Counter("aab"),
        "a tuple": lambda: (1, ("x", None)),
        "an empty tuple": tuple,
        "a set": lambda: {3},
        "a frozen set": lambda: frozenset({3}),
        "a named tuple": lambda: Pair(1, (2,)),
        "a tuple of a kind of its own": lambda: Named([1]),
        "a list of a kind of its own": lambda: Rows([1]),
        "a deque": lambda: collections.deque([1]),
        "a range": lambda: range(3),
        "bytes": lambda: b"x",
        "a text of a kind of its own": lambda: Text("x"),
        "a number of a kind of its own": lambda: Count(5),
        "a member of an enumeration": lambda: Colour.RED,
        "a member that is text": lambda: Word.YES,
        "a member that is a number": lambda: Number.ONE,
        "a moment without a zone": lambda: AT,
        "a moment in UTC": lambda: AT.replace(tzinfo=dt.UTC),
        "a moment in a zone": lambda: AT.replace(tzinfo=BERLIN),
        "a moment in summer": lambda: AT.replace(month=7, tzinfo=BERLIN),
        "a moment at an offset": lambda: AT.replace(tzinfo=dt.timezone(dt.timedelta(hours=5, minutes=30))),
        "pendulum's moment in UTC": lambda: pendulum.datetime(2026, 1, 2, 3),
        "pendulum's moment in a zone": lambda: pendulum.datetime(2026, 7, 1, 12, tz="Europe/Paris"),
        "pendulum's moment at an offset": lambda: pendulum.datetime(2026, 1, 2, tz=pendulum.timezone(7200)),
        "a date": lambda: dt.date(2026, 1, 2),
        "pendulum's date": lambda: pendulum.date(2026, 1, 2),
        "a time of day": lambda: dt.time(1, 2),
        "a stretch of time": lambda: dt.timedelta(days=1, microseconds=5),
        "pendulum's duration": lambda: pendulum.duration(days=1, hours=2),
        "pendulum's interval": lambda: pendulum.datetime(2026, 1, 2) - pendulum.datetime(2026, 1, 1),
        "a zone": lambda: BERLIN,
        "pendulum's zone": lambda: pendulum.timezone("Europe/Paris"),
        "pendulum's fixed zone": lambda: pendulum.timezone(3600),
        "an offset": lambda: dt.timezone(dt.timedelta(hours=1)),
        "a decimal": lambda: decimal.Decimal("1.50"),
        "a whole decimal": lambda: decimal.Decimal(15),
        "a large decimal": lambda: decimal.Decimal("1E+3"),
        "a fraction": lambda: fractions.Fraction(1, 2),
        "a complex number": lambda: 1j,
        "a UUID": lambda: uuid.UUID(int=1),
        "a path": lambda: pathlib.PurePosixPath("/a"),
        "a data class": lambda: Point(1, "x"),
        "a data class in a data class": lambda: Point(1, Point(2)),
        "a data class with a moment": lambda: Point(1, AT),
        "a data class with a version": lambda: Versioned("x"),
        "an attrs class": lambda: Parcel(1.5, hidden=2),
        "an attrs class in an attrs class": lambda: Parcel(1.5, inner=Parcel(2.5)),
        "a model of pydantic's": lambda: Model(name="x", when=AT, inner=Model(name="y")),
        "a list of models": lambda: [Model(name="x")],
        "a class with its own way": lambda: Own({"a": (1,)}),
        "a class with its own way out": lambda: OneWay(1),
        "an object": Plain,
        "a class": lambda: Plain,
        "a function": lambda: deep,
        "an exception": lambda: ValueError("x"),
        "reserved keys": lambda: {"__classname__": 1},
        "an old form's keys": lambda: {"__type": "dict", "__var": {"a": 1}},
        "values in values": lambda: {"a": [(AT, {decimal.Decimal(2)})]},
        "nested deeply": lambda: deep(60),
        **_of_numpy(),
    }


def _of_numpy():
    def numpy(make):
        def made():
            import numpy

            return make(numpy)

        return made

    def frame():
        import pandas

        return pandas.DataFrame({"a": [1, 2], "b": ["x", None], "c": pandas.to_datetime(["2026-01-01", "2026-01-02"])})

    def series():
        import pandas

        return pandas.Series([1, 2])

    return {
        "numpy: a whole number": numpy(lambda np: np.int64(5)),
        "numpy: a small number": numpy(lambda np: np.uint8(5)),
        "numpy: a float": numpy(lambda np: np.float64(1.5)),
        "numpy: a short float": numpy(lambda np: np.float32(1.5)),
        "numpy: a truth value": numpy(lambda np: np.bool_(True)),
        "numpy: an array": numpy(lambda np: np.array([1, 2])),
        "numpy: a moment": numpy(lambda np: np.datetime64("2026-01-01")),
        "numpy: in a list": numpy(lambda np: [np.int32(1), {"a": np.float16(2)}]),
        "pandas: a frame": frame,
        "pandas: a series": series,
        "pandas: a frame in a map": lambda: {"f": frame()},
    }
