"""``make test``: every suite in turn, quick ones first, with a line for each; the exit code is 1 when one failed.

Suites may be named, ``python -m tests unit e2e``; ``--no-cluster`` leaves the cluster's out. Where this machine cannot
host a cluster, pytest says which tests are left out and why; with GOFLOW_REQUIRE_CLUSTER=1 (as in CI) that is a failure.
On a machine that has not built the cluster yet it is built beside the other suites, at idle priority: most of them wait
more than they reckon.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PARALLEL = ("runner", "processes", "scheduler")
"""Folders of the integration tests that have a line of their own."""

LONG = "tests/integration/logs/test_servers.py::test_two_hundred_thousand_lines"
"""What `make test` leaves to `make many-lines`: 200,000 lines on each log server (eight minutes)."""

SERVERS = ("tests/integration/rest", "tests/conformance/logs", "tests/integration/logs", "tests/e2e", "tests/ui")
"""Each starts servers for all of its tests (Airflow, log servers, a daemon with a browser) and has one worker."""

SUITES = (
    ("unit", ["tests/unit", "-n", "2"]),
    ("conformance", ["tests/conformance", "--ignore=tests/conformance/logs", "-n", "2"]),
    ("corpus", ["tests/corpus"]),
    ("fuzz", ["tests/fuzz", "-n", "2"]),
    ("runner", ["tests/integration/runner", "-n", "2"]),
    ("processes", ["tests/integration/processes", "-n", "2"]),
    ("scheduler", ["tests/integration/scheduler", "-n", "2"]),
    (
        "integration",
        [
            "tests/integration",
            *(f"--ignore=tests/integration/{name}" for name in (*PARALLEL, "logs", "rest")),
            *("-n", "2", "--dist", "loadfile"),
        ],
    ),
    ("servers", [*SERVERS, f"--deselect={LONG}", "-n", "2", "--dist", "loadgroup"]),
    ("chart", ["tests/chart"]),
    ("cluster", ["tests/cluster", "--ignore=tests/cluster/test_chaos.py", "-n", "2", "--dist", "loadfile"]),
    ("chaos", ["tests/cluster/test_chaos.py"]),
)


ON_THE_CLUSTER = ("chart", "cluster", "chaos")
PREPARE = [sys.executable, "-m", "tests.cluster.harness", "prepare"]


def _idle() -> None:
    """Have this process, a child that is about to begin, run when nothing else does."""
    os.setsid()
    os.nice(19)
    with contextlib.suppress(OSError):  # where sessions share the processors among each other, its session must yield
        Path("/proc/self/autogroup").write_text("19")


@contextlib.contextmanager
def preparing() -> Iterator[subprocess.Popen[bytes]]:
    """The cluster is built in the background; what cannot be built the cluster's own tests try again, and tell."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(PREPARE, stdout=said, stderr=said, preexec_fn=_idle)
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, 15)
                process.wait()
            elif process.returncode:
                said.seek(0)
                print(said.read().decode(errors="replace")[-4000:], file=sys.stderr)


def main(words: list[str]) -> int:
    """Run the suites; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests", description=(__doc__ or "").split("\n")[0])
    names = [name for name, _ in SUITES]
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"{', '.join(names)}; all of them by default")
    parser.add_argument("--no-cluster", action="store_true", help=f"leave out {', '.join(ON_THE_CLUSTER)}")
    args = parser.parse_args(words)
    if unknown := set(args.suites) - set(names):
        parser.error(f"there is no suite {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    left_out = ON_THE_CLUSTER if args.no_cluster else ()
    wanted = [suite for suite in SUITES if suite[0] in (args.suites or names) and suite[0] not in left_out]
    if not {name for name, _ in wanted} & {*ON_THE_CLUSTER}:
        return run(wanted, None)
    with preparing() as process:
        return run(wanted, process)


def run(suites: Sequence[tuple[str, list[str]]], prepared: subprocess.Popen[bytes] | None) -> int:
    """Run SUITES, those on the cluster when that is PREPARED; the exit code."""
    results = []
    for name, arguments in suites:
        if prepared is not None and name in ON_THE_CLUSTER and prepared.poll() is None:
            print("\nwaiting until the cluster is built", flush=True)
            prepared.wait()
        print(f"\n=== {name} ===", flush=True)
        started = time.monotonic()
        code = subprocess.run([sys.executable, "-m", "pytest", "-q", "--no-header", *arguments], check=False).returncode
        results.append((name, code, time.monotonic() - started))
    print()
    for name, code, seconds in results:
        print(f"{name:<12} {'passed' if code == 0 else f'FAILED (exit code {code})'} in {seconds:.0f} s")
    failed = sum(code != 0 for _, code, _ in results)
    print(f"{len(results) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
