from airflow.sdk import DAG

with DAG("broken", schedule="every now and then"):
    pass
