"""Where a result goes: to the server, or, where it is large and the daemon's settings name one, into an object store.

What the server then holds is ``{"__goflow_result__": url}``. Stores are reached by fsspec, which is imported only then:
the image has it, and the package of the store's kind (``s3fs``, ``gcsfs``, ``adlfs``), where its author wants one.
"""

import json

from airflow._goflow.world import World

REFERENCE = "__goflow_result__"


class ResultTooLarge(ValueError):
    """A result is larger than the daemon's settings allow."""


def leave(key, value):
    """The result KEY as the wire has it (`goflow_runner.wire.XComValue`).

    Raises what `serialize` raises, ResultTooLarge, and what the store does.
    """
    from airflow._goflow.serialization import length_of, serialize

    kept = serialize(value)
    limits = (World.task_input or {}).get("results") or {}
    if limits:
        text = json.dumps(kept)
        if limits["store"] and len(text) > limits["threshold"]:
            kept = {REFERENCE: _put(_place(limits["store"], key), text)}
        elif len(text) > limits["largest"]:
            raise ResultTooLarge(
                f"the result {key!r} is {len(text)} bytes of JSON, and GoFlow's setting result_largest_bytes allows "
                f"{limits['largest']}: return less (a path, say), raise the setting, or name an object store for large "
                "results with result_store"
            )
    return {"key": key, "value": kept, "length": length_of(value)}


def fetch(url):
    """The JSON that lies at URL. Raises RuntimeError without fsspec, and what the store raises."""
    with _fsspec(url).open(url, "rb") as file:
        return json.loads(file.read())


def _place(store, key):
    """The object's own URL: of one launch, so that another try never writes over what somebody reads."""
    from urllib.parse import quote

    given = World.task_input
    parts = (given["dag_id"], given["run_id"], given["task_id"], str(given["map_index"]), key)
    return "/".join((store.rstrip("/"), *(quote(part, safe="") for part in parts), f"{given['launch_id']}.json"))


def _put(url, text):
    fsspec = _fsspec(url)
    place, path = fsspec.core.url_to_fs(url)
    place.makedirs(path.rpartition("/")[0], exist_ok=True)
    with place.open(path, "wb") as file:
        file.write(text.encode("ascii"))
    return url


def _fsspec(url):
    try:
        import fsspec.core
    except ImportError:
        raise RuntimeError(
            f"the result lies in an object store ({url}), and this image has no fsspec to reach it: install fsspec, "
            "and the package for that kind of store"
        ) from None
    return fsspec
