"""The keys of native YAML, each with its shape and meaning: what is read, published as JSON Schema, and documented."""

from __future__ import annotations

from goflow.domain.canonical import Json
from goflow.domain.cronjobs import RUN_AS
from goflow.parser.yaml.scalars import Boolean, Choice, DateTime, Duration, Integer, Text
from goflow.parser.yaml.shapes import Key, ListOf, MapOf, Nullable, Object, Record

ID = Text("a DAG name: a letter, then letters, digits, - and _", r"[A-Za-z][A-Za-z0-9_-]{1,249}")
TASK_ID = Text("a task name: letters, digits, -, _ and .", r"[A-Za-z0-9_.-]{1,250}")
KUBERNETES_NAME = Text("a Kubernetes name: small letters, digits and -", r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
LABELS = MapOf(
    Text("a label's value", r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?"),
    name="a mapping of labels",
    keys=r"(?:[A-Za-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?",
    key_name="a label's name",
)
ANNOTATIONS = MapOf(Text(), name="a mapping of annotations")
ENVIRONMENT = MapOf(
    Text(),
    name="a mapping of environment variables",
    keys=r"[A-Za-z_][A-Za-z0-9_.-]*",
    key_name="the name of an environment variable",
)
_QUANTITIES = MapOf(
    Text("a quantity such as 500m, 2 or 1Gi", r"[0-9.]+(?:[eE][0-9]+|[numkMGTPE]i?)?"), name="quantities"
)
RESOURCES = Record(
    (
        Key("requests", _QUANTITIES, "what the container is sure to get"),
        Key("limits", _QUANTITIES, "what the container may use at most"),
    ),
    name="Kubernetes resources: requests and limits",
)
TRIGGER_RULES = (
    "all_success",
    "all_failed",
    "all_done",
    "all_done_min_one_success",
    "all_done_setup_success",
    "one_success",
    "one_failed",
    "one_done",
    "none_failed",
    "none_failed_min_one_success",
    "none_skipped",
    "all_skipped",
    "always",
)
COMMAND = ListOf(
    Text("a word of the command"),
    name="a list of strings",
    filled=True,
    hint="write it as a list: [sh, -c, 'first && second']",
)

_CONTAINER = (
    Key("DockerImage", Text("a container image", r"\S+"), "container image; without it the command runs in the runner"),
    Key("Command", COMMAND, "container command, a list of strings; without it the image's own entry point runs"),
    Key(
        "RetryPolicy",
        Choice(("Always", "OnFailure", "Never"), folded=True),
        "the pod's restart policy; Jobs do not know Always: it reads as OnFailure, with a warning",
        default="Never",
    ),
    Key("Parallelism", Integer(1), "how many pods of the Job run side by side", default=1),
    Key(
        "TimeLimit",
        Nullable(Duration(positive=True)),
        "the Job's active deadline in seconds (or text such as 1h30m); null: none",
    ),
    Key("Retries", Integer(0), "further attempts after the first, each a Job of its own", default=0),
    Key("RetryDelay", Duration(), "how long an attempt waits after a failed one: seconds, or text", default=300),
    Key("Env", ENVIRONMENT, "environment variables of the container"),
    Key("Resources", RESOURCES, "the container's Kubernetes resources: requests and limits"),
    Key("Namespace", KUBERNETES_NAME, "the Kubernetes namespace that the Jobs run in"),
    Key("ServiceAccount", KUBERNETES_NAME, "the Kubernetes service account of the pods"),
    Key("Labels", LABELS, "labels put on Job and pod"),
    Key("Annotations", ANNOTATIONS, "annotations put on Job and pod"),
    Key("PodTemplate", Object(), "a fragment of a pod template (metadata, spec) that is merged into the Job's"),
    Key("WithLogs", Boolean(), "whether the pods' logs are kept", default=True),
    Key("Owner", Text(), "whom to ask about it", default="airflow"),
    Key("Pool", Text(), "the pool whose slots it takes", default="default_pool"),
    Key("PoolSlots", Integer(1), "how many slots of the pool each attempt takes", default=1),
    Key("PriorityWeight", Integer(1), "which task comes first where there is no room for all", default=1),
)

TASK = Record(
    (
        Key("Name", TASK_ID, "the task's id", required=True),
        Key("DependsOn", ListOf(TASK_ID, "a task name or a list of them", lone=True), "the tasks that come before it"),
        Key("TriggerRule", Choice(TRIGGER_RULES), "when it runs, given how those ended", default="all_success"),
        Key("Description", Text(), "what it is for"),
        *_CONTAINER,
    ),
    folded=True,
    name="a task, which is a mapping",
)

DAG = Record(
    (
        Key("Name", ID, "the DAG's id", required=True),
        Key("Description", Text(), "what it is for"),
        Key(
            "Schedule",
            Nullable(Text("a schedule", strict=True)),
            "cron expression, preset (@daily), @every 1h30m, or @once; without it the DAG runs when it is triggered",
        ),
        Key(
            "RunAs",
            Choice(RUN_AS, folded=True),
            "CronJob: Kubernetes itself begins its runs; Job: GoFlow does; without it the daemon's setting counts",
        ),
        Key("Timezone", Text("a time zone such as Europe/Berlin"), "the zone of schedule and dates", default="UTC"),
        Key("StartDateTime", Nullable(DateTime()), "date or date-time of the first execution"),
        Key("EndDateTime", Nullable(DateTime()), "date or date-time of the last execution"),
        Key("Catchup", Boolean(), "whether executions that were missed are made up for", default=False),
        Key("MaxActiveRuns", Integer(1), "how many runs may be under way at once", default=16),
        Key("MaxActiveTasks", Integer(1), "how many tasks may be under way at once", default=16),
        Key("RunTimeLimit", Nullable(Duration(positive=True)), "seconds (or text) that a whole run may take"),
        Key("Tags", ListOf(Text(), "a tag or a list of tags", lone=True), "words to find it by"),
        Key("Paused", Boolean(), "whether it begins paused; without it the daemon's setting counts"),
        Key("Tasks", ListOf(TASK, "a list of tasks", filled=True), "its tasks, which inherit from the keys beside"),
        *_CONTAINER,
    ),
    folded=True,
    name="a DAG, which is a mapping",
)


def json_schema() -> dict[str, Json]:
    """The published JSON Schema of one document. Keys are matched whatever their case; editors propose these."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "GoFlow native DAG",
        "description": "A DAG of container commands. Without Tasks the DAG itself is one task.",
        **DAG.schema(),
    }
