"""Where a result goes: to the server, or, where it is large and the daemon's settings name one, into an object store.

What the server then holds is ``{"__goflow_result__": url}``. Stores are reached by fsspec, which is imported only then:
the image has it, and the package of the store's kind (``s3fs``, ``gcsfs``, ``adlfs``), where its author wants one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from goflow_runner.wire import ResultLimits

REFERENCE = "__goflow_result__"


class ResultTooLarge(ValueError):  # noqa: N818 - what it is, as authors read it in their logs
    """A result is larger than the daemon's settings allow."""


def kept(key: str, value: Any, limits: ResultLimits, place: Sequence[str], launch_id: str) -> Any:
    """What the server is to hold of the result KEY, VALUE as JSON has it. PLACE are the ids of DAG, run and task
    and the map index: the object in the store is named after them.

    Raises ResultTooLarge, RuntimeError without fsspec, and what the store raises.
    """
    text = json.dumps(value)
    if limits["store"] and len(text) > limits["threshold"]:
        parts = (quote(part, safe="") for part in (*place, key))
        return {REFERENCE: _put("/".join((limits["store"].rstrip("/"), *parts, f"{launch_id}.json")), text)}
    if len(text) > limits["largest"]:
        raise ResultTooLarge(
            f"the result {key!r} is {len(text)} bytes of JSON, and GoFlow's setting result_largest_bytes allows "
            f"{limits['largest']}: return less (a path, say), raise the setting, or name an object store for large "
            "results with result_store"
        )
    return value


def fetch(url: str) -> Any:
    """The JSON that lies at URL. Raises RuntimeError without fsspec, and what the store raises."""
    with _fsspec(url).open(url, "rb") as file:
        return json.loads(file.read())


def _put(url: str, text: str) -> str:
    """The object's own URL is of one launch, so that another try never writes over what somebody reads."""
    fsspec = _fsspec(url)
    place, path = fsspec.core.url_to_fs(url)
    place.makedirs(path.rpartition("/")[0], exist_ok=True)
    with place.open(path, "wb") as file:
        file.write(text.encode("ascii"))
    return url


def _fsspec(url: str) -> Any:
    try:
        import fsspec.core  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise RuntimeError(
            f"the result lies in an object store ({url}), and this image has no fsspec to reach it: install fsspec, "
            "and the package for that kind of store"
        ) from None
    return fsspec
