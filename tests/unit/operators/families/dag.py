"""One task of every family of operators, and of every way in which a pod is described."""

from airflow.providers.amazon.aws.operators.eks import EksPodOperator
from airflow.providers.cncf.kubernetes.callbacks import KubernetesPodOperatorCallback
from airflow.providers.cncf.kubernetes.operators.job import KubernetesJobOperator, KubernetesPatchJobOperator
from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.cncf.kubernetes.operators.resource import KubernetesCreateResourceOperator
from airflow.providers.cncf.kubernetes.operators.spark_kubernetes import SparkKubernetesOperator
from airflow.providers.cncf.kubernetes.secret import Secret
from airflow.providers.docker.operators.docker import DockerOperator
from airflow.providers.google.cloud.operators.kubernetes_engine import GKEStartJobOperator, GKEStartPodOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task
from docker.types import Mount
from kubernetes.client import models as k8s

BUSYBOX = {"image": "localhost/busybox:1", "image_pull_policy": "Never"}


class Watcher(KubernetesPodOperatorCallback):
    """Is told of the pod."""


with DAG("families", schedule=None):
    BashOperator(task_id="bash", bash_command="echo hi")
    BashOperator(
        task_id="overridden",
        bash_command="echo hi",
        executor_config={
            "pod_override": k8s.V1Pod(
                metadata=k8s.V1ObjectMeta(labels={"team": "data"}),
                spec=k8s.V1PodSpec(
                    service_account_name="worker",
                    tolerations=[k8s.V1Toleration(key="gpu", operator="Exists")],
                    containers=[
                        k8s.V1Container(name="base", resources=k8s.V1ResourceRequirements(requests={"memory": "64Mi"}))
                    ],
                ),
            )
        },
    )
    KubernetesPodOperator(
        task_id="pod",
        cmds=["sh", "-c"],
        arguments=["echo {{ ds }}"],
        env_vars={"A": "1"},
        secrets=[Secret("env", "PASSWORD", "secret", "key"), Secret("volume", "/secret", "secret")],
        configmaps=["config"],
        volumes=[k8s.V1Volume(name="data", empty_dir=k8s.V1EmptyDirVolumeSource())],
        volume_mounts=[k8s.V1VolumeMount(name="data", mount_path="/data")],
        init_containers=[k8s.V1Container(name="first", image="localhost/busybox:1", command=["true"])],
        node_selector={"disk": "ssd"},
        container_resources=k8s.V1ResourceRequirements(limits={"memory": "64Mi", "cpu": "1"}),
        security_context=k8s.V1PodSecurityContext(run_as_user=1000),
        pod_runtime_info_envs=[
            k8s.V1EnvVar(
                name="POD_NAME",
                value_from=k8s.V1EnvVarSource(field_ref=k8s.V1ObjectFieldSelector(field_path="metadata.name")),
            )
        ],
        do_xcom_push=True,
        **BUSYBOX,
    )
    KubernetesPodOperator(
        task_id="pod_of_templates",
        pod_template_dict={"spec": {"containers": [{"name": "base", "image": "localhost/busybox:1"}]}},
        full_pod_spec=k8s.V1Pod(spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", args=["true"])])),
    )
    KubernetesJobOperator(
        task_id="job",
        cmds=["true"],
        completions=3,
        parallelism=2,
        completion_mode="Indexed",
        backoff_limit=1,
        wait_until_job_complete=True,
        **BUSYBOX,
    )
    KubernetesJobOperator(
        task_id="job_not_waited_for",
        cmds=["true"],
        suspend=True,
        ttl_seconds_after_finished=60,
        full_job_spec=k8s.V1Job(
            metadata=k8s.V1ObjectMeta(labels={"team": "data"}),
            spec=k8s.V1JobSpec(
                template=k8s.V1PodTemplateSpec(
                    spec=k8s.V1PodSpec(containers=[k8s.V1Container(name="base", working_dir="/tmp")])
                )
            ),
        ),
        **BUSYBOX,
    )
    DockerOperator(
        task_id="docker",
        image="localhost/busybox:1",
        command="sh -c 'echo $A; echo last'",
        environment={"A": "1"},
        private_environment={"B": "2"},
        mem_limit="64m",
        cpus=0.5,
        user="1000:1000",
        working_dir="/tmp",
        shm_size=67108864,
        cap_add=["NET_ADMIN"],
        dns=["10.0.0.10"],
        extra_hosts={"db": "10.0.0.1"},
        mounts=[Mount(target="/scratch", source=None, type="tmpfs")],
        skip_on_exit_code=99,
    )
    GKEStartPodOperator(
        task_id="gke",
        project_id="p",
        location="l",
        cluster_name="ours",
        name="x",
        namespace="jobs",
        cmds=["true"],
        **BUSYBOX,
    )
    GKEStartJobOperator(
        task_id="gke_job",
        project_id="p",
        location="l",
        cluster_name="ours",
        name="x",
        namespace="jobs",
        cmds=["true"],
        **BUSYBOX,
    )
    EksPodOperator(task_id="eks", cluster_name="ours", pod_name="x", namespace="jobs", cmds=["true"], **BUSYBOX)
    KubernetesPodOperator(task_id="watched", cmds=["true"], callbacks=Watcher, **BUSYBOX)
    KubernetesPodOperator(task_id="hooked", cmds=["true"], pre_execute=print, **BUSYBOX)
    KubernetesPodOperator(task_id="elsewhere", cmds=["true"], config_file="/etc/theirs", **BUSYBOX)
    GKEStartPodOperator(
        task_id="gke_elsewhere",
        project_id="p",
        location="l",
        cluster_name="theirs",
        name="x",
        namespace="jobs",
        cmds=["true"],
        **BUSYBOX,
    )
    DockerOperator(task_id="docker_elsewhere", image="a", docker_url="tcp://there:2375")
    KubernetesPatchJobOperator(task_id="patch", name="j", namespace="jobs", body={"spec": {"suspend": False}})
    KubernetesCreateResourceOperator(task_id="resource", yaml_conf="kind: ConfigMap")
    SparkKubernetesOperator(task_id="spark", namespace="jobs", application_file="spark.yaml")

    @task.kubernetes(image="localhost/goflow-runner:test", image_pull_policy="Never", do_xcom_push=True)
    def kubernetes(x):
        return x

    @task.kubernetes_cmd(**BUSYBOX)
    def kubernetes_cmd(x):
        return ["echo", x]

    @task.docker(image="localhost/goflow-runner:test")
    def docker_function(x):
        return x

    kubernetes(1)
    kubernetes_cmd("a")
    docker_function(2)
