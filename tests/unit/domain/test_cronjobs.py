"""Which native DAGs are CronJobs, and what is told of those that cannot be one."""

from __future__ import annotations

import textwrap

import pytest

from goflow.domain.cronjobs import CronJobRule, not_understood
from goflow.domain.spec import DagSpec
from goflow.parser.yaml import read_native

GOOD = """\
Name: nightly
RunAs: CronJob
Schedule: "30 2 * * 1-5"
Timezone: Europe/Berlin
DockerImage: busybox
"""


def dag_of(text: str) -> DagSpec:
    (dag,) = read_native(textwrap.dedent(text).encode(), "x.yaml").dags
    return dag


CANNOT = [
    ("several tasks", GOOD + "Tasks:\n  - {Name: a, Command: [x]}\n  - {Name: b, Command: [y]}\n", 7, "it has 2 tasks"),
    ("no schedule", GOOD.replace('Schedule: "30 2 * * 1-5"\n', ""), 2, "it has no Schedule"),
    ("an interval", GOOD.replace("30 2 * * 1-5", "@every 1h"), 3, "is no cron expression"),
    ("once", GOOD.replace("30 2 * * 1-5", "@once"), 3, "is no cron expression"),
    ("Sunday as 7", GOOD.replace("1-5", "7"), 3, "'7' is not within 0 to 6 in the field of the day of the week"),
    ("the last day", GOOD.replace("* * 1-5", "L * *"), 3, "in the field of the day of the month"),
    ("an offset for a zone", GOOD.replace("Europe/Berlin", "'+02:00'"), 4, "+02:00 is none"),
    ("an end", GOOD + "EndDateTime: 2030-01-01\n", 6, "a CronJob has no end"),
    ("catch-up", GOOD + "Catchup: true\n", 6, "does not make up"),
    ("two at once", GOOD + "MaxActiveRuns: 2\n", 6, "one Job at a time or any number, not 2"),
    ("no image", GOOD.replace("DockerImage: busybox", "Command: [echo]"), 2, "it has no DockerImage"),
    ("several pods", GOOD + "Parallelism: 2\n", 6, "several pods"),
    ("its own delay", GOOD + "Retries: 2\nRetryDelay: 1m\n", 7, "how long it waits"),
    ("a pool", GOOD + "Pool: small\n", 6, "pools"),
    ("slots of a pool", GOOD + "PoolSlots: 2\n", 6, "pools"),
]


@pytest.mark.parametrize(("text", "line", "words"), [case[1:] for case in CANNOT], ids=[case[0] for case in CANNOT])
def test_what_a_cronjob_cannot_do_is_told_where_it_is_asked_for(text: str, line: int, words: str):
    found = read_native(text.encode(), "x.yaml")
    assert [(d.code, d.span.line) for d in found.diagnostics] == [("GF408", line)], found.diagnostics
    assert words in found.diagnostics[0].message
    assert found.diagnostics[0].hint
    assert found.dags == ()


@pytest.mark.parametrize("text", [case[1] for case in CANNOT], ids=[case[0] for case in CANNOT])
def test_a_dag_that_cannot_be_one_is_run_by_goflow_where_only_the_setting_says_so(text: str):
    dag = dag_of(text.replace("RunAs: CronJob\n", ""))
    assert not CronJobRule(enabled=True, by_default=True).takes(dag)


@pytest.mark.parametrize(
    ("says", "rule", "is_one"),
    [
        ("RunAs: CronJob\n", CronJobRule(enabled=True), True),
        ("RunAs: cronjob\n", CronJobRule(enabled=True), True),
        ("RunAs: CronJob\n", CronJobRule(), False),
        ("", CronJobRule(enabled=True), False),
        ("", CronJobRule(enabled=True, by_default=True), True),
        ("RunAs: Job\n", CronJobRule(enabled=True, by_default=True), False),
    ],
)
def test_a_file_says_what_it_runs_as_and_else_the_setting_does(says: str, rule: CronJobRule, is_one: bool):
    assert rule.takes(dag_of(GOOD.replace("RunAs: CronJob\n", says))) is is_one


@pytest.mark.parametrize(
    "more", ["MaxActiveRuns: 1\n", "Retries: 3\n", "RetryPolicy: OnFailure\n", "RunTimeLimit: 1h\n"]
)
def test_what_a_cronjob_can_do_is_no_obstacle(more: str):
    assert CronJobRule(enabled=True).takes(dag_of(GOOD + more))


def test_what_it_runs_as_is_a_part_of_the_dags_meaning():
    assert dag_of(GOOD).digest() != dag_of(GOOD.replace("RunAs: CronJob\n", "")).digest()
    assert DagSpec.from_json(dag_of(GOOD).to_json()).run_as == "CronJob"


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("*/5 0-23/2 1,15 jan-mar MON,WED", ""),
        ("? ? ? ? ?", ""),
        ("0 0 * * sun", ""),
        ("60 0 * * *", "'60' is not within 0 to 59"),
        ("0 0 * * fri-mon", "ends before it begins"),
        ("0 0 * * mon#1", "'mon#1' in the field of the day of the week"),
        ("0 0 1W * *", "day of the month"),
        ("*/0 * * * *", "minute"),
        ("H * * * *", "minute"),
        ("1- * * * *", "minute"),
        (",* * * * *", "minute"),
        ("² * * * *", "minute"),
    ],
)
def test_kubernetes_reads_the_original_crons_fields(cron: str, words: str):
    assert (not_understood(cron) == "") is (words == "")
    assert words in not_understood(cron)
