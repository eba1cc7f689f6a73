"""Live changes as server-sent events: what the event table gets, as it gets it, resumable by the event's number.

A listener costs a coroutine and a queue of wake-ups, no thread: the store's subscription only notes that there is
something, and what it is is read from the table in order. So nothing is told twice or left out, whoever wrote it, and a
listener that is slow reads on where it was.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from goflow.domain.runs import Event
from goflow.server.rest import shapes
from goflow.server.rest.context import CallerDep, ServicesDep
from goflow.server.rest.paging import Natural
from goflow.server.signin import callers
from goflow.store import Store, events
from goflow.store.errors import DatabaseBusyError

router = APIRouter(tags=["Event Log"])
HEARTBEAT_S = 15.0
"""Seconds of silence after which a comment is sent, so that neither end, nor what is between them, gives up."""
MOST_LISTENERS = 200
"""Listeners at once; whoever comes then is asked to come again."""
LONGEST_BACK_S = 600
"""How many seconds ago a listener may begin; who missed more has to look anew."""
BATCH = 500
"""Events that are read at a time."""
RETRY_MS = 2000
"""After how many milliseconds a browser is to come again when the connection ends."""


class Listeners:
    """Wakes those who listen, in their own loop, when anything is written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waking: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._end: Callable[[], None] | None = None

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._waking)

    def join(self) -> asyncio.Event:
        """What is set when there is something to read; `leave` with it."""
        if self._end is None:
            self._end = self._store.subscribe(self._wake)
        event = asyncio.Event()
        self._waking[event] = asyncio.get_running_loop()
        return event

    def leave(self, event: asyncio.Event) -> None:
        """One of them is gone; harmless when repeated."""
        self._waking.pop(event, None)
        if not self._waking and self._end is not None:
            self._end()
            self._end = None

    def _wake(self, _: Sequence[Event]) -> None:
        for event, loop in list(self._waking.items()):
            loop.call_soon_threadsafe(event.set)


@router.get("/goflow/v1/events/stream", response_class=StreamingResponse)
async def stream_events(
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    dag_id: str | None = None,
    run_id: str | None = None,
    kind: Annotated[list[str] | None, Query(description="only events of these kinds")] = None,
    after: Annotated[Natural | None, Query(description="the number to go on behind; default: from now on")] = None,
    back_s: Annotated[int, Query(description="begin so many seconds ago", ge=0, le=LONGEST_BACK_S)] = 0,
    last_event_id: Annotated[str | None, Header(description="the same as after, as browsers send it")] = None,
) -> StreamingResponse:
    """Events as they happen, each with its number as ``id``, its kind as ``event`` and itself as ``data``."""
    listeners: Listeners = request.app.state.listeners
    if listeners.count >= MOST_LISTENERS:
        raise HTTPException(503, f"there are {MOST_LISTENERS} listeners already", {"Retry-After": "5"})
    start = await run_in_threadpool(_start, services.store, last_event_id, after, back_s)

    def look(seq: int) -> tuple[list[Event], int]:
        ways = services.sign_in
        if callers.of_request(request, services.store, services.api_token, ways, is_open=services.open) is None:
            raise _GoneError
        return _read(services.store, seq, dag_id, run_id, kind)

    told = _told(look, start, listeners)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


class _GoneError(Exception):
    """Whose session is over, or whose token was revoked, hears no more."""


def _start(store: Store, last_event_id: str | None, after: int | None, back_s: int) -> int:
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdecimal() and len(last_event_id) < 19:
        return int(last_event_id)
    if after is not None:
        return after
    with store.reading() as tx:
        return events.last_seq(tx, before=tx.now() - dt.timedelta(seconds=back_s)) if back_s else events.last_seq(tx)


def _read(
    store: Store, seq: int, dag_id: str | None, run_id: str | None, kinds: list[str] | None
) -> tuple[list[Event], int]:
    """Events behind SEQ that fit, and the number up to which there are no others."""
    with store.reading() as tx:
        newest = events.last_seq(tx)
        found = events.after(tx, seq, limit=BATCH, dag_id=dag_id, run_id=run_id, kinds=kinds or None)
    return found, found[-1].seq if len(found) >= BATCH else max(seq, newest, *(event.seq for event in found))


async def _told(look: Callable[[int], tuple[list[Event], int]], seq: int, listeners: Listeners) -> AsyncIterator[str]:
    """The stream: what is there behind SEQ, then what comes; a comment after each `HEARTBEAT_S` without anything. It
    ends when whoever listens is no longer let in. Its first number is what a browser comes back with that has heard of
    nothing before its connection ends."""
    woken = listeners.join()  # here, and not before: what is never begun is never left
    try:
        yield f"retry: {RETRY_MS}\nid: {seq}\n\n"
        while True:
            woken.clear()
            try:
                found, seq = await run_in_threadpool(look, seq)
            except DatabaseBusyError:
                found = []
            except _GoneError:
                return
            if found:
                yield "".join(map(_message, found))
                continue
            try:
                await asyncio.wait_for(woken.wait(), HEARTBEAT_S)
            except TimeoutError:
                yield ": alive\n\n"
    finally:
        listeners.leave(woken)


def _message(event: Event) -> str:
    told: dict[str, Any] = shapes.event(event)
    return f"id: {event.seq}\nevent: {event.kind}\ndata: {json.dumps(told, separators=(',', ':'))}\n\n"
