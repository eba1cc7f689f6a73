"""The task API, called: one connection, the token read afresh, patience with a server that is away.

What speaks HTTP is imported with the first call: a local attempt that only runs a command makes none.
"""

from __future__ import annotations

import json
import os
import time
import urllib.parse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar, cast

from goflow_runner.wire import (
    ENV_API_URL,
    ENV_TOKEN_FILE,
    LARGEST_BODY,
    PREFIX,
    PROTOCOL,
    REPEAT_HEADER,
    Claim,
    Finish,
    LogLine,
    Question,
    TaskInput,
    XComValue,
)

if TYPE_CHECKING:
    import http.client

T = TypeVar("T")
_NOTHING: Mapping[str, str] = {}

PATIENCE_S = 7200.0
"""Seconds for which a call is tried again while the server is away: a daemon may be away for an hour, and no task is to
fail by that."""
TOKEN_S = 60.0
"""The same while the token's file is not there: then its launch is likely to be gone, with all that was its."""
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 5.0
CALL_TIMEOUT_S = 30.0
CONNECT_TIMEOUT_S = 3.0
"""Seconds for a connection to come about: asking again is cheaper than waiting for a network that is just begun."""


class RefusedError(Exception):
    """The server has answered, and the answer is no: STATUS and the server's own words."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        self.detail = detail
        super().__init__(f"{status}: {detail}")


class ServerAwayError(Exception):
    """The server did not answer for as long as the runner waits."""


class ServerBusyError(ServerAwayError):
    """The server has asked to come back with this in so many seconds (AFTER_S)."""

    def __init__(self, after_s: float, words: str) -> None:
        self.after_s = after_s
        super().__init__(words)


class Patience:
    """How long a call is tried again that nobody has answered, with growing pauses: PATIENCE_S seconds, and less where
    TOKEN_FILE is gone."""

    def __init__(self, patience_s: float, token_file: str, sleep: Callable[[float], None]) -> None:
        self._patience_s = patience_s
        self._token_file = token_file
        self._sleep = sleep
        self._began = time.monotonic()
        self._pause = FIRST_PAUSE_S

    def wait(self, address: object, trouble: str) -> None:
        """Pause before the next try. Raises ServerAwayError, about ADDRESS and the last TROUBLE, once it is over."""
        longest_s = self._patience_s if os.path.exists(self._token_file) else min(self._patience_s, TOKEN_S)
        if time.monotonic() + self._pause > self._began + longest_s:
            raise ServerAwayError(f"no answer from {address} for {longest_s:.0f} s ({trouble})")
        self._sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE_S)


class TaskClient:
    """Speaks for one launch. Not thread-safe: the log shipper has a client of its own (`another`)."""

    def __init__(
        self,
        api_url: str,
        launch_id: str,
        token_file: str,
        *,
        patience_s: float = PATIENCE_S,
        timeout_s: float = CALL_TIMEOUT_S,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.api_url = api_url
        self.launch_id = launch_id
        self.token_file = token_file
        self.patience_s = patience_s
        self.timeout_s = timeout_s
        self._sleep = sleep
        self.headers: dict[str, str] = {}
        """Sent with every call, besides the token."""
        self.folders = "folders"
        """Below what path DAG folders are fetched."""
        self._connection: http.client.HTTPConnection | None = None
        self._owner = os.getpid()
        self._is_repeat = False

    @classmethod
    def from_environment(cls, launch_id: str, environment: Mapping[str, str] = os.environ) -> TaskClient:
        """The client that the daemon's environment variables describe. Raises KeyError when one is missing."""
        return cls(environment[ENV_API_URL], launch_id, environment[ENV_TOKEN_FILE])

    @classmethod
    def of_runner(cls, environment: Mapping[str, str], headers: Mapping[str, str]) -> TaskClient:
        """The client of a trigger runner, which speaks for no launch; HEADERS name it. Raises KeyError as above."""
        client = cls.from_environment("", environment)
        client.headers.update(headers)
        return client

    def another(self) -> TaskClient:
        """A second client for the same launch, with a connection of its own."""
        return TaskClient(self.api_url, self.launch_id, self.token_file, patience_s=self.patience_s, sleep=self._sleep)

    # What is said about the launch -----------------------------------------------------------------------------

    def claim(self, claimant: str) -> TaskInput:
        """Claim the launch. Raises RefusedError (409: another has it; 410: not wanted), ServerAwayError."""
        return cast(TaskInput, self.call("POST", f"launches/{self.launch_id}/claim", claim_of(claimant)))

    def logs(self, lines: list[LogLine]) -> None:
        """Store lines; sending a line again is harmless."""
        self.call("POST", f"launches/{self.launch_id}/logs", {"lines": lines})

    def logs_as_written(self, lines: list[bytes], written: int = 0, *, last: bool = False) -> None:
        """The same with lines that are JSON already, as they stand in the spool. WRITTEN, LAST: `LogLines`. Raises
        ServerBusyError where the server has too many lines just now."""
        body = b'{"written":%d,"last":%b,"lines":[%b]}' % (written, b"true" if last else b"false", b",".join(lines))
        self._until_answered("POST", f"launches/{self.launch_id}/logs", body, _json, comes_back=True)

    def report(
        self,
        *,
        rendered_fields: dict[str, Any] | None = None,
        xcoms: list[XComValue] | None = None,
        rendered_map_index: str | None = None,
        note: str | None = None,
    ) -> None:
        """Store what is known before the end."""
        given = {
            "rendered_fields": rendered_fields,
            "xcoms": xcoms,
            "rendered_map_index": rendered_map_index,
            "note": note,
        }
        body = {name: value for name, value in given.items() if value is not None}
        self.call("POST", f"launches/{self.launch_id}/report", body)

    def finish(self, finish: Finish) -> None:
        """Tell the end. Harmless to repeat."""
        self.call("POST", f"launches/{self.launch_id}/finish", finish)

    # What a task may ask for -----------------------------------------------------------------------------------

    def xcoms(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        key: str,
        map_index: int | None = None,
        *,
        prior: bool = False,
    ) -> list[dict[str, Any]]:
        """``[{"map_index": n, "value": json}, ...]``; with PRIOR of the newest earlier run that has one."""
        query = {"dag_id": dag_id, "run_id": run_id, "task_id": task_id, "key": key}
        if map_index is not None:
            query["map_index"] = str(map_index)
        answer = self.call("GET", ("xcoms/prior?" if prior else "xcoms?") + urllib.parse.urlencode(query))
        return cast("list[dict[str, Any]]", answer["values"])

    def variable(self, name: str) -> str | None:
        """A Variable's text, or None."""
        answer = self._or_none("GET", f"variables/{_quoted(name)}")
        return None if answer is None else cast(str, answer["value"])

    def set_variable(self, name: str, value: str) -> None:
        """Set a Variable."""
        self.call("PUT", f"variables/{_quoted(name)}", {"value": value})

    def delete_variable(self, name: str) -> None:
        """Remove a Variable; harmless when there is none."""
        self._or_none("DELETE", f"variables/{_quoted(name)}")

    def connection(self, conn_id: str) -> dict[str, Any] | None:
        """A connection's parts, password included, or None."""
        return self._or_none("GET", f"connections/{_quoted(conn_id)}")

    def state(self, key: str, *, asset: str | None = None) -> list[Any]:
        """What the task (or the asset of that name) remembers by KEY: the value as the only element, or nothing."""
        return cast("list[Any]", self.call("GET", f"state?{_named(asset, key)}")["values"])

    def set_state(self, key: str, value: object, *, asset: str | None = None, expires_at: str | None = None) -> None:
        """Remember VALUE (JSON), until EXPIRES_AT (ISO) where that is given."""
        self.call("PUT", f"state?{_named(asset, key)}", {"value": value, "expires_at": expires_at})

    def delete_state(self, key: str | None = None, *, asset: str | None = None) -> None:
        """Forget what is remembered by KEY, or everything."""
        self.call("DELETE", f"state?{_named(asset, key)}")

    def assets(self, **named: str) -> list[dict[str, Any]]:
        """The asset of that ``name`` or ``uri``, or those that an ``alias`` has stood for: name, URI, group."""
        return cast("list[dict[str, Any]]", self.call("GET", "assets?" + urllib.parse.urlencode(named))["assets"])

    def asset_events(self, **asked: str | int | bool) -> list[dict[str, Any]]:
        """What has happened to an asset or under an alias (`goflow_runner.wire.AssetHappened`)."""
        answer = self.call("GET", "asset_events?" + urllib.parse.urlencode(asked))
        return cast("list[dict[str, Any]]", answer["asset_events"])

    def ask_person(self, question: Question) -> None:
        """Ask a person; harmless to repeat."""
        self.call("POST", f"launches/{self.launch_id}/question", question)

    def answer_of_person(self) -> dict[str, Any]:
        """What was answered. Raises RefusedError (404) where nothing was asked."""
        return self.call("GET", f"launches/{self.launch_id}/question")

    def answer_question(self, chosen_options: list[str], params_input: dict[str, Any]) -> dict[str, Any]:
        """Answer in the place of a person. Raises RefusedError (409) where somebody has."""
        body = {"chosen_options": chosen_options, "params_input": params_input}
        return self.call("PATCH", f"launches/{self.launch_id}/question", body)

    def trigger_dag_run(self, body: dict[str, Any]) -> dict[str, Any]:
        """Make a DAG run. Raises RefusedError (404: no such DAG; 409: there is such a run)."""
        return self.call("POST", "dag_runs", body)

    def dag_runs(
        self, dag_id: str, *, run_id: str | None = None, logical_date: str | None = None
    ) -> list[dict[str, Any]]:
        """Runs of a DAG: ``run_id``, ``state`` and ``logical_date`` of each."""
        query = {"dag_id": dag_id, "run_id": run_id, "logical_date": logical_date}
        answer = self.call("GET", "dag_runs?" + urllib.parse.urlencode({k: v for k, v in query.items() if v}))
        return cast("list[dict[str, Any]]", answer["runs"])

    def task_states(
        self, dag_id: str, *, task_ids: list[str], run_id: str | None = None, logical_date: str | None = None
    ) -> dict[str, dict[str, str]]:
        """Task id to ``{map index: state}``."""
        query = [("dag_id", dag_id), *(("task_id", task_id) for task_id in task_ids)]
        query += [(k, v) for k, v in (("run_id", run_id), ("logical_date", logical_date)) if v]
        return cast(
            "dict[str, dict[str, str]]", self.call("GET", "task_states?" + urllib.parse.urlencode(query))["states"]
        )

    def folder_archive(self, digest: str, into: BinaryIO) -> None:
        """Write the DAG folder's tar to INTO, from its beginning, whole. Raises RefusedError, ServerAwayError."""

        def take(response: http.client.HTTPResponse) -> None:
            into.seek(0)
            into.truncate()
            while chunk := response.read(1 << 16):
                into.write(chunk)

        self._until_answered("GET", f"{self.folders}/{digest}.tar", None, take)
        into.seek(0)

    def forward(
        self, method: str, path: str, payload: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """A call as somebody else has made it: PATH from the root, HEADERS besides our own. Status, headers and body of
        the answer, whatever it says but 5xx and 429. Raises ServerAwayError."""

        def take(response: http.client.HTTPResponse) -> tuple[int, Mapping[str, str], bytes]:
            return response.status, dict(response.getheaders()), response.read()

        return self._until_answered(method, path, payload, take, headers, any_answer=True)

    # How it is said --------------------------------------------------------------------------------------------

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """One call, tried again with growing pauses while the server is away or in trouble (5xx, 429).

        Raises RefusedError for any other answer than 2xx, ServerAwayError after ``patience_s`` seconds.
        """
        payload = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if payload is not None and len(payload) > LARGEST_BODY:
            words = (
                f"{len(payload)} bytes of results, logs or rendered fields at once; {LARGEST_BODY} are taken at most"
            )
            raise RefusedError(413, words)
        return self._until_answered(method, path, payload, _json)

    def _until_answered(
        self,
        method: str,
        path: str,
        payload: bytes | None,
        take: Callable[[http.client.HTTPResponse], T],
        headers: Mapping[str, str] = _NOTHING,
        *,
        any_answer: bool = False,
        comes_back: bool = False,
    ) -> T:
        """What TAKE makes of the first answer that arrives whole: of 2xx, or with ANY_ANSWER of any but 5xx and 429.
        COMES_BACK: who calls comes back by itself when the server asks for that (ServerBusyError)."""
        import http.client

        patience = Patience(self.patience_s, self.token_file, self._sleep)
        self._is_repeat = False
        while True:
            try:
                response = self._send(method, path, payload, headers)
                is_said = is_answer(response.status)
                if 200 <= response.status < 300 or (any_answer and is_said):
                    return take(response)
                detail = _detail(response.read())
                if is_said:
                    raise RefusedError(response.status, detail)
                after_s = _retry_after(response)
                if comes_back and response.status == 429 and after_s:
                    raise ServerBusyError(after_s, detail)
                trouble = f"{response.status}: {detail}"
            except (OSError, http.client.HTTPException) as problem:
                self.close()
                trouble = f"{type(problem).__name__}: {problem}"
            self._is_repeat = True
            patience.wait(self.api_url, trouble)

    def close(self) -> None:
        """Give the connection back; the next call opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _send(self, method: str, path: str, payload: bytes | None, more: Mapping[str, str]) -> http.client.HTTPResponse:
        import http.client

        token = read_token(self.token_file)
        if self._owner != os.getpid():  # a fork must not speak on its parent's connection
            self._connection, self._owner = None, os.getpid()
        if self._connection is None:
            self._connection = self._connect()
        headers = {**more, "Authorization": f"Bearer {token}", "X-GoFlow-Launch": self.launch_id, **self.headers}
        path = path if path.startswith("/") else PREFIX + path
        if payload is not None:
            headers["Content-Type"] = "application/json"
        if self._is_repeat:
            headers[REPEAT_HEADER] = "1"
        try:
            self._connection.request(method, path, payload, headers)
            return self._connection.getresponse()
        except http.client.RemoteDisconnected:
            # An idle connection that the server has closed: once more on a new one, all calls may be repeated.
            self.close()
            self._connection = self._connect()
            self._connection.request(method, path, payload, {**headers, REPEAT_HEADER: "1"})
            return self._connection.getresponse()

    def _connect(self) -> http.client.HTTPConnection:
        import http.client

        url = self.api_url
        if url.startswith("file:"):
            with open(url[len("file:") :], encoding="utf-8") as file:
                url = file.read().strip()
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise OSError(f"{url!r} is no address of a task API (yet)")  # a file that is just being written, say
        host, port = parts.hostname, parts.port
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(host, port, timeout=CONNECT_TIMEOUT_S)
        connection.connect()
        connection.sock.settimeout(self.timeout_s)
        return connection

    def _or_none(self, method: str, path: str) -> dict[str, Any] | None:
        try:
            return self.call(method, path)
        except RefusedError as refusal:
            if refusal.status == 404:
                return None
            raise


def claim_of(claimant: str) -> Claim:
    """What CLAIMANT, who runs in this process, says to claim a launch."""
    return {"protocol": PROTOCOL, "claimant": claimant, "hostname": os.uname().nodename, "pid": os.getpid()}


def is_answer(status: int) -> bool:
    """Whether the server has spoken with STATUS: else it is in trouble, or asks to come back."""
    return status < 500 and status != 429


def _retry_after(response: http.client.HTTPResponse) -> float:
    """The seconds of ``Retry-After``; 0 where there are none."""
    told = response.getheader("Retry-After", "")
    return float(told) if told.isdecimal() and len(told) < 6 else 0.0


def read_token(token_file: str) -> str:
    """The token, which may be renewed at any time. Raises OSError."""
    with open(token_file, encoding="ascii") as file:
        return file.read().strip()


def _json(response: http.client.HTTPResponse) -> dict[str, Any]:
    """The body. Raises HTTPException for one that is no JSON: it is cut off, or not from the task API at all."""
    import http.client

    content = response.read()
    if response.status == 204:
        return {}
    try:
        answer = json.loads(content)
    except ValueError as problem:
        raise http.client.HTTPException(f"an answer that is no JSON: {problem}") from problem
    if not isinstance(answer, dict):
        raise http.client.HTTPException("an answer that is no JSON object")
    return answer


def _quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="")


def _named(asset: str | None, key: str | None) -> str:
    return urllib.parse.urlencode(
        {name: value for name, value in (("asset", asset), ("key", key)) if value is not None}
    )


def _detail(content: bytes) -> str:
    try:
        return str(json.loads(content)["detail"])
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace")[:500]
