"""The project's own images: built by its own Dockerfile when the sources changed, and loaded into the cluster."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.cluster.harness import builder, machine
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.given import GivenCluster
from tests.cluster.harness.layout import REPOSITORY, cache_folder
from tests.cluster.harness.report import say
from tests.cluster.harness.rootfs import BASE_IMAGE, base_archive
from tests.cluster.harness.wheels import wheelhouse

RUNNER_IMAGE = "localhost/goflow-runner:test"
DAEMON_IMAGE = "localhost/goflow-daemon:test"

_keys: dict[str, str] = {}


@dataclass(frozen=True)
class Image:
    """One target of the Dockerfile."""

    target: str
    name: str
    """What it is called on the cluster."""
    sources: tuple[str, ...]
    """Files and folders of the repository that it is made from, the Dockerfile aside."""

    @property
    def tag(self) -> str:
        """What it is called in its archive: by the key of its inputs. The checkout is looked at once per process: one
        test session runs on one build, whatever is edited meanwhile."""
        if self.target not in _keys:
            paths = [REPOSITORY / name for name in ("Dockerfile", ".dockerignore", *self.sources)]
            _keys[self.target] = builder.digest_of(paths, REPOSITORY, base_archive().name)
        return f"{self.name.rpartition(':')[0]}:{_keys[self.target]}"

    @property
    def archive(self) -> Path:
        """Its docker-archive, once `build` has made it."""
        return cache_folder() / "images" / f"goflow-{self.target}-{self.tag.rpartition(':')[2]}.tar"


RUNNER = Image("runner", RUNNER_IMAGE, ("compat/runner", "compat/airflow_shim"))
DAEMON = Image(
    "daemon", DAEMON_IMAGE, ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "goflow", "compat/runner")
)


def ensure_images(cluster: Cluster, *images: Image) -> None:
    """Have this checkout's images (both, unless some are named) on the cluster: what changed is built, and loaded.

    Nothing happens to a cluster that was given.
    Raises HarnessError when a build fails, with its last lines.
    """
    if isinstance(cluster, GivenCluster):
        return
    for image in images or (RUNNER, DAEMON):
        builder.put_on(cluster, build(image), image.tag, image.name)


def build(image: Image) -> Path:
    """The docker-archive of an image as this checkout makes it."""
    with builder.exclusively("build"):
        if not image.archive.exists():
            try:
                _build(image)
            finally:
                builder.tidy()
    return image.archive


def _build(image: Image) -> None:
    machine.install_image_packages()
    base = base_archive()
    wheels = wheelhouse()
    say(f"building {image.tag}")
    builder.buildah("pull", "--quiet", f"docker-archive:{base}")
    arguments = (f"BASE={BASE_IMAGE}", "PIP_NO_INDEX=1", "PIP_FIND_LINKS=/wheels")
    builder.build(
        *("--target", image.target, "--tag", image.tag, "--volume", f"{wheels}:/wheels:ro"),
        *(f"--build-arg={pair}" for pair in arguments),
        REPOSITORY,
    )
    builder.export(image.tag, image.archive)
