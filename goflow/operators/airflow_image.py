"""Tasks with ``runtime: airflow``: the same launch of our runner, in an image with Airflow 3 and nothing of GoFlow's.

The runner comes with the pod: one file, copied by an init container of the runner image, started with the image's own
Python. It starts Airflow's supervisor (`goflow_runner.airflow_task`).
"""

from __future__ import annotations

import dataclasses

from goflow.domain.precedence import over
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.operators import runner
from goflow.operators.plan import JobPlan
from goflow.operators.request import PlanRequest

PYTHON = "python"
"""Where Python is in the image when `goflow.yaml` does not say it: the first on the path, as in Airflow's own image."""


def is_asked_for(dag: DagSpec, task: TaskSpec) -> bool:
    """Whether file and ``goflow.yaml`` want TASK to run in an Airflow image."""
    return over(task.runtime, dag.runtime).runtime == "airflow"


def plan(request: PlanRequest) -> JobPlan:
    """The launch as a container of the image that ``goflow.yaml`` names, else of the setting ``airflow_image``."""
    runtime = request.settled()
    made = runner.plan(request)
    return dataclasses.replace(
        made,
        image=runtime.image or request.defaults.airflow_image,
        command=(runtime.python or PYTHON, runner.PACKED, "run"),
        brings_runner=True,
    )
