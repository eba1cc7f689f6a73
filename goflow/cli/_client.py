"""The daemon's API, found and called; while no daemon runs, the same API over the database, in this process."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from goflow.domain.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    GoFlowError,
    InvalidRequestError,
    NotFoundError,
    NotReachableError,
    StateChangeRefusedError,
    UnauthorizedError,
)

TIMEOUT_S = 60.0


class Api:
    """Calls to REST at URL. Raises the domain's errors with the server's own words."""

    def __init__(self, url: str, token: str, *, live: bool) -> None:
        import httpx

        self.url = url
        self.live = live
        """Whether a daemon answers, and not this process."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=url, headers=headers, timeout=TIMEOUT_S, trust_env=False)

    def call(self, method: str, path: str, *, body: Any = None, **query: Any) -> Any:
        """One call and its JSON answer (None for 204)."""
        import httpx

        picked = {name: value for name, value in query.items() if value is not None}
        try:
            answer = self._http.request(method, path, params=picked, json=body)
        except httpx.HTTPError as problem:
            hint = "is the daemon running? `goflow standalone` starts one here"
            raise NotReachableError(f"{self.url}: {problem}", hint=hint) from problem
        if answer.status_code >= 400:
            _raise_for(answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def get(self, path: str, **query: Any) -> Any:
        """GET."""
        return self.call("GET", path, **query)

    def close(self) -> None:
        """Close the connection."""
        self._http.close()


@contextlib.contextmanager
def connect() -> Iterator[Api]:
    """The API: at ``GOFLOW_SERVER`` with ``GOFLOW_API_TOKEN``; else of the daemon that runs in this GoFlow's home; else
    over the database in this process."""
    server = os.environ.get("GOFLOW_SERVER")
    if server:
        api = Api(server, os.environ.get("GOFLOW_API_TOKEN", ""), live=True)
    else:
        from goflow.default_home import default_home

        found = running_daemon(default_home())
        if found is None:
            with _in_process() as local:
                yield local
            return
        api = Api(found["url"], found["token"], live=True)
    try:
        yield api
    finally:
        api.close()


def running_daemon(home: Path) -> dict[str, Any] | None:
    """Address and token of the daemon that runs in HOME; None when none does."""
    try:
        found: dict[str, Any] = json.loads((home / "run" / "daemon.json").read_text(encoding="utf-8"))
        os.kill(int(found["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return None
    return found


@contextlib.contextmanager
def _in_process() -> Iterator[Api]:
    from goflow import settings as all_settings
    from goflow.home import open_store, prepare_home
    from goflow.logs.masking import Masker
    from goflow.logs.reading import LogReader
    from goflow.server.listener import Listener
    from goflow.server.rest.app import application
    from goflow.server.rest.context import Services
    from goflow.server.signin.settings import SignIn
    from goflow.telemetry.logging import configure
    from goflow.wiring import alert_desk_of, defaults_of, log_store_of, site_of

    settings = all_settings.load()
    configure("text", "error")
    prepare_home(settings)
    store = open_store(settings)
    token = secrets.token_urlsafe(32)
    services = Services(
        store=store,
        defaults=defaults_of(settings),
        site=site_of(settings),
        sign_in=SignIn(own_token=token),
        parallelism=settings.parallelism,
        namespace_slots=settings.namespace_slots,
        log_reader=LogReader(store, log_store_of(settings, store), Masker(store, settings.secret_names)),
        alerts=alert_desk_of(settings, store),
        dag_folder=str(settings.dags),
    )
    listener = Listener("API", lambda: application(services), "127.0.0.1", 0)
    listener.start()
    api = Api(listener.url, token, live=False)
    try:
        yield api
    finally:
        api.close()
        listener.stop(2)
        store.close()


def _raise_for(status: int, text: str) -> None:
    hint = ""
    try:
        answer = json.loads(text)
        detail, hint = answer.get("detail", text), answer.get("hint", "")
    except ValueError:
        detail = text[:300]
    if isinstance(detail, list):  # FastAPI's own validation: one entry per field
        detail = "; ".join(f"{'.'.join(str(part) for part in item['loc'][1:])}: {item['msg']}" for item in detail)
    words = str(detail)
    for kind in (NotFoundError, AlreadyExistsError, ConflictError, InvalidRequestError, StateChangeRefusedError):
        begin = f"{(kind.__doc__ or '').splitlines()[0]}: "
        if words.startswith(begin):
            raise kind(words.removeprefix(begin), hint=hint)
    kinds: dict[int, type[GoFlowError]] = {
        401: UnauthorizedError,
        403: ForbiddenError,
        404: NotFoundError,
        409: AlreadyExistsError,
    }
    raise kinds.get(status, InvalidRequestError if status in {400, 422} else GoFlowError)(words, hint=hint)
