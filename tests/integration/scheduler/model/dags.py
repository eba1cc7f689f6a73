"""Random DAGs for the machine."""

from __future__ import annotations

import datetime as dt
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any

from hypothesis import strategies as st

from goflow.domain.spec import DagSpec, Dialect, GroupSpec, TaskSpec
from goflow.scheduler.rules import RULES
from tests.unit.scheduler.kit import T0, at, dag, hourly

TRIGGER_RULES = [*sorted(set(RULES) - {"none_failed_or_skipped", "all_done_setup_success"}), "always"]
POOLS = ["default_pool"] * 8 + ["small", "small", "missing"]
"""One that is missing holds up all below it, and with that most of a story."""
DATES: list[dict[str, Any]] = [
    {"start_date": at(T0 + dt.timedelta(minutes=30))},
    {"start_date": at(T0 - dt.timedelta(minutes=30))},
    {"end_date": at(T0 + dt.timedelta(minutes=30))},
    {"end_date": at(T0 - dt.timedelta(minutes=30))},
]
"""A task's own dates, some of which leave out the first run, runs of long ago or later ones."""
START = T0.replace(minute=0) - dt.timedelta(hours=2)


def result_of(task_id: str) -> dict[str, Any]:
    return {"$xcom": {"task_id": task_id, "key": "return_value"}}


BRANCHED = (
    TaskSpec(task_id="t0", operator="BranchPythonOperator"),
    TaskSpec(task_id="t1", operator="BashOperator", upstream=("t0",)),
)
LATE = (
    TaskSpec(task_id="t0", operator="BashOperator", start_date=at(T0 + dt.timedelta(minutes=30))),
    TaskSpec(task_id="t1", operator="BashOperator", upstream=("t0",)),
)
MAPPED = (
    TaskSpec(task_id="t0", operator="BashOperator"),
    TaskSpec(task_id="t1", operator="BashOperator", upstream=("t0",), mapped=True, expand={"x": result_of("t0")}),
)


class Drawn:
    """A DAG that was drawn, which shows what of it is not as usual."""

    def __init__(self, spec: DagSpec) -> None:
        self.spec = spec

    def __repr__(self) -> str:
        return shown(self.spec)


def shown(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(shown, value))}]"
    if not is_dataclass(value):
        return repr(str(value) if isinstance(value, Dialect) else value)
    parts = []
    for each in fields(value):
        usual = each.default_factory() if each.default_factory is not MISSING else each.default
        mine = getattr(value, each.name)
        if mine != usual:
            parts.append(f"{each.name}={shown(mine)}")
    return f"{type(value).__name__}({', '.join(parts)})"


def often(usual: Any, *rare: Any) -> st.SearchStrategy[Any]:
    """USUAL, or more rarely one of RARE."""
    return st.sampled_from([usual] * (2 * len(rare) + 1) + list(rare))


@st.composite
def dags(
    draw: st.DrawFn, dag_id: str = "d", most: int = 7, beginning: tuple[TaskSpec, ...] = (), hasty: bool = False
) -> Drawn:
    """Up to MOST tasks: plain, empty, branches, latest-only, mapped over literals or results, groups, setups. BEGINNING:
    the first ones, which nothing keeps from running at once. HASTY: with ``fail_fast``."""
    members = [*beginning]
    groups: dict[str, Any] = {}
    for number in range(
        len(members), draw(st.sampled_from([*range(1, most + 1), *range(most - 2, most + 1)]))
    ):  # rather many
        members.append(draw(tasks(f"t{number}", members, groups)))
    parts = tuple(GroupSpec(group_id=name, expand={"x": over}) for name, over in groups.items())
    timed = draw(often(False, True))
    spec = dag(
        *members,
        dag_id=dag_id,
        groups=parts,
        dialect=draw(often(Dialect.AIRFLOW3, Dialect.AIRFLOW2)),
        dialect_source="file",
        max_active_tasks=1000 if beginning else draw(often(1000, 1, 2)),
        max_active_runs=draw(often(16, 1, 2)),
        dagrun_timeout=draw(often(None, 100.0, 5000.0)),
        fail_fast=hasty or draw(often(False, True)),
        **({"schedule": hourly(), "start_date": at(START), "catchup": draw(st.booleans())} if timed else {}),
    )
    return Drawn(spec)


@st.composite
def tasks(draw: st.DrawFn, name: str, members: list[TaskSpec], groups: dict[str, Any]) -> TaskSpec:
    """A task below some of MEMBERS; GROUPS are mapped task groups with what each is mapped over."""
    names = [member.task_id for member in members]
    parents = draw(st.lists(st.sampled_from(names), unique=True, max_size=3)) if names else []
    parents = parents or draw(st.sampled_from([[], names[-1:]]))  # chains are the rule
    operators = ["BashOperator"] * 6 + ["EmptyOperator", *["BranchPythonOperator"] * 2, "LatestOnlyOperator"]
    dates = draw(st.sampled_from([{}] * 40 + DATES))
    more: dict[str, Any] = dates | {
        "operator": draw(st.sampled_from(operators)),
        "trigger_rule": draw(st.sampled_from([*["all_success"] * 16, *TRIGGER_RULES])),
        "retries": draw(often(0, 1)),
        "retry_delay": draw(often(60.0, 0.0, 300.0)),
        "pool": draw(st.sampled_from(POOLS)),
        "pool_slots": draw(often(1, 2)),
        "priority_weight": draw(often(1, 2, 5)),
        "weight_rule": draw(often("downstream", "upstream", "absolute")),
        "max_active_tis_per_dag": draw(often(None, None, None, 1, 2)),
        "max_active_tis_per_dagrun": draw(often(None, 1)),
        "depends_on_past": draw(often(False, True)),
        "wait_for_downstream": draw(often(False, False, False, True)),
    }
    sources = [member.task_id for member in members if member.group is None]
    kind = draw(st.sampled_from(["plain"] * 6 + ["mapped", "mapped", "group", "setup", "teardown"]))
    over: Any = draw(st.sampled_from([[], [1], [1, 2], [1, 2, 3], "result", "result"]))
    if over == "result":
        over = result_of(draw(st.sampled_from(sources))) if sources else [1, 2]
    if kind == "group":
        more["group"] = draw(st.sampled_from(["g", "h"]))
        over = groups.setdefault(more["group"], over)
    elif kind == "mapped":
        more |= {"mapped": True, "expand": {"x": over}}
    elif kind == "setup":
        more["setup"] = True
    elif kind == "teardown" and any(member.setup for member in members):
        setup = draw(st.sampled_from([member.task_id for member in members if member.setup]))
        parents = [*parents, setup]
        more |= {"teardown": True, "trigger_rule": "all_done_setup_success"}
        more["on_failure_fail_dagrun"] = draw(st.booleans())
    if kind in {"group", "mapped"} and isinstance(over, dict):
        parents = [*parents, over["$xcom"]["task_id"]]
    return TaskSpec(task_id=name, upstream=tuple(dict.fromkeys(parents)), **more)


@st.composite
def newer(draw: st.DrawFn, spec: DagSpec) -> Drawn:
    """The next version of a DAG: other limits, another rule or weight, one task less or one more."""
    members = list(spec.tasks)
    change = draw(st.sampled_from(["limits", "rule", "less", "more"]))
    if change == "limits":
        limits = {"max_active_runs": st.sampled_from([1, 2, 16]), "max_active_tasks": st.sampled_from([1, 2, 1000])}
        return Drawn(replace(spec, **{name: draw(values) for name, values in limits.items()}))
    place = draw(st.integers(0, len(members) - 1))
    chosen = members[place]
    if change == "rule" and not chosen.teardown:
        rule, weight = draw(st.sampled_from(TRIGGER_RULES)), draw(st.sampled_from([1, 2, 5]))
        members[place] = replace(chosen, trigger_rule=rule, priority_weight=weight)
    elif change == "less" and not any(chosen.task_id in task.upstream for task in members) and len(members) > 1:
        del members[place]
    elif change == "more":
        fresh = f"t{1 + max(int(task.task_id[1:]) for task in members)}"
        members.append(TaskSpec(task_id=fresh, operator="BashOperator", upstream=(chosen.task_id,)))
    return Drawn(replace(spec, tasks=tuple(members)))
