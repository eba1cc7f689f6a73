"""goflow.yaml: what it says for a file, a DAG and a task, and where its faults are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from goflow.domain.spec import DagSpec, Dialect, Inputs, RuntimeSpec, TaskSpec
from goflow.parser.api import Folder, parse_file
from goflow.parser.folder import FolderConfig, folder_config


@pytest.fixture
def config_of(tmp_path: Path):
    def make(text: str) -> FolderConfig:
        (tmp_path / "goflow.yaml").write_text(text)
        return folder_config(tmp_path)

    return make


def test_a_folder_without_one_says_nothing(tmp_path):
    config = folder_config(tmp_path)
    assert config.diagnostics == ()
    assert config.closure == {"goflow.yaml": None}, "a file that is missing now may be there tomorrow"
    assert config.for_file("a.py").dialect is None
    assert config.for_("a.py", "d", "t") == RuntimeSpec()


def test_an_empty_one_says_nothing_either(config_of):
    config = config_of("# nothing yet\n")
    assert config.diagnostics == ()
    assert config.for_("a.py", "d", "t") == RuntimeSpec()


LAYERS = """
dialect: airflow2
image: base
namespace: everywhere
environment: {STAGE: prod, REGION: eu}
labels: {team: all}
rules:
  - path: reporting/
    namespace: reporting
    environment: {REGION: us}
    dialect: airflow3
  - dag: "etl_*"
    image: etl
    labels: {kind: etl}
  - task: [train, "big.*"]
    image: gpu
    resources: {limits: {nvidia.com/gpu: 1}}
  - path: "reporting/*"
    dag: etl_late
    namespace: late
"""


@pytest.mark.parametrize(
    ("where", "image", "namespace", "region"),
    [
        (("a.py", "x", "t"), "base", "everywhere", "eu"),
        (("reporting/a.py", "x", "t"), "base", "reporting", "us"),
        (("a.py", "etl_x", "t"), "etl", "everywhere", "eu"),
        (("a.py", "etl_x", "train"), "gpu", "everywhere", "eu"),
        (("a.py", "x", "big.one"), "gpu", "everywhere", "eu"),
        (("reporting/a.py", "etl_late", "t"), "etl", "late", "us"),
        (("a.py", "etl_late", "t"), "etl", "everywhere", "eu"),
    ],
    ids=["the top", "a path", "a dag", "a task wins over a dag", "a glob", "a later rule wins", "all patterns count"],
)
def test_what_holds_for_a_task(config_of, where, image, namespace, region):
    said = config_of(LAYERS).for_(*where)
    assert (said.image, said.namespace, said.environment["REGION"]) == (image, namespace, region)
    assert said.environment["STAGE"] == "prod", "mappings are merged"
    assert said.labels["team"] == "all"


def test_what_holds_for_a_file_does_not_depend_on_dags(config_of):
    config = config_of(LAYERS)
    assert config.diagnostics == ()
    assert config.for_file("a.py").dialect is Dialect.AIRFLOW2
    said = config.for_file("reporting/a.py")
    assert (said.dialect, said.runtime.environment) == (Dialect.AIRFLOW3, {"STAGE": "prod", "REGION": "us"})


def test_applied_to_a_dag_the_files_own_word_wins(config_of):
    config = config_of("namespace: ours\nimage: ours\nrules:\n- {task: a, environment: {X: task}}\n")
    own = RuntimeSpec(namespace="own", environment={"X": "own"})
    dag = DagSpec(
        dag_id="d",
        tasks=(
            TaskSpec(task_id="a", operator="NativeOperator", runtime=own),
            TaskSpec(task_id="b", operator="NativeOperator"),
        ),
    )
    applied = config.apply(dag, "d.yaml")
    assert (applied.runtime.namespace, applied.runtime.image) == ("ours", "ours")
    assert applied.tasks[0].runtime == own
    assert applied.tasks[1].runtime == RuntimeSpec(), "what holds for all is said once, at the DAG"


def test_a_dag_carries_what_its_tasks_may_read(config_of):
    config = config_of(
        "variables: etl_*\nrules: [{path: sub/, connections: [a, b_*]}, {path: free/, variables: ['*']}]\n"
    )
    told = {path: config.apply(DagSpec(dag_id="d"), path) for path in ("a.py", "sub/a.py", "free/a.py")}
    assert {path: (dag.variables, dag.connections) for path, dag in told.items()} == {
        "a.py": (("etl_*",), None),
        "sub/a.py": (("etl_*",), ("a", "b_*")),
        "free/a.py": (("*",), None),
    }
    assert DagSpec.from_json(told["sub/a.py"].to_json()) == told["sub/a.py"]


def test_variables_and_connections_that_may_not_be_read_are_absent(config_of):
    said = config_of("variables: 'team_*'\nconnections: []\nenvironment: {A: '1'}\n").for_file("a.py")
    seen = said.inputs(Inputs({"team_x": "1", "secret": "2"}, {"A": "0", "B": "2"}, {"db": "postgres://"}))
    assert seen.variables == {"team_x": "1"}
    assert seen.environment == {"A": "1", "B": "2"}
    assert seen.connections == {}


@pytest.mark.parametrize(
    ("text", "roots"),
    [
        ("import_roots: plugins\n", ["plugins"]),
        ("import_roots: [a, b]\nrules: [{path: x/, import_roots: c}]\n", ["a", "b", "c"]),
        ("import_from: beside\nimport_roots: a\n", ["x", "a"]),
    ],
    ids=["one", "those of rules come after", "the file's own folder first"],
)
def test_import_roots(config_of, tmp_path, text, roots):
    assert config_of(text).for_file("x/a.py").import_roots == tuple(tmp_path / root for root in roots)


def test_where_python_is_in_the_containers_is_what_sys_executable_is(config_of, tmp_path):
    config_of("rules: [{path: said.py, python: /opt/venv/bin/python}]\n")
    for name in ("said.py", "silent.py"):
        (tmp_path / name).write_text(
            "import sys\nfrom airflow.sdk import DAG\nd = DAG('d', params={'p': sys.executable})\n"
        )
    said, silent = (
        parse_file(Folder(tmp_path), name, Inputs()).dags[0].params["p"] for name in ("said.py", "silent.py")
    )
    assert said == "/opt/venv/bin/python"
    assert "goflow.yaml" in silent["$hole"]["reason"]
    given = parse_file(Folder(tmp_path), "silent.py", Inputs(python="/usr/bin/python3")).dags[0].params["p"]
    assert given == "/usr/bin/python3"


def test_a_pod_template_may_stand_in_a_file(config_of, tmp_path):
    (tmp_path / "pods").mkdir()
    (tmp_path / "pods/base.yaml").write_text("apiVersion: v1\nkind: Pod\nspec: {nodeSelector: {disk: fast}}\n")
    config = config_of("pod_template: pods/base.yaml\nrules: [{dag: x, pod_template: {spec: {priority: 1}}}]\n")
    assert config.diagnostics == ()
    assert config.for_("a.py", "x", "t").pod_template == {"spec": {"nodeSelector": {"disk": "fast"}, "priority": 1}}
    assert set(config.closure) == {"goflow.yaml", "pods/base.yaml"}
    (tmp_path / "pods/base.yaml").write_text("spec: {}\n")
    assert folder_config(tmp_path).for_("a.py", "y", "t").pod_template == {"spec": {}}, "a changed file is read anew"


@pytest.mark.parametrize(
    ("text", "line", "code", "words"),
    [
        ("dialekt: airflow2\n", 1, "GF401", "there is no key 'dialekt' here"),
        ("dialect: airflow1\n", 1, "GF402", "'airflow1' is not one of airflow2, airflow3"),
        ("image: a\nnamespace: Not_Good\n", 2, "GF402", "'Not_Good' is not a Kubernetes name"),
        ("rules:\n- image: x\n", 2, "GF403", "a rule needs a path, a dag or a task"),
        ("rules:\n- dag: x\n  dialect: airflow2\n", 3, "GF402", "dialect holds for whole files"),
        ("rules:\n- path: x\n  safe_mode: false\n", 3, "GF401", "safe_mode"),
        ("import_roots: [lib, ../other]\n", 1, "GF402", "'../other' is outside the DAG folder"),
        ("rules: [{path: x/, import_roots: /etc}]\n", 1, "GF402", "'/etc' is outside the DAG folder"),
        ("pod_template: ../secret.yaml\n", 1, "GF402", "'../secret.yaml' is outside the DAG folder"),
        ("pod_template: gone.yaml\n", 1, "GF402", "'gone.yaml' cannot be read"),
        ("environment: [A]\n", 1, "GF402", "a list is not a mapping of environment variables"),
        ("- a\n", 1, "GF402", "a list is not the mapping that goflow.yaml is"),
        ("image: a\nimage: b\n", 2, "GF405", "'image' stands here twice"),
        ("image: a\n---\nimage: b\n", 3, "GF402", "a second"),
    ],
)
def test_a_fault_is_told_on_its_line_and_stops_every_file(config_of, text, line, code, words):
    config = config_of(text)
    (finding,) = config.diagnostics
    assert (finding.span.path, finding.span.line, finding.code) == ("goflow.yaml", line, code)
    assert words in finding.message
    assert config.for_file("any.py").diagnostics == (finding,)


def test_what_a_secret_gives_is_known_when_the_task_runs(config_of, tmp_path):
    config_of(
        "environment: {AIRFLOW_VAR_KEY: other}\nenvironment_from_secrets: {AIRFLOW_VAR_KEY: shop/key, PIN: shop/pin}"
    )
    (tmp_path / "f.py").write_text(
        "import os\n"
        "from airflow.sdk import DAG, Variable\n"
        "from airflow.providers.standard.operators.python import PythonOperator\n"
        "with DAG('d'):\n"
        "    PythonOperator(task_id='t', python_callable=print, op_args=[\n"
        "        Variable.get('key'), os.environ['PIN'], os.environ.get('PIN', 'none'), Variable.get('known')])\n"
    )
    result = parse_file(Folder(tmp_path), "f.py", Inputs(variables={"key": "stored", "known": "stored"}))
    *secret, known = result.dags[0].tasks[0].fields["op_args"]
    assert [value["$hole"]["reason"] for value in secret] == [
        "depends on the Variable key, which comes from a Secret or the daemon's environment",
        "depends on PIN, which comes from a Secret or the daemon's environment",
        "depends on PIN, which comes from a Secret or the daemon's environment",
    ]
    assert known == "stored"
    assert (dict(result.inputs.environment), dict(result.inputs.variables)) == ({}, {"known": "stored"})
    assert result.dags[0].runtime.environment_from_secrets == {"AIRFLOW_VAR_KEY": "shop/key", "PIN": "shop/pin"}


def test_a_key_of_a_secret_is_written_with_its_secret(config_of):
    found = config_of("environment_from_secrets:\n  PIN: shop").diagnostics
    assert [(one.code, one.span.line) for one in found] == [("GF402", 2)]
