"""The methods that every task has, whatever its class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.values import At, Unknown
from goflow.parser.libraries.airflow.relations import METHODS
from goflow.parser.libraries.airflow.state import native, state_of

if TYPE_CHECKING:
    from goflow.parser.libraries.airflow.dag import DagValue
    from goflow.parser.libraries.airflow.groups import GroupValue
    from goflow.parser.libraries.airflow.operators import TaskValue


def _as_setup(at: At, self: TaskValue) -> Any:
    self.set_attribute("is_setup", True, at)
    return self


def _as_teardown(at: At, self: TaskValue, *, setups: Any = None, on_failure_fail_dagrun: Any = None) -> Any:
    self.make_teardown(at, setups, on_failure_fail_dagrun)
    return self


def _add_outlets(at: At, self: TaskValue, outlets: Any) -> None:
    _extend(self, "outlets", outlets, at)


def _add_inlets(at: At, self: TaskValue, inlets: Any) -> None:
    _extend(self, "inlets", inlets, at)


def _extend(task: TaskValue, name: str, more: Any, at: At) -> None:
    found = elements(more, at)
    own = task.attributes.get(name)
    task.attributes[name] = [*own, *found] if isinstance(own, list) and isinstance(found, list) else found


def _has_dag(at: At, self: TaskValue) -> bool:
    return self.dag is not None


def _get_dag(at: At, self: TaskValue) -> Any:
    return self.dag


def _relatives(at: At, self: TaskValue, upstream: Any = False) -> list[Any]:
    found = self.node.upstream_tasks() if upstream is True else self.node.downstream_tasks()
    return [task.value for task in found]


def _relative_ids(at: At, self: TaskValue, upstream: Any = False) -> set[str]:
    return set(self.node.upstream if upstream is True else self.node.downstream)


def _run_time(at: At, self: TaskValue, *args: Any, **kwargs: Any) -> Any:
    return Unknown(f"what task {self.node.task_id} does at run time", at)


TASK_METHODS: dict[str, Any] = {
    **METHODS,
    "as_setup": native("as_setup", _as_setup),
    "as_teardown": native("as_teardown", _as_teardown),
    "add_outlets": native("add_outlets", _add_outlets),
    "add_inlets": native("add_inlets", _add_inlets),
    "has_dag": native("has_dag", _has_dag),
    "get_dag": native("get_dag", _get_dag),
    "get_direct_relatives": native("get_direct_relatives", _relatives),
    "get_direct_relative_ids": native("get_direct_relative_ids", _relative_ids),
    **{
        name: native(name, _run_time)
        for name in ("execute", "pre_execute", "post_execute", "on_kill", "render_template_fields", "defer", "dry_run")
    },
}
"""What every task has, whatever its class."""


def current_group(at: At, dag: DagValue | None) -> GroupValue | None:
    """The group that a task made now lands in."""
    return state_of(at.session).current_group(dag)
