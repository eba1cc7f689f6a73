"""Files that Jobs run so that they can be read: asked for by the scanner, answered some scans later.

Everything that is known of an errand beyond this process is its Job, whose name says all that it does. So a daemon that
dies anywhere forgets nothing: the next one asks for the same, finds the Job there, and reads what it says. An errand
that nobody wants any more, or whose answer was used, has its Job deleted; one that was forgotten goes by its TTL.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from goflow_runner import errand as runner

from goflow.importer.errand_fate import BEGUN, Fate, Stage, fate_of
from goflow.importer.errand_job import JOB_LABEL, ErrandSite, is_ours, job_of, named, secrets_of
from goflow.kube.api import KubeApi
from goflow.kube.errors import AlreadyExistsError, ForbiddenError, KubeError, NotFoundError, UnavailableError
from goflow.operators.manifest import MAIN
from goflow.parser.api import Errand
from goflow.service import ThreadService

log = structlog.get_logger(__name__)

Json = dict[str, Any]

MOST_AT_ONCE = 4
"""Jobs at a time; the other errands wait for them."""
MOST_ATTEMPTS = 3
"""Jobs for one errand, where they are taken away."""
MOST_LOOKS = 5
"""Times that a log is fetched which is not whole."""
GIVE_AGAIN = 30
"""After so many looks at a pod that has not begun, its Secrets are made again where they are not there."""
LOOK_EVERY_S = 1.0
"""Seconds between two looks at the Jobs that are under way."""
LOG_TIMEOUT_S = 30.0
_SHOWN = 300
"""Characters of a log's last line that a diagnostic shows."""


@dataclass
class _UnderWay:
    """One errand. JOB is that of its ATTEMPT, MADE once it is known to be there."""

    errand: Errand
    bundle: bytes
    job: Json
    attempt: int = 1
    uid: str = ""
    fate: Fate = BEGUN
    waits: int = 0
    looks: int = 0
    answer: bytes | None = None
    trouble: str = ""

    @property
    def name(self) -> str:
        """The Job's."""
        return str(self.job["metadata"]["name"])

    @property
    def is_open(self) -> bool:
        return self.answer is None and not self.trouble

    def begin(self, attempt: int) -> None:
        self.attempt, self.job = attempt, named(self.job, attempt)
        self.uid, self.fate, self.waits, self.looks = "", BEGUN, 0, 0


class Errands(ThreadService):
    """Has errands done at SITE. TELL is called, from its own thread, whenever one has come to an end."""

    def __init__(self, api: KubeApi, site: ErrandSite, tell: Callable[[], None] = lambda: None) -> None:
        super().__init__("errands")
        self.api, self.site, self.tell = api, site, tell
        self._guard = threading.Lock()
        self._all: dict[tuple[str, str], _UnderWay] = {}
        self._unwanted: list[str] = []

    # What the scanner says -------------------------------------------------------------------------------------

    def has(self, errand: Errand) -> bool:
        """Whether just that is asked already."""
        with self._guard:
            return (errand.path, errand.ask) in self._all

    def ask(self, errand: Errand, bundle: bytes) -> None:
        """Have ERRAND done, with BUNDLE as the folders it sees. What was asked of that file before and has no answer is
        not wanted any more."""
        with self._guard:
            self._let_go(key for key, one in self._all.items() if key[0] == errand.path and one.answer is None)
            self._all[errand.path, errand.ask] = _UnderWay(errand, bundle, job_of(errand, bundle, self.site))
        self.wake.set()

    def answers(self) -> Mapping[str, bytes]:
        """What there is by now, by `Errand.ask`."""
        with self._guard:
            return {ask: one.answer for (_, ask), one in self._all.items() if one.answer is not None}

    def troubles(self) -> Mapping[str, str]:
        """Files that cannot be run, and why not."""
        with self._guard:
            return {path: one.trouble for (path, _), one in self._all.items() if one.trouble}

    @property
    def is_busy(self) -> bool:
        """Whether anything is asked, or answered and not taken."""
        with self._guard:
            return bool(self._all)

    def done(self, path: str) -> None:
        """Nothing that was asked of the file PATH is wanted any more."""
        with self._guard:
            self._let_go(key for key in self._all if key[0] == path)

    def keep_only(self, paths: Collection[str]) -> None:
        """Nothing is wanted any more that was asked of files which are not among PATHS."""
        with self._guard:
            self._let_go(key for key in self._all if key[0] not in paths)

    def forget(self) -> None:
        """Another daemon asks now: what was asked here is its to ask again, and its Jobs stay."""
        with self._guard:
            self._all.clear()

    def _let_go(self, keys: Iterator[tuple[str, str]]) -> None:
        for key in list(keys):
            self._unwanted.append(self._all.pop(key).name)
            self.wake.set()

    # What is done about it -------------------------------------------------------------------------------------

    def run(self) -> None:
        """Look after them, until stopped."""
        while not self.stopping.is_set():
            self.wake.wait(LOOK_EVERY_S if self._is_at_work() else None)
            self.wake.clear()
            if not self.stopping.is_set():
                self.turn()

    def turn(self) -> None:
        """Look at each once. Whatever it does may be done again."""
        self._delete_unwanted()
        with self._guard:
            open_ones = [one for one in self._all.values() if one.is_open][:MOST_AT_ONCE]
        ended = False
        for one in open_ones:
            with _told(one):
                self._look_after(one)
            ended = ended or not one.is_open
        if ended:
            self.tell()

    def _is_at_work(self) -> bool:
        with self._guard:
            return bool(self._unwanted) or any(one.is_open for one in self._all.values())

    def _look_after(self, one: _UnderWay) -> None:
        if not one.uid:
            one.uid = self._made(one) or ""
        if not one.uid:
            return
        if one.fate.stage is Stage.PENDING:
            if one.waits % GIVE_AGAIN == 0:  # those of a Job that had its name before may only have been going
                for secret in secrets_of(one.job, one.uid, one.errand, one.bundle):
                    self._there(secret)
            one.waits += 1
        job = self._job(one)
        if job is not None and job["metadata"]["uid"] != one.uid:
            job = None
        pods = self.api.list_pods(self.site.namespace, f"{JOB_LABEL}={one.name}")
        one.fate = fate_of(job, [pod for pod in pods if _is_of(pod, one.uid)], one.fate)
        self._judge(one)

    def _made(self, one: _UnderWay) -> str | None:
        """The uid of the Job, which is there now; None where that is not so yet. Raises KubeError."""
        try:
            return str(self.api.create_job(self.site.namespace, one.job)["metadata"]["uid"])
        except AlreadyExistsError:
            found = self._job(one)
        if found is None or found["metadata"].get("deletionTimestamp"):
            return None
        if not is_ours(found, one.job):
            one.trouble = f"a Job {one.name} that is not GoFlow's is there"
            return None
        return str(found["metadata"]["uid"])

    def _there(self, secret: Json) -> None:
        try:
            self.api.create_secret(self.site.namespace, secret)
        except AlreadyExistsError:
            return

    def _job(self, one: _UnderWay) -> Json | None:
        try:
            return self.api.get_job(self.site.namespace, one.name)
        except NotFoundError:
            return None

    def _judge(self, one: _UnderWay) -> None:
        fate = one.fate
        if fate.stage is Stage.ANSWERED:
            self._fetch(one)
        elif fate.stage is Stage.FAILED:
            one.answer = json.dumps({"failed": fate.words}).encode()
        elif fate.stage is Stage.BROKEN:
            last = self._log(one)[-1:] if fate.pod else []
            one.trouble = "; it printed: ".join([f"the Job that runs it has failed: {fate.words}", *last])
        elif fate.stage is Stage.DISRUPTED:
            log.warning("a Job that reads a file was taken away", path=one.errand.path, job=one.name, why=fate.words)
            if one.attempt == MOST_ATTEMPTS:
                one.trouble = f"the Job that runs it was taken away {MOST_ATTEMPTS} times: {fate.words}"
                return
            with self._guard:
                self._unwanted.append(one.name)
            one.begin(one.attempt + 1)

    def _fetch(self, one: _UnderWay) -> None:
        answer = runner.read_back(self._log(one))
        if answer is not None:
            one.answer = json.dumps(answer).encode()
            return
        one.looks += 1
        if one.looks >= MOST_LOOKS:
            one.trouble = "the log of the Job that runs it is not whole, and with it what the file makes"

    def _log(self, one: _UnderWay) -> list[str]:
        """The lines of the pod's log, without their time stamps; of a container that never ran there are none."""
        try:
            with self.api.pod_log(
                self.site.namespace, one.fate.pod, MAIN, follow=False, timeout_s=LOG_TIMEOUT_S
            ) as chunks:
                text = b"".join(chunks).decode("utf-8", "replace")
        except NotFoundError:
            return []
        except KubeError as problem:
            if isinstance(problem, UnavailableError | ForbiddenError):
                raise
            return []  # 400: its container has not begun
        lines = [line.partition(" ")[2] for line in text.splitlines()]
        return [line if one.fate.stage is Stage.ANSWERED else line[:_SHOWN] for line in lines]

    def _delete_unwanted(self) -> None:
        with self._guard:
            names = list(self._unwanted)
        for name in names:
            try:
                self.api.delete_job(self.site.namespace, name)
            except NotFoundError:
                pass
            except UnavailableError:
                return
            except KubeError as problem:
                log.warning("a Job that has read a DAG file cannot be deleted", job=name, problem=str(problem))
            with self._guard:
                self._unwanted.remove(name)


@contextmanager
def _told(one: _UnderWay) -> Iterator[None]:
    """What the API server refuses is trouble of the errand's; where it is away, the next turn tries again."""
    try:
        yield
    except UnavailableError as problem:
        log.info("the API server is away", path=one.errand.path, problem=str(problem))
    except ForbiddenError as problem:
        if "exceeded quota" not in problem.message:  # a quota has room again when other Jobs have ended
            one.trouble = f"the cluster does not let it be run: {problem.message}"
    except KubeError as problem:
        one.trouble = f"the cluster does not take the Job that runs it: {problem.message}"


def _is_of(pod: Json, uid: str) -> bool:
    """Whether POD is of the Job UID, and not of one that had its name."""
    owners = pod["metadata"].get("ownerReferences") or []
    return not owners or any(owner.get("uid") == uid for owner in owners)
