"""The Go programs of the cluster: compiled once from the module proxy into the cache, and found there ever after.

Each folder below `gomod/` is a module with hardly a line of Go: a go.mod that names the commands as tools, and the go.sum
that pins every byte of what they are made from. Its files are the key of the build. All but kwok share one
module, so that what they have in common, which is most of the others, is compiled once.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.harness.layout import GO_MODULES, KUBERNETES_VERSION, cache_folder
from tests.cluster.harness.report import run_slowly, say

_VERSION_PACKAGE = "k8s.io/component-base/version"
_MAJOR, _MINOR = KUBERNETES_VERSION.split(".")[:2]


@dataclass(frozen=True)
class Build:
    """One `go install` of commands of a module."""

    name: str
    module: str
    """Folder below `gomod/`."""
    packages: tuple[str, ...]
    """The commands."""
    ldflags: str
    """Link flags: stripped, and with the version that the program tells about itself."""
    takes: str
    """How long it takes on two cores the first time, for the people who wait."""

    @property
    def folder(self) -> Path:
        """Where the programs lie; the name holds a digest of the module, another version is another folder."""
        digest = hashlib.sha256()
        for file in sorted(path for path in (GO_MODULES / self.module).rglob("*") if path.is_file()):
            digest.update(file.read_bytes())
        digest.update(self.ldflags.encode())
        return cache_folder() / "bin" / f"{self.name}-{digest.hexdigest()[:12]}"

    @property
    def programs(self) -> tuple[str, ...]:
        """What must be there afterwards."""
        return tuple(package.rpartition("/")[2] for package in self.packages)

    @property
    def is_there(self) -> bool:
        """True when nothing has to be compiled."""
        return all((self.folder / program).exists() for program in self.programs)


_PROGRAMS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl")
KUBERNETES = Build(
    "kubernetes",
    "cluster",
    tuple(f"k8s.io/kubernetes/cmd/{program}" for program in _PROGRAMS),
    f"-s -w -X {_VERSION_PACKAGE}.gitVersion=v{KUBERNETES_VERSION}"
    f" -X {_VERSION_PACKAGE}.gitMajor={_MAJOR} -X {_VERSION_PACKAGE}.gitMinor={_MINOR}",
    "about 6 minutes",
)
BESIDE = Build("etcd-coredns", "cluster", ("./etcd", "./coredns"), "-s -w", "half a minute after Kubernetes")
"""What runs beside Kubernetes."""
HELM = Build("helm", "cluster", ("helm.sh/helm/v4/cmd/helm",), "-s -w", "a minute after Kubernetes")
METRICS_SERVER = Build(
    "metrics-server",
    "cluster",
    ("sigs.k8s.io/metrics-server/cmd/metrics-server",),
    "-s -w",
    "half a minute after Kubernetes",
)
KWOK = Build("kwok", "kwok", ("sigs.k8s.io/kwok/cmd/kwok",), "-s -w", "about 2 minutes")


def program(name: str) -> Path:
    """Path of a program, compiled now if it must be. Raises HarnessError when it cannot be."""
    build = next(build for build in (KUBERNETES, BESIDE, HELM, METRICS_SERVER, KWOK) if name in build.programs)
    ensure(build)
    return build.folder / name


def ensure(build: Build) -> None:
    """Compile what a build makes unless it is there; a second process that wants the same waits for the first."""
    if build.is_there:
        return
    with _exclusively():
        if not build.is_there:
            _compile(build)


def why_not_buildable(*builds: Build) -> str | None:
    """The reason why these programs are neither there nor can be made; None when all is well."""
    names = [build.name for build in builds if not build.is_there]
    if not names:
        return None
    if shutil.which("go") is None:
        return f"{' and '.join(names)} must be compiled and there is no Go"
    wanted = _go_directive()
    text = subprocess.run(["go", "version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"go(\d+)\.(\d+)", text)
    if found is None or (int(found[1]), int(found[2])) < wanted:
        needs = f"compiling {' and '.join(names)} needs Go {wanted[0]}.{wanted[1]}"
        return f"{needs} and this is {text.strip() or 'something else'}"
    return None


def _go_directive() -> tuple[int, int]:
    text = (GO_MODULES / KUBERNETES.module / "go.mod").read_text()
    found = re.search(r"^go (\d+)\.(\d+)", text, re.MULTILINE)
    assert found is not None, "go.mod has no go directive"
    return int(found[1]), int(found[2])


def _compile(build: Build) -> None:
    """Into a folder beside the real one, renamed when whole: a build that was cut off is never taken for a good one."""
    staging = build.folder.with_name(f"{build.name}-being-built")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    say(f"compiling {', '.join(build.programs)} ({build.takes} on two cores, once)")
    env = {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOBIN": str(staging),
        "GOFLAGS": "-buildvcs=false -mod=readonly",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }
    flags = ["-trimpath", "-gcflags=all=-dwarf=false", "-ldflags", build.ldflags]
    command = ["nice", "-n", "10", "go", "install", *flags, *build.packages]
    log = cache_folder() / "logs" / f"build-{build.name}.log"
    run_slowly(command, log, f"compiling {build.name}", env=env, cwd=GO_MODULES / build.module)
    shutil.rmtree(build.folder, ignore_errors=True)
    staging.rename(build.folder)


@contextmanager
def _exclusively() -> Iterator[None]:
    lock = cache_folder() / "build.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
