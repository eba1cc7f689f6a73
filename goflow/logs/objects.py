"""Objects below any URL that fsspec knows as a log store: a bucket, or a volume (``file:///var/log/goflow``).

``URL/2026-11-29/DAG/LAUNCH/0000000001-0000000500.jsonl.gz`` has the lines 1 to 500 of a launch that was decided on that
day, each as the document that Elasticsearch would get. Chunks may overlap where something was sent twice; the reader
takes each number once.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
import json
import re
import time
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from goflow.domain.errors import InvalidRequestError
from goflow.logs.contract import Found, Line, LogStoreAwayError, Query, Refusal, Source
from goflow.logs.documents import document, line_of
from goflow.store.rows import LogRow

LINGER_S = 10.0
SEARCHED_BYTES = 256 << 20
"""Bytes of objects that one search reads at most, compressed."""
CUT_DAYS = 7
CUT_S = 60.0
"""What was cut off on a volume is looked for below the folders of so many days, and removed when it is that many
seconds old: another daemon may write a chunk just now."""
_CHUNK = re.compile(r"(\d+)-(\d+)\.jsonl\.gz$")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}$")
_CUT = ".*.jsonl.gz"
"""On a volume: a chunk that is being written."""


class ObjectLogs:
    """The lines below URL. SERVICE is this installation's name. Raises InvalidRequestError where fsspec, or the package
    for that kind of URL, is not installed."""

    name = "objects"
    linger_s = LINGER_S

    def __init__(self, url: str, service: str = "goflow") -> None:
        try:
            from fsspec.core import url_to_fs

            self._fs, self._root = url_to_fs(url, use_listings_cache=False)
        except (ImportError, ValueError) as problem:
            hint = "pip install 'goflow[objects]', and fsspec's package for that kind of URL (s3fs, gcsfs, adlfs)"
            raise InvalidRequestError(f"{url}: {problem}", hint=hint) from problem
        self._root = str(self._root).rstrip("/")
        self._service = service
        self._is_local = "file" in ((self._fs.protocol,) if isinstance(self._fs.protocol, str) else self._fs.protocol)
        self._may_have_cut = self._is_local
        self.place = url

    def prepare(self) -> None:
        """Make the folder, where there are folders; the first time also remove what was cut off on a volume."""
        self._try(lambda: self._fs.makedirs(self._root, exist_ok=True))
        if self._may_have_cut:
            self._try(self._remove_cut)
            self._may_have_cut = False

    def write(self, lines: Sequence[Line]) -> Sequence[Refusal]:
        """Keep LINES: one object for each launch among them. Where one cannot be written, those before it go again: all
        of LINES are sent once more, mostly with others, and a volume that is full would fill up with both."""
        of_launch: dict[str, list[Line]] = {}
        for line in lines:
            of_launch.setdefault(line.source.launch_id, []).append(line)
        written: list[str] = []
        try:
            for its in of_launch.values():
                its.sort(key=lambda line: line.row.seq)
                text = "".join(f"{json.dumps(document(line, self._service))}\n" for line in its)
                name = f"{its[0].row.seq:010d}-{its[-1].row.seq:010d}.jsonl.gz"
                path = f"{self._folder(its[0].source)}/{name}"
                self._put(path, gzip.compress(text.encode(), 6, mtime=0))
                written.append(path)
        except LogStoreAwayError:
            for path in written if self._is_local else ():
                self._remove(path)
            raise
        return ()

    def read(self, source: Source, *, after: int = 0, limit: int = 1000) -> list[LogRow]:
        """A launch's lines, of the chunks that have numbers above AFTER."""
        found: dict[int, LogRow] = {}
        for path, first, last in self._chunks(self._folder(source)):
            if last <= after:
                continue
            if len(found) >= limit and first > sorted(found)[limit - 1]:
                break
            rows = (line.row for line in self._lines(self._get(path)))
            found |= {row.seq: row for row in rows if row.seq > after}
        return [found[seq] for seq in sorted(found)[:limit]]

    def search(self, query: Query) -> Found:
        """Lines with the words of QUERY, which are looked for in each: the newest days first."""
        words, found, left = query.words.lower(), dict[tuple[str, int], Line](), SEARCHED_BYTES
        for path, size in self._newest(query):
            left -= size
            if left < 0:
                partial = f"only the newest {SEARCHED_BYTES >> 20} MiB were looked at: narrow it with a DAG or a time"
                return Found(_newest_of(found, query.limit), partial)
            for line in self._lines(self._get(path)):
                if _matches(line, query, words):
                    found[line.source.launch_id, line.row.seq] = line
            if len(found) >= query.limit:
                break
        return Found(_newest_of(found, query.limit))

    def expire(self, before: dt.date) -> list[str]:
        """Remove the folders of days before that."""
        gone = [day for day in self._days() if day < before.isoformat()]
        for day in gone:
            self._try(lambda day=day: self._fs.rm(f"{self._root}/{day}", recursive=True))
        return gone

    def close(self) -> None:
        """fsspec keeps its connections for others."""

    # Objects -----------------------------------------------------------------------------------------------------

    def _folder(self, source: Source) -> str:
        return f"{self._root}/{source.day}/{quote(source.dag_id, safe='')}/{source.launch_id}"

    def _put(self, path: str, content: bytes) -> None:
        if not self._is_local:
            self._try(lambda: self._fs.pipe_file(path, content))
            return
        folder, _, name = path.rpartition("/")

        def whole() -> None:
            self._fs.makedirs(folder, exist_ok=True)
            try:
                self._fs.pipe_file(f"{folder}/.{name}", content)
                self._fs.mv(f"{folder}/.{name}", path)
            except BaseException:  # the next try may have another name, and the volume no room for both
                self._remove(f"{folder}/.{name}")
                raise

        self._try(whole)

    def _remove(self, path: str) -> None:
        """Remove a file of a volume; harmless where it is not there, or cannot be removed."""
        with contextlib.suppress(OSError):
            self._fs.rm_file(path)

    def _remove_cut(self) -> None:
        """Remove what a daemon has left that was killed while it wrote; of the newest days alone, so that this takes no
        longer as the years go by."""
        since = (dt.datetime.now(dt.UTC) - dt.timedelta(days=CUT_DAYS)).date().isoformat()
        before = time.time() - CUT_S
        for day in self._days():
            for path in Path(self._root, day).glob(f"*/*/{_CUT}") if day >= since else ():
                with contextlib.suppress(FileNotFoundError):
                    if path.stat().st_mtime < before:
                        path.unlink()

    def _get(self, path: str) -> bytes:
        found: bytes = self._try(lambda: self._fs.cat_file(path))
        return found

    def _list(self, folder: str) -> list[dict[str, Any]]:
        try:
            return sorted(self._fs.ls(folder, detail=True), key=lambda one: str(one["name"]))
        except FileNotFoundError:
            return []
        except Exception as problem:
            raise LogStoreAwayError(f"{self.place}: {problem}") from problem

    def _days(self) -> list[str]:
        names = (str(one["name"]).rstrip("/").rpartition("/")[2] for one in self._list(self._root))
        return [name for name in names if _DAY.match(name)]

    def _chunks(self, folder: str) -> Iterator[tuple[str, int, int]]:
        for one in self._list(folder):
            if match := _CHUNK.search(str(one["name"])):
                yield str(one["name"]), int(match[1]), int(match[2])

    def _newest(self, query: Query) -> Iterator[tuple[str, int]]:
        """Paths and sizes of the chunks that may have what is searched for, those of the newest launches first."""
        until = None if query.until is None else dt.datetime.fromtimestamp(query.until, dt.UTC).date().isoformat()
        for day in reversed(self._days()):
            if until is not None and day > until:
                continue
            day_folder = f"{self._root}/{day}"
            dags = [str(one["name"]) for one in self._list(day_folder)]
            if query.dag_id is not None:
                dags = [name for name in dags if name.rstrip("/").rpartition("/")[2] == quote(query.dag_id, safe="")]
            folders = [str(one["name"]) for dag in dags for one in self._list(dag)]
            for folder in sorted(folders, key=lambda name: name.rpartition("/")[2], reverse=True):
                for one in reversed(self._list(folder)):
                    if _CHUNK.search(str(one["name"])):
                        yield str(one["name"]), int(one.get("size") or 0)

    @staticmethod
    def _lines(content: bytes) -> Iterator[Line]:
        """The lines of an object; of one that was cut off those that are whole."""
        try:
            text = zlib.decompressobj(wbits=31).decompress(content).decode()
        except (zlib.error, UnicodeDecodeError):
            return
        for row in text.split("\n")[:-1]:
            yield line_of(json.loads(row))

    def _try(self, function: Any) -> Any:
        """What FUNCTION gives; every kind of store raises errors of its own."""
        try:
            return function()
        except Exception as problem:
            raise LogStoreAwayError(f"{self.place}: {problem}") from problem


def _matches(line: Line, query: Query, words: str) -> bool:
    of, row = line.source, line.row
    return (
        words in row.text.lower()
        and row.at >= query.since
        and (query.until is None or row.at < query.until)
        and query.run_id in (None, of.run_id)
        and query.task_id in (None, of.task_id)
    )


def _newest_of(found: dict[tuple[str, int], Line], limit: int) -> list[Line]:
    return sorted(found.values(), key=lambda line: (line.row.at, line.row.seq), reverse=True)[:limit]
