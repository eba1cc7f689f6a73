"""Images as teams make them of GoFlow's, or of their own: built from a Containerfile when it or its inputs changed."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.harness import builder, machine
from tests.cluster.harness.cluster import Cluster
from tests.cluster.harness.given import GivenCluster
from tests.cluster.harness.images import Image
from tests.cluster.harness.images import build as build_ours
from tests.cluster.harness.layout import cache_folder
from tests.cluster.harness.report import say
from tests.cluster.harness.rootfs import BASE_IMAGE, base_archive
from tests.cluster.harness.wheels import wheelhouse, wheels_of

#: pip's configuration within a build: everything comes from the two folders, whatever the Containerfile says.
_PIP = "[global]\nno-index = true\nfind-links = /wheels /wheels-of-ours\ndisable-pip-version-check = true\n"


@dataclass(frozen=True)
class TeamImage:
    """One image. The text of its CONTAINERFILE is taken as it is; what it calls its base is told by BASE_NAME."""

    name: str
    containerfile: str
    context: Path
    sources: tuple[str, ...]
    """Files and folders of the context that it copies."""
    pins: Path | None = None
    """A file with all that pip is to find besides what GoFlow's own images need."""
    base: TeamImage | Image | None = None
    """None: the tests' Debian with Python."""
    base_name: str = BASE_IMAGE

    @property
    def on_cluster(self) -> str:
        """What it is called there."""
        return f"localhost/{self.name}:test"

    @property
    def tag(self) -> str:
        """What it is called in its archive: by the key of its inputs."""
        paths = [self.context / name for name in self.sources]
        base = self.base.tag if self.base else base_archive().name
        pins = self.pins.read_text() if self.pins else ""
        return f"localhost/{self.name}:{builder.digest_of(paths, self.context, self.containerfile, base, pins)}"


def ensure(cluster: Cluster, image: TeamImage) -> str:
    """Have an image on the cluster, built if need be, and give its name there; of a cluster that was given only that.

    Raises HarnessError when the build fails, with its last lines.
    """
    if not isinstance(cluster, GivenCluster):
        builder.put_on(cluster, build(image), image.tag, image.on_cluster)
    return image.on_cluster


def build(image: TeamImage) -> Path:
    """The docker-archive of an image."""
    archive = cache_folder() / "images" / f"{image.name}-{image.tag.rpartition(':')[2]}.tar"
    if isinstance(image.base, Image):
        build_ours(image.base)
    with builder.exclusively("build"):
        if not archive.exists():
            machine.install_image_packages()
            try:
                _make(image)
                builder.export(image.tag, archive)
            finally:
                builder.tidy()
    return archive


def _make(image: TeamImage) -> None:
    """Have the image in the builder's store."""
    if isinstance(image.base, TeamImage):
        _make(image.base)
    else:
        archive = base_archive() if image.base is None else image.base.archive
        builder.buildah("pull", "--quiet", f"docker-archive:{archive}")
    if image.base is not None:
        builder.buildah("tag", image.base.tag, image.base_name)
    say(f"building {image.tag}")
    wheels = [f"{wheelhouse()}:/wheels-of-ours:ro"]
    if image.pins:
        wheels.append(f"{wheels_of(image.name, image.pins)}:/wheels:ro")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pip.conf").write_text(_PIP)
        (Path(folder) / "Containerfile").write_text(image.containerfile)
        volumes = [*wheels, f"{folder}/pip.conf:/etc/pip.conf:ro"]
        builder.build(
            *(f"--volume={volume}" for volume in volumes),
            *("--tag", image.tag, "--file", f"{folder}/Containerfile"),
            image.context,
        )
