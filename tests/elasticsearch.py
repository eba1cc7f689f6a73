"""Real Elasticsearch and OpenSearch servers for the tests: minimal builds from Maven Central, started once each.

``GOFLOW_TEST_ELASTICSEARCH`` and ``GOFLOW_TEST_OPENSEARCH`` may name servers that are there already
(``http://127.0.0.1:9200``). Else ``mvn`` brings the builds into the cache (90 and 133 MB, once), and they run as a user
that is not root, on ports of their own, with data in a temporary folder. Where one cannot be had its tests are skipped,
unless ``GOFLOW_REQUIRE_ELASTICSEARCH=1`` says that this is a failure.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.cluster.harness.layout import cache_folder
from tests.postgres import _free_port

_START_S = 180.0
_START_CPU_S = 120.0
"""A start is given up after so many seconds in which it has had the processor for so many. Beside other work at a low
priority it gets little of it: one had 33 seconds of it in 641."""
_LONGEST_START_S = 1800.0
JAVA = "-Xms512m -Xmx512m -XX:-AlwaysPreTouch -XX:TieredStopAtLevel=1 -XX:-UseG1GC -XX:+UseSerialGC"
"""Ready soon rather than quick for long: OpenSearch starts with 13 seconds of the processor and not with 24."""
USER = "nobody"


class UnavailableError(Exception):
    """It cannot be had here."""


@dataclass(frozen=True)
class Build:
    """A server as Maven Central has it, and what it runs on."""

    name: str
    artifact: str
    version: str
    java: int
    """Least version of Java that it runs on."""
    newest_java: int
    variable: str
    """What begins the names of its environment variables."""
    options: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        return f"{self.name}-{self.version}.zip"


ELASTICSEARCH = Build(
    "elasticsearch",
    "org.elasticsearch.distribution.integ-test-zip:elasticsearch:8.15.0:zip",
    "8.15.0",
    17,
    22,
    "ES",
    ("xpack.security.enabled=false",),
)
OPENSEARCH = Build(
    "opensearch", "org.opensearch.distribution.integ-test-zip:opensearch:3.4.0:zip", "3.4.0", 21, 25, "OPENSEARCH"
)
BUILDS = {build.name: build for build in (ELASTICSEARCH, OPENSEARCH)}


class Server:
    """A server with one node; stopped and started again at will."""

    def __init__(self, url: str, build: Build | None = None, folder: Path | None = None) -> None:
        self.url = url
        self._build = build
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self, *, wait: bool = True) -> None:
        """Start it, or start it again with the same data, and wait until it answers. It ends with the thread that has
        started it. Raises UnavailableError."""
        assert self._build is not None
        assert self._folder is not None
        build, folder = self._build, self._folder
        settings = {
            "discovery.type": "single-node",
            "http.port": self.url.rpartition(":")[2],
            "transport.port": str(_free_port()),
            "network.host": "127.0.0.1",
            "path.data": str(folder / "data"),
            "path.logs": str(folder / "logs"),
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            **dict(option.split("=") for option in build.options),
        }
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            f"{build.variable}_JAVA_HOME": str(_java_home(build)),
            f"{build.variable}_JAVA_OPTS": JAVA,
            f"{build.variable}_PATH_CONF": str(folder / "config"),
            f"{build.variable}_TMPDIR": str(folder / "tmp"),
        }
        program = folder / "program" / "bin" / build.name
        arguments = [part for name, value in settings.items() for part in ("-E", f"{name}={value}")]
        with (folder / "output").open("ab") as out:
            self._process = subprocess.Popen(
                [*_as_user(), program, *arguments],
                stdout=out,
                stderr=out,
                env=environment,
                cwd=folder,
                start_new_session=True,
            )
        if wait:
            self.wait_until_up()

    def wait_until_up(self) -> None:
        """Until it answers. Raises UnavailableError."""
        process = self._process
        assert process is not None
        began, had = time.monotonic(), _processor_s(process.pid)
        last = ""
        while True:
            try:
                answer = self.ask("GET", "/_cluster/health", params={"wait_for_status": "yellow", "timeout": "1s"})
                if answer.status_code == 200 and not answer.json().get("timed_out"):
                    return
                last = answer.text
                last += self.ask("GET", "/_cluster/allocation/explain").text if answer.status_code == 408 else ""
            except httpx.HTTPError as problem:
                last = repr(problem)
            took = time.monotonic() - began
            has_had_time = took > _START_S and _processor_s(process.pid) - had > _START_CPU_S
            if process.poll() is not None or has_had_time or took > _LONGEST_START_S:
                assert self._folder is not None
                output = (self._folder / "output").read_text(errors="replace")[-3000:]
                raise UnavailableError(f"not up: it ended with {process.poll()}, its last word was {last}\n{output}")
            time.sleep(0.1)

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it: SIGKILL is as good as a power cut, SIGTERM lets it write down what it has. Elasticsearch is two processes,
        and the server itself is the second, which would end itself well where the first alone is killed."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)
            self._process.wait(60)
            self._process = None

    def stop(self) -> None:
        """End it, if it is ours, and remove what it kept."""
        self.end()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        """One request, as a person would make it with curl."""
        return httpx.request(method, self.url + path, timeout=60, trust_env=False, **more)  # type: ignore[arg-type]


def start(build: Build) -> Server:
    """A running server. Raises UnavailableError."""
    given = os.environ.get(f"GOFLOW_TEST_{build.name.upper()}")
    if given:
        return Server(given.rstrip("/"))
    _java_home(build)
    archive = _fetched(build)
    folder = Path(tempfile.mkdtemp(prefix=f"goflow-{build.name}-"))
    try:
        with zipfile.ZipFile(archive) as content:
            content.extractall(folder)
        (folder / f"{build.name}-{build.version}").rename(folder / "program")
        for program in (folder / "program" / "bin").iterdir():
            program.chmod(0o755)
        shutil.copytree(folder / "program" / "config", folder / "config")
        for name in ("data", "logs", "tmp"):
            (folder / name).mkdir()
        if os.geteuid() == 0:
            subprocess.run(["chown", "-R", USER, folder], check=True)
        server = Server(f"http://127.0.0.1:{_free_port()}", build, folder)
        server.begin()
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return server


def _fetched(build: Build) -> Path:
    """The build's archive in the cache, brought by Maven when it is not there."""
    folder = cache_folder() / "search"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / build.file
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return path
        if not shutil.which("mvn"):
            raise UnavailableError("no mvn on this machine")
        staging = Path(tempfile.mkdtemp(dir=folder))
        try:
            words = [
                "mvn",
                "-q",
                "-B",
                "dependency:copy",
                f"-Dartifact={build.artifact}",
                f"-DoutputDirectory={staging}",
            ]
            done = subprocess.run(words, capture_output=True, text=True, cwd=staging)
            if done.returncode:
                raise UnavailableError(f"mvn: {done.stdout[-2000:]}{done.stderr[-2000:]}")
            (staging / build.file).rename(path)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return path


def _java_home(build: Build) -> Path:
    """A Java that the build runs on. Raises UnavailableError."""
    found: list[tuple[int, Path]] = []
    for release in Path("/usr/lib/jvm").glob("*/release"):
        if match := re.search(r'JAVA_VERSION="(\d+)', release.read_text()):
            version = int(match[1])
            if build.java <= version <= build.newest_java and (release.parent / "bin" / "java").exists():
                found.append((version, release.parent))
    if not found:
        raise UnavailableError(f"{build.name} needs Java {build.java} to {build.newest_java}")
    return max(found)[1]


def _processor_s(session: int) -> float:
    """Seconds for which the processes of a session have had the processor."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            words = path.read_text(errors="replace").rpartition(")")[2].split()
            if int(words[3]) == session:
                ticks += int(words[11]) + int(words[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _as_user() -> list[str]:
    """How to begin a program that ends with this process, and not as root: the servers refuse that."""
    end_with_us = ["setpriv", "--pdeathsig=KILL"] if shutil.which("setpriv") else []
    if os.geteuid() != 0:
        return end_with_us
    if not end_with_us:
        raise UnavailableError("no setpriv, and the servers do not run as root")
    return [*end_with_us, f"--reuid={USER}", "--regid=nogroup", "--clear-groups"]


@contextlib.contextmanager
def for_tests(build: Build) -> Iterator[Server]:
    """A server, ended afterwards. Where there is none the test fails or is skipped."""
    try:
        server = start(build)
    except UnavailableError as problem:
        if os.environ.get("GOFLOW_REQUIRE_ELASTICSEARCH") == "1":
            pytest.fail(f"{build.name} is required: {problem}")
        pytest.skip(f"no {build.name}: {problem}")
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def elasticsearch_server() -> Iterator[Server]:
    """An Elasticsearch for the tests of a module (up in about 10 s)."""
    with for_tests(ELASTICSEARCH) as server:
        yield server


@pytest.fixture(scope="module")
def opensearch_server() -> Iterator[Server]:
    """An OpenSearch for the tests of a module."""
    with for_tests(OPENSEARCH) as server:
        yield server
