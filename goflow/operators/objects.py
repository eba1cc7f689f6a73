"""Kubernetes client models that a DAG file has made (``k8s.V1Volume(...)``), as the JSON that the API server takes."""

from __future__ import annotations

import re
from typing import Any

from goflow.domain.canonical import tag_of

_SPECIAL = {
    "api_version": "apiVersion",
    "_from": "from",
    "_continue": "continue",
    "_not_in": "notIn",
    "cluster_ip": "clusterIP",
    "cluster_i_ps": "clusterIPs",
    "external_i_ps": "externalIPs",
    "host_ip": "hostIP",
    "host_ipc": "hostIPC",
    "host_pid": "hostPID",
    "pod_ip": "podIP",
    "disk_uri": "diskURI",
    "volume_id": "volumeID",
    "pd_id": "pdID",
    "non_resource_ur_ls": "nonResourceURLs",
    "service_account_name": "serviceAccountName",
}
"""Attribute names whose JSON name is not their plain camel case (the ``attribute_map`` of the client's models)."""

_FREE_KEYS = frozenset(
    {"labels", "annotations", "match_labels", "node_selector", "limits", "requests", "data", "string_data", "options"}
)
"""Attributes whose value is a map with the author's own keys: those are not to be renamed."""


def manifest_of(value: Any) -> Any:
    """VALUE (tagged JSON) as manifest JSON: models by their arguments, lists and maps through and through.

    A plain map is taken as it is: its keys are the API's own already, or the author's own words.
    """
    if tag_of(value) == "$object":
        arguments = value["$object"].get("arguments") or {}
        return {
            json_name(name): _inner(name, inner)
            for name, inner in arguments.items()
            if inner is not None and name != "local_vars_configuration"
        }
    if tag_of(value) == "$tuple":
        return [manifest_of(inner) for inner in value["$tuple"]]
    if isinstance(value, dict):
        return {key: manifest_of(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [manifest_of(inner) for inner in value]
    return value


def _inner(name: str, value: Any) -> Any:
    return (
        dict(value) if name in _FREE_KEYS and isinstance(value, dict) and tag_of(value) is None else manifest_of(value)
    )


def json_name(attribute: str) -> str:
    """A model's attribute name as the API's JSON name."""
    if attribute in _SPECIAL:
        return _SPECIAL[attribute]
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), attribute)
