"""The web page: files that were built from ``ui/`` into this package, served beside REST.

Every address that is no file and no route is the page's own: it is answered with ``index.html``, and the page finds
its view; what a large view will ask for first is named in the answer's head, so that the browser asks for it while the
scripts are still on their way. What is below ``/assets`` has its hash in its name and may be kept for ever; all else is
asked for again each time, and not sent again while it is as it was. Whoever takes brotli or gzip gets what was
compressed when the page was built. A build that takes the place of another is served by a daemon that runs.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request, Response

STATIC = Path(__file__).parent / "static"
NOT_THE_PAGE = ("api/", "auth/", "goflow/", "docs", "openapi.json", "metrics", "healthz", "readyz", "execution/")
"""What begins so belongs to REST: where there is no such route, that is a 404 and not the page."""
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # CodeMirror and React Flow set styles of their own
        "img-src 'self' data:",
        "worker-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}
Stamp = tuple[int, ...] | None
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
FIRST = (
    (re.compile(r"/dags/?"), ("/goflow/v1/page/dags",)),
    (
        re.compile(r"/dags/([\w.~-]+)/?", re.ASCII),
        ("/goflow/v1/page/dags/{0}", "/goflow/v1/page/dags/{0}/grid?limit=30&offset=0"),
    ),
)
"""What a view asks for first, word for word as `ui/src/api/queries.ts` does. Ids that an address writes otherwise than
they are have to wait."""
WITHOUT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>GoFlow</title>
<body style="font-family: system-ui; margin: 3rem; max-width: 40rem">
<h1>GoFlow runs, but was installed without its page</h1>
<p>In a checkout, <code>make ui</code> builds it (with Node.js 20 or newer).
The API is there: <a href="/docs">/docs</a>.</p>
"""


@dataclass(frozen=True)
class File:
    """One file of the page, and which compressed forms of it there are: encoding to path."""

    path: Path
    kind: str
    forms: dict[str, Path]


class Page:
    """The files of ROOT, looked up again when the page has been built anew."""

    def __init__(self, root: Path = STATIC) -> None:
        self._root = root
        self._looked: tuple[Stamp, dict[str, File]] = (None, {})

    def files(self) -> dict[str, File]:
        """The files that there are now, by their addresses."""
        stamp = self._stamp()
        known, files = self._looked
        if stamp is None or stamp != known:
            files = dict(self._found())
            self._looked = stamp, files
        return files

    def _stamp(self) -> Stamp:
        """What changes when a build writes: both folders get files, and ``index.html`` names others."""
        try:
            return tuple((self._root / name).stat().st_mtime_ns for name in ("", "assets", "index.html"))
        except OSError:
            return None  # while it is being built, or where there is none: to be looked at each time

    def _found(self) -> Iterator[tuple[str, File]]:
        for path in sorted(self._root.rglob("*")) if self._root.is_dir() else ():
            if path.is_file() and path.suffix not in {".br", ".gz"}:
                kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                beside = {"br": Path(f"{path}.br"), "gzip": Path(f"{path}.gz")}
                forms = {name: form for name, form in beside.items() if form.is_file()}
                yield path.relative_to(self._root).as_posix(), File(path, kind, forms)

    def answer(self, request: Request) -> Response:
        """The file that is asked for, or ``index.html``. Raises HTTPException (404) for what belongs to REST, and for
        an asset that is not there: a script must not get the page in its place."""
        files = self.files()
        asked = request.url.path.lstrip("/")
        known = files.get(asked)
        if known is None:
            if asked.startswith((*NOT_THE_PAGE, "assets/")):
                raise HTTPException(404, "Not Found")
            asked, known = "index.html", files.get("index.html")
        if known is None:
            return Response(WITHOUT, media_type="text/html", headers={**HEADERS, "Cache-Control": ASK_AGAIN})
        kept = FOR_EVER if asked.startswith("assets/") else ASK_AGAIN
        headers = {**HEADERS, "Cache-Control": kept}
        if asked == "index.html":
            headers["Link"] = _asked_first(request.url.path)
        try:
            return _sent(known, request, headers)
        except FileNotFoundError:  # a build has just taken it away
            raise HTTPException(404, "Not Found") from None


def _asked_first(address: str) -> str:
    """What the view at ADDRESS asks for before all else, as a header that has a browser ask for it at once."""
    found = ["/goflow/v1/session"]
    for pattern, paths in FIRST:
        if match := pattern.fullmatch(address):
            found += [path.format(*match.groups()) for path in paths]
    return ", ".join(f"<{path}>; rel=preload; as=fetch; crossorigin" for path in found)


def _sent(file: File, request: Request, headers: dict[str, str]) -> Response:
    taken = {part.partition(";")[0].strip() for part in request.headers.get("accept-encoding", "").split(",")}
    path = file.path
    if file.forms:
        headers["Vary"] = "Accept-Encoding"
    for name, form in file.forms.items():
        if name in taken:
            path, headers["Content-Encoding"] = form, name
            break
    content = path.read_bytes()
    if headers["Cache-Control"] == ASK_AGAIN:
        headers["ETag"] = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        if headers["ETag"] in (one.strip() for one in request.headers.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers=headers)
    text = file.kind.startswith("text/") or file.kind in {"application/javascript", "application/json", "image/svg+xml"}
    kind = f"{file.kind}; charset=utf-8" if text else file.kind
    return Response(content, headers={**headers, "Content-Type": kind})


def serve_page(app: FastAPI, root: Path = STATIC) -> None:
    """Have APP answer with the page whatever no other route of it does, without asking who asks: the page's files are
    nobody's secret, and who is to sign in has to see where. To be called after all routes are there."""
    page = Page(root)

    def show(request: Request) -> Response:
        return page.answer(request)

    app.add_route("/{path:path}", show, methods=["GET", "HEAD"], include_in_schema=False)
