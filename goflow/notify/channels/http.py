"""One request by HTTP, without more than Python's own library: the daemon loads no client for it."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Mapping

from goflow import __version__
from goflow.notify.channels import NotTakenError
from goflow.notify.config import safe_url

MOST_TOLD = 300


def request(method: str, url: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float) -> None:
    """Ask URL; any answer of 200 to 299 is a success. Raises NotTakenError, which names no more of the URL than may be
    shown."""
    asked = urllib.request.Request(  # noqa: S310 - alerts.yaml allows http and https alone
        url, data=body, method=method, headers={"User-Agent": f"GoFlow/{__version__}", **headers}
    )
    try:
        with urllib.request.urlopen(asked, timeout=timeout_s) as answer:  # noqa: S310
            answer.read(MOST_TOLD)
    except urllib.error.HTTPError as problem:
        with problem:
            words = problem.read(MOST_TOLD).decode("utf-8", "replace").strip()
        raise NotTakenError(
            f"{safe_url(url)} answered {problem.code} {problem.reason}{': ' if words else ''}{words}",
            retry_after_s=_seconds(problem.headers.get("Retry-After")),
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as problem:  # URLError is an OSError
        reason = getattr(problem, "reason", None) or problem
        raise NotTakenError(f"{safe_url(url)}: {reason or type(problem).__name__}") from None


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.strip().isdigit() else None
