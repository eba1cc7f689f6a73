"""Random small DAGs with random ends, clears and restarts: the scheduler on its store against the reference model."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from goflow.domain.runs import Outcome
from goflow.domain.spec import DagSpec, GroupSpec, TaskSpec
from goflow.domain.state import TaskState
from goflow.scheduler.rules import RULES
from tests.integration.scheduler.reference_model import ENDED, Key, Model
from tests.unit.scheduler.kit import FAILED, SKIPPED, SUCCESS, World, dag

EXAMPLES = int(os.environ.get("GOFLOW_MODEL_EXAMPLES", "60"))
TRIGGER_RULES = [*sorted(set(RULES) - {"none_failed_or_skipped", "all_done_setup_success"}), "always"]
IN_GROUPS = ["all_success", "all_done", "none_failed", "all_failed", "none_skipped", "all_skipped"]
"""Rules whose placeholder in a mapped group waits for nothing of the group: the others hold it against every copy."""


@st.composite
def dags(draw: st.DrawFn) -> DagSpec:
    """Up to seven tasks: plain, empty, branches, mapped over literals or results, two mapped groups, setups."""
    members: list[TaskSpec] = []
    plain: list[str] = []
    groups: dict[str, Any] = {}
    for number in range(draw(st.integers(1, 7))):
        name = f"t{number}"
        parents = (
            draw(st.lists(st.sampled_from([m.task_id for m in members]), unique=True, max_size=3)) if members else []
        )
        more: dict[str, Any] = {
            "operator": draw(st.sampled_from(["BashOperator"] * 4 + ["EmptyOperator", "BranchPythonOperator"]))
        }
        more["trigger_rule"] = draw(st.sampled_from([*["all_success"] * 5, *TRIGGER_RULES]))
        more["retries"] = draw(st.sampled_from([0, 0, 0, 1]))
        kind = draw(st.sampled_from(["plain"] * 6 + ["mapped", "mapped", "group", "setup", "teardown"]))
        over: Any = draw(st.sampled_from([[1], [1, 2], [1, 2, 3], "result"]))
        if over == "result":
            over = {"$xcom": {"task_id": draw(st.sampled_from(plain)), "key": "return_value"}} if plain else [1, 2]
        if kind == "group":
            more["group"] = draw(st.sampled_from(["g", "h"]))
            over = groups.setdefault(more["group"], over)
            more["trigger_rule"] = draw(st.sampled_from(IN_GROUPS))
        elif kind == "mapped":
            more |= {"mapped": True, "expand": {"x": over}}
        elif kind == "setup":
            more["setup"] = True
        elif kind == "teardown" and any(m.setup for m in members):
            setup = draw(st.sampled_from([m.task_id for m in members if m.setup]))
            parents = [*dict.fromkeys([*parents, setup])]
            more |= {"teardown": True, "trigger_rule": "all_done_setup_success"}
            more["on_failure_fail_dagrun"] = draw(st.booleans())
        if kind in {"group", "mapped"} and isinstance(over, dict):
            parents = [*dict.fromkeys([*parents, over["$xcom"]["task_id"]])]
        if kind not in {"group", "mapped"}:
            plain.append(name)
        members.append(TaskSpec(task_id=name, upstream=tuple(parents), retry_delay=60.0, **more))
    parts = tuple(GroupSpec(group_id=name, expand={"x": over}) for name, over in groups.items())
    return dag(*members, groups=parts, max_active_tasks=1000)


class SchedulerMachine(RuleBasedStateMachine):
    """Does the same to both, and compares."""

    template: Path

    @initialize(spec=dags())
    def begin(self, spec: DagSpec) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="goflow-model-"))
        shutil.copy(self.template, self.folder / "world.sqlite3")
        self.world = World(f"sqlite:///{self.folder}/world.sqlite3")
        self.spec = spec
        self.model = Model(spec)
        self.world.put(spec)
        self.run = self.world.trigger()
        self.limits: dict[Key, int] = {}
        self.ended = self.model.settle(set())

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.store.close()
            shutil.rmtree(self.folder)

    def running(self) -> list[Key]:
        return sorted(key for key, state in self.model.states.items() if state == "queued")

    @precondition(lambda self: self.running())
    @rule(
        data=st.data(),
        end=st.sampled_from(["success"] * 5 + ["failed", "failed", "skipped"]),
        length=st.integers(-1, 3),
    )
    def finish(self, data: st.DataObject, end: str, length: int) -> None:
        key = data.draw(st.sampled_from(self.running()), "which")
        task = self.model.tasks[key[0]]
        outcome = {"success": SUCCESS, "failed": FAILED, "skipped": SKIPPED}[end]
        children = sorted(t.task_id for t in self.spec.tasks if key[0] in t.upstream)
        if end == "success" and task.operator == "BranchPythonOperator" and children and not task.mapped:
            skips = data.draw(st.lists(st.sampled_from(children), unique=True), "skips")
            skips = [c for c in skips if task.group is None or self.model.tasks[c].group == task.group]
            outcome = Outcome(state=TaskState.SUCCESS, skip_downstream=tuple(skips))
            self.model.chosen[key] = set(skips)
        self.world.finish(name_of(key), outcome, xcom=list(range(length)) if length >= 0 and end == "success" else None)
        self.model.states[key] = end
        if end == "success" and length >= 0 and key[1] < 0:
            self.model.lengths[key[0]] = length
        if end == "failed" and self.model.tries[key] <= self.limit(key):
            self.model.states[key] = "up_for_retry"
        self.ended = self.model.settle(set())

    def limit(self, key: Key) -> int:
        return (
            self.limits.get(key, self.model.tasks[key[0]].retries)
            if hasattr(self, "limits")
            else self.model.tasks[key[0]].retries
        )

    @rule()
    def wait(self) -> None:
        if self.ended is None:
            due = {key for key, state in self.model.states.items() if state == "up_for_retry"}
            self.ended = self.model.settle(due)
        self.world.pass_time(61)

    @rule()
    def restart(self) -> None:
        self.world.restart()
        self.world.settle()

    @precondition(lambda self: any(state in ENDED - {"removed"} for state in self.model.states.values()))
    @rule(data=st.data())
    def clear(self, data: st.DataObject) -> None:
        over = sorted({name for (name, _), state in self.model.states.items() if state in ENDED})
        named = data.draw(st.lists(st.sampled_from(over), unique=True, min_size=1), "cleared")
        if any(self.resized(name) for name in named):
            return
        cleared = self.world.clear(self.run.run_id, named, downstream=data.draw(st.booleans(), "downstream"))
        for key in cleared.tasks:
            self.limits[key] = self.model.tries.get(key, 0) + self.model.tasks[key[0]].retries
            running = self.model.states[key] == "queued"
            self.model.states[key] = "restarting" if running else "none"
            self.model.chosen.pop(key, None)
        self.ended = self.model.settle(set())

    @precondition(lambda self: "restarting" in self.model.states.values())
    @rule(data=st.data())
    def stopped(self, data: st.DataObject) -> None:
        restarting = sorted(key for key, state in self.model.states.items() if state == "restarting")
        key = data.draw(st.sampled_from(restarting), "stopped")
        self.world.stop(name_of(key))
        self.model.states[key] = "none"
        self.ended = self.model.settle(set())

    def resized(self, name: str) -> bool:
        """Whether clearing NAME could change how many copies others have; that is tested by itself."""
        sources = {self.model.source(other) for other in self.model.tasks if self.model.over(other) is not None}
        return bool(sources & {name, *self.model.below(name)})

    @invariant()
    def same(self) -> None:
        if not hasattr(self, "world"):
            return
        theirs = {name_of(key): state for key, state in self.model.states.items()}
        assert self.world.states() == theirs
        assert self.world.run_state() == (self.ended or "running")


def name_of(key: Key) -> str:
    return key[0] if key[1] < 0 else f"{key[0]}[{key[1]}]"


def test_the_scheduler_does_what_the_model_does(sqlite_template: Path) -> None:
    SchedulerMachine.template = sqlite_template
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    limits = settings(
        max_examples=EXAMPLES,
        derandomize="GOFLOW_MODEL_EXAMPLES" not in os.environ,
        stateful_step_count=14,
        deadline=None,
        suppress_health_check=quiet,
    )
    run_state_machine_as_test(SchedulerMachine, settings=limits)
