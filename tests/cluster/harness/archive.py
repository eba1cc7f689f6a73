"""Images written by hand: a root file system wrapped as the docker-archive that containerd and buildah read.

Also the two smallest images of the cluster, made of busybox alone, so that the cluster needs no image builder.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from tests.cluster.harness.layout import BUSYBOX_IMAGE, PAUSE_IMAGE, cache_folder

_BUSYBOX = Path("/bin/busybox")
#: A fixed moment for every file, so that the same content gives the same digest.
_EPOCH = 1_700_000_000
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def architecture() -> str:
    """This machine's architecture in Go's and OCI's word for it."""
    return _ARCHITECTURES.get(platform.machine(), platform.machine())


def write(archive: Path, name: str, layer: Path, config: dict[str, Any]) -> None:
    """Write a docker-archive of one uncompressed layer.

    `config` is the `config` part of an OCI image configuration (Cmd, Env, User ...;
    https://github.com/opencontainers/image-spec/blob/main/config.md).
    """
    digest = hashlib.sha256()
    with layer.open("rb") as content:
        while chunk := content.read(1 << 20):
            digest.update(chunk)
    image = {
        "architecture": architecture(),
        "os": "linux",
        "created": "2023-11-14T22:13:20Z",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest.hexdigest()}"]},
        "history": [{"created_by": "tests/cluster/harness"}],
    }
    text = json.dumps(image, sort_keys=True).encode()
    config_name = f"{hashlib.sha256(text).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_suffix(".partial")
    with tarfile.open(partial, "w") as tar:
        _add(tar, config_name, text)
        _add(tar, "manifest.json", json.dumps(manifest).encode())
        tar.add(layer, "layer.tar")
    partial.rename(archive)


def pause() -> Path:
    """The archive of PAUSE_IMAGE: the container that holds a pod's network namespace, asleep."""
    return _of_busybox("pause", PAUSE_IMAGE, ["/bin/busybox", "sleep", "2000000000"])


def busybox() -> Path:
    """The archive of BUSYBOX_IMAGE: a shell and the usual commands in 2 MB."""
    return _of_busybox("busybox", BUSYBOX_IMAGE, ["/bin/sh"])


def _of_busybox(kind: str, name: str, command: list[str]) -> Path:
    version = hashlib.sha256(_BUSYBOX.read_bytes()).hexdigest()[:12]
    archive = cache_folder() / "images" / f"{kind}-{version}.tar"
    if archive.exists():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    layer = archive.with_suffix(".layer")
    applets = subprocess.run([_BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout.split()
    with tarfile.open(layer, "w") as tar:
        for folder, mode in (("bin", 0o755), ("etc", 0o755), ("tmp", 0o1777), ("root", 0o700)):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, mode, _EPOCH
            tar.addfile(entry)
        _add(tar, "bin/busybox", _BUSYBOX.read_bytes(), 0o755)
        _add(tar, "etc/passwd", b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n")
        for applet in applets:
            if applet != "busybox":
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname, link.mtime = tarfile.SYMTYPE, "busybox", _EPOCH
                tar.addfile(link)
    write(archive, name, layer, {"Cmd": command, "Env": ["PATH=/bin"]})
    layer.unlink()
    return archive


def _add(tar: tarfile.TarFile, name: str, data: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(data), mode, _EPOCH
    tar.addfile(entry, io.BytesIO(data))
