from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import BaseOperator


class LoadOperator(BaseOperator):
    template_fields = ("table", "where")
    ui_color = "#abcdef"

    def __init__(self, table, where=None, chunk=1000, **kwargs):
        super().__init__(**kwargs)
        self.table = table
        self.where = where or "1 = 1"
        self.chunk = chunk

    def execute(self, context):
        return self.table


class SafeBashOperator(BashOperator):
    def __init__(self, *, bash_command, **kwargs):
        kwargs.setdefault("retries", 7)
        super().__init__(bash_command=f"set -euo pipefail; {bash_command}", **kwargs)


def loads(tables, **kwargs):
    for table in tables:
        yield LoadOperator(task_id=f"load_{table}", table=table, **kwargs)
