"""What our graphs and real Airflow's say of random DAGs: weights, and what is cleared or marked together."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from goflow.domain.spec import DagSpec, Dialect, TaskSpec
from goflow.scheduler import selection
from goflow.scheduler.graph import Graph
from tests.integration.scheduler.asking import AIRFLOWS, told_by
from tests.oracle.environments import environment

DAGS = int(os.environ.get("GOFLOW_GRAPH_CASES", "150"))
RULES = ["downstream", "downstream", "upstream", "absolute"]


def random_case(dice: random.Random) -> dict[str, Any]:
    names = [f"t{number}" for number in range(dice.randint(1, 9))]
    tasks = []
    for number, name in enumerate(names):
        role = dice.choice(["", "", "", "setup", "teardown"])
        above = [other for other in names[:number] if dice.random() < 0.35]
        tasks.append([name, role, above, dice.choice([1, 1, 2, 5, 100, 0, -3]), dice.choice(RULES)])
    asked = [
        [sorted(dice.sample(names, dice.randint(1, min(3, len(names))))), dice.random() < 0.5, dice.random() < 0.5]
        for _ in range(4)
    ]
    return {"tasks": tasks, "asked": asked}


def ours(case: dict[str, Any], dialect: Dialect) -> Any:
    tasks = [
        TaskSpec(
            task_id=name,
            operator="EmptyOperator",
            upstream=tuple(above),
            priority_weight=weight,
            weight_rule=rule,
            setup=role == "setup",
            teardown=role == "teardown",
        )
        for name, role, above, weight, rule in case["tasks"]
    ]
    graph = Graph(DagSpec(dag_id="d", dialect=dialect, tasks=tuple(tasks)))
    cleared = [sorted(selection.to_clear(graph, n, upstream=u, downstream=d)) for n, u, d in case["asked"]]
    marked = [sorted(selection.to_mark(graph, n, upstream=u, downstream=d)) for n, u, d in case["asked"]]
    return [graph.weights, cleared, marked]


@pytest.mark.timeout(1200)  # the first time it installs Airflow
@pytest.mark.parametrize("dialect", list(AIRFLOWS), ids=str)
def test_random_dags_have_the_weights_and_relatives_that_airflow_gives_them(dialect: Dialect, tmp_path: Path) -> None:
    dice = random.Random(f"{dialect}-{os.environ.get('GOFLOW_GRAPH_SEED', '1')}")
    cases = [random_case(dice) for _ in range(DAGS)]
    theirs = told_by(environment(AIRFLOWS[dialect]).python, "ask_airflow_graphs.py", asked=cases, home=tmp_path)
    for case, truth in zip(cases, theirs, strict=True):
        mine = ours(case, dialect)
        if dialect is Dialect.AIRFLOW2:  # it marks teardowns below as well; what people order is Airflow 3's here
            teardowns = {name for name, role, *_ in case["tasks"] if role == "teardown"}
            mine[2], truth[2] = ([sorted({*names} - teardowns) for names in marked] for marked in (mine[2], truth[2]))
        assert mine == truth, case
