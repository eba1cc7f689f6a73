"""What trigger runners claim (triggers, callbacks, questions, watches): each row by one of them, the oldest first; and
what one that has too much gives back, the youngest first: they have the least behind them."""

from __future__ import annotations

import functools
from typing import Any

from sqlalchemy import Select, Update

from goflow.store.tx import Tx


class Claims:
    """Rows to claim. FREE selects the ids of up to ``:most`` that nobody has, in order; TAKE is the compare-and-set
    that gives the one with the id ``:key`` to ``:runner``."""

    def __init__(self, free: Select[Any], take: Update) -> None:
        self._free = free
        self._take = take

    @functools.cached_property
    def _locked(self) -> Select[Any]:
        """Without those that another claims at this moment."""
        return self._free.with_for_update(skip_locked=True)

    def claim(self, tx: Tx, runner_id: str, most: int, **values: Any) -> list[int]:
        """Let a runner have up to MOST; which ones. VALUES are further parameters of the compare-and-set."""
        if most <= 0:
            return []
        found = [row.id for row in tx.rows(self._locked if tx.locks_rows else self._free, {"most": most})]
        return [key for key in found if tx.change(self._take, {"key": key, "runner": runner_id, **values})]


class Returns:
    """Rows to give back. HELD selects the ids of up to ``:most`` that ``:runner`` has, in order; GIVE is the
    compare-and-set that takes the one with the id ``:key`` from it."""

    def __init__(self, held: Select[Any], give: Update) -> None:
        self._held = held
        self._give = give

    def give_back(self, tx: Tx, runner_id: str, most: int) -> list[int]:
        """Let nobody have up to MOST of what a runner has; which ones."""
        if most <= 0:
            return []
        found = [row.id for row in tx.rows(self._held, {"runner": runner_id, "most": most})]
        return [key for key in found if tx.change(self._give, {"key": key, "runner": runner_id})]
