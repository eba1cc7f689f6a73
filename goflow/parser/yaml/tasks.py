"""What has to hold among the tasks of a native DAG: names that differ, dependencies that exist, and no cycle."""

from __future__ import annotations

import difflib
import graphlib
from collections.abc import Sequence

from goflow.parser.yaml.nodes import Node
from goflow.parser.yaml.nodes import Sequence as SequenceNode
from goflow.parser.yaml.shapes import Given, Reader


def check_graph(tasks: Sequence[Given], reader: Reader) -> None:
    """Tell READER of names that stand twice (GF202), dependencies on nothing (GF402) and cycles (GF201)."""
    named: dict[str, Given] = {}
    for task in tasks:
        name = task.get("Name")
        if name in named:
            words = f"line {named[name].node.line} already defines a task {name!r}"
            reader.tell("GF202", task.nodes["Name"], words)
        elif name is not None:
            named[name] = task
    for name, task in named.items():
        for index, parent in enumerate(task.get("DependsOn", ())):
            if parent not in named:
                close = difflib.get_close_matches(parent, named, n=1)
                hint = f"did you mean {close[0]!r}?" if close else ""
                reader.task_id = name
                reader.tell("GF402", _place(task, index), f"there is no task {parent!r}", hint)
                reader.task_id = None
    graph = {name: [p for p in task.get("DependsOn", ()) if p in named] for name, task in named.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        circle = list(reversed(error.args[1]))
        node = named[circle[0]].nodes.get("DependsOn", named[circle[0]].node)
        reader.tell("GF201", node, f"the tasks wait for each other: {' -> '.join(circle)}")


def _place(task: Given, index: int) -> Node:
    node = task.nodes["DependsOn"]
    return node.items[index] if isinstance(node, SequenceNode) else node
