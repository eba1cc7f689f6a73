"""What is told of a file besides what the reader finds: operators and features, each in the file that it stands in."""

from __future__ import annotations

import pytest

from goflow.domain.spec import Dialect, Inputs
from goflow.operators.registry import Way, findings, provider_of, way_of
from goflow.parser.api import Folder, parse_file


def read(folder, text, *, dialect=Dialect.AIRFLOW2, **files):
    for name, content in {"f": text, **files}.items():
        (folder / f"{name}.py").write_text(content)
    return parse_file(Folder(folder, dialect=dialect), "f.py", Inputs())


def told(folder, text, **files):
    return [(one.code, one.span.path, one.span.line, one.task_id) for one in findings(read(folder, text, **files))]


HEAD = "from datetime import datetime, timedelta\nfrom airflow import DAG\nfrom airflow.operators.bash import BashOperator\n"
START = "schedule=None, start_date=datetime(2024, 1, 1)"


@pytest.mark.parametrize(
    ("dag", "task", "codes"),
    [
        ("", "", []),
        (", on_failure_callback=print, on_success_callback=print", "", []),
        (", sla_miss_callback=print", ", sla=timedelta(hours=1)", []),
        ("", ", sla=hours()", ["the task's SLA is not watched"]),
        ("", ", email='a@b.c'", []),
        ("", ", email=hours()", ["e-mails about the task"]),
        ("", ", email=['a@b.c', hours()]", ["e-mails about the task"]),
        ("", ", email=hours(), email_on_failure=False, email_on_retry=False, sla=timedelta(1)", ["e-mails about"]),
        ("", ", email=hours(), email_on_failure=False, email_on_retry=False", []),
        ("", ", on_failure_callback=print", []),
    ],
    ids=[
        "nothing",
        "callbacks of the DAG",
        "an SLA and its callback",
        "an SLA that nobody knows",
        "e-mails",
        "e-mails to somebody whom nobody knows",
        "to one of them",
        "e-mails of an SLA",
        "none wanted",
        "a task's callback",
    ],
)
def test_what_is_read_and_not_done_yet_is_told(tmp_path, dag, task, codes):
    secret = "from airflow.providers.google.common.utils.get_secret import get_secret as hours\n"
    text = f"{HEAD}{secret}with DAG('d', {START}{dag}):\n  BashOperator(task_id='a', bash_command='b'{task})\n"
    found = [one for one in findings(read(tmp_path, text)) if one.code != "GF102"]
    assert [one.code for one in found] == ["GF303"] * len(codes)
    assert all(one.message.startswith(words) for one, words in zip(found, codes, strict=True))


def test_a_finding_stands_in_the_file_that_its_line_is_in(tmp_path):
    secret = "from airflow.providers.google.common.utils.get_secret import get_secret as who\n"
    helper = f"{HEAD}{secret}def add(task_id):\n  BashOperator(task_id=task_id, bash_command='b', email=who())\n"
    text = f"from airflow import DAG\nfrom datetime import datetime\nfrom helper import add\nwith DAG('d', {START}):\n  add('a')\n"
    assert ("GF303", "helper.py", 6, "a") in told(tmp_path, text, helper=helper)


OWN = """\
from airflow.providers.amazon.aws.operators.s3 import S3ListOperator
class Own(S3ListOperator):
  pass
"""


def test_an_operator_of_ones_own_needs_the_provider_that_it_derives_from(tmp_path):
    text = f"{HEAD}{OWN}with DAG('d', {START}):\n  Own(task_id='a', bucket='b')\n"
    result = read(tmp_path, text)
    assert way_of(result.dags[0].tasks[0]) == (Way.PROVIDER, "apache-airflow-providers-amazon")
    assert [one.code for one in findings(result)] == ["GF301"]


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("airflow.providers.google.cloud.operators.bigquery.X", "google"),
        ("airflow.providers.apache.spark.operators.spark_submit.X", "apache-spark"),
        ("airflow.providers.snowflake.hooks.snowflake.", "snowflake"),
        ("airflow.providers.standard.operators.bash.BashOperator", ""),
        ("folder.own.X", ""),
        ("airflow.providers.operators.X", ""),
    ],
)
def test_the_package_of_a_provider(path, package):
    assert provider_of(path) == (f"apache-airflow-providers-{package}" if package else "")


THREE = """\
from datetime import timedelta
from airflow.sdk import DAG, AsyncCallback, DeadlineAlert, DeadlineReference
from airflow.providers.standard.operators.bash import BashOperator
async def late(**context): ...
class Own: ...
"""


@pytest.mark.parametrize(
    ("arguments", "task", "expected"),
    [
        pytest.param(
            ", sla_miss_callback=print", "", [("GF508", "sla_miss_callback is not called")], id="the callback"
        ),
        pytest.param("", ", sla=timedelta(1)", [("GF508", "sla does nothing")], id="an SLA"),
        pytest.param(
            ", deadline=DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(1), AsyncCallback(late))",
            "",
            [],
            id="a deadline",
        ),
        pytest.param(
            ", deadline=DeadlineAlert(Own(), timedelta(1), AsyncCallback(late), 'own')",
            "",
            [("GF303", "deadline 'own' of the DAG is not watched: it depends on Own, which is no reference")],
            id="one that counts from what nobody knows",
        ),
    ],
)
def test_airflow_3_has_deadlines_and_no_slas(tmp_path, arguments, task, expected):
    text = f"{THREE}with DAG('d', schedule=None{arguments}):\n  BashOperator(task_id='a', bash_command='b'{task})\n"
    found = findings(read(tmp_path, text, dialect=Dialect.AIRFLOW3))
    assert [one.code for one in found] == [code for code, _ in expected]
    assert all(one.message.startswith(words) for one, (_, words) in zip(found, expected, strict=True))
