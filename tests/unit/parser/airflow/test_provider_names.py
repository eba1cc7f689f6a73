"""Names of providers in small letters: modules, functions, and what makes a notifier."""

import pytest

from .reading import in_dag, only_dag, only_task, read

NOTIFIER = "airflow.providers.slack.notifications.slack"


@pytest.mark.parametrize(
    ("sentence", "imported", "value"),
    [
        (
            "an alias of a notifier makes one",
            f"from {NOTIFIER} import send_slack_notification as notify",
            'notify(text="x")',
        ),
        ("so does the class itself", f"from {NOTIFIER} import SlackNotifier as notify", 'notify(text="x")'),
        (
            "and one reached through its module",
            f"from {NOTIFIER.rpartition('.')[0]} import slack",
            "slack.SlackNotifier()",
        ),
    ],
)
def test_a_notifier_is_a_callback(sentence, imported, value):
    dag = only_dag(f'{imported}\nwith DAG("d", schedule=None, on_failure_callback=[{value}]): E()')
    (found,) = dag.callbacks["on_failure_callback"]
    assert (found["$object"]["class"], found["$object"]["callable"]) == ("SlackNotifier", True), sentence


def test_a_function_of_a_provider_is_passed_on_by_its_name():
    task = only_task(
        """
        from airflow.providers.common.sql.hooks.sql import fetch_one_handler
        from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
        SQLExecuteQueryOperator(task_id="q", sql="select 1", handler=fetch_one_handler)
        """
    )
    assert task.arguments["handler"] == {"$callable": "airflow.providers.common.sql.hooks.sql:fetch_one_handler"}


def test_what_a_function_of_a_provider_gives_is_not_known():
    dag = in_dag(
        """
        from airflow.providers.google.common.utils.get_secret import get_secret
        B(env={"secret": get_secret("x")})
        """
    )
    assert "get_secret" in str(dag.task("b").fields["env"])


def test_an_operator_is_found_through_its_module():
    task = only_task(
        """
        from airflow.providers.amazon.aws.operators import s3
        s3.S3CreateBucketOperator(task_id="b", bucket_name="n")
        """
    )
    assert (task.operator, task.fields["bucket_name"]) == ("S3CreateBucketOperator", "n")


OPERATORS = [
    ("airflow.providers.mine.operators.x", "MyOperator", ""),
    ("airflow.providers.mine.waiting", "MySensor", ""),
    ("airflow.providers.common.sqloperators.sql", "SQLExecuteQueryOperator", ""),
    (
        "airflow.providers.standard.x.empty",
        "EmptyOperator",
        "EmptyOperator is in airflow.providers.standard.operators.empty",
    ),
    (
        "airflow.providers.standard.operators.srt",
        "BashOperator",
        "BashOperator is in airflow.providers.standard.operators.bash",
    ),
]


@pytest.mark.parametrize(("module", "name", "hint"), OPERATORS, ids=[module for module, _, _ in OPERATORS])
def test_an_operator_of_a_module_that_nobody_knows_is_a_task_and_a_slip_is_told(module, name, hint):
    result = read(f'from {module} import {name}\nwith DAG("d", schedule=None): {name}(task_id="t")')
    assert [task.operator_path for task in result.dags[0].tasks] == [f"{module}.{name}"]
    told = [finding.hint for finding in result.diagnostics if finding.code == "GF006"]
    assert told == ([hint] if hint else [])


def test_the_name_of_a_param_that_nobody_knows_is_told():
    result = read('import os\nwith DAG("d", schedule=None, params={os.getpid(): 3}): E()')
    assert "which params the DAG has" in next(found.message for found in result.diagnostics if found.code == "GF101")


@pytest.mark.parametrize("value", ["[]", "0", "None", "''"])
def test_a_group_without_its_prefix_is_whatever_is_false(value):
    dag = only_dag(f'with DAG("d", schedule=None):\n    with TaskGroup("g", prefix_group_id={value}): E("t")')
    assert [task.task_id for task in dag.tasks] == ["t"]
