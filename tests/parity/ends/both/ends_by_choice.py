"""Branches and short circuits: what they choose, what they cannot choose, and what runs below them."""

from airflow.exceptions import AirflowSkipException
from recording import DAG_RECORDED, RECORDED
from spelled import DAG, BranchPythonOperator, EmptyOperator, PythonOperator, ShortCircuitOperator, TaskGroup

CHOICES = {
    "one": "one.left",
    "both": ["both.left", "both.right"],
    "empty_list": [],
    "none": None,
    "unknown": "no_such_task",
    "half_unknown": ["half_unknown.left", "no_such_task"],
    "not_below": "elsewhere",
    "numbers": [7],
    "a_group": "a_group.deep",
    "a_tuple": ("a_tuple.left",),
    "a_text_of_many": "left,right",
}


def choose(choice):
    return choice


with DAG("ends_by_choice", default_args=RECORDED, **DAG_RECORDED):
    EmptyOperator(task_id="elsewhere")
    for name, choice in CHOICES.items():
        with TaskGroup(name):
            branch = BranchPythonOperator(task_id="branch", python_callable=choose, op_args=[choice])
            left, right = (EmptyOperator(task_id=side) for side in ("left", "right"))
            joined = EmptyOperator(task_id="joined", trigger_rule="none_failed_min_one_success")
            branch >> [left, right] >> joined
            with TaskGroup("deep"):
                branch >> EmptyOperator(task_id="first") >> EmptyOperator(task_id="last")
    for name, value in {"false": False, "nothing": None, "words": "False"}.items():
        for ignoring in (True, False):
            with TaskGroup(f"circuit_{name}_{'all' if ignoring else 'next'}"):
                circuit = ShortCircuitOperator(
                    task_id="circuit",
                    python_callable=choose,
                    op_args=[value],
                    ignore_downstream_trigger_rules=ignoring,
                )
                circuit >> EmptyOperator(task_id="next") >> EmptyOperator(task_id="always", trigger_rule="all_done")
    with TaskGroup("skipped"):
        skipped = PythonOperator(
            task_id="itself", python_callable=choose, op_args=["x"], pre_execute=lambda context: skip()
        )
        skipped >> EmptyOperator(task_id="next") >> EmptyOperator(task_id="always", trigger_rule="all_done")


def skip():
    raise AirflowSkipException("before it began")
