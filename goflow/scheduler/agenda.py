"""Runs by time: which run of each DAG comes next, and making those that are due (step 6 for whole runs)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection

import structlog

from goflow.domain.cronjobs import CronJobRule
from goflow.domain.errors import AlreadyExistsError
from goflow.domain.partitions import is_partitioned, waits_for_partitions
from goflow.domain.runs import DagRun
from goflow.domain.schedules import asks_its_author, waits_for_assets
from goflow.domain.spec import DagSpec, Dialect
from goflow.domain.state import RunState, RunType
from goflow.operators.registry import SUB_DAG
from goflow.scheduler.book import Cell
from goflow.scheduler.by_assets import make_run_by_assets
from goflow.scheduler.by_partitions import make_runs_by_partitions
from goflow.scheduler.foretold import FRESH, Foreseer
from goflow.scheduler.making import make_run
from goflow.scheduler.shelf import Shelf
from goflow.scheduler.timetables import RunInfo, ScheduleError, next_run, restriction_of
from goflow.store import Tx, dags, events, runs
from goflow.store.rows import Dag

log = structlog.get_logger(__name__)

UNASKED_CATCHUP = 10
"""How many past runs may be made without a person's word where catch-up may be no more than a dialect's default."""

OPEN = frozenset({RunState.QUEUED, RunState.RUNNING})
_AUTOMATED = (RunType.SCHEDULED, RunType.BACKFILL)


class Agenda:
    """Makes runs when they are due, no more at once than the DAG may have active. MAKES_RUNS false: it makes none.
    CRONJOBS tells which DAGs' runs Kubernetes makes."""

    def __init__(self, shelf: Shelf, *, who: str, makes_runs: bool = True, cronjobs: CronJobRule | None = None) -> None:
        self._shelf = shelf
        self._makes_runs = makes_runs
        self._cronjobs = cronjobs or CronJobRule()
        self._who = who

    def replan(self, tx: Tx, dag: Dag, now: dt.datetime) -> None:
        """Work out the DAG's next run anew (a new version, unpaused, a new daemon), and make it if it is due."""
        self.make_for_assets(tx, dag)
        self.make_due(tx, dag, now, anew=True)

    def make_due(self, tx: Tx, dag: Dag, now: dt.datetime, *, anew: bool = False) -> int:
        """Make the DAG's runs that are due, as far as ``max_active_runs`` allows; how many. ANEW: it has come into
        force just now."""
        if not self._makes_runs or dag.is_paused or not dag.is_active or dag.hold_reason:
            return 0
        spec = self._shelf.graph(tx, dag.reading_id).spec
        try:
            if self._cronjobs.is_followed_elsewhere(spec):
                return self._foretell(tx, dag, spec, now)
            if asks_its_author(spec.schedule) and not self._is_inside_another(tx, dag):
                return self._make_foretold(tx, dag, spec, now, anew=anew)
            return self._make_due(tx, dag, spec, now)
        except ScheduleError as problem:
            log.warning("the schedule cannot be followed", dag_id=dag.dag_id, problem=str(problem))
            self._write_down(tx, dag, None)
        except Exception:
            log.exception("making the runs of a DAG failed", dag_id=dag.dag_id)
        return 0

    def make_for_assets(self, tx: Tx, dag: Dag, keys: Collection[str] | None = None) -> int:
        """Make the run that events of assets ask for, if they do and there is room for it, or a run for each key of a
        partition that has all it waits for; how many. KEYS: only those have got something new."""
        waits = dag.schedule.get("kind") in {"assets", "asset_or_time"}
        if not waits or not self._makes_runs or dag.is_paused or not dag.is_active or dag.hold_reason:
            return 0
        graph = self._shelf.graph(tx, dag.reading_id)
        if waits_for_partitions(graph.spec.schedule):
            by_key = list(make_runs_by_partitions(tx, dag, graph, tx.now(), keys, who=self._who)) if keys != () else []
            for run, rows in by_key:
                self._shelf.open_with(tx, run, [Cell.of(row) for row in rows])
            return len(by_key)
        room = dag.max_active_runs - self._shelf.count_runs(dag.dag_id, states=OPEN)
        if not waits_for_assets(graph.spec.schedule) or room <= 0 or self._is_inside_another(tx, dag):
            return 0
        made = make_run_by_assets(tx, dag, graph, who=self._who)
        if made is None:
            return 0
        self._shelf.open_with(tx, made[0], [Cell.of(row) for row in made[1]])
        return 1

    def _is_inside_another(self, tx: Tx, dag: Dag) -> bool:
        """Whether a SubDagOperator has the DAG inside: then that makes its runs, and never a schedule."""
        parent_id, _, task_id = dag.dag_id.rpartition(".")
        parent = dags.find(tx, parent_id) if parent_id else None
        if parent is None or parent.file_path != dag.file_path:
            return False
        tasks = self._shelf.graph(tx, parent.reading_id).spec.tasks
        task = next((task for task in tasks if task.task_id == task_id), None)
        return task is not None and SUB_DAG in {task.operator_path, *task.bases}

    def _foretell(self, tx: Tx, dag: Dag, spec: DagSpec, now: dt.datetime) -> int:
        """Kubernetes makes its runs: only write down when the next one comes."""
        info = self._following(spec, None, now)
        while info is not None and info.run_after <= now:
            info = self._following(spec, info, now)
        self._write_down(tx, dag, info)
        self._come_back(dag, None if info is None else info.run_after)
        return 0

    def _make_due(self, tx: Tx, dag: Dag, spec: DagSpec, now: dt.datetime) -> int:
        if spec.schedule.kind in {"none", "assets"} or self._is_inside_another(tx, dag):
            self._write_down(tx, dag, None)
            return 0
        most = 1 if spec.schedule.kind == "continuous" else dag.max_active_runs
        room = most - self._shelf.count_runs(dag.dag_id, states=OPEN)
        last, made = self._last(tx, dag), 0
        info = self._following(spec, last, now)
        due = info is not None and info.run_after <= now
        if due and self._must_be_held(tx, dag, spec, lambda: self._count_due(spec, last, now)):
            self._write_down(tx, dag, info)
            return 0
        while info is not None and info.run_after <= now and room > 0:
            made_one = self._make(tx, dag, info)
            made, room = made + made_one, room - made_one
            following = self._following(spec, info, now)
            if following == info:
                break
            info = following
        self._write_down(tx, dag, info)
        if info is not None and info.run_after > now:
            self._shelf.timers.add(info.run_after, ("dag", dag.dag_id))
        return made

    def _make_foretold(self, tx: Tx, dag: Dag, spec: DagSpec, now: dt.datetime, *, anew: bool) -> int:
        """The same for a DAG with a timetable of its author's own, as far as that has told already."""
        foreseer = Foreseer(tx, dag, now, who=self._who)
        newest, bounds = self._last(tx, dag), restriction_of(spec, now)
        room = dag.max_active_runs - self._shelf.count_runs(dag.dag_id, states=OPEN)
        most = max(room, UNASKED_CATCHUP if bounds.catchup else 0) + 1
        plan = foreseer.plan(newest)
        if plan is None or (anew and foreseer.is_stale(plan)):
            self._write_down(tx, dag, None)
            self._come_back(dag, foreseer.ask(newest, newest, bounds, most, anew=True))
            return 0
        due = [run.info for run in plan.runs if run.info.run_after <= now]
        if due and self._must_be_held(tx, dag, spec, lambda: len(due)):
            self._write_down(tx, dag, due[0])
            return 0
        last, made = newest, 0
        while plan.runs and plan.runs[0].info.run_after <= now and room > 0:
            run, plan = plan.runs[0], plan.rest()
            made_one = self._make(tx, dag, run.info, run.run_id)
            last, made, room = run.info, made + made_one, room - made_one
        if made:
            newest = self._last(tx, dag)
        coming = plan.runs[0].info if plan.runs else None
        self._write_down(tx, dag, coming)
        if plan.is_used_up or (foreseer.again_at() <= now and (coming is None or coming.run_after > now + FRESH)):
            self._come_back(dag, foreseer.ask(last, newest, bounds, most))
        elif foreseer.again_at() > now and (coming is None or coming.run_after > now):
            self._come_back(dag, foreseer.again_at())
        if coming is not None and coming.run_after > now:
            self._come_back(dag, coming.run_after)
        return made

    def _come_back(self, dag: Dag, at: dt.datetime | None) -> None:
        if at is not None:
            self._shelf.timers.add(at, ("dag", dag.dag_id))

    def _make(self, tx: Tx, dag: Dag, info: RunInfo, run_id: str | None = None) -> bool:
        graph = self._shelf.graph(tx, dag.reading_id)
        try:
            run, rows = make_run(
                tx,
                dag,
                graph,
                info,
                run_type=RunType.SCHEDULED,
                who=self._who,
                run_id=run_id,
                triggered_by="timetable",
            )
        except AlreadyExistsError:
            return False  # somebody has made a run for that date by hand: it counts for the schedule's
        self._shelf.open_with(tx, run, [Cell.of(row) for row in rows])
        return True

    def _following(self, spec: DagSpec, last: RunInfo | None, now: dt.datetime) -> RunInfo | None:
        return next_run(spec.schedule, last, restriction_of(spec, now), now, spec.dialect)

    def _last(self, tx: Tx, dag: Dag) -> RunInfo | None:
        """The newest run that the schedule has made; of a timetable by partitions, the one for the latest."""
        if is_partitioned(self._shelf.graph(tx, dag.reading_id).spec.schedule):
            run = runs.newest_partition(tx, dag.dag_id, _AUTOMATED)
            return None if run is None else info_of(run)
        run = runs.newest(tx, dag.dag_id, _AUTOMATED)
        if run is None:
            found = runs.list_(tx, dag.dag_id, run_types=_AUTOMATED, limit=1)
            run = found[0] if found else None
        return None if run is None else info_of(run)

    def _count_due(self, spec: DagSpec, last: RunInfo | None, now: dt.datetime) -> int:
        """How many runs are due, no more than are too many anyway."""
        info, count = self._following(spec, last, now), 0
        while info is not None and info.run_after <= now and count <= UNASKED_CATCHUP:
            count, info = count + 1, self._following(spec, info, now)
        return count

    def _must_be_held(self, tx: Tx, dag: Dag, spec: DagSpec, due: Callable[[], int]) -> bool:
        """Hold a long catch-up, of so many runs that are DUE, that may be no more than a default of Airflow 2, which
        neither a person nor the file itself asked for."""
        if (
            dag.dialect_source not in {"default", "inferred"}
            or spec.dialect is not Dialect.AIRFLOW2
            or not spec.catchup
        ):
            return False
        if due() <= UNASKED_CATCHUP or self._has_been_released(tx, dag.dag_id):
            return False
        reason = (
            f"a catch-up of more than {UNASKED_CATCHUP} runs that rests on the default dialect {spec.dialect.value}: "
            "release the DAG, or name its dialect in goflow.yaml"
        )
        if dags.hold(tx, dag.dag_id, reason, who=self._who):
            log.warning("catch-up waits for a person's word", dag_id=dag.dag_id)
        self._shelf.load_dag(tx, dag.dag_id)
        return True

    @staticmethod
    def _has_been_released(tx: Tx, dag_id: str) -> bool:
        kinds = (events.DAG_HELD, events.DAG_RELEASED)
        told = events.after(tx, 0, dag_id=dag_id, kinds=kinds)
        return bool(told) and told[-1].kind == events.DAG_RELEASED

    def _write_down(self, tx: Tx, dag: Dag, info: RunInfo | None) -> None:
        """Keep in the store what comes next, for people to see."""
        values = (None, None, None, None) if info is None else (info.logical_date, info.start, info.end, info.run_after)
        known = self._shelf.dags.get(dag.dag_id, dag)
        if values == (
            known.next_logical_date,
            known.next_interval_start,
            known.next_interval_end,
            known.next_run_after,
        ):
            return
        dags.set_next_run(
            tx,
            dag.dag_id,
            logical_date=values[0],
            interval_start=values[1],
            interval_end=values[2],
            run_after=values[3],
        )
        row = dags.find(tx, dag.dag_id)
        if row is not None:
            self._shelf.dags[dag.dag_id] = row


def info_of(run: DagRun) -> RunInfo:
    """A run as its timetable would have it."""
    moments = (run.logical_date, run.data_interval_start, run.data_interval_end, run.run_after)
    return RunInfo(*moments, run.partition_key, run.partition_date)
