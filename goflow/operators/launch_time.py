"""Launch-time holes (decision 2): what of a task's pod only its file can tell, once it is run for real.

Such a task's attempt begins with a short launch of our runner, which imports the file, finds those arguments out and
hands them back; the attempt's next launch is the pod that is made of them.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from goflow.domain.canonical import Json, tag_of, walk
from goflow.domain.precedence import over
from goflow.domain.spec import DagSpec, TaskSpec
from goflow.operators import runner
from goflow.operators.plan import JobPlan
from goflow.operators.request import PlanRequest
from goflow.templating.environment import templates_in
from goflow.templating.reach import within_reach

_OWN_WORDS = frozenset(
    {"user_defined_macros", "user_defined_filters", "jinja_environment_kwargs", "native", "template_undefined"}
)
_BACKENDS = ("AIRFLOW__SECRETS__BACKEND", "AIRFLOW__WORKERS__SECRETS_BACKEND")


def of_pod(dag: DagSpec, task: TaskSpec) -> tuple[str, ...]:
    """The arguments of a pod of its own that the daemon cannot work out: holes, results that went through a function,
    and templates that it does not render as Airflow does (`goflow.templating.reach`)."""
    is_own = _has_own_rendering(dag, task)

    def is_hidden(value: Json) -> bool:
        return _needs_container(dag, task, value, is_own)

    found = [name for name, value in {**task.arguments, **task.fields}.items() if _needs_python(value)]
    for name, value in task.fields.items():
        if name in task.template_fields and (_is_called(value) or is_hidden(value)):
            found.append(name)
    for name, value in task.expand.items():
        if name != "*" and (_needs_python(value) or (name in task.template_fields and is_hidden(value))):
            found.append(name)
    if "*" in task.expand and (_needs_python(task.expand["*"]) or is_hidden(task.expand["*"])):
        found.append("expand_kwargs")
    return tuple(dict.fromkeys(found))


def is_known_here(dag: DagSpec, task: TaskSpec, value: Json) -> bool:
    """Whether VALUE, a text of TASK, is one that the daemon renders as Airflow does where what comes out is read as
    text: there the author's own macros and filters count where it has a word of theirs, and objects do not."""
    if not isinstance(value, str):
        return False
    words = {*dag.user_defined_macros, *dag.user_defined_filters}
    is_own = not words.isdisjoint(re.findall(r"\w+", value)) or not _OWN_WORDS.isdisjoint(dag.unknown)
    is_own = is_own or bool(dag.jinja_environment_kwargs) or dag.template_undefined is not None
    return not _needs_container(dag, task, value, is_own)


def of_override(task: TaskSpec) -> tuple[str, ...]:
    """``executor_config`` where its pod is not known."""
    return ("executor_config",) if _needs_python(task.executor_config) else ()


def plan(request: PlanRequest) -> JobPlan:
    """The launch that finds out: our runner as for any task of the file, with nothing of the task's own pod."""
    plain = dataclasses.replace(request.task, executor_config=None)
    made = runner.plan(dataclasses.replace(request, task=plain))
    if request.settled().runtime == "airflow":  # that image has no shim
        made = dataclasses.replace(made, image=request.defaults.runner_image)
    return dataclasses.replace(made, resources={})


def _needs_python(value: Json) -> bool:
    return any(_is_hole(inner) for inner in walk(value))


def _is_hole(value: Json) -> bool:
    tag = tag_of(value)
    if tag == "$xcom":
        assert isinstance(value, dict)
        inner = value["$xcom"]
        return isinstance(inner, Mapping) and "task_id" not in inner  # .map(), .zip(), .concat()
    return tag == "$hole"


def _is_called(value: Json) -> bool:
    """A template field that is a function: Airflow 3 calls it with the context."""
    return tag_of(value) == "$callable"


def _has_own_rendering(dag: DagSpec, task: TaskSpec) -> bool:
    """Whether templates of TASK may come out otherwise than by Airflow's own words: by the author's macros and filters,
    an environment of his own, or as objects."""
    own = bool(dag.user_defined_macros or dag.user_defined_filters or dag.jinja_environment_kwargs or dag.native)
    own = own or dag.template_undefined is not None
    return own or bool(task.arguments.get("render_template_as_native_obj")) or not _OWN_WORDS.isdisjoint(dag.unknown)


def _needs_container(dag: DagSpec, task: TaskSpec, value: Json, is_own: bool) -> bool:
    """Whether a template in VALUE has to be rendered in a container, where the file's own code is."""
    templates = templates_in(value)
    if not templates:
        return False
    if is_own or any(text.endswith(task.template_ext) for text in templates if task.template_ext):
        return True
    if not all(within_reach(text, dag.dialect) for text in templates):
        return True
    if any("var" in text for text in templates) and _has_other_sources(dag, task):
        return True
    return any("params" in text for text in templates) and not _are_plain({**dag.params, **task.params})


def _has_other_sources(dag: DagSpec, task: TaskSpec) -> bool:
    """Whether Variables of TASK may come from its environment or a secrets backend, which stand before the database."""
    runtime = over(task.runtime, dag.runtime)
    names = {*runtime.environment, *runtime.environment_from_secrets}
    return any(name.startswith(("AIRFLOW_VAR_", *_BACKENDS)) for name in names)


def _are_plain(values: Json) -> bool:
    """Whether VALUES are JSON and nothing else: no moments, tuples or holes, and no maps whose order might show."""
    inner = (part for value in values.values() for part in walk(value)) if isinstance(values, dict) else ()
    return not any(tag_of(part) or (isinstance(part, dict) and len(part) > 1) for part in inner)
