"""The base image of the tests: Debian with Python, made of Debian's packages, for no registry of images is reached."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tests.cluster.harness import archive, machine
from tests.cluster.harness.layout import cache_folder
from tests.cluster.harness.report import run, say

#: The name under which the Dockerfile gets it as BASE.
BASE_IMAGE = "localhost/py:1"
#: Its Python, for which wheels are collected.
PYTHON = "3.11"

_SUITE = "bookworm"
_PACKAGES = "python3,python3-venv,ca-certificates,tzdata"
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/lintian/*")
_KEY = hashlib.sha256(repr((_SUITE, _PACKAGES, _LEFT_OUT)).encode()).hexdigest()[:12]


def base_archive() -> Path:
    """The docker-archive of BASE_IMAGE: from the cache, or made now, which takes most of a minute.

    Raises HarnessError when mmdebstrap fails.
    """
    made = cache_folder() / "images" / f"base-{_KEY}.tar"
    if made.exists():
        return made
    machine.install_image_packages()
    made.parent.mkdir(parents=True, exist_ok=True)
    layer = made.with_suffix(".rootfs.tar")
    say("making a root file system of Debian packages (about 50 s, once)")
    excludes = [f"--dpkgopt=path-exclude={path}" for path in _LEFT_OUT]
    run(["mmdebstrap", "--mode=root", "--variant=minbase", f"--include={_PACKAGES}", *excludes, _SUITE, layer])
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    archive.write(made, BASE_IMAGE, layer, {"Cmd": ["/bin/bash"], "Env": [f"PATH={path}", "LANG=C.UTF-8"]})
    layer.unlink()
    return made
