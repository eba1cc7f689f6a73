from airflow import DAG
from helpers.defaults import Config, default_args
from helpers.operators import LoadOperator, SafeBashOperator, loads

config = Config.of({"name": "customs", "tables": ["a", "b", "c"], "where": "x > {{ ds }}"})

with DAG(
    config.dag_id,
    schedule="@hourly",
    default_args=default_args(retries=1),
    catchup=False,
    tags=Config.tags(" Load ", "CUSTOM", "load"),
    description=f"{config.name} in {config.stage}, owned by {default_args()['owner']}",
) as dag:
    check = SafeBashOperator(task_id="check", bash_command="true", env={"A": "1"})
    check >> list(loads(config.get("tables"), where=config.get("where"), pool="loads")) >> LoadOperator(
        task_id="all", table="everything", trigger_rule="none_failed", priority_weight=5
    )
