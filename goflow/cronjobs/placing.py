"""CronJobs for DAGs: placed, kept equal to their files whoever changes them, and removed with them.

What the API server makes of a manifest (with its defaults) is found out once, by a dry run, and kept: what differs from
it later is somebody else's doing. It is put right by server-side apply under a field manager of GoFlow's own, and where
somebody has added something that nobody says, by writing the whole object. Each step may be done again.
https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from goflow.cronjobs.attempts import WHO
from goflow.cronjobs.jobs import VERSION
from goflow.domain.canonical import Json, canonical_json, digest_bytes
from goflow.domain.spec import DagSpec
from goflow.kube.errors import ConflictError, KubeError, NotFoundError, UnavailableError
from goflow.kube.namespaces import unwatched
from goflow.kube.status import moment
from goflow.members.duties import Duty
from goflow.operators.cronjob import cronjob_manifest
from goflow.operators.identity import PREFIX
from goflow.operators.manifest import Site
from goflow.operators.request import Defaults
from goflow.store import Store, Tx, cronjobs, events
from goflow.store.cronjobs import CronJob
from goflow.store.rows import Dag

log = structlog.get_logger(__name__)

MANAGER = "goflow-cronjobs"
"""The field manager of all that GoFlow says in CronJobs and their Jobs."""
MOST_DIFFERENCES = 5
Object = dict[str, Any]


class CronJobApi(Protocol):
    """What is asked of the API server about CronJobs (`goflow.kube.api.KubeApi`)."""

    def try_cronjob(self, namespace: str, manifest: Object) -> Object:
        """What it would make of MANIFEST."""

    def apply_cronjob(self, manifest: Object, manager: str) -> Object:
        """Make it, or say all of it."""

    def replace_cronjob(self, cronjob: Object, manager: str) -> Object:
        """Write it whole."""

    def delete_cronjob(self, namespace: str, name: str, uid: str) -> None:
        """Delete it; its Jobs go on."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The CronJob that DAG is to have, and its DIGEST."""

    dag: Dag
    manifest: Object
    digest: str

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.manifest["metadata"]["namespace"], self.manifest["metadata"]["name"]


def wanted_for(dag: Dag, spec: DagSpec, defaults: Defaults, site: Site, now: dt.datetime) -> Wanted:
    """The CronJob for DAG as it is NOW: suspended while the DAG is paused or held, or its first day has not come.
    Raises NotConvertibleError."""
    early = spec.start_date is not None and spec.start_date.resolve(now) > now
    manifest = cronjob_manifest(spec, defaults, site, suspended=dag.is_paused or bool(dag.hold_reason) or early)
    template = manifest["spec"]["jobTemplate"]["metadata"]
    template["annotations"] = {**template["annotations"], VERSION: str(dag.version)}
    return Wanted(dag, manifest, digest_bytes(canonical_json(manifest).encode()))


class Placer:
    """Places CronJobs of INSTALLATION through API, and writes into STORE how they stand. NAMESPACES are those that are
    looked after, NOTED is told of what the API server has answered. DUTY: of several daemons the one does."""

    def __init__(
        self,
        api: CronJobApi,
        store: Store,
        duty: Duty,
        noted: Callable[[Object], None],
        *,
        installation: str,
        namespaces: tuple[str, ...],
    ) -> None:
        self._noted = noted
        self._api = api
        self._store = store
        self._duty = duty
        self._installation = installation
        self._namespaces = namespaces

    def place(self, wanted: Wanted, live: Object | None, row: CronJob | None) -> CronJob:
        """Let what is LIVE be as it is WANTED; how it stands then. ROW: how it stood. Raises UnavailableError,
        ConflictError where it changes at this moment, NotLeadingError and DatabaseBusyError."""
        problem = self._obstacle(wanted, live)
        if problem is None:
            try:
                return self._settle(wanted, live, row)
            except (UnavailableError, ConflictError):
                raise
            except KubeError as refused:
                problem = f"the API server does not take it: {refused.message or refused}"
        return self._refused(wanted, live, row, problem)

    def _obstacle(self, wanted: Wanted, live: Object | None) -> str | None:
        namespace, name = wanted.key
        if (why := unwatched(namespace, self._namespaces)) is not None:
            return why
        if live is not None and not self.is_ours(live, wanted.dag.dag_id):
            return f"a CronJob {name} that is not this DAG's is there already"
        return None

    def is_ours(self, live: Object, dag_id: str) -> bool:
        """Whether this installation has placed LIVE for that DAG."""
        annotations = live["metadata"].get("annotations") or {}
        mine = annotations.get(f"{PREFIX}installation") == self._installation
        return mine and annotations.get(f"{PREFIX}dag-id") == dag_id

    def _settle(self, wanted: Wanted, live: Object | None, row: CronJob | None) -> CronJob:
        is_known = row is not None and row.digest == wanted.digest and row.settled is not None
        known = row if is_known else None
        settled = known.settled if known else self._api.try_cronjob(wanted.key[0], wanted.manifest)["spec"]
        assert settled is not None
        found = ["it was deleted"] if live is None else list(differences(live, wanted, settled))
        if known is not None and known.present and found:
            row = self._drifted(known, found)
        if live is None or found:
            self._fence()
            made = self._api.apply_cronjob(wanted.manifest, MANAGER)
        else:
            made = live
        if made["spec"] != settled:
            made = self._api.replace_cronjob({**made, "spec": settled}, MANAGER)
            settled = made["spec"]  # what differs from it still is somebody's who writes every CronJob
        self._noted(made)
        return self._written(wanted, made, row, settled, is_anew=live is None)

    def _fence(self) -> None:
        """Raises NotLeadingError where another looks after CronJobs by now: who slept since it looked must not write
        what was wanted then."""
        with self._store.reading() as tx:
            self._duty.check(tx)

    def _drifted(self, row: CronJob, found: list[str]) -> CronJob:
        """Tell what somebody has changed, before it is put right; a daemon that dies then tells the rest later."""
        words = "; ".join(found[:MOST_DIFFERENCES])
        if (row.mended, row.mended_at) == (words, None):
            return row
        drifted = dataclasses.replace(row, mended=words, mended_at=None)
        with self._store.transaction() as tx:
            self._duty.check(tx)
            cronjobs.put(tx, drifted)
            tell(tx, events.CRONJOB_DRIFTED, drifted, what=words)
        log.warning("a CronJob was changed by somebody", cronjob=row.name, namespace=row.namespace, what=words)
        return drifted

    def _written(
        self, wanted: Wanted, made: Object, row: CronJob | None, settled: Mapping[str, Any], *, is_anew: bool
    ) -> CronJob:
        """Store that MADE is as it is wanted, with the event of what was done. IS_ANEW: it was not there before."""
        spec, now = made["spec"], self._store.clock.now()
        same = row is not None and (row.schedule, row.time_zone) == (spec["schedule"], spec["timeZone"])
        if row is not None and same and not (is_anew or row.suspended or spec["suspend"]):
            since = row.in_force_since
        else:
            since = now
        stands = CronJob(
            namespace=wanted.key[0],
            name=wanted.key[1],
            dag_id=wanted.dag.dag_id,
            placed=True,
            present=True,
            uid=made["metadata"]["uid"],
            schedule=spec["schedule"],
            time_zone=spec["timeZone"],
            suspended=bool(spec["suspend"]),
            digest=wanted.digest,
            settled=settled,
            in_force_since=since,
            checked_until=since if row is None else max(row.checked_until, since),
            last_schedule_at=moment((made.get("status") or {}).get("lastScheduleTime")),
            mended=None if row is None else row.mended,
            mended_at=None if row is None else row.mended_at or (now if row.mended else None),
            seen_at=now,
        )
        if row is not None and dataclasses.replace(stands, seen_at=row.seen_at) == row:
            return row
        with self._store.transaction() as tx:
            self._duty.check(tx)
            cronjobs.put(tx, stands)
            if news := _news(stands, row):
                tell(tx, news, stands, suspended=stands.suspended, what=stands.mended)
        return stands

    def _refused(self, wanted: Wanted, live: Object | None, row: CronJob | None, problem: str) -> CronJob:
        """It is not as it is wanted, and why."""
        if row is not None and row.problem == problem and row.digest == wanted.digest:
            return row
        now = self._store.clock.now()
        before = row or CronJob(
            namespace=wanted.key[0],
            name=wanted.key[1],
            dag_id=wanted.dag.dag_id,
            placed=True,
            in_force_since=now,
            checked_until=now,
        )
        there = live is not None and self.is_ours(live, wanted.dag.dag_id)
        stands = dataclasses.replace(
            before, dag_id=wanted.dag.dag_id, present=there, problem=problem, digest=wanted.digest, seen_at=now
        )
        with self._store.transaction() as tx:
            self._duty.check(tx)
            cronjobs.put(tx, stands)
            tell(tx, events.CRONJOB_REFUSED, stands, why=problem)
        log.warning("a CronJob cannot be placed", dag_id=wanted.dag.dag_id, problem=problem)
        return stands

    def remove(self, live: Object, dag_id: str) -> None:
        """DAG_ID is to have it no more. What it has begun goes on."""
        metadata = live["metadata"]
        self._fence()
        with contextlib.suppress(NotFoundError, ConflictError):  # somebody was faster
            self._api.delete_cronjob(metadata["namespace"], metadata["name"], metadata["uid"])
        self.forget(metadata["namespace"], metadata["name"], dag_id)

    def forget(self, namespace: str, name: str, dag_id: str) -> None:
        """It is none of ours any more, and is gone."""
        with self._store.transaction() as tx:
            self._duty.check(tx)
            if cronjobs.forget(tx, namespace, name):
                data: dict[str, Json] = {"namespace": namespace, "name": name}
                events.emit(tx, events.CRONJOB_REMOVED, dag_id=dag_id, who=WHO, data=data)


def _news(stands: CronJob, row: CronJob | None) -> str:
    """Which event tells that it STANDS so after it stood as ROW; empty where nothing is to be told."""
    if row is None or not row.uid:
        return events.CRONJOB_PLACED
    if row.mended and row.mended_at is None:
        return events.CRONJOB_MENDED
    return events.CRONJOB_CHANGED if row.digest != stands.digest or row.problem else ""


def tell(tx: Tx, kind: str, cronjob: CronJob, **data: Json) -> None:
    """The event KIND of a CronJob."""
    place: dict[str, Json] = {"namespace": cronjob.namespace, "name": cronjob.name}
    events.emit(tx, kind, dag_id=cronjob.dag_id, who=WHO, data={**place, **data})


def differences(live: Object, wanted: Wanted, settled: Mapping[str, Any]) -> Iterator[str]:
    """How LIVE is not as it is WANTED, in words; SETTLED is what its ``spec`` should be. More labels and annotations
    than those wanted do no harm."""
    for name in ("labels", "annotations"):
        there = live["metadata"].get(name) or {}
        for key, value in wanted.manifest["metadata"][name].items():
            if there.get(key) != value:
                yield f"{name[:-1]} {key}: {there.get(key)!r} instead of {value!r}"
    yield from _unequal("spec", live["spec"], settled)


def _unequal(place: str, there: Any, wanted: Any) -> Iterator[str]:
    if isinstance(there, Mapping) and isinstance(wanted, Mapping):
        for key in sorted(there.keys() | wanted.keys()):
            yield from _unequal(f"{place}.{key}", there.get(key), wanted.get(key))
    elif isinstance(there, list) and isinstance(wanted, list) and len(there) == len(wanted):
        for number, (one, other) in enumerate(zip(there, wanted, strict=True)):
            yield from _unequal(f"{place}[{number}]", one, other)
    elif there != wanted:
        yield f"{place}: {_short(there)} instead of {_short(wanted)}"


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = canonical_json(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
