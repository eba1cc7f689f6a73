"""What an image built from the runner's has besides: a package of the team's, and a provider's hook."""

from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook
from airflow.sdk import DAG, Variable, task

with DAG("derived", schedule=None):

    @task
    def name():
        import os

        from team_orders import name_of

        return [name_of("Nine Lives"), os.getuid()]

    @task
    def pods():
        found = KubernetesHook(in_cluster=True).core_v1_client.list_namespaced_pod(Variable.get("namespace"))
        return [pod.metadata.name for pod in found.items]

    name()
    pods()
