"""From a launch row to its `JobPlan`: what the store holds, the daemon's defaults, and templates of foreign pods."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from goflow.domain.canonical import Json
from goflow.domain.errors import NotFoundError
from goflow.domain.patterns import allows
from goflow.domain.runs import Launch, TaskInstance, job_name
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.operators import again, launch_time
from goflow.operators.plan import JobPlan, NotConvertibleError
from goflow.operators.registry import convert, speaks_for_itself
from goflow.operators.request import Defaults, PlanRequest
from goflow.store import Store, Tx, blobs, launches, runs, variables, versions, xcoms
from goflow.store.cache import Cache
from goflow.templating import context as contexts
from goflow.templating.environment import RenderError, environment, render, templates_in

MOST_REMEMBERED = 10_000
"""Launches of which it is remembered whether they claim themselves; of the others the store is asked."""
MOST_TASKS = 2_000
"""Tasks of which the same is remembered, for launches in whose attempts nothing was found out before."""
MOST_PLANS = 500
"""Tasks of which a plan is kept that is every launch's."""


class _Known(NamedTuple):
    """What is asked of a launch again and again. CALLS_BACK: its task has an ``on_execute_callback``."""

    claims_itself: bool
    calls_back: bool


class Planner:
    """Converts launches of STORE with the daemon's DEFAULTS. RENDERS: tasks only tell what their fields render to, so
    that each is a launch of our runner, whatever its own pod would be."""

    def __init__(self, store: Store, defaults: Defaults, *, renders: bool = False) -> None:
        self.store = store
        self._convert = launch_time.plan if renders else convert
        self.defaults = defaults
        self._startup: dict[str, float] = {}
        self._known: Cache[str, _Known] = Cache(MOST_REMEMBERED)
        self._of_tasks: Cache[tuple[int, str], _Known] = Cache(MOST_TASKS)
        self._plans: Cache[tuple[int, str], JobPlan] = Cache(MOST_PLANS)
        """By reading, which does not change, and task: what `again.renamed` makes other launches' from."""
        self._jinja = environment(contexts.FILTERS)

    def request(self, tx: Tx, launch: Launch, instance: TaskInstance) -> PlanRequest:
        """All that converting LAUNCH takes. For many, `runs.get_all_once` before spares a reading for each."""
        run = runs.get_once(tx, instance.dag_run_id)
        dag = versions.spec(tx, run.reading_id)
        if not launch.job_name:
            launch = _named(launch, instance)
        task = dag.task(instance.task_id)
        resolved = launches.resolved(tx, launch)
        self._known.put(launch.id, self._look(run.reading_id, dag, task, resolved))

        @functools.cache
        def context() -> Mapping[str, Any]:
            return contexts.build(
                dag,
                task,
                run,
                instance,
                pull_xcom=lambda task_ids, key="return_value": self._pull(dag, run.id, task_ids, key),
                find_variable=lambda name: self._variable(name) if allows(dag.variables, name) else None,
            )

        def render_fields(fields: Mapping[str, Json]) -> Mapping[str, Json]:
            rendered: dict[str, Any] = {}
            for name, value in fields.items():
                try:
                    rendered[name] = render(value, self._jinja, context() if templates_in(value) else {}, name)
                except RenderError as problem:
                    raise NotConvertibleError(task.operator, f"its template cannot be rendered: {problem}") from problem
            return rendered

        return PlanRequest(
            dag=dag,
            task=task,
            run=run,
            instance=instance,
            launch=launch,
            defaults=self.defaults,
            render=render_fields,
            pull=lambda task_id, key: self._result(dag, run.id, task_id, key),
            read_file=lambda path: self._read_file(run.version_id, path),
            resolved=resolved,
        )

    def convert(self, request: PlanRequest) -> JobPlan:
        """The plan. Raises NotConvertibleError."""
        task = request.run.reading_id, request.task.task_id
        known = self._plans.get(task) if again.is_ordinary(request) else None
        if known is not None:
            plan = again.renamed(known, request)
        else:
            plan, is_every_launch_s = again.converted(self._convert, request)
            if is_every_launch_s:
                self._plans.put(task, plan)
        self._startup[plan.job_name] = plan.startup_timeout_s
        return plan

    def startup_timeout_s(self, launch: Launch) -> float:
        """Seconds that LAUNCH may take to start; a daemon that is started anew looks at its plan again."""
        if launch.job_name not in self._startup:
            try:
                with self.store.reading() as tx:
                    request = self.request(tx, *launches.with_task(tx, launch.id))
                self.convert(request)
            except (NotConvertibleError, NotFoundError):
                self._startup[launch.job_name] = self.defaults.startup_timeout_s
        return self._startup[launch.job_name]

    @property
    def shortest_startup_s(self) -> float:
        """The least of the times to start, in seconds, of what was converted and is not forgotten; 0 without any."""
        return min(list(self._startup.values()), default=0.0)

    def forget(self, launch: Launch) -> None:
        """Nothing is going to be asked about LAUNCH any more."""
        self._startup.pop(launch.job_name, None)
        self._known.drop(launch.id)

    def claims_itself(self, launch_id: str) -> bool:
        """Whether our runner claims this launch; a foreign container's beginning is seen from outside."""
        return self._known_of(launch_id).claims_itself

    def calls_back(self, launch_id: str) -> bool:
        """Whether ``on_execute_callback`` is to be called when this launch has begun: its own container cannot."""
        known = self._known_of(launch_id)
        return known.calls_back and not known.claims_itself

    def _known_of(self, launch_id: str) -> _Known:
        known = self._known.get(launch_id)
        if known is None:
            with self.store.reading() as tx:
                launch, instance = launches.with_task(tx, launch_id)
                run = runs.get(tx, instance.dag_run_id)
                dag = versions.spec(tx, run.reading_id)
                resolved = launches.resolved(tx, launch)
            known = self._look(run.reading_id, dag, dag.task(instance.task_id), resolved)
            self._known.put(launch_id, known)
        return known

    def _look(self, reading_id: int, dag: DagSpec, task: TaskSpec, resolved: Mapping[str, Any] | None) -> _Known:
        """Of a task of that reading, which does not change; what was RESOLVED is one attempt's."""

        def look() -> _Known:
            claims_itself = speaks_for_itself(dag, task, self.defaults.backend, resolved)
            return _Known(claims_itself, bool(task.callbacks.get("on_execute_callback")))

        return look() if resolved is not None else self._of_tasks.kept((reading_id, task.task_id), look)

    def _pull(self, dag: DagSpec, dag_run_id: int, task_ids: Any, key: str) -> Any:
        """``ti.xcom_pull`` for tasks that it names, in this run: `goflow.templating.reach` lets no other pass."""
        is_one, found = isinstance(task_ids, str), []
        with self.store.reading() as tx:
            for task_id in [task_ids] if is_one else list(task_ids):
                rows = sorted(xcoms.pull(tx, dag_run_id, task_id, key), key=lambda row: row.map_index)
                found.append(([row.value for row in rows], any(row.map_index >= 0 for row in rows)))
        return contexts.pull(found, is_one, dag.dialect)

    def _result(self, dag: DagSpec, dag_run_id: int, task_id: str, key: str) -> Any:
        """The result of a task: of a mapped one the list of its copies'. Raises LookupError where there is none."""
        with self.store.reading() as tx:
            values = xcoms.pull(tx, dag_run_id, task_id, key)
        if task_id in dag.mapped_tasks:
            return [found.value for found in sorted(values, key=lambda found: found.map_index)]
        if not values:
            raise LookupError(f"task {task_id} has left no result {key}")
        return values[0].value

    def _read_file(self, version_id: int, path: str) -> str:
        """A file of the version's folder, by its path below the DAG folder as tasks see it. Raises OSError."""
        inside = os.path.relpath(path, self.defaults.parse_path) if os.path.isabs(path) else os.path.normpath(path)
        with self.store.reading() as tx:
            version = versions.get(tx, version_id)
            known = blobs.folder(tx, version.folder_digest).files.get(inside)
            if known is None:
                raise FileNotFoundError(f"{path} is not in the DAG folder")
            return blobs.content(tx, known[0]).decode("utf-8", "replace")

    def _variable(self, name: str) -> str | None:
        with self.store.reading() as tx:
            found = variables.find(tx, name)
        return None if found is None else found.value


def _named(launch: Launch, instance: TaskInstance) -> Launch:
    return dataclasses.replace(launch, job_name=job_name(instance.dag_id, instance.task_id, launch.id))
