"""What Python's own library does inside a DAG makes no tasks, also where it is not read."""

import locale
import platform
from ast import literal_eval
from datetime import datetime
from pprint import pprint

from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator


class SpokenOperator(PythonOperator):
    def __init__(self, *args, **kwargs):
        pprint(args)
        pprint(kwargs)
        super().__init__(*args, **kwargs)


def work(*args):
    return args


with DAG("printing_and_literals", start_date=datetime(2024, 1, 1), schedule=None) as dag:
    limits = literal_eval("{'rows': 10, 'cols': (1, 2.5), 'on': True}")
    try:
        literal_eval("open('x')")
    except ValueError:
        limits["bad"] = None
    first = SpokenOperator(task_id="first", python_callable=work, op_args=[limits], dag=dag)
    second = EmptyOperator(task_id="second")
    pprint([first, second])
    platform.uname()
    locale.getlocale()
    first >> second
