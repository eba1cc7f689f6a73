"""What a task's container asks for, as its Job says it."""

from __future__ import annotations

from typing import Any

from goflow.domain.usage_hints import Resources
from goflow.operators.manifest import main_container


def resources_of(job: dict[str, Any]) -> Resources:
    """The requests and limits of the main container of JOB, a manifest."""
    template = job["spec"]["template"]
    name = main_container(template)
    main: dict[str, Any] = next((one for one in template["spec"].get("containers") or () if one["name"] == name), {})
    return Resources.of(main.get("resources") or {})
