"""What the work queue had no room for, fetched from the database when there is."""

from __future__ import annotations

from collections.abc import Callable

from goflow.executor.holds import Holds
from goflow.executor.work import Kind, WorkQueue
from goflow.store import Store, launches


class Refill:
    """Fills QUEUE with launches of STORE on BACKEND, oldest first. HOLDS: namespaces of which none is wanted now.
    IS_WANTED says of a launch, by its id, whether that step is for this queue now."""

    def __init__(
        self, store: Store, backend: str, queue: WorkQueue, holds: Holds, is_wanted: Callable[[Kind, str], bool]
    ) -> None:
        self._store = store
        self._backend = backend
        self._queue = queue
        self._holds = holds
        self._is_wanted = is_wanted
        self._behind: dict[Kind, str] = {}
        """How far each kind was looked through."""

    def begin_anew(self, kind: Kind) -> None:
        """What was passed over may be wanted now."""
        self._behind.pop(kind, None)
        self._queue.leave(kind)

    def fetch(self) -> None:
        """Put in what there is room for. Raises DatabaseBusyError; nothing is lost then."""
        for launch_id in self._holds.ask_again():
            self._queue.put(("launch", launch_id))
        wanted = self._queue.wants()
        try:
            while wanted:
                self._fetch(wanted[-1])
                wanted.pop()
        except BaseException:
            for kind in wanted:
                self._queue.leave(kind)
            raise

    def _fetch(self, kind: Kind) -> None:
        room = self._queue.room(kind)
        found = self._ids(kind, room)
        job = ""
        for launch_id, its_job in found:
            if its_job != job and not self._queue.holds(kind, launch_id) and self._is_wanted(kind, launch_id):
                self._queue.put((kind, launch_id))
            job = its_job
        if len(found) < room:
            self._behind.pop(kind, None)  # to the end; what was refused meanwhile has been noted as left
        else:
            self._behind[kind] = found[-1][0]
            self._queue.leave(kind)

    def _ids(self, kind: Kind, limit: int) -> list[tuple[str, str]]:
        """Ids, each with what tells those apart that are launched together."""
        after = self._behind.get(kind, "")
        with self._store.reading() as tx:
            if kind == "launch":
                besides = self._holds.namespaces()
                return launches.planned_ids(tx, self._backend, after=after, limit=limit, besides=besides)
            look = launches.ids_to_stop if kind == "stop" else launches.ids_to_clean
            return [(launch_id, launch_id) for launch_id in look(tx, self._backend, after=after, limit=limit)]
