"""DAGs, groups and tasks as JSON: how they were made, and what they became."""

import inspect
import sys

from airflow._goflow import dag, groups, operator
from airflow._goflow.mapped import MappedOperator


def written(recorder, counted):
    """The DAGs of COUNTED and what belongs to them, out of all that RECORDER has, in the order of making."""
    wanted = {id(found) for found in counted}
    kept = [thing for thing in recorder.made if id(thing) in wanted or _belongs(thing, counted)]
    return [{"number": recorder.numbers[id(thing)], **_written(thing, recorder)} for thing in kept]


def _belongs(thing, counted):
    if isinstance(thing, operator.AbstractOperator):
        return any(found.task_dict.get(thing.task_id) is thing for found in counted)
    if isinstance(thing, groups.TaskGroup):
        return any(thing is group for found in counted for group in found.task_group_dict.values())
    return False


def _written(thing, recorder):
    record, write = thing.__dict__["_account"], recorder.write
    if isinstance(thing, dag.DAG):
        return {"kind": "dag", "at": record.where, **_dag(thing, record, write)}
    if isinstance(thing, groups.TaskGroup):
        return {"kind": "group", "at": record.where, **_group(thing, record, write)}
    told = {
        "at": record.where,
        "task_id": thing.task_id,
        "dag": write(thing.dag),
        "group": None if thing.task_group is None or thing.task_group.is_root else write(thing.task_group),
        "upstream": sorted(thing.upstream_task_ids),
        "setup": thing.is_setup,
        "teardown": thing.is_teardown,
        "on_failure_fail_dagrun": bool(thing.on_failure_fail_dagrun),
        "dag_default_args": record.defaults,
    }
    if isinstance(thing, MappedOperator):
        return {"kind": "mapped", **told, **_mapped(thing, record, write)}
    return {"kind": "task", **told, **_task(thing, record, recorder)}


def _dag(made, record, write):
    changed = {name: write(getattr(made, name)) for name in record.changed if name != "params"}
    labels = [[above, below, info.get("label")] for above, row in made.edge_info.items() for below, info in row.items()]
    return {
        "dag_id": made.dag_id,
        "arguments": record.arguments,
        "changed": changed,
        "params": write(made.params),
        "tasks": list(made.task_dict),
        "labels": labels,
    }


def _group(made, record, write):
    expansion = getattr(made, "_expand_input", None)
    return {
        "own_id": made._group_id,
        "group_id": made.group_id,
        "dag": write(made.dag),
        "parent": None if made.parent_group.is_root else write(made.parent_group),
        "prefix": bool(made.prefix_group_id),
        "default_args": record.arguments["default_args"],
        "tooltip": write(made.tooltip),
        "doc_md": write(made.doc_md),
        "display_name": write(made.group_display_name),
        "upstream_groups": sorted(str(name) for name in made.upstream_group_ids),
        "expansion": None if expansion is None else write(expansion.value),
    }


def _task(made, record, recorder):
    kind, write = type(made), recorder.write
    changed = {name: [late, write(getattr(made, name, None))] for name, late in record.changed.items()}
    fields = recorder.fields_of(made)
    for name, value in fields.items():
        if name not in changed and value != record.fields.get(name):  # what it holds was changed in place
            changed[name] = [True, value]
    return {
        "class": _lineage(kind, write),
        "given": sorted(record.given),
        "levels": [[_owner(kind, init), came, full] for init, came, full in record.levels],
        "changed": changed,
        "fields": fields,
    }


def _mapped(made, record, write):
    decorator = record.decorator
    told = {
        "class": _lineage(made.operator_class, write),
        "arguments": record.arguments,
        "expansion": record.expansion,
        "changed": {name: [True, write(made.__dict__.get(name))] for name in record.changed},
        "decorator": None,
    }
    if decorator is not None:
        told["decorator"] = {
            "function": write(decorator.function),
            "multiple_outputs": bool(decorator.multiple_outputs),
        }
    return told


def _lineage(kind, write):
    """The class and what it derives from, nearest first, down to ``BaseOperator``."""
    found = []
    for cls in kind.__mro__:
        if cls is operator.AbstractOperator:
            break
        own = {
            name: write(cls.__dict__[name])
            for name in ("template_fields", "template_ext", "custom_operator_name")
            if name in cls.__dict__ and not hasattr(cls.__dict__[name], "__get__")
        }
        found.append({"module": cls.__module__, "name": cls.__qualname__, "own": own,
                      "parameters": {} if cls.__module__.startswith("airflow.") else _parameters(cls, write),
                      "stand_in": bool(cls.__dict__.get("is_stand_in"))})  # fmt: skip
    return found


def _parameters(cls, write):
    """The named arguments of a class's own ``__init__``, with their defaults."""
    init = cls.__dict__.get("__init__")
    if init is None:
        return {}
    found = list(inspect.signature(getattr(init, "__wrapped__", init)).parameters.values())[1:]
    named = (one for one in found if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD))
    return {one.name: {"not_set": ""} if one.default is one.empty else write(one.default) for one in named}


def _owner(kind, init):
    """Which of the classes that KIND derives from has INIT: its place in the lineage."""
    for number, cls in enumerate(kind.__mro__):
        own = cls.__dict__.get("__init__")
        if own is not None and getattr(own, "__wrapped__", own) is init:
            return number
    return -1


def counted_dags(module, registered):
    """The DAGs that Airflow would take: globals of MODULE, those that a ``with`` closed, and those inside of their
    tasks (Airflow 2's SubDagOperator)."""
    waiting = [*registered, *(value for value in list(vars(module).values()) if isinstance(value, dag.DAG))]
    found = {}
    while waiting:
        made = waiting.pop(0)
        found[id(made)] = made
        waiting += [inner for task in made.tasks if isinstance(inner := task.__dict__.get("subdag"), dag.DAG)
                    and id(inner) not in found]  # fmt: skip
    return list(found.values())


def failure(problem, path):
    """An exception of the file: its class, its words, and the line of PATH where it came from."""
    line, frame = 0, problem.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == path:
            line = frame.tb_lineno
        frame = frame.tb_next
    if isinstance(problem, SyntaxError) and problem.filename == path:
        line = problem.lineno or 0
    kind = type(problem)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return {"type": name, "message": str(problem)[:2000], "line": line, "exit": isinstance(problem, SystemExit),
            "python": list(sys.version_info[:2])}  # fmt: skip
