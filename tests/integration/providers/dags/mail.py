"""A mail with a subject of the run's."""

from airflow.providers.smtp.operators.smtp import EmailOperator
from airflow.sdk import DAG

with DAG("smtp", schedule=None):
    EmailOperator(
        task_id="tell",
        conn_id="mail",
        from_email="goflow@example.com",
        to=["you@example.com"],
        subject="{{ dag.dag_id }} of {{ run_id }}",
        html_content="<p>All is well.</p>",
    )
