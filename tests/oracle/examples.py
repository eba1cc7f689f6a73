"""Airflow 3.3.2's own example DAG files that GoFlow must bring to the states that Airflow brings them to.

The files are copied at test time, unmodified, from the installed packages apache-airflow-core and
apache-airflow-providers-standard; none of them is kept in this repository.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.oracle.environments import AIRFLOW_3, environment

CORE = "example_dags"
STANDARD = "providers/standard/example_dags"


@dataclass(frozen=True)
class Example:
    """One example file: where it is in the `airflow` package, and its DAGs in the order in which to run them.

    `triggered` are DAGs of the file that are not run by hand, because another example's task triggers them.
    """

    folder: str
    file: str
    dag_ids: tuple[str, ...]
    triggered: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()  # what the file reads at run time, relative to its folder


def _core(file: str, *dag_ids: str, triggered: tuple[str, ...] = ()) -> Example:
    return Example(CORE, file, dag_ids, triggered)


def _standard(file: str, *dag_ids: str, beside: tuple[str, ...] = ()) -> Example:
    return Example(STANDARD, file, dag_ids, beside=beside)


_SQL = ("sql/sample.sql",)
EXAMPLES = (
    _standard("example_bash_operator.py", "example_bash_operator"),
    _standard("example_bash_decorator.py", "example_bash_decorator"),
    _standard("example_python_operator.py", "example_python_operator", beside=_SQL),
    _standard("example_python_decorator.py", "example_python_decorator", beside=_SQL),
    _standard("example_branch_operator.py", "example_branch_operator"),
    _standard("example_branch_operator_decorator.py", "example_branch_python_operator_decorator"),
    _standard("example_short_circuit_operator.py", "example_short_circuit_operator"),
    _standard("example_short_circuit_decorator.py", "example_short_circuit_decorator"),
    _standard("example_latest_only.py", "latest_only"),
    _standard("example_trigger_controller_dag.py", "example_trigger_controller_dag"),
    _core("example_trigger_target_dag.py", triggered=("example_trigger_target_dag",)),
    _core("example_latest_only_with_trigger.py", "latest_only_with_trigger"),
    _core("example_nested_branch_dag.py", "example_nested_branch_dag"),
    _core("example_skip_dag.py", "example_skip_dag"),
    _core("example_task_group.py", "example_task_group"),
    _core("example_task_group_decorator.py", "example_task_group_decorator"),
    _core("example_xcom.py", "example_xcom"),
    _core("example_xcomargs.py", "example_xcom_args", "example_xcom_args_with_operators"),
    _core("example_setup_teardown.py", "example_setup_teardown"),
    _core("example_setup_teardown_taskflow.py", "example_setup_teardown_taskflow"),
    _core("example_dynamic_task_mapping.py",
          "example_dynamic_task_mapping", "example_task_mapping_second_order", "example_task_group_mapping"),
    _core("example_dynamic_task_mapping_with_no_taskflow_operators.py",
          "example_dynamic_task_mapping_with_no_taskflow_operators"),
    _core("tutorial.py", "tutorial"),
    _core("tutorial_dag.py", "tutorial_dag"),
    _core("tutorial_taskflow_api.py", "tutorial_taskflow_api"),
)  # fmt: skip


def source(example: Example) -> Path:
    """The example's file in the installed Airflow, which is installed where it is not yet."""
    return environment(AIRFLOW_3).package / example.folder / example.file


def copy_examples(target: Path) -> list[Example]:
    """Copy every example file, and what it reads at run time, unmodified into the DAG folder TARGET."""
    target.mkdir(parents=True, exist_ok=True)
    for example in EXAMPLES:
        for name in (example.file, *example.beside):
            place = target / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source(example).parent / name, place)
    return list(EXAMPLES)


def task_environment(seeded: str, wheels: str, seed: str = "1") -> dict[str, str]:
    """What tasks of the examples need in their environment to end alike everywhere, without a network.

    SEEDED is the folder of sitecustomize.py (`SEEDED` below, or where a container sees it), WHEELS the one that
    `wheels.wheel_folder()` gives. For Airflow's processes, or `environment:` in goflow.yaml.
    """
    return {
        "PYTHONPATH": seeded,
        "ORACLE_SEED": seed,
        "PIP_FIND_LINKS": wheels,
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_FIND_LINKS": wheels,  # Airflow installs with uv where it finds one
        "UV_NO_INDEX": "1",
    }


SEEDED = Path(__file__).parent / "seeded"
