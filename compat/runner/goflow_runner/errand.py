"""``goflow-runner unpack`` and ``goflow-runner account``: one DAG file is run in a pod of its own, to be read.

The daemon makes the Job (``goflow.importer``). Its Secrets are the request of `goflow_runner.reading` and the folders,
packed; ``unpack`` lays these out, and ``account``, in a container that sees them read-only, runs the file behind the
walls of `goflow_runner.walls` and prints the answer. The pod has no token and no way to anybody: what it prints is its
only word, so that carries a digest of itself.
"""

from __future__ import annotations

import io
import json
import signal
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from goflow_runner import log_lines, reading, walls
from goflow_runner.confine import Limits, NotConfinedError

SECONDS = 60.0
"""How long a file may take, both runs and the shim's own start together: a pod may have little of a processor."""
ERRAND_DIR = "/goflow/errand"
"""Where the Secrets are mounted: the request, and the packed folders in parts that are put together by their names."""
REQUEST = "request.json"
PART = "folders."
FOLDERS_DIR = "/goflow/folders"
"""Where ``unpack`` lays the folders out: "0", "1" and so on, each mounted at its place for ``account``."""
_MARK = "goflow-account"
LARGEST_PRINTED = 6 << 20
"""Characters of an answer: the kubelet turns a log over at 10 MiB, and shows the newer part."""


class _TimeIsUpError(BaseException):
    """The file has taken as long as it may."""


def unpack(errand: Path = Path(ERRAND_DIR), folders: Path = Path(FOLDERS_DIR)) -> int:
    """Lay out the folders; the exit code."""
    parts = sorted(errand.glob(f"{PART}*"))
    content = b"".join(part.read_bytes() for part in parts)
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        if hasattr(tarfile, "data_filter"):
            archive.extractall(folders, filter="data")
        else:  # Python before 3.10.12 or 3.11.4; the archive is the daemon's, of plain files
            archive.extractall(folders)  # noqa: S202
    return 0


def account(errand: Path = Path(ERRAND_DIR)) -> int:
    """Run the file and print the answer; the exit code is 0 whenever there is one. This is the container's first
    process: with it ends whatever the file has left running."""
    request = json.loads((errand / REQUEST).read_text(encoding="utf-8"))
    for line in printed(_answer(request)):
        print(line)
    return 0


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        walls.put_up(Limits(processes=None))
    except NotConfinedError as problem:
        return {"refused": str(problem)}
    signal.signal(signal.SIGALRM, _time_is_up)
    signal.setitimer(signal.ITIMER_REAL, request["seconds"])
    try:
        return reading.accounts(request)
    except _TimeIsUpError:
        return {"failed": "it takes too long", "output": ""}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _time_is_up(_number: int, _frame: object) -> None:
    raise _TimeIsUpError


def printed(answer: dict[str, Any]) -> list[str]:
    """ANSWER as the lines of a log."""
    try:
        return log_lines.lines(answer, _MARK, LARGEST_PRINTED)
    except log_lines.TooLargeError:
        return log_lines.lines({"failed": "what it makes is too large", "output": ""}, _MARK)


def read_back(log: Iterable[str]) -> dict[str, Any] | None:
    """The answer that was printed among the lines of LOG; None where it is not whole."""
    return log_lines.read_back(log, _MARK)
