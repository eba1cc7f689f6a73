"""The names that an expression is written with: the first and the last of ``first.attribute[key].last``."""

from __future__ import annotations

import libcst as cst


def first_name(node: cst.CSTNode) -> str | None:
    """The name that NODE, ``name.attribute[key]``, begins with; None where it begins with something else."""
    while isinstance(node, cst.Attribute | cst.Subscript):
        node = node.value
    return node.value if isinstance(node, cst.Name) else None


def last_name(node: cst.CSTNode) -> str:
    """The name that NODE, ``module.name`` or ``name``, ends with; empty where it ends with something else."""
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""
