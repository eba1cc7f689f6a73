"""Files that Jobs run to be read: each fault that a cluster may have, and a daemon that dies between two steps."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest
from goflow_runner import errand as runner

from goflow.importer import errands as errands_module
from goflow.importer.bundle import TooLargeError, packed
from goflow.importer.errand_job import ErrandSite
from goflow.importer.errands import Errands
from goflow.importer.scan import Scanner
from goflow.kube.api import KubeApi
from goflow.parser.sandbox.running import ENVIRONMENT
from goflow.store import dags, import_errors, versions
from tests.unit.importer.cluster import Cluster
from tests.unit.kube.server import Reply, Silence, kubeconfig_for, refusal

FILE = """
import sqlite3
from airflow.sdk import DAG
from airflow.providers.standard.operators.bash import BashOperator
db = sqlite3.connect(":memory:")
(word,) = db.execute("select 'found out'").fetchone()
with DAG("ran", schedule=None):
    BashOperator(task_id="t", bash_command=word)
"""
EVALUATED = """
from airflow.sdk import DAG
with DAG("evaluated", schedule=None):
    pass
"""


@pytest.fixture(scope="module")
def run():
    """Runs a request, not shut in: these files are ours."""
    command = [sys.executable, "-m", "tests.corpus.accounts"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        cwd=Path(__file__).parents[3],
    )

    def answer(request):
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield answer
    process.stdin.close()
    process.stdout.close()
    process.wait()


@pytest.fixture
def cluster():
    server = Cluster()
    yield server
    server.close()


class Stage:
    """A folder with a file that has to be run, and one that has not; its daemon, which may die and begin again."""

    def __init__(self, kit, cluster, run, tmp_path):
        self.kit, self.cluster, self._run = kit, cluster, run
        self.site = ErrandSite(namespace="etl", installation="here", image="runner:1")
        self.api = KubeApi(kubeconfig_for(cluster.url, tmp_path))
        kit.write("goflow.yaml", "rules: [{path: a.py, import_mode: sandbox}]\n")
        kit.write("a.py", FILE)
        kit.write("b.py", EVALUATED)
        self.begin_again()

    def begin_again(self):
        """The daemon dies, and another one knows what is stored."""
        self.errands = Errands(self.api, self.site)
        self.kit.scanner = Scanner(self.kit.store, self.kit.settings, self.kit.scanner.pool, self.errands)

    def scan(self):
        return self.kit.scan()

    def turn(self, times=1):
        for _ in range(times):
            self.errands.turn()

    def asked(self):
        """As far as a Job with its Secrets."""
        self.scan()
        self.turn()

    def printed(self, job=None):
        """What the pod of the Job prints."""
        return "\n".join(runner.printed(self._run(self.cluster.request(job))))

    def ends_well(self):
        self.cluster.prints(self.printed())
        self.turn()
        return self.scan()

    def command(self):
        with self.kit.store.reading() as tx:
            return versions.spec(tx, dags.get(tx, "ran").reading_id).task("t").fields["bash_command"]


@pytest.fixture
def stage(make_kit, cluster, run, tmp_path):
    return Stage(make_kit(runs_files=False, parse_path="", runs_in="runner:1"), cluster, run, tmp_path)


def test_a_job_runs_the_file_and_other_files_do_not_wait_for_it(stage):
    summary = stage.scan()
    assert summary.waiting == ["a.py"]
    assert set(stage.kit.active()) == {"evaluated"}
    stage.turn()
    assert stage.scan().waiting == ["a.py"]
    assert len(stage.cluster.jobs) == 1
    assert stage.ends_well().new_dags == ["ran"]
    assert stage.command() == "found out"
    with stage.kit.store.reading() as tx:
        assert versions.spec_json(tx, dags.get(tx, "ran").reading_id)["read_by"] == "sandbox"
    stage.turn()
    assert (stage.cluster.jobs, stage.cluster.secrets) == ({}, {}), "what was read is deleted"
    assert stage.scan().read == []
    assert not stage.errands.is_busy


def test_its_pod_may_do_nothing_and_sees_no_token(stage):
    stage.asked()
    pod = stage.cluster.job["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"] == {"memory": "1Gi"}
    assert {mount["name"] for mount in pod["containers"][0]["volumeMounts"] if not mount.get("readOnly")} == {"tmp"}
    assert stage.cluster.job["spec"]["activeDeadlineSeconds"] == 720
    assert stage.cluster.job["spec"]["ttlSecondsAfterFinished"] == 600
    assert pod["serviceAccountName"] == "default"
    assert stage.cluster.job["spec"]["template"]["metadata"]["labels"]["goflow/purpose"] == "read"


def test_goflow_yaml_says_image_resources_and_where_it_runs(stage):
    more = "image: team:7\nresources: {limits: {memory: 3Gi}}\npod_template: {spec: {nodeSelector: {a: b}, hostNetwork: true}}\n"
    stage.kit.write("goflow.yaml", f"import_mode: sandbox\nservice_account: reader\n{more}")
    stage.kit.write("b.py", "")
    stage.asked()
    pod = stage.cluster.job["spec"]["template"]["spec"]
    assert [one["image"] for one in (*pod["initContainers"], *pod["containers"])] == ["team:7", "team:7"]
    assert pod["containers"][0]["resources"] == {"limits": {"memory": "3Gi"}}
    assert (pod["nodeSelector"], pod["serviceAccountName"], "hostNetwork" in pod) == ({"a": "b"}, "reader", False)


def test_its_secrets_have_the_folder_as_it_is_and_no_more(stage, tmp_path):
    stage.kit.write("lib/helper.py", "X = 1\n")
    stage.kit.write(".git/config", "secret")
    stage.kit.write("lib/.git", "gitdir: ../.git/modules/lib")
    (tmp_path / "outside").write_text("secret")
    (stage.kit.root / "way_out").symlink_to(tmp_path / "outside")
    (stage.kit.root / "way_in").symlink_to(stage.kit.root / "lib" / "helper.py")
    stage.asked()
    files = stage.cluster.mounted(stage.cluster.job)
    content = b"".join(files[name] for name in sorted(files) if name.startswith(runner.PART))
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        names = set(archive.getnames())
    assert names == {"0", "0/.git", "0/a.py", "0/b.py", "0/goflow.yaml", "0/lib", "0/lib/helper.py", "0/way_in"}
    assert {one["immutable"] for one in stage.cluster.secrets.values()} == {True}


def test_packing_the_same_gives_the_same_and_what_is_too_large_is_told(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"x" * 1000)
    assert packed({"/dags": str(tmp_path)}) == packed({"/dags": str(tmp_path)})
    monkeypatch.setattr("goflow.importer.bundle.LARGEST", 999)
    with pytest.raises(TooLargeError):
        packed({"/dags": str(tmp_path)})


def test_a_folder_that_is_too_large_is_told_with_what_to_do(stage, monkeypatch):
    monkeypatch.setattr("goflow.importer.bundle.LARGEST", 10)
    stage.asked()
    assert stage.kit.errors() == {"a.py": ["GF506"]}
    assert stage.cluster.jobs == {}


STEPS = [
    ("before it has made anything", 0),
    ("after the Job", 1),
    ("after the Job and its first Secret", 2),
    ("after everything", 3),
]


@pytest.mark.parametrize("made", [row[1] for row in STEPS], ids=[row[0] for row in STEPS])
def test_a_daemon_that_is_killed_between_two_steps_makes_nothing_twice(stage, made):
    stage.scan()
    stage.cluster.fault(*[Silence()] * 5, where=lambda asked: stage.cluster.made >= made)
    stage.turn()
    stage.cluster.forget_faults()
    assert stage.cluster.made == made
    before = set(stage.cluster.jobs)
    stage.begin_again()
    stage.asked()
    assert before <= set(stage.cluster.jobs)
    assert len(stage.cluster.jobs) == 1
    assert len(stage.cluster.secrets) == 2
    assert stage.ends_well().new_dags == ["ran"]


def test_a_daemon_that_is_killed_before_it_takes_the_answer_fetches_it_again(stage):
    stage.asked()
    stage.cluster.prints(stage.printed())
    stage.turn()
    stage.begin_again()
    stage.asked()
    assert stage.scan().new_dags == ["ran"]
    posted = [one.path for one in stage.cluster.asked if one.method == "POST" and one.path.endswith("jobs")]
    assert len(posted) == 2, "the second was told that it is there"


def test_a_job_of_that_name_that_is_somebody_elses_is_left_alone(stage):
    stage.scan()
    stage.cluster.fault(refusal(409, "AlreadyExists"), where=lambda asked: asked.method == "POST")
    other = Reply(body={"metadata": {"name": "x", "uid": "u", "annotations": {"goflow/errand": "another"}}})
    stage.cluster.fault(other, where=lambda asked: asked.method == "GET")
    stage.turn()
    stage.scan()
    assert stage.kit.errors() == {"a.py": ["GF506"]}


def test_an_api_server_that_is_away_is_asked_again(stage):
    stage.scan()
    stage.cluster.fault(Silence(), refusal(503, "ServiceUnavailable"), refusal(429, "TooManyRequests"))
    stage.turn(3)
    assert stage.cluster.jobs == {}
    stage.turn()
    assert stage.ends_well().new_dags == ["ran"]


def test_an_exhausted_quota_is_waited_for(stage):
    stage.scan()
    stage.cluster.fault(refusal(403, "Forbidden", "exceeded quota: jobs"))
    stage.turn(2)
    assert stage.ends_well().new_dags == ["ran"]


def test_a_daemon_without_the_right_says_so(stage):
    stage.scan()
    stage.cluster.fault(
        refusal(403, "Forbidden", "cannot create resource secrets"), where=lambda a: "secrets" in a.path
    )
    stage.turn()
    stage.scan()
    assert "cannot create resource secrets" in messages(stage)["GF506"]


DISRUPTIONS = [
    ("evicted", lambda c: c.pod(conditions=[{"type": "DisruptionTarget", "status": "True", "reason": "Evicted"}])),
    ("a lost node", lambda c: c.says(None, ("Failed", "PodFailurePolicy"))),
    ("a pod that was deleted after its end", lambda c: c.says(None, ("Complete", "CompletionsReached"))),
    ("a Job that somebody deleted", lambda c: c.delete_job(c.job["metadata"]["name"])),
]


@pytest.mark.parametrize("disrupt", [row[1] for row in DISRUPTIONS], ids=[row[0] for row in DISRUPTIONS])
def test_what_is_taken_away_is_begun_again_under_another_name(stage, disrupt):
    stage.asked()
    (name,) = stage.cluster.jobs
    disrupt(stage.cluster)
    stage.turn(2)
    assert list(stage.cluster.jobs) == [name.removesuffix("-1") + "-2"]
    assert stage.ends_well().new_dags == ["ran"]


def test_an_answer_whose_pod_goes_before_it_is_fetched_is_asked_for_again(stage):
    stage.asked()
    stage.cluster.prints(stage.printed()[:-40])
    stage.turn()
    stage.cluster.pods.clear()
    stage.cluster.says(None, ("Complete", "CompletionsReached"))
    stage.turn(2)
    (name,) = stage.cluster.jobs
    assert name.endswith("-2")


def test_secrets_that_went_with_a_job_of_the_same_name_are_made_again(stage):
    stage.asked()
    stage.cluster.secrets.clear()
    stage.turn(errands_module.GIVE_AGAIN)
    assert len(stage.cluster.secrets) == 2


def test_what_is_taken_away_again_and_again_is_told_and_tried_again_later(stage):
    stage.asked()
    for _ in range(3):
        stage.cluster.pod(conditions=[{"type": "DisruptionTarget", "status": "True", "reason": "Evicted"}])
        stage.turn(2)
    stage.scan()
    assert stage.kit.errors() == {"a.py": ["GF506"]}
    assert stage.scan().read == [], "not at once"


BROKEN = [
    (
        "a pod that no node has room for",
        lambda c: c.pod(conditions=[{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}]),
        "Unschedulable: no room",
    ),
    (
        "an image that is not there",
        lambda c: c.pod(first={"waiting": {"reason": "ErrImagePull", "message": "no such image"}}),
        "ErrImagePull: no such image",
    ),
    ("a pod that nobody made", lambda c: None, "no pod was made for it"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "words"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_what_does_not_start_is_told_when_its_deadline_is_over(stage, state, words):
    stage.asked()
    state(stage.cluster)
    stage.turn()
    assert stage.scan().waiting == ["a.py"]
    stage.cluster.pods.clear()
    stage.cluster.says(None, ("Failed", "DeadlineExceeded"))
    stage.turn()
    stage.scan()
    assert words in messages(stage)["GF506"]


def messages(stage):
    with stage.kit.store.reading() as tx:
        return {one.code: one.message for one in import_errors.get(tx, "a.py").diagnostics}


def test_an_image_without_the_runner_is_told_with_what_it_printed(stage):
    stage.asked()
    stage.cluster.prints("starting\nno such command", code=127)
    stage.turn()
    stage.scan()
    assert "exit code 127" in messages(stage)["GF506"]
    assert messages(stage)["GF506"].endswith("it printed: no such command")


FAILED = [
    ("too much memory", lambda c: c.pod(main={"terminated": {"exitCode": 137, "reason": "OOMKilled"}}), "more memory"),
    ("a deadline while it runs", lambda c: (c.pod(main={"running": {}}), c.says(None, ("Failed", "DeadlineExceeded"))), "too long"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "words"), [row[1:] for row in FAILED], ids=[row[0] for row in FAILED])
def test_what_the_file_does_to_its_pod_is_the_files_error(stage, state, words):
    stage.asked()
    state(stage.cluster)
    stage.turn()
    stage.scan()
    assert words in messages(stage)["GF005"]
    assert set(stage.kit.active()) == {"evaluated"}


LOGS = [
    ("nothing", lambda text: ""),
    ("its end is missing", lambda text: text[:-40]),
    ("its beginning is missing", lambda text: text[text.index("\n") + 1 :]),
    ("a letter is another", lambda text: text.replace("end 1", "end 2")),
]


@pytest.mark.parametrize("cut", [row[1] for row in LOGS], ids=[row[0] for row in LOGS])
def test_a_log_that_is_cut_short_is_fetched_again_and_never_half_believed(stage, cut):
    stage.asked()
    whole = stage.printed()
    stage.cluster.prints(cut(whole))
    stage.turn()
    assert stage.errands.answers() == {}
    stage.cluster.prints(whole)
    stage.turn()
    assert stage.scan().new_dags == ["ran"]


def test_a_log_that_stays_cut_short_is_told(stage):
    stage.asked()
    stage.cluster.prints(stage.printed()[:-40])
    stage.turn(errands_module.MOST_LOOKS)
    stage.scan()
    assert "not whole" in messages(stage)["GF506"]


def test_other_lines_do_not_disturb_an_answer():
    answer = {"accounts": [{"text": "x" * 100_000}, {"more": [str(n) for n in range(20_000)]}]}
    lines = list(runner.printed(answer))
    assert len(lines) > 3
    mixed = [
        line
        for pair in zip(lines, ["noise", "goflow-account x", "goflow-account end 3"] * len(lines), strict=False)
        for line in pair
    ]
    assert runner.read_back(reversed(mixed)) == answer
    assert runner.read_back(lines[:-1]) is None
    assert runner.read_back([*lines[:-1], f"goflow-account end 999999999 {'0' * 64}"]) is None


def test_an_answer_that_is_too_large_is_no_answer(monkeypatch):
    monkeypatch.setattr(runner, "LARGEST_PRINTED", 100)
    answer = runner.read_back(runner.printed({"accounts": [{str(n): n for n in range(1000)}]}))
    assert answer == {"failed": "what it makes is too large", "output": ""}


def test_the_last_good_version_stays_in_force_while_the_file_is_run_and_when_that_fails(stage):
    stage.asked()
    stage.ends_well()
    stage.kit.write("a.py", FILE.replace("found out", "changed"))
    stage.asked()
    assert stage.command() == "found out"
    stage.cluster.pod(main={"terminated": {"exitCode": 137, "reason": "OOMKilled"}})
    stage.turn()
    stage.scan()
    assert stage.kit.errors() == {"a.py": ["GF005"]}
    assert (set(stage.kit.active()), stage.command()) == ({"evaluated", "ran"}, "found out")


def test_a_file_that_changes_while_it_is_run_is_run_anew_and_the_old_job_deleted(stage):
    stage.asked()
    (old,) = stage.cluster.jobs
    stage.kit.write("a.py", FILE.replace("found out", "changed"))
    stage.asked()
    assert len(stage.cluster.jobs) == 1
    assert old not in stage.cluster.jobs
    stage.ends_well()
    assert stage.command() == "changed"


def test_a_module_that_changes_while_the_file_is_run_makes_the_answer_void(stage):
    stage.kit.write("helper.py", "WORD = 'old'\n")
    stage.kit.write(
        "a.py", FILE.replace("db = ", "import helper\ndb = ").replace("bash_command=word", "bash_command=helper.WORD")
    )
    stage.asked()
    printed = stage.printed()
    stage.kit.write("helper.py", "WORD = 'new'\n")
    stage.cluster.prints(printed)
    stage.turn()
    assert stage.scan().unsettled == ["a.py"]
    stage.turn()
    stage.asked()
    stage.ends_well()
    assert stage.command() == "new"


def test_another_file_that_changes_meanwhile_does_not_matter(stage):
    stage.asked()
    stage.kit.write("b.py", EVALUATED + "\n# more")
    stage.scan()
    (job,) = stage.cluster.jobs
    assert stage.ends_well().new_dags == ["ran"]
    assert job.endswith("-1")


def test_a_file_that_need_not_be_run_any_more_is_let_go(stage):
    stage.asked()
    stage.kit.write("goflow.yaml", "import_mode: evaluate\n")
    stage.kit.write("a.py", EVALUATED.replace("evaluated", "ran"))
    stage.scan()
    stage.turn()
    assert stage.cluster.jobs == {}
    assert set(stage.kit.active()) == {"evaluated", "ran"}


def test_a_file_that_is_gone_is_let_go(stage):
    stage.asked()
    (stage.kit.root / "a.py").unlink()
    stage.scan()
    stage.turn()
    assert stage.cluster.jobs == {}
    assert not stage.errands.is_busy


def test_a_file_for_the_other_airflow_is_run_once_more_as_such(stage):
    body = 'with DAG("ran", schedule_interval=None):\n    BashOperator(task_id="t", bash_command="true")\n'
    stage.kit.write("a.py", "from airflow import DAG\nfrom airflow.operators.bash import BashOperator\n" + body)
    stage.asked()
    assert stage.cluster.request()["dialect"] == "airflow3"
    stage.cluster.prints(stage.printed())
    stage.turn()
    assert stage.scan().waiting == ["a.py"]
    stage.turn()
    (second,) = [job for job in stage.cluster.jobs.values() if stage.cluster.request(job)["dialect"] == "airflow2"]
    stage.cluster.prints(stage.printed(second), second)
    stage.turn()
    assert stage.scan().new_dags == ["ran"]
    stage.turn()
    assert stage.cluster.jobs == {}


def test_no_more_jobs_at_once_than_there_may_be(stage):
    stage.kit.write("goflow.yaml", "import_mode: sandbox\n")
    for number in range(10):
        stage.kit.write(f"more{number}.py", FILE.replace('"ran"', f'"ran{number}"'))
    stage.asked()
    assert len(stage.cluster.jobs) == errands_module.MOST_AT_ONCE


def test_the_service_looks_by_itself_and_tells_when_there_is_an_answer(stage, monkeypatch):
    monkeypatch.setattr(errands_module, "LOOK_EVERY_S", 0.01)
    told = threading.Event()
    stage.errands.tell = told.set
    stage.scan()
    stage.errands.start()
    try:
        stage.cluster.wait(lambda: len(stage.cluster.secrets) == 2, "its Secrets")
        stage.cluster.prints(stage.printed())
        assert told.wait(20)
    finally:
        stage.errands.stop()
    assert stage.scan().new_dags == ["ran"]
