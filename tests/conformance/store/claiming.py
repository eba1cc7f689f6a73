"""Two trigger runners that claim at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from goflow.store import Store, Tx


def shares_of(stores: Sequence[Store], claim: Callable[[Tx, str, int], list[int]], most: int) -> list[list[int]]:
    """What the runners ``r0``, ``r1`` and so on get, one for each of STORES, which each CLAIM up to MOST at a time until
    there is nothing left."""

    def all_of(number: int) -> list[int]:
        mine: list[int] = []
        while True:
            with stores[number].transaction() as tx:
                got = claim(tx, f"r{number}", most)
            mine += got
            if not got:
                return mine

    with ThreadPoolExecutor(len(stores)) as pool:
        return list(pool.map(all_of, range(len(stores))))
