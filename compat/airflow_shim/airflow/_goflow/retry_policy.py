"""Retry policies: what an exception means for another try."""

import abc
import dataclasses
import datetime as dt
import enum

from airflow._goflow.helpers import import_string


class RetryAction(enum.Enum):
    """What is to be done."""

    RETRY = "retry"
    FAIL = "fail"
    DEFAULT = "default"


@dataclasses.dataclass(frozen=True)
class RetryDecision:
    """An action, a delay of its own, and why."""

    action: RetryAction = RetryAction.DEFAULT
    retry_delay: "dt.timedelta | None" = None
    reason: "str | None" = None

    @classmethod
    def fail(cls, reason=None):
        """No other try."""
        return cls(RetryAction.FAIL, reason=reason)

    @classmethod
    def retry(cls, delay=None, reason=None):
        """Another try after DELAY."""
        return cls(RetryAction.RETRY, delay, reason)

    @classmethod
    def default(cls):
        """As without a policy."""
        return cls()


class RetryPolicy(abc.ABC):
    """The base of policies."""

    @abc.abstractmethod
    def evaluate(self, exception, try_number, max_tries, context=None):
        """A RetryDecision."""

    def serialize(self):
        """Plain data that makes it again."""
        raise NotImplementedError(f"{type(self).__name__} must implement serialize()")

    @classmethod
    def deserialize(cls, data):
        """The policy that such data is of."""
        raise NotImplementedError


@dataclasses.dataclass
class RetryRule:
    """An action for exceptions of one class or several (or their dotted names)."""

    exception: object
    action: RetryAction = RetryAction.RETRY
    retry_delay: "dt.timedelta | None" = None
    reason: "str | None" = None
    match_subclasses: bool = True

    def __post_init__(self):
        for kind in _several(self.exception):
            if isinstance(kind, str) and "." not in kind:
                raise ValueError(
                    "RetryRule exception string must be a dotted import path "
                    f"(e.g. 'builtins.ValueError'), got {kind!r}"
                )

    @property
    def exception_path(self):
        """The dotted names of its classes, with commas between."""
        return ",".join(map(_path, _several(self.exception)))

    def matches(self, exc):
        """Whether it holds for EXC."""
        kinds = [kind for kind in map(_resolved, _several(self.exception)) if kind is not None]
        return isinstance(exc, tuple(kinds)) if self.match_subclasses else type(exc) in kinds

    def serialize(self):
        """Plain data that makes it again."""
        paths = list(map(_path, _several(self.exception)))
        found = {"exception": paths if len(paths) > 1 else paths[0], "action": self.action.value}
        found["match_subclasses"] = self.match_subclasses
        if self.retry_delay is not None:
            found["retry_delay"] = self.retry_delay.total_seconds()
        if self.reason is not None:
            found["reason"] = self.reason
        return found

    @classmethod
    def deserialize(cls, data):
        """The rule that such data is of."""
        delay = dt.timedelta(seconds=data["retry_delay"]) if "retry_delay" in data else None
        subclasses = data.get("match_subclasses", True)
        return cls(data["exception"], RetryAction(data["action"]), delay, data.get("reason"), subclasses)


def _several(value):
    return value if isinstance(value, list) else [value]


def _path(kind):
    return kind if isinstance(kind, str) else f"{kind.__module__}.{kind.__qualname__}"


def _resolved(kind):
    if not isinstance(kind, str):
        return kind
    try:
        return import_string(kind)
    except (ImportError, AttributeError):
        return None


class ExceptionRetryPolicy(RetryPolicy):
    """Rules for classes of exceptions, the first that fits."""

    def __init__(self, rules, default=RetryAction.DEFAULT):
        self.rules, self.default = rules, default

    def evaluate(self, exception, try_number, max_tries, context=None):
        """The decision of the first rule that fits."""
        for rule in self.rules:
            if rule.matches(exception):
                words = rule.reason or f"Matched rule for {type(exception).__name__}"
                return RetryDecision(rule.action, rule.retry_delay, words)
        return RetryDecision(self.default)

    def serialize(self):
        """Plain data that makes it again."""
        rules = [rule.serialize() for rule in self.rules]
        return {"__type": "ExceptionRetryPolicy", "rules": rules, "default": self.default.value}

    @classmethod
    def deserialize(cls, data):
        """The policy that such data is of."""
        return cls(list(map(RetryRule.deserialize, data["rules"])), RetryAction(data.get("default", "default")))
