"""A slow and obvious model of what becomes of a run's tasks: everything is looked at again after every change.

Written from Airflow's documentation of trigger rules, mapping, setup and teardown, and sharing nothing with
`goflow.scheduler`; `test_against_model` holds the two together over random DAGs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from goflow.domain.spec import DagSpec, TaskSpec

ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}
Key = tuple[str, int]


@dataclass
class Model:
    spec: DagSpec
    states: dict[Key, str] = field(default_factory=dict)
    tries: dict[Key, int] = field(default_factory=dict)
    lengths: dict[str, int | None] = field(default_factory=dict)
    """Task to the length of the list that it left."""
    chosen: dict[Key, set[str]] = field(default_factory=dict)
    """Branch to the tasks right below it that it decided to skip."""

    def __post_init__(self) -> None:
        self.tasks = {task.task_id: task for task in self.spec.tasks}
        self.groups = {group.group_id: group for group in self.spec.groups}
        for task_id in self.tasks:
            count = self.copies(task_id) if self.literal(task_id) else None
            for index in range(count) if count else [-1]:
                self.states[task_id, index] = "none"

    # shape

    def over(self, task_id: str) -> object:
        task = self.tasks[task_id]
        if task.mapped:
            return task.expand["x"]
        return self.groups[task.group].expand["x"] if task.group else None  # type: ignore[index, call-overload]

    def source(self, task_id: str) -> str | None:
        over = self.over(task_id)
        return over["$xcom"]["task_id"] if isinstance(over, dict) else None

    def literal(self, task_id: str) -> bool:
        return isinstance(self.over(task_id), list)

    def copies(self, task_id: str) -> int | None:
        over = self.over(task_id)
        if isinstance(over, list):
            return len(over)
        source = self.source(task_id)
        assert source is not None
        return self.lengths.get(source) if self.of(source) and all(s in ENDED for s in self.of(source)) else None

    def of(self, task_id: str) -> list[str]:
        return [state for (name, _), state in self.states.items() if name == task_id]

    def below(self, task_id: str) -> set[str]:
        found, todo = set(), [task_id]
        while todo:
            above = todo.pop()
            for task in self.spec.tasks:
                if above in task.upstream and task.task_id not in found:
                    found.add(task.task_id)
                    todo.append(task.task_id)
        return found

    def ordered(self) -> list[TaskSpec]:
        left, done = list(self.spec.tasks), []
        while left:
            task = next(t for t in left if all(parent in {d.task_id for d in done} for parent in t.upstream))
            left.remove(task)
            done.append(task)
        return done

    # what happens

    def settle(self, due: set[Key]) -> str | None:
        """Let everything that follows happen; how the run ended, None while it goes on."""
        for task in self.ordered():
            for key in sorted(k for k in self.states if k[0] == task.task_id):
                if key in self.states and (self.states[key] == "none" or (self.states[key] == "up_for_retry")):
                    self.look_at(task, key, key in due or self.states[key] == "none")
        return self.run_state()

    def look_at(self, task: TaskSpec, key: Key, due: bool) -> None:
        verdict = self.verdict(task, key)
        if verdict in ENDED:
            self.states[key] = verdict
        elif any(
            task.task_id in self.chosen.get((p, key[1] if self.same_group(task, p) else -1), ()) for p in task.upstream
        ):
            self.states[key] = "skipped"
        elif verdict == "run" and due:
            if key[1] < 0 and (task.mapped or task.group):
                self.expand(task, key)
            else:
                self.states[key] = "success" if task.operator == "EmptyOperator" else "queued"
                self.tries[key] = self.tries.get(key, 0) + 1

    def expand(self, task: TaskSpec, key: Key) -> None:
        count = self.copies(task.task_id)
        if not count:
            self.states[key] = "skipped" if count == 0 else "upstream_failed"
            return
        del self.states[key]
        for index in range(count):
            self.states[task.task_id, index] = "none"
        for index in range(count):
            self.look_at(task, (task.task_id, index), True)

    def same_group(self, task: TaskSpec, parent: str) -> bool:
        return task.group is not None and task.group == self.tasks[parent].group

    def instances(self, task: TaskSpec, key: Key, parents: list[str]) -> list[tuple[str, bool]]:
        """The states of those instances of PARENTS that matter, and whether each is a setup."""
        found = []
        for parent in parents:
            for (name, index), state in self.states.items():
                if name == parent and (index < 0 or not self.same_group(task, parent) or index == key[1]):
                    found.append((state, self.tasks[parent].setup))
        return found

    def verdict(self, task: TaskSpec, key: Key) -> str:
        source = self.source(task.task_id) if task.mapped or task.group else None
        if source is not None and self.states.get((source, -1)) in {"failed", "upstream_failed"}:
            return "upstream_failed"
        if source is not None and self.states.get((source, -1)) == "skipped":
            return "skipped"
        if not task.upstream or task.trigger_rule == "always":
            return "run"
        setups = self.setups(task, key)
        if setups in ENDED:
            return setups
        states = self.instances(task, key, list(task.upstream))
        direct = rule(task.trigger_rule, states)
        if direct in ENDED:
            return direct
        if task.teardown and direct == "run" and not self.scope_done(task):
            return "wait"
        return "run" if setups == direct == "run" else "wait"

    def setups(self, task: TaskSpec, key: Key) -> str:
        if task.teardown:
            return "run"
        teardowns = {name for name in self.below(task.task_id) if self.tasks[name].teardown}
        relevant = []
        for setup in self.spec.tasks:
            if setup.setup and task.task_id in self.below(setup.task_id) and setup.task_id not in task.upstream:
                own = {t.task_id for t in self.spec.tasks if setup.task_id in t.upstream and t.teardown}
                if not own or own & teardowns:
                    relevant.append(setup.task_id)
        states = [state for state, _ in self.instances(task, key, relevant)]
        if {"failed", "upstream_failed"} & set(states):
            return "upstream_failed"
        if "skipped" in states:
            return "skipped"
        return "run" if all(state == "success" for state in states) else "wait"

    def scope_done(self, task: TaskSpec) -> bool:
        setups = [parent for parent in task.upstream if self.tasks[parent].setup]
        inside = {n for s in setups for n in self.below(s) if task.task_id in self.below(n) and n not in task.upstream}
        return all(state in ENDED for name in inside for state in self.of(name))

    def run_state(self) -> str | None:
        if any(state not in ENDED for state in self.states.values()):
            return "failed" if {s for s in self.states.values() if s not in ENDED} == {"none"} else None
        counted = {t.task_id for t in self.spec.tasks if not t.teardown or t.on_failure_fail_dagrun}
        leaves = {name for name in counted if not any(name in self.tasks[other].upstream for other in counted)}
        if not leaves:
            leaves = {t for t in self.tasks if not any(t in other.upstream for other in self.spec.tasks)}
        states = {state for (name, _), state in self.states.items() if name in leaves}
        return "failed" if states & {"failed", "upstream_failed"} else "success"


def rule(name: str, states: list[tuple[str, bool]]) -> str:
    """What a trigger rule says, in the words of Airflow's documentation."""
    ends = [state for state, _ in states if state in ENDED]
    over = len(ends) == len(states)
    failed = [state for state in ends if state in {"failed", "upstream_failed"}]
    success, skipped = ends.count("success"), ends.count("skipped")
    setups = [state for state, setup in states if setup]
    match name:
        case "all_success":
            return "upstream_failed" if failed else "skipped" if skipped else "run" if over else "wait"
        case "all_failed":
            return "skipped" if success or skipped else "run" if over else "wait"
        case "all_done":
            return "run" if over else "wait"
        case "all_done_min_one_success":
            if skipped:
                return "skipped"
            return "wait" if not over else "run" if success else "upstream_failed"
        case "all_done_setup_success":
            if not over or not setups:
                return "run" if over else "wait"
            return "skipped" if set(setups) == {"skipped"} else "run" if "success" in setups else "upstream_failed"
        case "one_success":
            if success:
                return "run"
            return "wait" if not over else "skipped" if skipped == len(ends) else "upstream_failed"
        case "one_failed":
            return "run" if failed else "skipped" if over else "wait"
        case "one_done":
            return "run" if success or "failed" in ends else "skipped" if over else "wait"
        case "none_failed":
            return "upstream_failed" if failed else "run" if over else "wait"
        case "none_failed_min_one_success":
            if failed:
                return "upstream_failed"
            if over and not success:
                return "skipped" if skipped == len(ends) else "upstream_failed"
            return "run" if over else "wait"
        case "none_skipped":
            return "skipped" if skipped else "run" if over else "wait"
        case "all_skipped":
            return "skipped" if success or failed else "run" if over else "wait"
    raise KeyError(name)
