"""DAG folders as they were, sent as a tar."""

from __future__ import annotations

from starlette.responses import Response, StreamingResponse

from goflow.store import Store, Tx, blobs


def sent_folder(store: Store, tx: Tx, digest: str) -> Response:
    """The folder of that content. Raises NotFoundError."""

    def content(digest: str) -> bytes:
        with store.reading() as own:  # a transaction of its own: a slow reader of a tar holds none open
            return blobs.content(own, digest)

    return StreamingResponse(blobs.tar(blobs.folder(tx, digest), content), media_type="application/x-tar")
