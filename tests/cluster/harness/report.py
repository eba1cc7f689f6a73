"""What the harness tells people: progress on standard error, and failures that carry the tail of the right log."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_STARTED = time.monotonic()
_TAIL_LINES = 30


class HarnessError(Exception):
    """The test cluster cannot be brought up or used; the message says why and shows the log that tells."""


def say(message: str) -> None:
    """One line of progress on standard error, with the seconds since this process began."""
    print(f"[test cluster {time.monotonic() - _STARTED:6.1f} s] {message}", file=sys.stderr, flush=True)


def tail(log: Path, lines: int = _TAIL_LINES) -> str:
    """The last lines of a log file, indented; says so when there is none."""
    try:
        text = log.read_text(errors="replace")
    except OSError as error:
        return f"    (no log: {error})"
    last = text.splitlines()[-lines:]
    return "\n".join(f"    {line[:400]}" for line in last) or "    (empty log)"


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    timeout: float = 600,
) -> str:
    """Run a command to its end and give its standard output.

    Raises HarnessError, with the end of what it printed, when it fails, does not exist or takes more than `timeout` s.
    """
    shown = " ".join(str(part) for part in command)
    try:
        done = subprocess.run(
            [str(part) for part in command],
            env=dict(env) if env is not None else None,
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise HarnessError(f"{command[0]} is not installed ({error})") from error
    except subprocess.TimeoutExpired as error:
        raise HarnessError(f"`{shown}` did not end within {timeout:.0f} s") from error
    if done.returncode != 0:
        printed = (done.stdout + done.stderr).splitlines()[-_TAIL_LINES:]
        raise HarnessError(
            f"`{shown}` ended with exit code {done.returncode}:\n" + "\n".join(f"    {x}" for x in printed)
        )
    return done.stdout


def run_slowly(command: Sequence[str | Path], log: Path, what: str, *, env: Mapping[str, str], cwd: Path) -> None:
    """Run a command of minutes: its output goes to a log, and every half minute a line says that it still works.

    Raises HarnessError with the tail of the log when it fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(part) for part in command], env=dict(env), cwd=cwd, stdout=output, stderr=subprocess.STDOUT
        )
        while True:
            try:
                code = process.wait(timeout=30)
                break
            except subprocess.TimeoutExpired:
                say(f"{what}: still at it after {time.monotonic() - begun:.0f} s")
            except BaseException:
                process.terminate()
                process.wait()
                raise
    if code != 0:
        raise HarnessError(f"{what} failed with exit code {code}; the end of {log}:\n{tail(log)}")
    say(f"{what}: done in {time.monotonic() - begun:.0f} s")
