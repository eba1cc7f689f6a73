"""Logs of many containers, followed in one thread: an event loop, and a connection for each container.

A thread for each would be thousands where thousands of pods run, and nearly all of them would wait for a line.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp

from goflow.kube.api import PODS, KubeApi
from goflow.kube.errors import KubeError, UnavailableError, error_for
from goflow.telemetry import metrics

SILENCE_S = 3600.0
"""The longest silence of a container that writes nothing, so that a connection whose other end has vanished is given
up."""
CONNECT_S = 30.0
STOP_S = 5.0
SHORT_AT_ONCE = 8
"""Logs of containers that have ended whose begin is asked for at the same time: each more is a connection more, here
and from the API server to a kubelet, and most such logs are over before a handshake would be. A long one goes on
beside them."""
PATIENCE_S = 0.25
"""Seconds that one waits for its turn among those. Then it is asked for all the same: they wait for a node that does
not answer."""
KEPT_S = 5.0
"""Seconds for which a connection whose log has ended is kept for others: a handshake costs more than most logs."""
Take = Callable[[bytes], Awaitable[None]]
End = Callable[[KubeError | None], None]


class LogStream:
    """One log that is read."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        """What reads it; None until it begins. The streams' own thread alone touches it, and what follows."""
        self.quiet_since = time.monotonic()
        """The monotonic clock's seconds when its last bytes had been taken (a server may keep its headers back until
        there are some); infinity while some are being taken."""
        self.is_given_up = False


class LogStreams:
    """Follows logs through API's server. What it calls is called in its own thread."""

    def __init__(self, api: KubeApi) -> None:
        self._api = api
        self._guard = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._short = asyncio.Semaphore(SHORT_AT_ONCE)

    def read(self, namespace: str, pod: str, container: str, take: Take, end: End, *, follow: bool = True) -> LogStream:
        """Have TAKE called with the log's bytes as they come, each line led by its time stamp (RFC 3339), and END at
        last, with what has cut it off. While TAKE waits, nothing more of that log is read. Without FOLLOW the log ends
        with what is there."""
        loop = self._running()
        path = f"{PODS.format(namespace=namespace)}/{pod}/log"
        query = {"container": container, "timestamps": "true", **({"follow": "true"} if follow else {})}
        stream = LogStream()
        loop.call_soon_threadsafe(lambda: self._begin(stream, path, query, take, end))
        return stream

    def give_up_when_silent(self, stream: LogStream, silence_s: float) -> None:
        """Cut STREAM off as soon as nothing has come from it for so long: its container is over, and some kubelets
        never end what is followed (kubernetes/kubernetes issues 28369, 44340)."""
        self.call_soon(lambda: self._look_at(stream, silence_s))

    def call_soon(self, function: Callable[[], None]) -> None:
        """Have FUNCTION called in this one's thread; nothing happens when it has not begun."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it was stopped just now
                loop.call_soon_threadsafe(function)

    def call_later(self, seconds: float, function: Callable[[], None]) -> None:
        """Have FUNCTION called in this one's thread after so many SECONDS, unless it is stopped before."""
        loop = self._running()
        loop.call_soon_threadsafe(loop.call_later, seconds, function)

    def stop(self) -> None:
        """Leave all logs, without a word to anybody; harmless when repeated."""
        with self._guard:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is not None and thread is not None:
            asyncio.run_coroutine_threadsafe(self._leave(), loop)
            thread.join(STOP_S)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._guard:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._run, args=(self._loop,), name="log-streams", daemon=True)
                self._thread.start()
            return self._loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        loop.close()

    async def _leave(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_S)
        if self._session is not None:
            await self._session.close()
        asyncio.get_running_loop().stop()

    def _begin(self, stream: LogStream, path: str, query: dict[str, Any], take: Take, end: End) -> None:
        stream.quiet_since = time.monotonic()
        stream.task = asyncio.get_running_loop().create_task(self._read(stream, path, query, take, end))
        self._tasks.add(stream.task)
        stream.task.add_done_callback(self._tasks.discard)

    def _look_at(self, stream: LogStream, silence_s: float) -> None:
        """Cut STREAM off, or come back when it may be time to."""
        if stream.task is None or stream.task.done():
            return
        left = min(silence_s, stream.quiet_since + silence_s - time.monotonic())
        if left <= 0:
            stream.is_given_up = True
            stream.task.cancel()
        else:
            asyncio.get_running_loop().call_later(left, self._look_at, stream, silence_s)

    async def _read(self, stream: LogStream, path: str, query: dict[str, Any], take: Take, end: End) -> None:
        problem: KubeError | None = None
        try:
            await self._take_all(stream, path, query, take)
        except asyncio.CancelledError:
            if not stream.is_given_up:
                raise
            problem = UnavailableError(0, "StreamSilent", "it does not end, though its container has")
        except KubeError as refused:
            problem = refused
        except (aiohttp.ClientError, TimeoutError, OSError) as cut:
            problem = UnavailableError(0, "StreamCut", f"{type(cut).__name__}: {cut}")
        end(problem)

    async def _take_all(self, stream: LogStream, path: str, query: dict[str, Any], take: Take) -> None:
        """Ask for the log, and have TAKE called until it ends. Raises KubeError for what is refused."""
        code = "none"
        headers = {**self._api.headers(), "Accept": "*/*", "Accept-Encoding": "identity"}
        try:
            async with contextlib.AsyncExitStack() as turn:
                if "follow" not in query:
                    await turn.enter_async_context(self._turn())
                async with self._made().get(f"{self._api.host}{path}", params=query, headers=headers) as answer:
                    code = str(answer.status)
                    if answer.status >= 400:
                        words = (await answer.read()).decode("utf-8", "replace")
                        raise error_for(answer.status, "LogRefused", words[:500], None)
                    async for chunk in answer.content.iter_any():
                        await turn.aclose()  # it has begun: the next one may be asked for
                        stream.quiet_since = math.inf
                        await take(chunk)
                        stream.quiet_since = time.monotonic()
        finally:
            metrics.KUBE_REQUESTS.labels("GET", "pods/log", code).inc()

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Being one of the few whose begin is asked for, or having waited long enough to be."""
        is_one = False
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                is_one = await self._short.acquire()
        try:
            yield
        finally:
            if is_one:
                self._short.release()

    def _made(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._api.tls(), limit=0, keepalive_timeout=KEPT_S),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENCE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session
