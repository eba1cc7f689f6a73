"""CronJobs of others that bear the label ``goflow.io/monitor: "true"``: each is a DAG that nobody can trigger or clear.

Its versions are its content, as a YAML file would have it, without the values of its environment variables: whoever may
read DAGs here need not be allowed to read those there.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import yaml

from goflow import __version__
from goflow.cronjobs.attempts import WHO
from goflow.cronjobs.placing import tell
from goflow.domain.canonical import digest_bytes
from goflow.domain.cronjobs import MONITOR_LABEL, watched_id
from goflow.domain.spec import DagSpec, FileFormat, InputsUsed, RuntimeSpec, Schedule, TaskSpec
from goflow.domain.state import RunType
from goflow.domain.written import write_out
from goflow.kube.status import moment
from goflow.members.duties import Duty
from goflow.operators.identity import PREFIX
from goflow.operators.manifest import main_container
from goflow.parser.yaml.schedule import ScheduleRefusedError, schedule_of
from goflow.store import Store, Tx, blobs, cronjobs, dags, events, recording
from goflow.store.cronjobs import CronJob

FOLDER = "cronjobs"
"""The folder that the files of such DAGs would be in: ``cronjobs/NAMESPACE/NAME.yaml``."""
OPERATOR = "CronJob"
OPERATOR_PATH = "kubernetes.CronJob"
NOT_KEPT = "(not kept)"
_OF_THE_SERVER = frozenset({"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"})
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
Object = dict[str, Any]


def is_watched(cronjob: Object) -> bool:
    """Whether somebody wants CRONJOB to be watched; those that GoFlow has placed are its own."""
    metadata = cronjob["metadata"]
    ours = f"{PREFIX}installation" in (metadata.get("annotations") or {})
    return not ours and (metadata.get("labels") or {}).get(MONITOR_LABEL) == "true"


def spec_of(cronjob: Object) -> DagSpec:
    """The DAG that stands for CRONJOB: one task, with the schedule as far as GoFlow understands it."""
    metadata, spec = cronjob["metadata"], cronjob["spec"]
    zone = spec.get("timeZone") or "UTC"
    job = spec["jobTemplate"]["spec"]
    try:
        schedule = schedule_of(spec["schedule"], zone)
    except ScheduleRefusedError:
        schedule = Schedule(timezone=zone)
    retries = job.get("backoffLimit")
    return DagSpec(
        dag_id=watched_id(metadata["namespace"], metadata["name"]),
        display_name=f"{metadata['namespace']}/{metadata['name']}",
        dialect_source="file",
        file_format=FileFormat.CRONJOB,
        schedule=schedule,
        timezone=zone,
        allowed_run_types=(RunType.SCHEDULED.value,),
        description=f"CronJob {metadata['name']} in {metadata['namespace']}, which is watched and not touched",
        is_paused_upon_creation=bool(spec.get("suspend")),
        tasks=(
            TaskSpec(
                task_id=main_container(job["template"]),
                operator=OPERATOR,
                operator_path=OPERATOR_PATH,
                retries=6 if retries is None else int(retries),
                do_xcom_push=False,
                runtime=RuntimeSpec(namespace=metadata["namespace"]),
            ),
        ),
        runtime=RuntimeSpec(namespace=metadata["namespace"]),
    )


def content_of(cronjob: Object) -> bytes:
    """CRONJOB as a file: what its owner says, without what the API server adds, and without values of variables."""
    metadata = {name: value for name, value in cronjob["metadata"].items() if name not in _OF_THE_SERVER}
    annotations = {name: value for name, value in (metadata.get("annotations") or {}).items() if name != _LAST_APPLIED}
    metadata = {**metadata, "annotations": annotations} if annotations else _without(metadata, "annotations")
    kept = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": metadata, "spec": _closed(cronjob["spec"])}
    return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=120).encode()


def _without(values: Object, name: str) -> Object:
    return {key: value for key, value in values.items() if key != name}


def _closed(value: Any, key: str = "") -> Any:
    """VALUE with the values of environment variables left out."""
    if isinstance(value, list):
        return [_closed({**one, "value": NOT_KEPT} if _is_variable(one, key) else one) for one in value]
    return {name: _closed(inner, name) for name, inner in value.items()} if isinstance(value, dict) else value


def _is_variable(one: Any, key: str) -> bool:
    return key == "env" and isinstance(one, dict) and "value" in one


class Watch:
    """Keeps the DAGs of watched CronJobs in STORE as those are. DUTY: of several daemons the one does."""

    def __init__(self, store: Store, duty: Duty) -> None:
        self._store = store
        self._duty = duty

    def see(self, cronjob: Object, row: CronJob | None) -> CronJob:
        """CRONJOB is there, and stood as ROW; how it stands. Raises NotLeadingError and DatabaseBusyError."""
        metadata, spec = cronjob["metadata"], cronjob["spec"]
        now = self._store.clock.now()
        content = content_of(cronjob)
        dag_id = watched_id(metadata["namespace"], metadata["name"])
        suspended = bool(spec.get("suspend"))
        same = row is not None and row.present and (row.schedule, row.time_zone) == (spec["schedule"], _zone(spec))
        in_force = row.in_force_since if row is not None and same and not (row.suspended or suspended) else now
        stands = CronJob(
            namespace=metadata["namespace"],
            name=metadata["name"],
            dag_id=dag_id,
            placed=False,
            present=True,
            uid=metadata["uid"],
            schedule=spec["schedule"],
            time_zone=_zone(spec),
            suspended=suspended,
            digest=digest_bytes(content),
            settled={"concurrencyPolicy": spec.get("concurrencyPolicy", "Allow")},
            in_force_since=in_force,
            checked_until=in_force if row is None else max(row.checked_until, in_force),
            last_schedule_at=moment((cronjob.get("status") or {}).get("lastScheduleTime")),
            seen_at=now,
        )
        if row is not None and dataclasses.replace(stands, seen_at=row.seen_at) == row and self._is_as(stands):
            return row
        with self._store.transaction() as tx:
            self._duty.check(tx)
            _record(tx, cronjob, content)
            dags.set_paused(tx, dag_id, suspended, who=WHO)
            cronjobs.put(tx, stands)
            if row is None:
                tell(tx, events.CRONJOB_FOUND, stands)
        return stands

    def _is_as(self, stands: CronJob) -> bool:
        """Whether its DAG is in force, and paused where it is suspended: a person may have said otherwise here."""
        with self._store.reading() as tx:
            dag = dags.find(tx, stands.dag_id)
        return dag is not None and dag.is_active and dag.is_paused == stands.suspended

    def gone(self, row: CronJob) -> None:
        """It is there no longer, or nobody wants it to be watched: its DAG goes out of force, its history stays."""
        with self._store.transaction() as tx:
            self._duty.check(tx)
            dags.deactivate(tx, [row.dag_id], who=WHO, reason="its CronJob is gone, or is not labelled any more")
            if cronjobs.forget(tx, row.namespace, row.name):
                tell(tx, events.CRONJOB_GONE, row)


def _zone(spec: Object) -> str:
    return str(spec.get("timeZone") or "")


def _record(tx: Tx, cronjob: Object, content: bytes) -> None:
    """The DAG, with a version for what it is made of."""
    metadata = cronjob["metadata"]
    path = f"{FOLDER}/{metadata['namespace']}/{metadata['name']}.yaml"
    digest = digest_bytes(content)
    folder = blobs.manifest(FOLDER, {path: (digest, len(content))})
    if not blobs.has_folder(tx, folder.digest):
        blobs.put_contents(tx, [content])
        blobs.put_folder(tx, folder)
    reading = recording.Reading(
        dag=write_out(spec_of(cronjob)),
        file_hash=digest,
        folder_digest=folder.digest,
        file_path=path,
        inputs=InputsUsed().to_json(),
        reader_version=__version__,
    )
    recording.record(tx, reading, who=WHO)
