"""What somebody may do: three roles, each of which includes those before it."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Viewers read; operators run, clear, mark and pause besides; admins change everything."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def includes(self, other: Role) -> bool:
        """Whether who has this role may do what OTHER may."""
        return _ORDER.index(self) >= _ORDER.index(other)


_ORDER = tuple(Role)
