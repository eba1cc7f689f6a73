"""A process that takes accounts of files without being shut in, for many of our own files: it starts once, and forks.

``python -m tests.corpus.accounts`` reads requests of `goflow_runner.reading`, one a line, and answers one a line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from goflow_runner import reading

from goflow.parser.sandbox.running import ENVIRONMENT, accounts_in, request_for


class Accounts:
    """The process; as ``accounts`` of `goflow.parser.sandbox.read_in_sandbox` it is called."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.corpus.accounts"]
        root = Path(__file__).parents[2]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT, cwd=root
        )

    def __call__(self, folder, path, inputs, modules=()):
        self.process.stdin.write(json.dumps(request_for(folder, path, inputs, modules)) + "\n")
        self.process.stdin.flush()
        return accounts_in(json.loads(self.process.stdout.readline()))

    def end(self) -> None:
        """Let it go."""
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def main() -> None:
    reading.preload()
    with tempfile.NamedTemporaryFile() as output:
        for line in sys.stdin:
            request = json.loads(line)
            found = [reading.account(request, moment, output.name) for moment in request["moments"]]
            failed = next((one for one in found if "failed" in one), None)
            print(json.dumps(failed or {"accounts": found}), flush=True)


if __name__ == "__main__":
    main()
