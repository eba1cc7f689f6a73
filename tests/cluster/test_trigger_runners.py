"""Deferred tasks wait in the trigger runners of the chart's Deployment, one of whose pods is deleted by force. What a
deadline's author wants to be called is called there too."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from kubernetes import client

from tests.cluster.chart import Installation, installed
from tests.cluster.harness import Cluster
from tests.cluster.harness.processes import wait_until

COUNT = 20
DAG = """
import asyncio
import urllib.error
import urllib.request
from datetime import timedelta

from airflow.sdk import DAG, AsyncCallback, BaseOperator, DeadlineAlert, DeadlineReference, SyncCallback
from airflow.triggers.base import BaseTrigger, TriggerEvent


def ask(path):
    try:
        return urllib.request.urlopen(f"{address}/{{path}}", timeout=30).status == 204
    except urllib.error.HTTPError:
        return False


class GateOpen(BaseTrigger):
    def __init__(self, number):
        super().__init__()
        self.number = number

    def serialize(self):
        return "waiting.GateOpen", dict(number=self.number)

    async def run(self):
        while not await asyncio.to_thread(ask, "gate"):
            await asyncio.sleep(0.5)
        yield TriggerEvent(self.number)


class Waits(BaseOperator):
    def __init__(self, number, **kwargs):
        super().__init__(**kwargs)
        self.number = number

    def execute(self, context):
        self.defer(trigger=GateOpen(self.number), method_name="go_on")

    def go_on(self, context, event=None):
        ask(f"resumed/{{event}}/{{context['ti'].try_number}}")
        return event


async def late(context, how):
    await asyncio.to_thread(ask, f"late/{{how}}/{{context['dag_run']['dag_run_id']}}")


def later(context):
    ask(f"late/sync/{{context['dag_run']['dag_run_id']}}")


QUEUED = DeadlineReference.DAGRUN_QUEUED_AT
LATE = [
    DeadlineAlert(QUEUED, timedelta(seconds=2), AsyncCallback(late, {{"how": "async"}})),
    DeadlineAlert(QUEUED, timedelta(seconds=3), SyncCallback(later)),
]
with DAG("waiting", schedule=None, max_active_tasks=100, deadline=LATE):
    Waits.partial(task_id="w").expand(number=list(range({count})))
"""
#: Run inside the daemon's pod: what it says of triggers.
_STATUS = """
import json, pathlib, urllib.request
found = json.loads(pathlib.Path("/var/lib/goflow/run/daemon.json").read_text())
request = urllib.request.Request(f"{found['url']}/goflow/v1/status", headers={"Authorization": f"Bearer {found['token']}"})
print(json.dumps(json.load(urllib.request.urlopen(request, timeout=30))["triggers"]))
"""


class Gate:
    """A server that tasks and triggers can reach: a gate that is shut at first, and notes of who has gone on and of who
    was told that it is late."""

    def __init__(self) -> None:
        self.is_open = False
        self.resumed: Counter[tuple[str, ...]] = Counter()
        self.late: Counter[tuple[str, ...]] = Counter()

    @contextmanager
    def listening(self, host: str) -> Iterator[str]:
        """Its address."""
        gate = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                what, *which = self.path.strip("/").split("/")
                if what == "resumed":
                    gate.resumed[tuple(which)] += 1
                if what == "late":
                    gate.late[tuple(which)] += 1
                self.send_response(204 if gate.is_open else 503)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer((host, 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://{host}:{server.server_address[1]}"
            server.shutdown()


def holders(installation: Installation) -> dict[str, int]:
    """How many triggers each runner holds, once all are held; else nothing."""
    found = json.loads(installation.inside("python", "-c", _STATUS))
    held: dict[str, int] = found["runners"]
    return held if found["unheld"] == 0 and sum(held.values()) == COUNT else {}


def states(installation: Installation) -> Counter[str]:
    return Counter(task["state"] for task in installation.json("tasks", "list", "waiting", "one"))


@pytest.mark.timeout(600)
def test_all_resume_once_though_a_trigger_runner_s_pod_is_deleted_by_force(
    cluster: Cluster, kube: client.ApiClient, namespace: str, goflow_images: None, helm: Callable[..., str]
) -> None:
    core: Any = client.CoreV1Api(kube)
    gate = Gate()
    with (
        gate.listening(cluster.host_address) as address,
        installed(
            cluster,
            kube,
            namespace,
            helm,
            {"waiting": DAG.format(address=address, count=COUNT)},
            triggers={"replicas": 2},
        ) as installation,
    ):
        wait_until("the DAG", lambda: installation.dag_ids() == {"waiting"}, 60)
        installation.inside("goflow", "dags", "trigger", "waiting", "--run-id", "one")
        wait_until("all that wait", lambda: states(installation) == {"deferred": COUNT}, 180)
        wait_until(
            "two runners that share them", lambda: sorted(holders(installation).values()) == [COUNT // 2] * 2, 60
        )
        victim = min(holders(installation))
        core.delete_namespaced_pod(victim, installation.jobs, grace_period_seconds=0)
        wait_until(
            "others that hold what it held", lambda: (held := holders(installation)) != {} and victim not in held, 60
        )
        wait_until("the deadlines' callbacks", lambda: set(gate.late) == {("async", "one"), ("sync", "one")}, 60)
        gate.is_open = True
        wait_until("the end of all", lambda: states(installation) == {"success": COUNT}, 180)
        assert set(gate.late.values()) == {1}
        assert gate.resumed == {(str(number), "1"): 1 for number in range(COUNT)}
