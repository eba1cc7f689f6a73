"""What `goflow.yaml` says in one place of it, and how two such words become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from goflow.domain.precedence import over
from goflow.domain.spec import Dialect, RuntimeSpec

ImportMode = Literal["evaluate", "sandbox"]
"""How a file is read: evaluated, without running a line of it, or run in a process that is shut in."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The keys of the top of `goflow.yaml` or of one rule; None: not said."""

    dialect: Dialect | None = None
    import_mode: ImportMode | None = None
    import_from: Literal["folder", "beside"] | None = None
    import_roots: tuple[str, ...] = ()
    python: str | None = None
    absent_modules: tuple[str, ...] = ()
    variables: tuple[str, ...] | None = None
    connections: tuple[str, ...] | None = None
    runtime: RuntimeSpec = field(default_factory=RuntimeSpec)


@dataclass(frozen=True, slots=True)
class Rule:
    """Settings for what all of its patterns match; an empty tuple matches everything."""

    path: tuple[str, ...] = ()
    dag: tuple[str, ...] = ()
    task: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)


_NOTHING = Settings()


def merged(parts: Iterable[Settings]) -> Settings:
    """All PARTS as one; later ones win, mappings are merged key by key, import roots and absent modules are joined."""
    answer = _NOTHING
    for part in parts:
        if part == _NOTHING:  # most folders say nothing
            continue
        answer = Settings(
            dialect=part.dialect or answer.dialect,
            import_mode=part.import_mode or answer.import_mode,
            import_from=part.import_from or answer.import_from,
            import_roots=(*answer.import_roots, *part.import_roots),
            python=part.python or answer.python,
            absent_modules=(*answer.absent_modules, *part.absent_modules),
            variables=answer.variables if part.variables is None else part.variables,
            connections=answer.connections if part.connections is None else part.connections,
            runtime=over(part.runtime, answer.runtime),
        )
    return answer
