"""Retry policies: what an exception means for another try."""

from airflow._goflow.helpers import import_string
from airflow._goflow.words import _Words


class RetryAction(_Words):
    """What is to be done."""

    RETRY = "retry"
    FAIL = "fail"
    DEFAULT = "default"


class RetryDecision:
    """An action, a delay of its own, and why."""

    def __init__(self, action=RetryAction.DEFAULT, retry_delay=None, reason=None):
        self.action, self.retry_delay, self.reason = action, retry_delay, reason

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


class RetryPolicy:
    """The base of policies."""

    def evaluate(self, exception, try_number, max_tries, context=None):
        """A RetryDecision."""
        raise NotImplementedError


class RetryRule:
    """An action for exceptions of one class or several (or their dotted names)."""

    def __init__(self, exception, action=RetryAction.RETRY, retry_delay=None, reason=None, match_subclasses=True):
        self.exception, self.action, self.retry_delay = exception, RetryAction(action), retry_delay
        self.reason, self.match_subclasses = reason, match_subclasses

    def matches(self, exc):
        """Whether it holds for EXC."""
        kinds = [kind for kind in map(_resolved, _several(self.exception)) if kind is not None]
        return isinstance(exc, tuple(kinds)) if self.match_subclasses else type(exc) in kinds


def _several(value):
    return value if isinstance(value, list) else [value]


def _resolved(kind):
    if not isinstance(kind, str):
        return kind
    try:
        return import_string(kind)
    except ImportError:
        return None


class ExceptionRetryPolicy(RetryPolicy):
    """Rules for classes of exceptions, the first that fits."""

    def __init__(self, rules, default=RetryAction.DEFAULT):
        self.rules, self.default = list(rules), RetryAction(default)

    def evaluate(self, exception, try_number, max_tries, context=None):
        """The decision of the first rule that fits."""
        for rule in self.rules:
            if rule.matches(exception):
                return RetryDecision(rule.action, rule.retry_delay, rule.reason)
        return RetryDecision(self.default)
