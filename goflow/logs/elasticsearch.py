"""Elasticsearch and OpenSearch as a log store, over the few requests that both answer alike.

They are made with httpx: the `elasticsearch` client refuses OpenSearch, `opensearch-py` is kept for OpenSearch alone,
and `_bulk`, `_search`, `_index_template` and the list of indices have been the same in both since they parted.

A line's index is the day (or month) on which its launch was decided, and its id is the launch's id and the line's
number. So a line that is sent twice is the same document of the same index, and `create` changes nothing. The minimal
builds have neither data streams nor index lifecycle management, so GoFlow itself ends days: `ElasticsearchLogs.expire`.
"""

from __future__ import annotations

import datetime as dt
import json
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

from goflow.domain.canonical import Json
from goflow.logs.contract import (
    Found,
    Line,
    LogRequestTooLargeError,
    LogStoreAwayError,
    Query,
    Refusal,
    Source,
)
from goflow.logs.documents import document, document_id, line_of, mapping, row_of
from goflow.store.rows import LogRow

TIMEOUT = httpx.Timeout(60.0, connect=5.0)
MOST_HITS = 10_000
"""Documents that one search gives (``index.max_result_window``)."""
BUSY = frozenset({429, 503})
_NEVER = ("document_parsing_exception", "mapper_parsing_exception", "strict_dynamic_mapping_exception")


@dataclass(frozen=True, slots=True, kw_only=True)
class ElasticsearchSettings:
    """How it is reached, and what its indices are like. SETTINGS are further settings of theirs, as the template has
    them; MANAGES_TEMPLATE false: somebody else keeps the template."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    api_key: str = field(default="", repr=False)
    ca_file: Path | None = None
    prefix: str = "goflow-logs"
    rotation: Literal["day", "month"] = "day"
    shards: int = 1
    replicas: int = 1
    settings: Mapping[str, Json] = field(default_factory=dict)
    manages_template: bool = True
    service: str = "goflow"


class ElasticsearchLogs:
    """The lines in the indices ``PREFIX-YYYY.MM.DD``."""

    name = "elasticsearch"
    linger_s = 0.0

    def __init__(self, settings: ElasticsearchSettings, transport: httpx.BaseTransport | None = None) -> None:
        """TRANSPORT: what carries the requests, in place of the network."""
        self.settings = settings
        plain = httpx.URL(settings.url).copy_with(userinfo=b"")
        self.place = f"{plain}".rstrip("/") + f"/{settings.prefix}-*"
        headers = {"Authorization": f"ApiKey {settings.api_key}"} if settings.api_key else {}
        self._client = httpx.Client(
            base_url=plain if settings.api_key else settings.url,
            auth=(settings.user, settings.password) if settings.user else None,
            headers=headers,
            verify=ssl.create_default_context(cafile=str(settings.ca_file)) if settings.ca_file else True,
            timeout=TIMEOUT,
            trust_env=False,
            transport=transport,
        )

    # What every store does ---------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Put the index template, unless somebody else keeps it."""
        if self.settings.manages_template:
            self._ask("PUT", f"/_index_template/{self.settings.prefix}", self.template())

    def write(self, lines: Sequence[Line]) -> Sequence[Refusal]:
        """Keep LINES, in one request."""
        parts: list[str] = []
        for line in lines:
            action = {"create": {"_index": self.index_of(line.source.day), "_id": document_id(line)}}
            parts += (_json(action), _json(document(line, self.settings.service)))
        body = "\n".join(parts) + "\n"
        query = {"filter_path": "errors,items.*.status,items.*.error.type,items.*.error.reason"}
        answer = self._ask("POST", "/_bulk", body.encode("utf-8", "replace"), query)
        if not answer.get("errors"):
            return ()
        refused: list[Refusal] = []
        for line, item in zip(lines, answer["items"], strict=True):
            refused += _refusal(line, next(iter(item.values())))
        return refused

    def read(self, source: Source, *, after: int = 0, limit: int = 1000) -> list[LogRow]:
        """A launch's lines, from the index of its day and month."""
        wanted: list[Json] = [
            {"term": {"goflow.launch_id": source.launch_id}},
            {"range": {"event.sequence": {"gt": after}}},
        ]
        body: dict[str, Json] = {
            "query": {"bool": {"filter": wanted}},
            "sort": [{"event.sequence": {"order": "asc", "unmapped_type": "long"}}],
            "size": min(limit, MOST_HITS),
            "track_total_hits": False,
            "_source": ["message", "event.sequence", "goflow.at", "goflow.stream"],
        }
        hits = self._search(f"{self.settings.prefix}-{source.day:%Y.%m}*", body)
        return [row_of(hit) for hit in hits]

    def search(self, query: Query) -> Found:
        """Lines with the words of QUERY one after the other, the newest first."""
        within: dict[str, Json] = {"gte": int(query.since * 1000), "format": "epoch_millis"}
        if query.until is not None:
            within["lt"] = int(query.until * 1000)
        filters: list[Json] = [{"range": {"@timestamp": within}}, {"term": {"event.dataset": "goflow.task"}}]
        asked = {name: getattr(query, name) for name in ("dag_id", "run_id", "task_id")}
        filters += [{"term": {f"goflow.{name}": value}} for name, value in asked.items() if value is not None]
        body: dict[str, Json] = {
            "query": {"bool": {"must": {"match_phrase": {"message": query.words}}, "filter": filters}},
            "sort": [
                {"@timestamp": {"order": "desc", "unmapped_type": "date"}},
                {"event.sequence": {"order": "desc", "unmapped_type": "long"}},
            ],
            "size": min(query.limit, MOST_HITS),
            "track_total_hits": False,
        }
        return Found([line_of(hit) for hit in self._search(f"{self.settings.prefix}-*", body)])

    def expire(self, before: dt.date) -> list[str]:
        """Delete the indices whose last day is before that."""
        known = self._ask("GET", f"/{self.settings.prefix}-*/_alias", None, {"allow_no_indices": "true"})
        gone = sorted(name for name in known if (end := self._end_of(name)) is not None and end <= before)
        for name in gone:
            self._ask("DELETE", f"/{name}", None, {"ignore_unavailable": "true"})
        return gone

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    # Indices -----------------------------------------------------------------------------------------------------

    def index_of(self, day: dt.date) -> str:
        """The index of launches that were decided on DAY."""
        return f"{self.settings.prefix}-{day:%Y.%m}" + (f".{day:%d}" if self.settings.rotation == "day" else "")

    def _end_of(self, index: str) -> dt.date | None:
        """The first day that is not INDEX's any more; None for one that is not ours."""
        words = index.removeprefix(f"{self.settings.prefix}-")
        try:
            if words.count(".") == 1:
                first = dt.datetime.strptime(words, "%Y.%m").date()  # noqa: DTZ007
                return (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
            return dt.datetime.strptime(words, "%Y.%m.%d").date() + dt.timedelta(days=1)  # noqa: DTZ007
        except ValueError:
            return None

    def template(self) -> dict[str, Json]:
        """The index template: what `docs/logs.md` explains."""
        own = self.settings
        settings: dict[str, Json] = {
            "number_of_shards": own.shards,
            "number_of_replicas": own.replicas,
            "refresh_interval": "1s",  # said outright: else what nobody has searched for a while is refreshed by no one
            "codec": "best_compression",
            **own.settings,
        }
        return {
            "index_patterns": [f"{own.prefix}-*"],
            "priority": 200,
            "template": {"settings": {"index": settings}, "mappings": mapping()},
            "_meta": {"managed_by": "goflow"},
        }

    # Requests ----------------------------------------------------------------------------------------------------

    def _search(self, indices: str, body: Mapping[str, Json]) -> list[Mapping[str, Any]]:
        query = {"ignore_unavailable": "true", "allow_no_indices": "true", "filter_path": "hits.hits._source"}
        answer = self._ask("POST", f"/{indices}/_search", body, query)
        return [hit["_source"] for hit in (answer.get("hits") or {}).get("hits", [])]

    def _ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Json] | bytes | None,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """One request; what was answered. Raises LogStoreAwayError and LogRequestTooLargeError."""
        content = body if isinstance(body, bytes) or body is None else _json(body).encode()
        kind = "application/x-ndjson" if isinstance(body, bytes) else "application/json"
        try:
            answer = self._client.request(
                method, path, content=content, params=dict(query or {}), headers={"Content-Type": kind}
            )
        except httpx.HTTPError as problem:
            raise LogStoreAwayError(f"{self.place}: {problem or type(problem).__name__}") from problem
        if answer.status_code == 413:
            raise LogRequestTooLargeError(f"{len(content or b'')} bytes")
        if answer.status_code >= 300:
            words = f"{self.place}: {method} {path}: {answer.status_code} {_why(answer)}"
            raise LogStoreAwayError(words, busy=answer.status_code in BUSY)
        try:
            found: dict[str, Any] = answer.json()
        except ValueError as problem:
            raise LogStoreAwayError(f"{self.place}: what answers is no Elasticsearch: {problem}") from problem
        return found


def _refusal(line: Line, item: Mapping[str, Any]) -> list[Refusal]:
    """What came of one LINE of a bulk request. Raises LogStoreAwayError where it may be taken later."""
    status, error = int(item["status"]), item.get("error") or {}
    if status < 300 or status == 409:  # it is there: an earlier request has brought it
        return []
    why = f"{error.get('type', status)}: {error.get('reason', '')}"
    if status == 400 and (error.get("type") in _NEVER or "immense term" in why):
        return [Refusal(line, why)]
    raise LogStoreAwayError(why, busy=status in BUSY)


def _why(answer: httpx.Response) -> str:
    try:
        error = answer.json().get("error")
        return str(error.get("reason") or error.get("type")) if isinstance(error, dict) else str(error or "")
    except (ValueError, AttributeError):
        return answer.text[:200]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
