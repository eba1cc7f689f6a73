"""Spark's applications, and a pod that the provider's own code makes."""

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.operators.resource import (
    KubernetesCreateResourceOperator,
    KubernetesDeleteResourceOperator,
)
from airflow.providers.cncf.kubernetes.operators.spark_kubernetes import SparkKubernetesOperator
from airflow.sdk import DAG

SCALA = {
    "apiVersion": "sparkoperator.k8s.io/v1beta2",
    "kind": "SparkApplication",
    "metadata": {"name": "breaks"},
    "spec": {"type": "Scala", "driver": {}, "executor": {}},
}
MADE = """
apiVersion: sparkoperator.k8s.io/v1beta2
kind: SparkApplication
metadata: {name: made, namespace: "{{ var.value.namespace }}"}
spec: {type: Java}
"""
NAMESPACE = "{{ var.value.namespace }}"


class Greets(KubernetesPodOperator):
    """Has an `execute`, and so makes and watches its pod itself."""

    def execute(self, context):
        self.arguments = [f"echo from a pod of {context['run_id']}"]
        return super().execute(context)


with DAG("spark", schedule=None, default_args={"retries": 0}):
    SparkKubernetesOperator(
        task_id="counts", namespace=NAMESPACE, application_file="counts.yaml", in_cluster=True, poll_interval=1
    )
    SparkKubernetesOperator(task_id="breaks", namespace=NAMESPACE, template_spec=SCALA, in_cluster=True)
    made = KubernetesCreateResourceOperator(task_id="made", yaml_conf=MADE, custom_resource_definition=True)
    removed = KubernetesDeleteResourceOperator(task_id="removed", yaml_conf=MADE, custom_resource_definition=True)
    made >> removed
    Greets(
        task_id="runs_a_pod",
        namespace=NAMESPACE,
        image="@IMAGE@",
        image_pull_policy="Never",
        cmds=["sh", "-c"],
        in_cluster=True,
    )
