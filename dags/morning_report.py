"""Bash tasks on a schedule, with templates, retries and a clean-up that runs whatever happened."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

GREETING = os.getenv("GREETING", "Hello")

with DAG(
    dag_id="morning_report",
    description="Counts words every morning",
    schedule="30 6 * * 1-5",
    start_date=datetime(2025, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "reports", "retries": 2, "retry_delay": timedelta(seconds=5)},
    tags=["example", "bash"],
    doc_md=__doc__,
) as dag:
    prepare = BashOperator(
        task_id="prepare",
        bash_command="mkdir -p /tmp/morning_report/{{ ds }} && echo 'one two three' > /tmp/morning_report/{{ ds }}/words",
    )
    counts = [
        BashOperator(
            task_id=f"count_{what}",
            bash_command=f"wc --{what} < /tmp/morning_report/{{{{ ds }}}}/words",
            execution_timeout=timedelta(minutes=1),
        )
        for what in ("lines", "words", "bytes")
    ]
    greet = BashOperator(
        task_id="greet",
        bash_command='echo "$GREETING, there are {{ ti.xcom_pull(task_ids="count_words") }} words"',
        env={"GREETING": GREETING},
        append_env=True,
    )
    clean_up = BashOperator(
        task_id="clean_up",
        bash_command="rm -rf /tmp/morning_report/{{ ds }}",
        trigger_rule="all_done",
    )

    prepare >> counts >> greet >> clean_up
