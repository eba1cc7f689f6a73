"""What only Airflow 1.10 had: its import paths are those of today's providers, or what replaced them is said."""

from __future__ import annotations

import pytest

from goflow.domain.spec import Dialect
from tests.unit.parser.airflow.reading import errors, only_dag, read


@pytest.mark.parametrize(
    ("line", "today"),
    [
        (
            "from airflow.contrib.operators.emr_add_steps_operator import EmrAddStepsOperator as O",
            "airflow.providers.amazon.aws.operators.emr.EmrAddStepsOperator",
        ),
        (
            "from airflow.contrib.sensors.emr_step_sensor import EmrStepSensor as O",
            "airflow.providers.amazon.aws.sensors.emr.EmrStepSensor",
        ),
        (
            "from airflow.operators.sensors import S3KeySensor as O",
            "airflow.providers.amazon.aws.sensors.s3.S3KeySensor",
        ),
        ("from airflow.operators import BashOperator as O", "airflow.providers.standard.operators.bash.BashOperator"),
        ("from airflow.sensors import HttpSensor as O", "airflow.providers.http.sensors.http.HttpSensor"),
        ("from airflow.contrib.operators import SSHOperator as O", "airflow.providers.ssh.operators.ssh.SSHOperator"),
    ],
)
def test_an_import_of_airflow_1_10_is_todays_operator(line, today):
    given = {"Bash": 'bash_command="true"', "EmrStep": 'job_flow_id="j", step_id="s"', "S3Key": 'bucket_key="k"'}
    arguments = next(
        (text for name, text in given.items() if name in line), 'endpoint="/"' if "Http" in line else "**{}"
    )
    dag = only_dag(f'{line}\nwith DAG("d", start_date=START): O(task_id="t", {arguments})', Dialect.AIRFLOW2)
    assert [task.operator_path for task in dag.tasks] == [today]


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("from airflow.contrib.operators.qubole_operator import QuboleOperator", "Qubole"),
        ("from airflow.sensors.smart_sensor import SmartSensorOperator", "deferrable"),
        ("from airflow.hooks.hdfs_hook import HDFSHook", "WebHDFSHook"),
        ("from airflow.contrib.kubernetes.pod import Pod", "V1Pod"),
        ("from airflow.operators import S3PrefixSensor", "S3KeySensor"),
    ],
)
def test_what_became_of_nothing_is_told(line, hint):
    (problem,) = read(line, Dialect.AIRFLOW2, prelude=False).diagnostics
    assert problem.code == "GF006"
    assert hint in problem.hint


def test_what_neither_airflow_reads_is_told_as_the_one_that_was_asked_for_tells_it():
    lines = "from airflow.sdk import DAG\nwith DAG('d', schedule_interval=None): pass"
    (problem,) = errors(read(lines, Dialect.AIRFLOW3, prelude=False))
    assert "schedule_interval" in problem
    (problem,) = errors(read(lines, Dialect.AIRFLOW2, prelude=False))
    assert "schedule_interval" in problem or "airflow.sdk" in problem
