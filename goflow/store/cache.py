"""A small bounded cache for what never changes, such as the spec of a reading."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """The MOST values that were asked for last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, if it is still here."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            return None

    def put(self, key: K, value: V) -> None:
        """Keep VALUE, and forget the one that nobody has asked for the longest."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)

    def kept(self, key: K, make: Callable[[], V]) -> V:
        """The value; where it is not here MAKE makes it, once, however many ask for it meanwhile."""
        known = self.get(key)
        if known is None:
            with self._making:
                known = self.get(key)
                if known is None:
                    known = make()
                    self.put(key, known)
        return known

    def drop(self, key: K) -> None:
        """Forget the value of KEY, if it is here."""
        with self._lock:
            self._values.pop(key, None)


class SharedCache(Cache[K, V]):
    """The same, and whatever else of it somebody holds: nobody gets a second copy of what is there already."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self._held: weakref.WeakValueDictionary[K, V] = weakref.WeakValueDictionary()

    def get(self, key: K) -> V | None:
        """The value, if it is still anywhere."""
        known = super().get(key)
        return known if known is not None else self._held.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep VALUE, and know it for as long as anybody else does."""
        super().put(key, value)
        self._held[key] = value
