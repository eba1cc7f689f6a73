"""Of which version of its DAG a speaker on the task API is: a launch by its run, a trigger runner by a watch."""

from __future__ import annotations

from goflow_runner.wire import WATCH_LAUNCH

from goflow.domain.errors import NotFoundError
from goflow.domain.runs import Launch
from goflow.domain.state import LaunchState
from goflow.store import Tx, launches, runs, versions, watches


def of_watch(tx: Tx, runner_id: str, launch_id: str) -> Launch | None:
    """What stands for the launch of a trigger runner that speaks for a watch which it has; None: it has none such."""
    key = launch_id.removeprefix(WATCH_LAUNCH)
    watch = watches.find(tx, int(key)) if key.isdecimal() else None
    if watch is None or watch.runner_id != runner_id:
        return None
    return Launch(
        id=launch_id, task_instance_id=0, try_number=0, ordinal=0, state=LaunchState.CLAIMED, backend="triggers"
    )


def version_and_reading(tx: Tx, launch: Launch) -> tuple[int, int]:
    """The keys of the version and reading that LAUNCH speaks for. Raises NotFoundError."""
    if launch.id.startswith(WATCH_LAUNCH):
        watch = watches.find(tx, int(launch.id.removeprefix(WATCH_LAUNCH)))
        if watch is None:
            raise NotFoundError(f"{launch.id} (it is not watched any more)")
        return versions.reading(tx, watch.reading_id).version_id, watch.reading_id
    _, instance = launches.with_task(tx, launch.id)
    run = runs.get(tx, instance.dag_run_id)
    return run.version_id, run.reading_id
