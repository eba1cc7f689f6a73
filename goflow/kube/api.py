"""The Kubernetes API over plain JSON; watches of pods and Jobs are had in protobuf, which the server has ready.

The official client brings configuration, credentials and their renewal; its models are passed over, since a watch of
thousands of pods has no use for thousands of validated objects. All calls have a time limit on both ends.
"""

from __future__ import annotations

import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import urllib3

from goflow import __version__
from goflow.kube import protobuf
from goflow.kube.errors import UnavailableError, error_for
from goflow.telemetry import metrics

CALL_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 5.0
NODE_TIMEOUT_S = 10.0
"""For what a kubelet answers: one that is gone keeps the API server waiting for longer."""
POOL_SIZE = 32
TOKEN_S = 5.0
"""Seconds for which a token is used before it is looked after again; it is renewed long before it expires."""
UNAUTHORIZED = 401
JSON = "application/json"
METADATA_ALONE = f"{JSON};as=PartialObjectMetadata;g=meta.k8s.io;v=v1, {JSON}"
"""For an answer that has of an object no more than its metadata.
https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches"""
USER_AGENT = f"goflow/{__version__}"
"""Who asks, for the API server's log, its audit and its metrics."""
Query = Mapping[str, str | int | bool | None]
Json = dict[str, Any]

CRONJOBS = "/apis/batch/v1/namespaces/{namespace}/cronjobs"
JOBS = "/apis/batch/v1/namespaces/{namespace}/jobs"
PODS = "/api/v1/namespaces/{namespace}/pods"
EVENTS = "/api/v1/namespaces/{namespace}/events"
NODE_METRICS = "/api/v1/nodes/{node}/proxy/metrics/resource"
POD_METRICS = "/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods"
SECRETS = "/api/v1/namespaces/{namespace}/secrets"
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


class KubeApi:
    """Calls to one API server. Thread-safe. Raises the errors of `goflow.kube.errors` and nothing else."""

    def __init__(self, kubeconfig: Path | None = None) -> None:
        from kubernetes import client, config

        configuration = client.Configuration()
        if kubeconfig is not None:
            config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
        else:
            try:
                config.load_incluster_config(client_configuration=configuration)
            except config.ConfigException:
                config.load_kube_config(client_configuration=configuration)
        configuration.connection_pool_maxsize = POOL_SIZE
        self._client = client.ApiClient(configuration)
        self._client.user_agent = USER_AGENT
        self._pool = self._client.rest_client.pool_manager.connection_from_url(self.host)
        """The connections to the server; the manager of those to all servers would look for them at each request."""
        absolute = self._pool.proxy is not None and self.host.startswith("http:")  # as proxies of such servers want it
        self._before_path = self.host if absolute else urllib.parse.urlsplit(self.host).path
        self._lock = threading.Lock()
        self._headers: dict[str, str] = {}
        self._headers_until = 0.0
        """Until when they are good, by the monotonic clock."""

    # For others that ask the same server -------------------------------------------------------------------------

    @property
    def host(self) -> str:
        """The server's URL."""
        return str(self._client.configuration.host)

    def headers(self) -> dict[str, str]:
        """Who asks: user agent and token, the latter renewed where it is about to expire."""
        with self._lock:  # renewing a token from a file is not safe from several threads at once
            if time.monotonic() >= self._headers_until:
                _, _, headers, _, _ = self._client.param_serialize("GET", "/", auth_settings=["BearerToken"])
                self._headers, self._headers_until = dict(headers), time.monotonic() + TOKEN_S
            return dict(self._headers)

    def _forget_token(self) -> None:
        """The server does not believe it (any more): the next call asks for it anew."""
        with self._lock:
            self._headers_until = 0.0

    def tls(self) -> ssl.SSLContext:
        """What is believed of the server, and who this is, as the configuration has it."""
        own = self._client.configuration
        context = ssl.create_default_context(cafile=own.ssl_ca_cert)
        if not own.verify_ssl:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if own.cert_file:
            context.load_cert_chain(own.cert_file, own.key_file)
        return context

    # Jobs ------------------------------------------------------------------------------------------------------

    def create_job(self, namespace: str, manifest: Json, *, dry_run: bool = False) -> Json:
        """Create a Job, and have its metadata; fields that the server does not know are refused. Raises
        AlreadyExistsError."""
        query: Query = {"fieldValidation": "Strict", "dryRun": "All" if dry_run else None, "fieldManager": "goflow"}
        path = JOBS.format(namespace=namespace)
        return self.request("POST", path, query=query, body=manifest, accept=METADATA_ALONE)

    def get_job(self, namespace: str, name: str) -> Json:
        """One Job. Raises NotFoundError."""
        return self.request("GET", f"{JOBS.format(namespace=namespace)}/{name}")

    def delete_job(self, namespace: str, name: str, *, grace_s: int | None = None, uid: str | None = None) -> Json:
        """Delete a Job, that of UID where one is given, and, in the background, its pods. Raises NotFoundError, and
        ConflictError where there is another."""
        body: Json = {"propagationPolicy": "Background", "gracePeriodSeconds": grace_s}
        body["preconditions"] = None if uid is None else {"uid": uid}
        return self.request("DELETE", f"{JOBS.format(namespace=namespace)}/{name}", body=_without_none(body))

    def patch_job(self, namespace: str, name: str, patch: Json) -> Json:
        """Merge PATCH into a Job. Raises NotFoundError."""
        path = f"{JOBS.format(namespace=namespace)}/{name}"
        return self.request("PATCH", path, body=patch, content_type="application/merge-patch+json")

    def apply_job(self, namespace: str, name: str, uid: str, fields: Json, manager: str) -> Json:
        """Have MANAGER say FIELDS of a Job, and nothing else that it has said before (server-side apply). Raises
        ConflictError when there is no Job of that UID."""
        metadata = {**fields.get("metadata", {}), "name": name, "namespace": namespace, "uid": uid}
        said = {**fields, "apiVersion": "batch/v1", "kind": "Job", "metadata": metadata}
        return self._apply(f"{JOBS.format(namespace=namespace)}/{name}", said, manager)

    # CronJobs --------------------------------------------------------------------------------------------------

    def try_cronjob(self, namespace: str, manifest: Json) -> Json:
        """What the API server would make of MANIFEST, under a name of its own; nothing is created."""
        metadata = {name: value for name, value in manifest["metadata"].items() if name != "name"}
        unnamed = {**manifest, "metadata": {**metadata, "generateName": "goflow-"}}
        query: Query = {"fieldValidation": "Strict", "dryRun": "All", "fieldManager": "goflow"}
        return self.request("POST", CRONJOBS.format(namespace=namespace), query=query, body=unnamed)

    def apply_cronjob(self, manifest: Json, manager: str) -> Json:
        """Make a CronJob, or have MANAGER say all of MANIFEST in it, whoever has said something else (server-side
        apply)."""
        metadata = manifest["metadata"]
        path = f"{CRONJOBS.format(namespace=metadata['namespace'])}/{metadata['name']}"
        return self._apply(path, manifest, manager)

    def replace_cronjob(self, cronjob: Json, manager: str) -> Json:
        """Write a CronJob whole. Raises ConflictError when it is not any more as its resource version says."""
        metadata = cronjob["metadata"]
        path = f"{CRONJOBS.format(namespace=metadata['namespace'])}/{metadata['name']}"
        return self.request("PUT", path, query={"fieldManager": manager}, body=cronjob)

    def delete_cronjob(self, namespace: str, name: str, uid: str) -> None:
        """Delete the CronJob of that UID; its Jobs go on. Raises NotFoundError; ConflictError for another one."""
        body = {"propagationPolicy": "Orphan", "preconditions": {"uid": uid}}
        self.request("DELETE", f"{CRONJOBS.format(namespace=namespace)}/{name}", body=body)

    def _apply(self, path: str, manifest: Json, manager: str) -> Json:
        query: Query = {"fieldManager": manager, "force": True, "fieldValidation": "Strict"}
        return self.request("PATCH", path, query=query, body=manifest, content_type="application/apply-patch+yaml")

    # Secrets ---------------------------------------------------------------------------------------------------

    def create_secret(self, namespace: str, manifest: Json) -> None:
        """Create a Secret. Raises AlreadyExistsError."""
        query: Query = {"fieldValidation": "Strict", "fieldManager": "goflow"}
        self.request("POST", SECRETS.format(namespace=namespace), query=query, body=manifest)

    # Pods ------------------------------------------------------------------------------------------------------

    def list_pods(self, namespace: str, label_selector: str) -> list[Json]:
        """The pods of NAMESPACE that LABEL_SELECTOR picks."""
        answer = self.request("GET", PODS.format(namespace=namespace), query={"labelSelector": label_selector})
        return list(answer.get("items") or [])

    def get_pod(self, namespace: str, name: str) -> Json:
        """One pod. Raises NotFoundError."""
        return self.request("GET", f"{PODS.format(namespace=namespace)}/{name}")

    def delete_pod(self, namespace: str, name: str, *, grace_s: int | None = None) -> None:
        """Delete a pod. Raises NotFoundError."""
        body = _without_none({"gracePeriodSeconds": grace_s})
        self.request("DELETE", f"{PODS.format(namespace=namespace)}/{name}", body=body)

    @contextmanager
    def pod_log(
        self, namespace: str, name: str, container: str, *, follow: bool, timeout_s: float = 3600.0
    ) -> Iterator[Iterator[bytes]]:
        """The container's log as chunks of bytes, each line led by its time stamp (RFC 3339)."""
        query: Query = {"container": container, "follow": follow, "timestamps": True}
        path = f"{PODS.format(namespace=namespace)}/{name}/log"
        with self.stream(path, query=query, read_timeout_s=timeout_s) as response:
            yield response.stream(1 << 16)

    # Events ----------------------------------------------------------------------------------------------------

    def list_events(self, namespace: str, *, kind: str, reason: str = "", name: str = "") -> list[Json]:
        """The events of NAMESPACE about objects of KIND, all or those with a REASON, or about the one of that NAME;
        Kubernetes keeps them for an hour."""
        wanted = {"involvedObject.kind": kind, "involvedObject.name": name, "reason": reason}
        query: Query = {"fieldSelector": ",".join(f"{field}={value}" for field, value in wanted.items() if value)}
        answer = self.request("GET", EVENTS.format(namespace=namespace), query=query)
        return list(answer.get("items") or [])

    # What pods use ---------------------------------------------------------------------------------------------

    def node_metrics(self, node: str) -> str:
        """What the kubelet of NODE tells of its containers' use, in Prometheus' text format; the API server asks it."""
        path = NODE_METRICS.format(node=urllib.parse.quote(node, safe=""))
        response = self._send("GET", path, None, None, {"Accept": JSON}, preload=True, read_timeout_s=NODE_TIMEOUT_S)
        return response.data.decode("utf-8", "replace")

    def pod_metrics(self, namespace: str, label_selector: str) -> list[Json]:
        """The PodMetrics of NAMESPACE that LABEL_SELECTOR picks. Raises NotFoundError where there is no metrics API."""
        query: Query = {"labelSelector": label_selector}
        return list(self.request("GET", POD_METRICS.format(namespace=namespace), query=query).get("items") or [])

    # Identity --------------------------------------------------------------------------------------------------

    def review_token(self, token: str, audience: str) -> Json:
        """The status of a TokenReview: ``authenticated``, ``user`` with the pod's name and uid in ``extra``.

        https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
        """
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenReview",
            "spec": {"token": token, "audiences": [audience]},
        }
        answer = self.request("POST", "/apis/authentication.k8s.io/v1/tokenreviews", body=body)
        return dict(answer.get("status") or {})

    def version(self) -> str:
        """The server's version, ``v1.37.2``."""
        return str(self.request("GET", "/version").get("gitVersion"))

    # Calls -----------------------------------------------------------------------------------------------------

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Json | None = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> Json:
        """One call and its JSON answer."""
        headers = {"Accept": accept, **({} if body is None else {"Content-Type": content_type})}
        response = self._send(method, path, query, body, headers, preload=True, read_timeout_s=CALL_TIMEOUT_S)
        return _json_object(response.data)

    @contextmanager
    def stream(
        self, path: str, *, query: Query | None = None, read_timeout_s: float = CALL_TIMEOUT_S, accept: str = JSON
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """An answer that is read while it comes. READ_TIMEOUT_S is the longest silence, so that a connection whose
        other end has vanished is given up. Raises UnavailableError from within the reading, too."""
        headers = {"Accept": accept}
        response = self._send("GET", path, query, None, headers, preload=False, read_timeout_s=read_timeout_s)
        try:
            yield response
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            raise UnavailableError(0, "StreamCut", f"{type(problem).__name__}: {problem}") from problem
        finally:
            response.close()
            response.release_conn()

    def _send(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: Json | None,
        headers: Mapping[str, str],
        *,
        preload: bool,
        read_timeout_s: float,
    ) -> urllib3.BaseHTTPResponse:
        url = self._before_path + path
        asked = _kind_of(method, path, query)
        if query:
            url += "?" + urllib.parse.urlencode({k: _text(v) for k, v in query.items() if v is not None})
        begun = time.monotonic()
        try:
            response: urllib3.BaseHTTPResponse = self._pool.urlopen(
                method,
                url,
                headers={**self.headers(), **headers},
                body=None if body is None else orjson.dumps(body),
                preload_content=preload,
                timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=read_timeout_s),
                retries=False,
                redirect=False,
                assert_same_host=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as problem:
            metrics.KUBE_REQUESTS.labels(*asked, "none").inc()
            raise UnavailableError(0, "NoAnswer", f"{type(problem).__name__}: {problem}") from problem
        metrics.KUBE_SECONDS.observe(time.monotonic() - begun)
        metrics.KUBE_REQUESTS.labels(*asked, str(response.status)).inc()
        if response.status == UNAUTHORIZED:
            self._forget_token()
        if response.status >= 400:
            _raise_for(response)
        return response


def _kind_of(method: str, path: str, query: Query | None) -> tuple[str, str]:
    """Verb and resource of a request, as the API server's own metrics name them.

    https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-uris
    """
    parts = path.strip("/").split("/")
    parts = parts[3:] if parts[0] == "apis" else parts[2:]  # group and version, or version
    if parts[:1] == ["namespaces"] and len(parts) > 2:
        parts = parts[2:]
    resource = "/".join([*parts[:1], *parts[2:3]]) or path
    if method == "GET":
        watches = bool(query and query.get("watch"))
        return ("WATCH" if watches else "GET" if len(parts) > 1 else "LIST"), resource
    return method, resource


def own_namespace(otherwise: str = "default") -> str:
    """The namespace that this process runs in, OTHERWISE outside a cluster."""
    try:
        return _NAMESPACE_FILE.read_text(encoding="ascii").strip() or otherwise
    except OSError:
        return otherwise


def _raise_for(response: urllib3.BaseHTTPResponse) -> None:
    content = response.data
    response.release_conn()
    retry_after = response.headers.get("Retry-After")
    seconds = float(retry_after) if retry_after and retry_after.isdigit() else None
    said = _status_of(content, response.headers.get("Content-Type"))
    if said is None:  # a proxy's page, say: that is no word of the server's
        raise UnavailableError(response.status, "NotAStatus", content[:256].decode("utf-8", "replace"), seconds)
    raise error_for(response.status, str(said.get("reason") or ""), str(said.get("message") or ""), seconds)


def _status_of(content: bytes, media_type: str | None) -> Json | None:
    """The Status that CONTENT is; None when it is none."""
    try:
        said = protobuf.object_of(content) if protobuf.is_protobuf(media_type) else orjson.loads(content)
    except (ValueError, UnavailableError):
        return None
    return said if isinstance(said, dict) and said.get("kind") == "Status" else None


def _json_object(content: bytes) -> Json:
    """The object that CONTENT is. Raises UnavailableError when it is none: somebody else's answer, a proxy's say."""
    try:
        answer = orjson.loads(content or b"{}")
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        start = content[:256].decode("utf-8", "replace")
        raise UnavailableError(0, "NotJson", f"this is no answer of a Kubernetes API server: {start}")
    return answer


def _text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_none(body: Json) -> Json:
    return {key: value for key, value in body.items() if value is not None}
