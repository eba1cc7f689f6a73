"""``docker.types``: what DockerOperator's arguments are made of."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, raised
from goflow.parser.libraries.registry import function, module

_KINDS = ("bind", "volume", "tmpfs", "npipe")


def _mount(
    at: At,
    target: Any,
    source: Any,
    type: Any = "volume",  # noqa: A002
    read_only: Any = False,
    consistency: Any = None,
    propagation: Any = None,
    **options: Any,
) -> Any:
    """``Mount``, which is a mapping in the words of Docker's API. Options that are seldom given are not followed."""
    if options or isinstance(type, Unknown) or isinstance(consistency, Unknown) or (propagation and type != "bind"):
        return Unknown("the options of a docker.types.Mount", at)
    if type not in _KINDS:
        raised(at, "ValueError", f'Unsupported mount type: "{type}"')
    made = {"Target": target, "Source": source, "Type": type, "ReadOnly": read_only}
    if consistency:
        made["Consistency"] = consistency
    if propagation is not None:
        made["BindOptions"] = {"Propagation": propagation}
    return made


@module("docker.types")
def build(session: Session) -> dict[str, Any]:
    """``docker.types``."""
    return {"Mount": function("Mount", _mount, takes_unknown=True)}


@module("docker")
def build_docker(session: Session) -> dict[str, Any]:
    """``docker``: its modules are found on demand."""
    return {}
