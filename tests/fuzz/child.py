"""A process that runs programs with Python itself: a line of JSON in, a line of JSON out.

The names that are asked for are answered in the plain form of `tests.fuzz.plain`.
"""

from __future__ import annotations

import contextlib
import io
import json
import signal
import sys
import types
import warnings
from typing import Any

from tests.fuzz.plain import Python

MOST_S = 3.0
"""Seconds of processor time, after which a program does not end."""


def run(source: str) -> dict[str, Any]:
    """What SOURCE leaves: its names, and the exception that ended it."""
    module = types.ModuleType("main_file")
    sys.modules["main_file"] = module  # dataclasses look themselves up there
    names = vars(module)
    names |= {"__name__": "main_file", "__file__": "/dags/main_file.py", "__package__": ""}
    error = ""
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_S)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(source, "main_file.py", "exec"), names)
    except BaseException as problem:
        error = f"{type(problem).__name__}: {problem}"
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    to_plain = Python().plain
    found = {}
    for name, value in list(names.items()):
        if name[0] == "v" and name[1:2].isdigit():
            try:
                found[name] = to_plain(value)
            except Exception:
                found[name] = ["other"]
    return {"names": found, "error": error}


def _too_long(*_: Any) -> None:
    raise TimeoutError("the program does not end")


def main() -> None:
    """Serve until the input ends."""
    signal.signal(signal.SIGVTALRM, _too_long)
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
