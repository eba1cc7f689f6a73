"""SQL operators, checks, a sensor and a hook, on two databases."""

from airflow.providers.common.sql.operators.sql import SQLColumnCheckOperator, SQLExecuteQueryOperator
from airflow.providers.common.sql.sensors.sql import SqlSensor
from airflow.sdk import DAG, BaseHook, task

FILL = "create table orders (id integer primary key, name text); insert into orders values (1, 'a'), ({{ 1 + 1 }}, 'b')"


@task
def insert(conn_id):
    hook = BaseHook.get_hook(conn_id)
    hook.insert_rows("orders", [(3, "c"), (4, None)], target_fields=["id", "name"])
    hook.insert_rows("orders", [(4, "d")], target_fields=["id", "name"], replace=True, replace_index="id")
    return [type(hook).__name__, hook.get_first("select count(*) from orders")[0]]


for name in ("sqlite", "postgres"):
    with DAG(name, schedule=None):
        fill = SQLExecuteQueryOperator(task_id="fill", conn_id=name, sql=FILL, split_statements=True)
        more = insert(name)
        arrived = SqlSensor(task_id="arrived", conn_id=name, sql="select count(*) = 4 from orders")
        read = SQLExecuteQueryOperator(task_id="read", conn_id=name, sql="select * from orders order by id")
        check = SQLColumnCheckOperator(
            task_id="check", conn_id=name, table="orders", column_mapping={"name": {"null_check": {"equal_to": 0}}}
        )
        refuse = SQLColumnCheckOperator(
            task_id="refuse", conn_id=name, table="orders", column_mapping={"id": {"max": {"less_than": 4}}}
        )
        fill >> more >> arrived >> read >> check >> refuse
