"""Steps of the executor for many launches at once, on a backend where each by itself costs more to write down than to
do: one reading, one call of the backend and one transaction for all of them.

Only what is ordinary is done here. What is not (a launch that shares its Job, one that was asked to stop, one whose
plan says more than that it be started) is left, and done by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from goflow.domain.runs import Launch
from goflow.domain.state import LaunchState
from goflow.executor.backend import Handle
from goflow.executor.noted import OVER, Cleaned, Created, cleaned_all, created_all
from goflow.executor.place import Place
from goflow.executor.tokens import TokenMint
from goflow.operators.plan import JobPlan, NotConvertibleError
from goflow.store import launches, runs

AT_ONCE = 100
"""Steps that are done together at most."""


@runtime_checkable
class StartsMany(Protocol):
    """What a backend can do besides, for which this is worth while."""

    def launch_all(self, plans: Sequence[tuple[JobPlan, str]]) -> None:
        """`Backend.launch` for each plan and token. Raises BackendAwayError; then any of them may have started."""


class Together:
    """Launches and cleans up many at once. Both give back the launches that they have done, as they are then, and raise
    BackendAwayError and DatabaseBusyError; then all may be done again."""

    def __init__(self, place: Place, starter: StartsMany, mint: TokenMint) -> None:
        self._place = place
        self._starter = starter
        self._mint = mint

    def launch(self, launch_ids: Sequence[str]) -> list[Launch]:
        """Start launches, and note it."""
        with self._place.store.reading() as tx:
            found = [pair for pair in launches.with_tasks(tx, launch_ids).values() if self._is_ordinary(pair[0])]
            runs.get_all_once(tx, {instance.dag_run_id for _, instance in found})
            requests = [(launch, self._place.planner.request(tx, launch, instance)) for launch, instance in found]
        made: list[Created] = []
        for launch, request in requests:
            try:
                plan = self._place.planner.convert(request)
            except NotConvertibleError:
                continue
            says_more = plan.namespace != launch.namespace or plan.rendered or plan.results
            if not says_more and self._place.share.take([launch]):
                made.append(Created(plan, [launch], self._place.clock.now(), self._place.share.home or None))
        if not made:
            return []
        self._starter.launch_all([(one.plan, self._mint.token(one.plan.launch_id)) for one in made])
        with self._place.store.transaction() as tx:
            late = created_all(tx, made)
        return [
            replace(one.planned[0], job_name=one.plan.job_name, created_at=self._place.clock.now(), home=one.home)
            for one, is_late in zip(made, late, strict=True)
            if not is_late
        ]

    def _is_ordinary(self, launch: Launch) -> bool:
        return (
            launch.state is LaunchState.PLANNED
            and launch.backend == self._place.backend.name
            and launch.stop_requested_at is None
            and launch.shared_job is None
            and launch.reason is None
            and self._place.share.has(launch)
        )

    def clean(self, launch_ids: Sequence[str]) -> list[Launch]:
        """Clean up after launches that are over, and note it."""
        with self._place.store.reading() as tx:
            found = launches.with_tasks(tx, launch_ids)
        cleaned = [
            launch
            for launch, _ in found.values()
            if launch.state in OVER
            and launch.shared_job is None
            and self._place.share.has(launch)
            and self._place.backend.cleanup(Handle.of(launch))
        ]
        for launch in cleaned:
            self._place.planner.forget(launch)
        if cleaned:
            with self._place.store.transaction() as tx:
                cleaned_all(tx, [Cleaned(launch.id) for launch in cleaned])
        return cleaned
