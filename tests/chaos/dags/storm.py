"""What runs through the chaos. Each task is seen by the witness, from its own container."""

import datetime
import time
from pathlib import Path

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, get_current_context, task
from kubernetes.client import models as k8s

SEEN = (Path(__file__).parent / "seen.py").read_text()
NATIVE = """
say='{"who":["{{ dag.dag_id }}","{{ run_id }}","{{ task.task_id }}",-1,{{ ti.try_number }}],"pod":"'$(hostname)'"}'
(echo "$say"; sleep SECONDS; echo end) | nc @HOST@ @PORT@ || exit 9
"""
RETRY = datetime.timedelta(seconds=1)
COMMON = {"schedule": None, "start_date": datetime.datetime(2024, 1, 1), "max_active_runs": 50}


def command(name, seconds, fails=0, **more):
    """A Bash task that works so long, and fails that many times by design."""
    words = f'python3 -c "$SEEN" {seconds} {fails}'
    return BashOperator(task_id=name, bash_command=words, env={"SEEN": SEEN}, append_env=True, retry_delay=RETRY, **more)


def pod(name, seconds, image="localhost/busybox:1", **more):
    """A pod that is not GoFlow's own."""
    script = NATIVE.replace("SECONDS", str(seconds))
    return KubernetesPodOperator(
        task_id=name, image=image, cmds=["sh", "-c"], arguments=[script], retry_delay=RETRY, **more
    )


with DAG("chain", **COMMON):
    first, second = command("first", 0.5), command("second", 4)
    third, fourth = pod("third", 3), command("fourth", 0.2)
    first >> second >> third >> fourth

with DAG("fan", **COMMON):
    begin, end = command("begin", 0.2), pod("end", 1)
    begin >> [command(f"command_{n}", n) for n in (1, 6)] >> end
    begin >> [pod(f"pod_{n}", n) for n in (1, 8)] >> end

with DAG("mapped", **COMMON):

    @task
    def numbers():
        from seen import seen

        with seen():
            return [1, 2, 3]

    @task
    def double(x):
        from seen import seen

        with seen(get_current_context()["ti"].map_index):
            time.sleep(x)
            return 2 * x

    @task
    def total(found):
        from seen import seen

        with seen():
            assert sorted(found) == [2, 4, 6]

    total(double.expand(x=numbers()))

with DAG("retried", **COMMON):

    @task(retries=2, retry_delay=RETRY)
    def raises():
        from seen import seen

        with seen() as number:
            time.sleep(1)
        if number <= 2:
            raise ValueError("by design")

    command("fails_once", 1, 1, retries=1) >> raises() >> command("after", 0.2)

with DAG("waiting", **COMMON):

    @task.sensor(mode="reschedule", poke_interval=4)
    def waits():
        from seen import seen

        begun = get_current_context()["dag_run"].start_date
        with seen():
            time.sleep(0.5)
        return (datetime.datetime.now(datetime.timezone.utc) - begun).total_seconds() > 9

    waits() >> command("went_on", 1)

with DAG("late", **COMMON):
    word = k8s.V1EnvVar(
        name="WORD",
        value_from=k8s.V1EnvVarSource(secret_key_ref=k8s.V1SecretKeySelector(name="late-secret", key="word")),
    )
    image = pod("image_comes_late", 1, image="localhost/late-{{ run_id }}:1", image_pull_policy="IfNotPresent")
    secret = pod("secret_comes_late", 1, env_vars=[word])
    [image, secret] >> command("after", 0.2)

with DAG("never", **COMMON):
    hopeless = {"retries": 1, "startup_timeout_seconds": 12}
    room = k8s.V1ResourceRequirements(requests={"cpu": "1000"})
    image = pod("image_never_comes", 1, image="localhost/never:1", image_pull_policy="IfNotPresent", **hopeless)
    [image, pod("room_never_comes", 1, container_resources=room, **hopeless)] >> command("mops", 0.2, trigger_rule="all_done")
