"""Pods that KubernetesPodOperator is given whole: ``pod_template_file``, ``pod_template_dict``, ``full_pod_spec``.

A later source wins over an earlier one, the operator's own arguments over all; lists that make up a container or a pod
(volumes, mounts, variables, ports) are put together, init containers and containers beyond the first, too
(``PodGenerator.reconcile_pods`` in the cncf.kubernetes provider).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_JOINED_IN_CONTAINER = ("volumeMounts", "env", "envFrom", "ports", "volumeDevices")
_JOINED_IN_POD = ("volumes", "initContainers")


def merged_pods(base: Mapping[str, Any], over: Mapping[str, Any]) -> Json:
    """BASE with OVER's word where both say something; both are pods as manifests."""
    metadata = _over(base.get("metadata"), over.get("metadata"))
    for name in ("labels", "annotations"):
        together = _over((base.get("metadata") or {}).get(name), (over.get("metadata") or {}).get(name))
        if together:
            metadata[name] = together
    return {**_over(base, over), "metadata": metadata, "spec": merged_specs(base.get("spec"), over.get("spec"))}


def merged_specs(base: Mapping[str, Any] | None, over: Mapping[str, Any] | None) -> Json:
    """The same for the specs of two pods; their first containers are one."""
    base, over = base or {}, over or {}
    spec = _over(base, over)
    for name in _JOINED_IN_POD:
        if base.get(name) or over.get(name):
            spec[name] = [*(base.get(name) or []), *(over.get(name) or [])]
    ours, theirs = list(base.get("containers") or []), list(over.get("containers") or [])
    pairs = [merged_containers(one, other) for one, other in zip(ours, theirs, strict=False)]
    spec["containers"] = [*pairs, *ours[len(pairs) :], *theirs[len(pairs) :]]
    return spec


def merged_containers(base: Mapping[str, Any], over: Mapping[str, Any]) -> Json:
    """The same for two containers."""
    container = _over(base, over)
    for name in _JOINED_IN_CONTAINER:
        if base.get(name) or over.get(name):
            container[name] = [*(base.get(name) or []), *(over.get(name) or [])]
    return container


def _over(base: Mapping[str, Any] | None, over: Mapping[str, Any] | None) -> Json:
    said = {key: value for key, value in (over or {}).items() if value not in (None, [], {})}
    return {**(base or {}), **said}
