"""Operators of providers whose constructors do something of their own with what they are given."""

from .reading import only_task


def test_a_queue_of_yarn_is_no_queue_of_airflow():
    task = only_task(
        """
        from airflow.providers.apache.livy.operators.livy import LivyOperator
        LivyOperator(task_id="l", file="/app.jar", queue="etl")
        """
    )
    assert task.queue == "default"
    assert task.fields["spark_params"]["queue"] == "etl"


def test_what_a_rule_needs_and_nobody_knows_leaves_the_field_to_the_task():
    task = only_task(
        """
        import requests
        from airflow.providers.common.sql.operators.sql import SQLTableCheckOperator
        checks = {"rows": {"check_statement": requests.get("http://checks").text}}
        SQLTableCheckOperator(task_id="t", conn_id="db", table="orders", checks=checks)
        """
    )
    assert "SQLTableCheckOperator works out by itself" in task.fields["sql"]["$hole"]["reason"]
