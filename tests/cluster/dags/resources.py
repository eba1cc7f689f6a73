"""Resources of the cluster, made and removed by the provider's operators."""

from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook
from airflow.providers.cncf.kubernetes.operators.resource import (
    KubernetesCreateResourceOperator,
    KubernetesDeleteResourceOperator,
)
from airflow.sdk import DAG, Variable, task

ORDERS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: orders, namespace: "{{ var.value.namespace }}"}
data: {run: "{{ run_id }}"}
"""
SECRET = """
apiVersion: v1
kind: Secret
metadata: {name: not-allowed, namespace: "{{ var.value.namespace }}"}
"""

with DAG("resources", schedule=None, default_args={"retries": 0}):
    create = KubernetesCreateResourceOperator(task_id="create", yaml_conf=ORDERS)

    @task
    def read():
        hook = KubernetesHook(conn_id=None, in_cluster=True)
        return hook.core_v1_client.read_namespaced_config_map("orders", Variable.get("namespace")).data

    delete = KubernetesDeleteResourceOperator(task_id="delete", yaml_conf=ORDERS)
    refused = KubernetesCreateResourceOperator(task_id="refused", yaml_conf=SECRET)
    create >> read() >> delete
