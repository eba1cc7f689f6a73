"""The keys of `goflow.yaml`, each with its shape and meaning: read, published as JSON Schema, and documented."""

from __future__ import annotations

from goflow.domain.canonical import Json
from goflow.parser.yaml.keys import ANNOTATIONS, ENVIRONMENT, KUBERNETES_NAME, LABELS, RESOURCES
from goflow.parser.yaml.scalars import Boolean, Choice, Text
from goflow.parser.yaml.shapes import Either, Key, ListOf, MapOf, Object, Record

_MODULE = Text("the name of a module", r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_PATTERNS = ListOf(Text("a pattern", strict=True), "a pattern or a list of patterns", lone=True)

RUNTIME_KEYS = (
    Key(
        "runtime", Choice(("shim", "airflow")), "how Python tasks run: GoFlow's shim, or an image with Airflow 3 in it"
    ),
    Key("image", Text("a container image", r"\S+"), "the image of the tasks' containers"),
    Key("namespace", KUBERNETES_NAME, "the Kubernetes namespace that the Jobs run in"),
    Key("service_account", KUBERNETES_NAME, "the Kubernetes service account of the pods"),
    Key(
        "environment", ENVIRONMENT, "environment variables: DAG files see them while they are read, tasks when they run"
    ),
    Key(
        "environment_from_secrets",
        MapOf(
            Text("a Secret and a key in it: secret/key", r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9._-]+"),
            name="a mapping of environment variables to keys of Secrets",
            keys=ENVIRONMENT.keys,
            key_name=ENVIRONMENT.key_name,
        ),
        "environment variables of the tasks that Kubernetes Secrets of their namespace give, each as secret/key",
    ),
    Key("resources", RESOURCES, "Kubernetes resources of the tasks' containers: requests and limits"),
    Key("labels", LABELS, "labels put on Jobs and pods"),
    Key("annotations", ANNOTATIONS, "annotations put on Jobs and pods"),
    Key(
        "pod_template",
        Either(Object(), Text("the path of a YAML file in the folder", strict=True)),
        "a fragment of a pod template (metadata, spec), or the path of a YAML file in this folder that has it",
    ),
    Key(
        "own_clusters",
        ListOf(Text("the name of a cluster", strict=True), "the name of a cluster or a list of names", lone=True),
        "names by which DAG files call the cluster that GoFlow runs in (cluster_name of GKE and EKS, cluster_context)",
    ),
)
"""What may be said for a DAG or a task, not only for a file."""

FILE_KEYS = (
    Key("dialect", Choice(("airflow2", "airflow3")), "whose defaults hold: those of Airflow 2 or of Airflow 3"),
    Key(
        "import_mode",
        Choice(("evaluate", "sandbox")),
        "how a Python file is read: evaluate: without running a line of it; "
        "sandbox: it is run, in a process without network and with limits, and what it makes is taken",
        default="evaluate",
    ),
    Key(
        "import_from",
        Choice(("folder", "beside")),
        "where modules come from: folder: this folder, then import_roots, as under Airflow; "
        "beside: the file's own folder as well, as when Python runs the file",
        default="folder",
    ),
    Key("import_roots", ListOf(Text("a path", strict=True), "a path or a list of paths", lone=True),
        "further folders that modules are imported from, inside this one; others: the setting import_roots"),
    Key(
        "python",
        Text("a path", r"/.+"),
        "where Python is in the tasks' containers: what sys.executable is; without it nobody knows before a task runs",
    ),
    Key(
        "absent_modules",
        ListOf(_MODULE, "the name of a module or a list of names", lone=True),
        "modules that the tasks' containers do not have, each with all inside it: an import of one fails; "
        "those that the folder itself has are found all the same",
    ),
    Key("variables", _PATTERNS, "which Variables files and tasks may read, as shell patterns; without it: all"),
    Key("connections", _PATTERNS, "which Connections files and tasks may read, as shell patterns; without it: all"),
)  # fmt: skip
"""What can only be said for whole files."""

RULE = Record(
    (
        Key("path", _PATTERNS, "files it holds for, relative to this folder, in the way of gitignore"),
        Key("dag", _PATTERNS, "DAG ids it holds for, as shell patterns"),
        Key("task", _PATTERNS, "task ids it holds for, as shell patterns"),
        *FILE_KEYS,
        *RUNTIME_KEYS,
    ),
    name="a rule, which is a mapping",
)

CONFIG = Record(
    (
        *FILE_KEYS,
        *RUNTIME_KEYS,
        Key("safe_mode", Boolean(), "read only files that mention airflow and dag, as Airflow does", default=True),
        Key("ignore_syntax", Choice(("glob", "regexp")), "the syntax of .airflowignore; without it the dialect's own"),
        Key("rules", ListOf(RULE, "a list of rules"), "the same keys for some files, DAGs or tasks; later rules win"),
    ),
    name="the mapping that goflow.yaml is",
)


def json_schema() -> dict[str, Json]:
    """The published JSON Schema of `goflow.yaml`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "goflow.yaml",
        "description": "What people say about a DAG folder without touching its DAG files.",
        **CONFIG.schema(),
    }
