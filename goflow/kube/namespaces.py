"""Which namespaces a daemon watches, and what is said of another."""

from __future__ import annotations

from collections.abc import Collection


def unwatched(namespace: str, watched: Collection[str]) -> str | None:
    """Why nothing can be run in NAMESPACE by a daemon that looks after those that are WATCHED; None: it can."""
    if namespace in watched:
        return None
    among = ", ".join(watched)
    return (
        f"namespace {namespace!r} is not among those that this daemon watches ({among}): add it to the setting"
        " job_namespaces"
    )
