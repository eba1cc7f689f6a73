"""The DAG folder as it was, on disk: fetched once per content, unpacked beside its name, never changed."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from pathlib import Path

from goflow_runner.client import TaskClient
from goflow_runner.wire import FolderInfo


def materialise(info: FolderInfo, client: TaskClient, work_dir: Path) -> Path:
    """The folder INFO names, at a path on this machine; fetched from the server unless it is here already.

    A Job mounts an empty volume at the path that the reader saw (decision 7): there the content is unpacked, so that
    ``__file__`` and absolute paths mean what they meant. Elsewhere it goes below WORK_DIR under its digest; doing that
    twice, or by two processes at once, is harmless: the last step is a rename.
    """
    if info["local"]:
        return Path(info["local"])
    mounted, mark = Path(info["path"]), work_dir / f"unpacked-{info['digest']}"
    if mark.exists():  # by this attempt, before it became a new interpreter
        return mounted
    if mounted.is_dir() and os.access(mounted, os.W_OK) and not any(mounted.iterdir()):
        _unpack(info, client, mounted)
        mark.touch()
        return mounted
    target = work_dir / "folders" / info["digest"]
    if target.is_dir():
        return target
    staging = target.with_name(f".{target.name}.{os.getpid()}")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    _unpack(info, client, staging)
    try:
        staging.rename(target)
    except OSError:
        if not target.is_dir():
            raise
        shutil.rmtree(staging, ignore_errors=True)
    return target


def _unpack(info: FolderInfo, client: TaskClient, target: Path) -> None:
    with tempfile.TemporaryFile() as file:  # first whole, then unpacked: a server that goes away midway leaves nothing
        client.folder_archive(info["digest"], file)
        with tarfile.open(fileobj=file, mode="r:") as archive:
            if hasattr(tarfile, "data_filter"):
                archive.extractall(target, filter="data")
            else:  # Python before 3.10.12 or 3.11.4, such as Debian 12's; the archive is the daemon's, of plain files
                archive.extractall(target)  # noqa: S202
