"""Two pods made one, as Airflow does it (``PodGenerator.reconcile_pods`` in the cncf.kubernetes provider).

So KubernetesPodOperator's ``pod_template_file``, ``pod_template_dict`` and ``full_pod_spec`` become one pod, and so a
task's ``pod_override`` is laid over the pod template of ``goflow.yaml``. Pods are JSON as the API server takes it.

What is said by the one above wins, unless it is nothing, zero or false and the one below says more. Lists that make up
a container or a pod (volumes, mounts, variables, ports) are put together; init containers are merged by their names,
other containers by their places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]

_JOINED_IN_CONTAINER = ("volumeMounts", "env", "envFrom", "ports", "volumeDevices")
_MAPS = frozenset({"labels", "annotations", "nodeSelector", "overhead"})
"""Fields that are maps and no objects: empty, they say nothing."""


def merged_pods(base: Mapping[str, Any], over: Mapping[str, Any]) -> Json:
    """BASE with OVER's word where both say something; both are pods as manifests."""
    made = _over(base, over)
    if metadata := merged_metadata(base.get("metadata"), over.get("metadata")):
        made["metadata"] = metadata
    if base.get("spec") or over.get("spec"):
        made["spec"] = merged_specs(base.get("spec"), over.get("spec"))
    return made


def merged_specs(base: Mapping[str, Any] | None, over: Mapping[str, Any] | None) -> Json:
    """The same for the specs of two pods; their first containers are one."""
    base, over = base or {}, over or {}
    spec = _over(base, over)
    if volumes := _joined(base, over, "volumes"):
        spec["volumes"] = volumes
    if init := _by_name(_list(base, "initContainers"), _list(over, "initContainers")):
        spec["initContainers"] = init
    ours, theirs = _list(base, "containers"), _list(over, "containers")
    pairs = [merged_containers(one, other) for one, other in zip(ours, theirs, strict=False)]
    spec["containers"] = [*pairs, *ours[len(pairs) :], *theirs[len(pairs) :]]
    return spec


def merged_containers(base: Mapping[str, Any], over: Mapping[str, Any]) -> Json:
    """The same for two containers."""
    container = _over(base, over)
    for name in _JOINED_IN_CONTAINER:
        if together := _joined(base, over, name):
            container[name] = together
    return container


def merged_metadata(base: Mapping[str, Any] | None, over: Mapping[str, Any] | None) -> Json:
    """The same for the metadata of two objects."""
    base, over = base or {}, over or {}
    metadata = _over(base, over)
    for name in ("labels", "annotations"):
        if together := {**(base.get(name) or {}), **(over.get(name) or {})}:
            metadata[name] = together
    return metadata


def _by_name(ours: Sequence[Json], theirs: Sequence[Json]) -> list[Json]:
    named = {one.get("name"): one for one in theirs}
    merged = [merged_containers(one, named[one.get("name")]) if one.get("name") in named else one for one in ours]
    known = {one.get("name") for one in ours}
    return [*merged, *(one for one in theirs if one.get("name") not in known)]


def _joined(base: Mapping[str, Any], over: Mapping[str, Any], name: str) -> list[Any]:
    return [*_list(base, name), *_list(over, name)]


def _list(part: Mapping[str, Any], name: str) -> list[Any]:
    return list(part.get(name) or [])


def _over(base: Mapping[str, Any] | None, over: Mapping[str, Any] | None) -> Json:
    """``merge_objects``: OVER's values, but for those that say nothing where BASE's do not."""
    base = base or {}
    said = {
        name: value
        for name, value in (over or {}).items()
        if value is not None and (_says(name, value) or not _says(name, base.get(name)))
    }
    return {name: value for name, value in {**base, **said}.items() if value != []}


def _says(name: str, value: Any) -> bool:
    return bool(value) or (value == {} and isinstance(value, dict) and name not in _MAPS)
