"""The image builder: buildah with a store of its own in the cache, and what is left there of earlier builds."""

from __future__ import annotations

import fcntl
import hashlib
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.layout import cache_folder
from tests.cluster.harness.report import run, say

#: How many archives of one image stay in the cache.
_KEPT = 2
#: Bytes of layers in the builder's store beyond which it begins anew; one build of both images makes 1.3 GB.
_STORE_LIMIT = 6_000_000_000


def buildah(*arguments: str | Path) -> str:
    """Run buildah on the store, and give what it prints. Raises HarnessError."""
    store = cache_folder() / "buildah"
    options: list[str | Path] = ["--root", store / "root", "--runroot", store / "run", "--storage-driver", "overlay"]
    return run(["buildah", *options, *arguments], timeout=900)


def build(*arguments: str | Path) -> None:
    """``buildah bud`` without a registry and without a container's walls, which the machine could not put up."""
    buildah("bud", "--isolation", "chroot", "--pull-never", "--layers", *arguments)


def export(tag: str, archive: Path) -> None:
    """Write the image TAG to the docker-archive ARCHIVE, and forget all but the newest few of that name."""
    partial = archive.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    buildah("push", "--quiet", tag, f"docker-archive:{partial}:{tag}")
    partial.rename(archive)
    say(f"built {tag}: {archive.stat().st_size / 1e6:.0f} MB")
    for old in sorted(archive.parent.glob(f"{archive.stem.rpartition('-')[0]}-*.tar"), key=_modified)[:-_KEPT]:
        old.unlink()


def put_on(cluster: Cluster, archive: Path, tag: str, name: str) -> None:
    """Have the image TAG of ARCHIVE on the cluster's node, as NAME too."""
    with exclusively("load"):
        if tag not in cluster.images():
            say(f"loading {tag} into the cluster")
            cluster.load_image(archive, tag)
        cluster.tag_image(tag, name)


def digest_of(paths: Iterable[Path], root: Path, *more: str) -> str:
    """A key for all that is in the files and folders PATHS below ROOT, and for MORE."""
    digest = hashlib.sha256()
    for path in paths:
        for file in _files(path):
            digest.update(f"{file.relative_to(root)}\0{file.stat().st_mode & 0o111}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    for text in more:
        digest.update(text.encode())
    return digest.hexdigest()[:16]


def tidy() -> None:
    """Remove what a failed build leaves, and everything once it is too much; unmount what the storage driver mounts."""
    store = cache_folder() / "buildah"
    buildah("rm", "--all")
    size = sum(p.lstat().st_size for p in store.rglob("*") if p.is_file() and not p.is_symlink())
    if size > _STORE_LIMIT:
        say(f"the image builder's store has grown to {size / 1e9:.1f} GB and begins anew")
        buildah("rmi", "--all", "--force")
    subprocess.run(["umount", "--lazy", store / "root" / "overlay"], capture_output=True, check=False)


@contextmanager
def exclusively(what: str) -> Iterator[None]:
    """One process of this machine at a time builds or loads images."""
    lock = cache_folder() / f"images-{what}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts and p.suffix != ".pyc")


def _modified(path: Path) -> float:
    return path.stat().st_mtime
