"""``make test``: every suite in turn, quick ones first, with a line for each; the exit code is 1 when one failed.

``--no-cluster`` leaves the cluster's suites out. Where this machine cannot host a cluster, pytest says which tests are
left out and why; with GOFLOW_REQUIRE_CLUSTER=1 (as in CI) that is a failure.
"""

from __future__ import annotations

import subprocess
import sys
import time

PARALLEL = ("runner", "processes", "scheduler")
"""Folders of the integration tests whose tests may run beside each other."""

SUITES = (
    ("unit", ["tests/unit", "-n", "2"]),
    ("conformance", ["tests/conformance", "-n", "2"]),
    ("corpus", ["tests/corpus"]),
    ("fuzz", ["tests/fuzz", "-n", "2"]),
    ("runner", ["tests/integration/runner", "-n", "2"]),
    ("processes", ["tests/integration/processes", "-n", "2"]),
    ("scheduler", ["tests/integration/scheduler", "-n", "2"]),
    ("integration", ["tests/integration", *(f"--ignore=tests/integration/{name}" for name in PARALLEL)]),
    ("chart", ["tests/chart"]),
    ("cluster", ["tests/cluster", "--ignore=tests/cluster/test_chaos.py"]),
    ("chaos", ["tests/cluster/test_chaos.py"]),
)


def main(words: list[str]) -> int:
    """Run the suites; the exit code."""
    left_out = {"cluster", "chart", "chaos"} if "--no-cluster" in words else set()
    results = []
    for name, arguments in SUITES:
        if name in left_out:
            continue
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
