"""The daemons of the chaos: one with SQLite, or several that share a PostgreSQL and an address for their tasks."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy as sa
from cryptography.fernet import Fernet

from tests import postgres
from tests.cluster.daemon import daemon_on, free_port
from tests.cluster.harness import Cluster
from tests.running import Daemon
from tests.switch import Switch

PATIENCE_S = 180.0
"""Seconds that a daemon may take to start where the machine has much else to do."""


class Daemons:
    """NUMBER of them on NAMESPACE, whose way to the API server is KUBECONFIG. MOMENTS is where chance comes from."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        folder: Path,
        *,
        kubeconfig: Path,
        number: int,
        moments: random.Random,
    ) -> None:
        self.moments = moments
        self.lock = threading.RLock()
        """Held by whoever ends daemons and starts them again."""
        self._postgres: postgres.Server | None = None
        shared: dict[str, str] = {}
        if number > 1:
            self._postgres = postgres.start()
            url = self._postgres.url(self._postgres.create()).replace("postgresql://", "postgresql+psycopg://")
            shared = {"GOFLOW_DATABASE_URL": url, "GOFLOW_ENCRYPTION_KEY": Fernet.generate_key().decode()}
        self.all = []
        ports = [free_port(cluster.host_address) for _ in range(number)]
        self._switch = Switch(cluster.host_address, ports)
        for place, port in enumerate(ports):
            settings = {
                "GOFLOW_KUBECONFIG": str(kubeconfig),
                "GOFLOW_RESCAN_INTERVAL_S": "30",
                "GOFLOW_TASK_API_PORT": str(port),
                "GOFLOW_TASK_API_URL": self._switch.address,
                **shared,
            }
            self.all.append(daemon_on(cluster, namespace, folder / f"home{place}", folder / "dags", **settings))
        home = self.all[0].home
        self.engine = sa.create_engine(
            shared.get("GOFLOW_DATABASE_URL") or f"sqlite:///file:{home}/goflow.db?mode=ro&uri=true"
        )

    def start(self) -> None:
        """All of them, one after the other."""
        for daemon in self.all:
            daemon.start(wait=False)
            daemon.wait_until_up(PATIENCE_S)

    def one(self) -> Daemon:
        """Any of them."""
        return self.moments.choice(self.all)

    def by_port(self, port: int) -> Daemon | None:
        """The one whose connection has that PORT on its side."""
        for daemon in self.all:
            with contextlib.suppress(psutil.Error):
                found = psutil.Process(daemon.process.pid).net_connections("tcp") if daemon.process else []
                if any(connection.laddr.port == port for connection in found):
                    return daemon
        return None

    def up(self) -> None:
        """Wait until all of them answer."""
        for daemon in self.all:
            daemon.wait_until_up(PATIENCE_S)

    def are_up(self) -> bool:
        """Whether all of them answer, or are about to."""
        return not self.ended() and all(daemon.is_up() for daemon in self.all)

    def ended(self) -> list[Daemon]:
        """Those that do not run."""
        return [daemon for daemon in self.all if daemon.process is None or daemon.process.poll() is not None]

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The REST of any of them. Raises OSError while that one is away."""
        found = self.one().endpoint()
        headers = {"Authorization": f"Bearer {found['token']}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(found["url"] + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def stop(self) -> None:
        """End them, and their database."""
        for daemon in self.all:
            daemon.stop()
        self._switch.close()
        self.engine.dispose()
        if self._postgres is not None:
            self._postgres.stop()
