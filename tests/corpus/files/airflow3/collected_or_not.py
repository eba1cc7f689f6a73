"""Which DAG objects Airflow collects from a module, and which not."""
from datetime import datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, dag

start = datetime(2024, 1, 1)
in_a_variable = DAG("in_a_variable", schedule=None, start_date=start)
EmptyOperator(task_id="x", dag=in_a_variable)
DAG("in_no_variable", schedule=None, start_date=start)
in_a_list = [DAG("in_a_list", schedule=None, start_date=start)]
with DAG("as_context_only", schedule=None, start_date=start):
    EmptyOperator(task_id="x")
with DAG("context_not_registered", schedule=None, start_date=start, auto_register=False):
    EmptyOperator(task_id="x")
_private = DAG("in_a_private_variable", schedule=None, start_date=start)


def local():
    inside = DAG("in_a_function", schedule=None, start_date=start)
    with DAG("context_in_a_function", schedule=None, start_date=start):
        EmptyOperator(task_id="x")
    return 1


local()


class Holder:
    held = DAG("in_a_class", schedule=None, start_date=start)


@dag(schedule=None, start_date=start)
def called():
    EmptyOperator(task_id="x")


@dag(schedule=None, start_date=start)
def never_called():
    EmptyOperator(task_id="x")


called()
first = DAG("overwritten", schedule=None, start_date=start)
first = DAG("overwriting", schedule=None, start_date=start)
deleted = DAG("deleted", schedule=None, start_date=start)
del deleted
if __name__ == "__main__":
    only_as_script = DAG("only_as_script", schedule=None, start_date=start)
