"""All CronJobs at once: which there should be, which there are, and which nobody wants any more."""

from __future__ import annotations

import datetime as dt

import structlog

from goflow.cronjobs.placing import Object, Placer, Wanted, wanted_for
from goflow.cronjobs.view import ClusterView
from goflow.cronjobs.watched import Watch, is_watched
from goflow.domain.cronjobs import CronJobRule
from goflow.domain.spec import FileFormat
from goflow.kube.errors import ConflictError
from goflow.operators.identity import PREFIX
from goflow.operators.manifest import Site
from goflow.operators.plan import NotConvertibleError
from goflow.operators.request import Defaults
from goflow.store import Store, cronjobs, dags, versions
from goflow.store.cronjobs import CronJob

log = structlog.get_logger(__name__)

_WATCHED = "watched"


class Keeper:
    """Keeps the CronJobs of STORE's DAGs as PLACER does, and the DAGs of watched ones as WATCH does. RULE tells which
    DAGs are CronJobs; DEFAULTS and SITE are what Jobs are made with."""

    def __init__(
        self, store: Store, placer: Placer, watch: Watch, rule: CronJobRule, defaults: Defaults, site: Site
    ) -> None:
        self._store = store
        self._placer = placer
        self._watch = watch
        self._rule = rule
        self._defaults = defaults
        self._site = site
        self._wanted: dict[tuple[str, str], Wanted] = {}
        self._told: set[tuple[str, str]] = set()
        self._seen: dict[tuple[str, str], tuple[str, str]] = {}
        """Those that were as they should be: the resource version of each, and the digest of what was wanted then."""

    def forget(self) -> None:
        """Another daemon may have done something meanwhile."""
        self._seen.clear()

    def read_dags(self) -> None:
        """Find out which CronJobs there should be now."""
        now = self._store.clock.now()
        with self._store.reading() as tx:
            found = [dag for dag in dags.list_(tx) if dag.file_format is FileFormat.YAML]
            specs = {dag.dag_id: versions.spec(tx, dag.reading_id) for dag in found}
        wanted: dict[tuple[str, str], Wanted] = {}
        for dag in found:
            spec = specs[dag.dag_id]
            if not self._rule.takes(spec):
                continue
            try:
                one = wanted_for(dag, spec, self._defaults, self._site, now)
            except NotConvertibleError as problem:
                log.warning("a DAG cannot be a CronJob", dag_id=dag.dag_id, problem=str(problem))
                continue
            wanted.setdefault(one.key, one)
        self._wanted = wanted
        self._seen.clear()

    def needs_jobs(self, view: ClusterView, *, placed: bool) -> bool:
        """Whether there is any CronJob whose Jobs are to be seen."""
        if placed:
            return bool(self._wanted) or any(self._dag_of(live) for live in view.cronjobs().values())
        return any(is_watched(live) for live in view.cronjobs().values())

    def keep(self, view: ClusterView) -> bool:
        """Have everything as it should be; whether something has to be tried again. Raises UnavailableError,
        NotLeadingError and DatabaseBusyError."""
        with self._store.reading() as tx:
            rows = {row.key: row for row in cronjobs.all_(tx)}
        there, again = view.cronjobs(), False
        for key, wanted in self._wanted.items():
            row, live = rows.get(key), there.get(key)
            if self._is_as_seen(key, live, wanted.digest):
                continue
            try:
                stands = self._placer.place(wanted, live, row if row is not None and row.placed else None)
            except ConflictError as problem:
                log.info("a CronJob changes at this moment", cronjob=key, problem=str(problem))
                again = True
            else:
                self._note(key, live, wanted.digest if stands.problem is None else "")
        for key, live in there.items():
            if key not in self._wanted and (dag_id := self._dag_of(live)):
                self._take_away(live, dag_id, view)
        for key, row in rows.items():
            if row.placed and key not in self._wanted and key not in there:
                self._placer.forget(*key, row.dag_id)
        self._keep_watched(there, rows)
        return again

    def _dag_of(self, live: Object) -> str:
        """The DAG that this installation has placed LIVE for; empty for others."""
        dag_id = str((live["metadata"].get("annotations") or {}).get(f"{PREFIX}dag-id") or "")
        return dag_id if dag_id and self._placer.is_ours(live, dag_id) else ""

    def _take_away(self, live: Object, dag_id: str, view: ClusterView) -> None:
        """Nobody wants LIVE any more. Where the DAG is not even known, this database is another one than that by which
        it was placed, or has not been filled yet: then it stays."""
        metadata = live["metadata"]
        key = metadata["namespace"], metadata["name"]
        with self._store.reading() as tx:
            is_known = dags.find(tx, dag_id) is not None
        if is_known:
            self._placer.remove(live, dag_id)
            view.drop(*key)
        elif key not in self._told:
            self._told.add(key)
            log.warning("a CronJob of a DAG that nobody knows is left alone", cronjob=key, dag_id=dag_id)

    def _is_as_seen(self, key: tuple[str, str], live: Object | None, digest: str) -> bool:
        return live is not None and self._seen.get(key) == (live["metadata"]["resourceVersion"], digest)

    def _note(self, key: tuple[str, str], live: Object | None, digest: str) -> None:
        """What is LIVE was looked at. Where it was written meanwhile, what it has become is looked at once more."""
        if live is not None and digest:
            self._seen[key] = (live["metadata"]["resourceVersion"], digest)
        else:
            self._seen.pop(key, None)

    def _keep_watched(self, there: dict[tuple[str, str], Object], rows: dict[tuple[str, str], CronJob]) -> None:
        for key, live in there.items():
            if is_watched(live) and not self._is_as_seen(key, live, _WATCHED):
                row = rows.get(key)
                self._watch.see(live, None if row is None or row.placed else row)
                self._note(key, live, _WATCHED)
        for key, row in rows.items():
            if not row.placed and (key not in there or not is_watched(there[key])):
                self._watch.gone(row)

    def next_change(self) -> dt.datetime | None:
        """When a CronJob is to be otherwise by time alone: its first day comes; None: none is."""
        now = self._store.clock.now()
        with self._store.reading() as tx:
            specs = [versions.spec(tx, wanted.dag.reading_id) for wanted in self._wanted.values()]
        first = (spec.start_date.resolve(now) for spec in specs if spec.start_date is not None)
        return min((moment for moment in first if moment > now), default=None)
