"""Escapes in f-strings, versions that are compared, and arguments of operators that Python's own words collide with."""

from builtins import range

import pendulum
from airflow import DAG, __version__
from airflow.models import BaseOperator
from airflow.providers.standard.operators.bash import BashOperator
from packaging import version
from packaging.version import Version, parse

HERE = Version(__version__)
BUCKET = "landing"


class Announced(BaseOperator):
    template_fields = ("words",)

    def __init__(self, words, **kwargs):
        super().__init__(**kwargs)
        self.words = words


class Waiting(BashOperator):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)


with DAG(
    f"versions_{HERE.major}",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
    tags=["three" if HERE >= parse("3.0") else "two", str(version.parse("v1.0-beta.2")), f"{Version('2.0').release}"],
) as dag:
    BashOperator(
        task_id="continued",
        bash_command=f"""
set -e; \
gsutil ls gs://{BUCKET} \
    | head && \\
echo "done" 'twice' \"thrice\" \t{BUCKET!r} {{braces}}
""",
    )
    BashOperator(task_id="raw", bash_command=rf"grep '\d+\s' {BUCKET}\n")
    BashOperator(task_id="quoted", bash_command=f'it\'s "{BUCKET}" \
and more \\')
    Announced(task_id="announced", words=f"{BUCKET}\N{BULLET}", owner="data", retries=2)
    Waiting(task_id="waiting", bash_command="sleep 1", owner="nobody", queue="slow")
    if version.parse(__version__) < Version("2.10"):
        BashOperator(task_id="never", bash_command="exit 1")
    for number in range(2):
        BashOperator(task_id=f"numbered_{number}", bash_command=f"echo {number}")
