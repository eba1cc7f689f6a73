"""An API server that is played: it takes Jobs, tells of a pod of each that runs and does not end, and lets nobody ask what
pods use. What a daemon says of a cluster's side of things can be looked at with it where there is no cluster."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.unit.kube.server import kubeconfig_for

Json = dict[str, Any]
_OF_USAGE = ("/proxy/metrics", "/apis/metrics.k8s.io")


class PlayedCluster:
    """Pods by name, for lists and watches; all else is taken as it comes, and kept nowhere."""

    def __init__(self) -> None:
        self._pods: list[Json] = []
        self._changed = threading.Condition()
        self._over = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def kubeconfig(self, folder: Path) -> Path:
        """A kubeconfig in FOLDER that leads to it."""
        return kubeconfig_for(f"http://127.0.0.1:{self._server.server_address[1]}", folder)

    def close(self) -> None:
        """End, and every watch with it."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def list(self, path: str) -> Json:
        """What is there of a kind."""
        with self._changed:
            items = list(self._pods) if path.endswith("/pods") else []
            return {"metadata": {"resourceVersion": str(1 + len(self._pods))}, "items": items}

    def watch(self, path: str, since: int) -> Iterator[Json]:
        """What comes after SINCE, a version of `list`, until the end."""
        told = since - 1
        while True:
            with self._changed:
                while not self._over and (not path.endswith("/pods") or len(self._pods) == told):
                    self._changed.wait()
                if self._over:
                    return
                new = self._pods[told:]
            told += len(new)
            yield from ({"type": "ADDED", "object": pod} for pod in new)

    def take(self, path: str, made: Json) -> Json:
        """Take an object; a Job has a pod from now on."""
        metadata = {"uid": f"uid-{made['metadata']['name']}", "resourceVersion": "1", **made["metadata"]}
        if path.endswith("/jobs"):
            with self._changed:
                self._pods.append(self._pod(made, 2 + len(self._pods)))
                self._changed.notify_all()
        return {**made, "metadata": metadata}

    def _pod(self, job: Json, version: int) -> Json:
        template, name = job["spec"]["template"], f"{job['metadata']['name']}-played"
        metadata = {"name": name, "uid": f"uid-{name}", "namespace": job["metadata"]["namespace"]}
        metadata |= {"resourceVersion": str(version), **template["metadata"]}
        return {
            "metadata": metadata,
            "spec": {**template["spec"], "nodeName": "node"},
            "status": {"phase": "Running"},
        }


def _handler_for(cluster: PlayedCluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            if any(part in parts.path for part in _OF_USAGE):
                self._answer(403, {"kind": "Status", "code": 403, "reason": "Forbidden", "message": "in words"})
            elif "watch" not in query:
                self._answer(200, cluster.list(parts.path))
            else:
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for event in cluster.watch(parts.path, int(query["resourceVersion"][0])):
                    content = json.dumps(event).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(content), content))
                self.wfile.write(b"0\r\n\r\n")

        def _change(self) -> None:
            given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            made = json.loads(given) if given else {}
            path = urlsplit(self.path).path
            self._answer(*((201, cluster.take(path, made)) if self.command == "POST" else (200, made)))

        do_POST = do_PUT = do_PATCH = do_DELETE = _change  # noqa: N815 - the names that http.server asks for

        def _answer(self, status: int, body: Json) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
