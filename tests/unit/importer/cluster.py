"""A play API server that keeps Jobs, Secrets and pods, and pods that do what a test says.

Faults of the script (`ApiServer.fault`) come before what it would answer by itself.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from goflow_runner import errand as runner

from goflow.importer.errand_job import FIRST, JOB_LABEL
from goflow.operators.manifest import MAIN
from tests.unit.kube.server import Answer, ApiServer, Asked, Reply, refusal

Json = dict[str, Any]


class Cluster(ApiServer):
    """JOBS, SECRETS, PODS and LOGS by name."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, Json] = {}
        self.secrets: dict[str, Json] = {}
        self.pods: dict[str, Json] = {}
        self.logs: dict[str, str] = {}
        self.made = 0

    def answer(self, asked: Asked) -> Answer | None:
        """The script's word, or what it would be."""
        return super().answer(asked) or self._served(asked)

    def _served(self, asked: Asked) -> Reply:
        words = asked.path.rstrip("/").split("/")
        _, kind, name, *_ = [*words[words.index("namespaces") + 1 :], ""]
        there = getattr(self, kind)
        if asked.method == "POST":
            return self._create(there, asked.body or {})
        if not name:
            label = asked.query["labelSelector"].partition("=")[2]
            return Reply(
                body={"items": [pod for pod in there.values() if pod["metadata"]["labels"].get(JOB_LABEL) == label]}
            )
        if name not in there:
            return refusal(404, "NotFound")
        if asked.method == "DELETE":
            self.delete_job(name)
            return Reply()
        return Reply(body=self.logs[name] if words[-1] == "log" else there[name])

    def _create(self, there: dict[str, Json], body: Json) -> Reply:
        name = body["metadata"]["name"]
        if name in there:
            return refusal(409, "AlreadyExists")
        self.made += 1
        there[name] = {**body, "metadata": {**body["metadata"], "uid": f"uid-{self.made}"}}
        return Reply(201, there[name])

    # What a test does ------------------------------------------------------------------------------------------

    def forget_faults(self) -> None:
        """The script is over."""
        self._faults.clear()

    def delete_job(self, name: str) -> None:
        """The Job goes, and what is its own."""
        uid = self.jobs.pop(name)["metadata"]["uid"]
        for things in (self.secrets, self.pods):
            for other in [key for key, one in things.items() if one["metadata"]["ownerReferences"][0]["uid"] == uid]:
                del things[other]

    @property
    def job(self) -> Json:
        """The only Job."""
        (found,) = self.jobs.values()
        return found

    def request(self, job: Json | None = None) -> Json:
        """What the pod of JOB is asked."""
        job = job or self.job
        found: Json = json.loads(self.mounted(job)[runner.REQUEST])
        return found

    def mounted(self, job: Json) -> dict[str, bytes]:
        """The files of the Secrets, as the pod of JOB sees them."""
        (volume,) = [one for one in job["spec"]["template"]["spec"]["volumes"] if "projected" in one]
        names = [source["secret"]["name"] for source in volume["projected"]["sources"]]
        return {k: base64.b64decode(v) for name in names for k, v in self.secrets[name]["data"].items()}

    def pod(
        self, job: Json | None = None, *, main: Json | None = None, first: Json | None = None, **status: Any
    ) -> Json:
        """The pod of JOB, whose containers are in these states."""
        job = job or self.job
        name, uid = job["metadata"]["name"], job["metadata"]["uid"]
        states = {"containerStatuses": [{"name": MAIN, "state": main or {}}],
                  "initContainerStatuses": [{"name": FIRST, "state": first or {}}]}  # fmt: skip
        labels = job["spec"]["template"]["metadata"]["labels"]
        metadata = {"name": f"{name}-x", "labels": labels, "ownerReferences": [{"uid": uid}]}
        self.pods[f"{name}-x"] = {"metadata": metadata, "status": {**states, **status}}
        return self.pods[f"{name}-x"]

    def prints(self, text: str, job: Json | None = None, code: int = 0) -> None:
        """The pod of JOB prints TEXT and ends with CODE."""
        pod = self.pod(job, main={"terminated": {"exitCode": code, "reason": "Completed" if code == 0 else "Error"}})
        lines = [f"2026-01-01T00:00:00.000000000Z {line}" for line in text.splitlines()]
        self.logs[pod["metadata"]["name"]] = "\n".join(lines)

    def says(self, job: Json | None = None, *conditions: tuple[str, str]) -> None:
        """The Job has these conditions, of type and reason."""
        found = [{"type": kind, "status": "True", "reason": reason, "message": "words"} for kind, reason in conditions]
        (job or self.job)["status"] = {"conditions": found}
