"""Retry policies: what a task that fails tells of its next try."""

from __future__ import annotations

import pytest

HEAD = """
import datetime as dt
from airflow.sdk import DAG, task, ExceptionRetryPolicy, RetryAction, RetryDecision, RetryPolicy, RetryRule
from airflow.exceptions import AirflowFailException

class Broken(RetryPolicy):
    def evaluate(self, exception, try_number, max_tries, context=None):
        raise KeyError("no")

POLICY = ExceptionRetryPolicy([
    RetryRule(ConnectionError, retry_delay=dt.timedelta(seconds=7)),
    RetryRule(LookupError, RetryAction.FAIL, retry_delay=dt.timedelta(seconds=7)),
    RetryRule((AirflowFailException), retry_delay=dt.timedelta(seconds=7)),
    RetryRule(OSError, retry_delay=dt.timedelta(seconds=-7)),
])
with DAG("d", schedule=None):
    @task(retries=3, retry_policy=%s)
    def t():
        raise %s
    t()
"""
WHAT_IT_TELLS = {
    "a delay of its own": ("POLICY", "ConnectionResetError('x')", True, 7.0),
    "no other try, whatever the delay": ("POLICY", "KeyError('x')", False, None),
    "as the task declares, where no rule fits": ("POLICY", "ValueError('x')", True, None),
    "nothing of what is final by itself": ("POLICY", "AirflowFailException('x')", False, None),
    "at once, where the delay is below zero": ("POLICY", "FileNotFoundError('x')", True, 0.0),
    "as without it, where it fails": ("Broken()", "ValueError('x')", True, None),
}


@pytest.mark.parametrize(("policy", "problem", "retry", "delay"), WHAT_IT_TELLS.values(), ids=[*WHAT_IT_TELLS])
def test_what_a_policy_says_is_told(dags, policy, problem, retry, delay):
    outcome = dags.write(HEAD % (policy, problem)).run(max_tries=3)
    assert (outcome["state"], outcome["retry"], outcome.get("retry_delay_s")) == ("failed", retry, delay)
