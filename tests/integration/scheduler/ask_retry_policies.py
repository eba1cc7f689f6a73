"""Run with real Airflow 3 and with the shim: what retry policies say of exceptions.

Standard output: for each policy and exception, what is to be done, after how many seconds, and why; or the error's class.
"""

import datetime as dt
import json
import sys

answers, sys.stdout = sys.stdout, sys.stderr

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryDecision, RetryPolicy, RetryRule  # noqa: E402

SHORT = dt.timedelta(seconds=2.5)
RULES = {
    "one class": lambda: [RetryRule(ConnectionError)],
    "one name": lambda: [RetryRule("builtins.OSError", RetryAction.FAIL, reason="the disk")],
    "several": lambda: [RetryRule([ValueError, "builtins.KeyError"], retry_delay=SHORT)],
    "the first that fits": lambda: [RetryRule(LookupError, RetryAction.FAIL), RetryRule(KeyError, retry_delay=SHORT)],
    "exactly that class": lambda: [RetryRule(LookupError, RetryAction.FAIL, match_subclasses=False)],
    "none is there": lambda: [RetryRule("no_such_module.Error", RetryAction.FAIL), RetryRule(KeyError)],
    "no dot": lambda: [RetryRule("ValueError")],
    "the default": lambda: [RetryRule(KeyError, RetryAction.DEFAULT, SHORT, "as ever")],
    "nothing": list,
}
PROBLEMS = [ConnectionResetError("x"), OSError("x"), KeyError("x"), LookupError("x"), ValueError("x"), SystemExit(3)]


class Counting(RetryPolicy):
    def evaluate(self, exception, try_number, max_tries, context=None):
        if try_number == 1:
            return RetryDecision.retry(SHORT * try_number, "again")
        return RetryDecision.fail(f"{try_number} of {max_tries}") if try_number == 2 else RetryDecision.default()


def told(policy, problem, try_number=1):
    found = policy.evaluate(exception=problem, try_number=try_number, max_tries=5, context=None)
    delay = found.retry_delay
    return [found.action.value, str(found.action), delay and delay.total_seconds(), found.reason]


def answer(make, default):
    try:
        policy = ExceptionRetryPolicy(make(), default)
        again = ExceptionRetryPolicy.deserialize(policy.serialize())
    except Exception as problem:
        return type(problem).__name__, str(problem)
    said = [told(each, problem) for each in (policy, again) for problem in PROBLEMS]
    return said, policy.serialize(), [rule.exception_path for rule in policy.rules]


found = [answer(make, default) for make in RULES.values() for default in RetryAction]
found.append([told(Counting(), KeyError("x"), number) for number in (1, 2, 3)])
found.append([RetryDecision() == RetryDecision.default(), RetryRule(KeyError) == RetryRule(KeyError)])
json.dump(found, answers)
