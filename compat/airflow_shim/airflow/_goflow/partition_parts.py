"""What partition mappers, windows and wait policies derive from, Airflow's own and authors': see `partition_mappers`.

A task's process asks them nothing; they hold what they were made with, which is what the scheduler is told of them. A
helper that is asked for keys calls them as Airflow's scheduler does, as ``deserialize`` makes them of ``serialize``.
"""

import enum
import json

_KNOWN = {}


class Part:
    """A part of a timetable, and what it was called with."""

    def __new__(cls, *args, **kwargs):
        made = super().__new__(cls)
        made._args, made._kwargs = args, kwargs
        return made


class PartitionMapper(Part):
    """What makes keys of keys: derive from it, and write ``to_downstream``."""

    is_rollup = False
    max_downstream_keys = None
    expected_decoded_type = str

    def __init__(self, *, max_downstream_keys=None):
        most = max_downstream_keys
        if most is not None and (not isinstance(most, int) or most < 1):
            raise ValueError(f"max_downstream_keys must be a positive integer or None, got {most!r}")
        self.max_downstream_keys = most

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        own = [getattr(cls, name) is not getattr(PartitionMapper, name) for name in _PAIR]
        if any(own) and not all(own):
            raise TypeError(f"{cls.__qualname__} must override both {' and '.join(_PAIR)}, or neither")

    def to_downstream(self, key):
        """The key of a run, or several, for the KEY of an event."""
        raise NotImplementedError(f"{type(self).__name__} has no to_downstream")

    def decode_downstream(self, downstream_key):
        """What a window works on."""
        return downstream_key

    def encode_upstream(self, decoded):
        """The key of an event, of a window's member."""
        return decoded

    def to_partition_date(self, downstream_key):
        """The moment that the key of a run stands for."""
        return

    def carry_partition_date(self, source_partition_date):
        """What of the moment of the run that made an event is the waiting run's, too."""
        return

    def serialize(self):
        """As a map."""
        return with_most(self, {})

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        return cls(max_downstream_keys=data.get("max_downstream_keys"))


_PAIR = ("decode_downstream", "encode_upstream")


class Window(Part):
    """What makes up a period: derive from it, and write ``to_upstream``."""

    expected_decoded_type = str

    class Direction(str, enum.Enum):
        """Which period a key stands for: the one that begins with it, or that ends with it."""

        BACKWARD = "backward"
        FORWARD = "forward"

    def __init__(self, *, direction=Direction.FORWARD):
        self.direction = self.Direction(direction)

    def to_upstream(self, decoded_downstream):
        """The members of the period that begins, or ends, with this."""
        raise NotImplementedError(f"{type(self).__name__} has no to_upstream")

    def serialize(self):
        """As a map."""
        return {"direction": self.direction.value}

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        return cls(direction=cls.Direction(data["direction"]))


class WaitPolicy(Part):
    """How much a run waits for. Airflow takes none of an author's own."""

    def serialize(self):
        """As a map."""
        return {}

    @classmethod
    def deserialize(cls, data):
        """The inverse of `serialize`."""
        return cls(**data)


class WaitForAll(WaitPolicy):
    """For every key of the window."""


class MinimumCount(WaitPolicy):
    """For so many keys of the window; below zero: for all but so many."""

    def __init__(self, n):
        if n == 0:
            raise ValueError("MinimumCount(0) is degenerate: it would always be met")
        self.n = n

    def serialize(self):
        """As a map."""
        return {"n": self.n}


def with_most(mapper, data):
    """DATA, and how many keys MAPPER may make of one, where that is said."""
    most = mapper.max_downstream_keys
    return data if most is None else {**data, "max_downstream_keys": most}


def encoded(part):
    """PART as a map, its class by name. Raises whatever ``serialize`` of an author's own raises."""
    kind = type(part)
    name = f"{kind.__module__}.{kind.__qualname__}"
    _KNOWN[name] = kind
    return {"__type": name, "__var": part.serialize()}


def decoded(data):
    """The part that `encoded` has told of. Raises whatever ``deserialize`` of an author's own raises."""
    return _KNOWN[data["__type"]].deserialize(data["__var"])


def as_the_scheduler_has_it(part):
    """PART after the way from the file to Airflow's scheduler."""
    return decoded(json.loads(json.dumps(encoded(part))))


encode_partition_mapper = encode_window = encode_wait_policy = encoded
decode_partition_mapper = decode_window = decode_wait_policy = decoded
