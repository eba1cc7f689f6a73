"""The task at the end of a system test that fails where another one did, though a tear-down went well after it."""

from __future__ import annotations

from airflow.sdk import TriggerRule, task


@task(trigger_rule=TriggerRule.ONE_FAILED, retries=0)
def watcher():
    """Fail the run."""
    raise RuntimeError("a task before this one has failed")
