"""The project's own images: built by its own Dockerfile when the sources changed, and loaded into the cluster."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.harness import machine
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.given import GivenCluster
from tests.cluster.harness.layout import REPOSITORY, cache_folder
from tests.cluster.harness.report import run, say
from tests.cluster.harness.rootfs import BASE_IMAGE, base_archive
from tests.cluster.harness.wheels import wheelhouse

RUNNER_IMAGE = "localhost/goflow-runner:test"
DAEMON_IMAGE = "localhost/goflow-daemon:test"

#: How many archives of one image, and how many folders of wheels, stay in the cache.
_KEPT = 2
#: Bytes of layers in the builder's store beyond which it begins anew; one build of both images makes 1.3 GB.
_STORE_LIMIT = 6_000_000_000


_keys: dict[str, str] = {}


@dataclass(frozen=True)
class Image:
    """One target of the Dockerfile."""

    target: str
    name: str
    """What it is called on the cluster."""
    sources: tuple[str, ...]
    """Files and folders of the repository that it is made from, the Dockerfile aside."""


RUNNER = Image("runner", RUNNER_IMAGE, ("compat/runner", "compat/airflow_shim"))
DAEMON = Image("daemon", DAEMON_IMAGE, ("pyproject.toml", "README.md", "LICENSE", "goflow", "compat/runner"))


def ensure_images(cluster: Cluster, *images: Image) -> None:
    """Have this checkout's images (both, unless some are named) on the cluster: what changed is built, and loaded.

    Nothing happens to a cluster that was given.
    Raises HarnessError when a build fails, with its last lines.
    """
    if isinstance(cluster, GivenCluster):
        return
    for image in images or (RUNNER, DAEMON):
        archive, key = build(image)
        loaded = f"{image.name.rpartition(':')[0]}:{key}"
        with _exclusively("load"):
            if loaded not in cluster.images():
                say(f"loading {image.name} ({key}) into the cluster")
                cluster.load_image(archive, loaded)
            cluster.tag_image(loaded, image.name)


def build(image: Image) -> tuple[Path, str]:
    """The docker-archive of an image as this checkout makes it, and the key of its inputs, its tag in there.

    The checkout is looked at once per process: one test session runs on one build, whatever is edited meanwhile.
    """
    if image.target not in _keys:
        _keys[image.target] = _key(image)
    key = _keys[image.target]
    archive = cache_folder() / "images" / f"goflow-{image.target}-{key}.tar"
    with _exclusively("build"):
        if not archive.exists():
            try:
                _build(image, key, archive)
            finally:
                _tidy_store()
            _forget_older(image)
    return archive, key


def _build(image: Image, key: str, archive: Path) -> None:
    machine.install_image_packages()
    base = base_archive()
    wheels = wheelhouse()
    say(f"building {image.name} ({key})")
    _buildah("pull", "--quiet", f"docker-archive:{base}")
    tag = f"{image.name.rpartition(':')[0]}:{key}"
    _buildah(
        *("bud", "--isolation", "chroot", "--pull-never", "--layers", "--target", image.target, "--tag", tag),
        *("--volume", f"{wheels}:/wheels:ro"),
        *(f"--build-arg={pair}" for pair in (f"BASE={BASE_IMAGE}", "PIP_NO_INDEX=1", "PIP_FIND_LINKS=/wheels")),
        REPOSITORY,
    )
    partial = archive.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    _buildah("push", "--quiet", tag, f"docker-archive:{partial}:{tag}")
    partial.rename(archive)
    say(f"built {image.name}: {archive.stat().st_size / 1e6:.0f} MB")


def _buildah(*arguments: str | Path) -> str:
    """buildah with a store of its own in the cache, apart from the machine's."""
    store = cache_folder() / "buildah"
    options: list[str | Path] = ["--root", store / "root", "--runroot", store / "run", "--storage-driver", "overlay"]
    return run(["buildah", *options, *arguments], timeout=900)


def _key(image: Image) -> str:
    """A digest of everything that the image is made from."""
    digest = hashlib.sha256()
    for name in ("Dockerfile", ".dockerignore", *image.sources):
        for path in _files(REPOSITORY / name):
            digest.update(f"{path.relative_to(REPOSITORY)}\0{path.stat().st_mode & 0o111}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    digest.update(base_archive().name.encode())
    return digest.hexdigest()[:16]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts and p.suffix != ".pyc")


def _forget_older(image: Image) -> None:
    """Archives and wheels of former checkouts."""
    archives = sorted((cache_folder() / "images").glob(f"goflow-{image.target}-*.tar"), key=_modified)
    for old in archives[:-_KEPT]:
        old.unlink()
    for folder in sorted((cache_folder() / "wheels").iterdir(), key=_modified)[:-_KEPT]:
        shutil.rmtree(folder)


def _modified(path: Path) -> float:
    return path.stat().st_mtime


def _tidy_store() -> None:
    """Remove what a failed build leaves, and everything once it is too much; unmount what the storage driver mounts."""
    store = cache_folder() / "buildah"
    _buildah("rm", "--all")
    size = sum(p.lstat().st_size for p in store.rglob("*") if p.is_file() and not p.is_symlink())
    if size > _STORE_LIMIT:
        say(f"the image builder's store has grown to {size / 1e9:.1f} GB and begins anew")
        _buildah("rmi", "--all", "--force")
    subprocess.run(["umount", "--lazy", store / "root" / "overlay"], capture_output=True, check=False)


@contextmanager
def _exclusively(what: str) -> Iterator[None]:
    lock = cache_folder() / f"images-{what}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
