"""A reader with faults: files that ask for one get it, all others are read for real."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import sys
import threading
from typing import Any

from goflow.parser.api import Folder, ParseResult, parse_file


class TooLarge:
    """A DAG that was read, and that there is no memory to write out."""

    def __getattribute__(self, name: str) -> Any:
        raise MemoryError


def parse(folder: Folder, path: str, inputs: Any) -> Any:
    """Read a file, unless it says what is to go wrong."""
    content = (folder.root / path).read_bytes() if (folder.root / path).exists() else b""
    fault = content.split(b"\n", 1)[0].removeprefix(b"# fault: ").decode() if content.startswith(b"# fault: ") else ""
    match fault:
        case "segfault":
            faulthandler.disable()  # pytest's own, in a process that was forked from it
            ctypes.string_at(0)
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "busy":
            os.kill(os.getpid(), signal.SIGXCPU)
        case "exit":
            os._exit(3)
        case "hang":
            threading.Event().wait()
        case "memory":
            return bytearray(1 << 40)
        case "large":
            return ParseResult(path, "", dags=(TooLarge(),))  # type: ignore[arg-type]
        case "raise":
            raise KeyError("words")
        case "deep":
            return parse(folder, path, inputs)
        case "print":
            print("this must not come between the messages")
            sys.stdout.flush()
            os.write(1, b"\0\0\0\0\0\0\0\1x")
    return parse_file(folder, path, inputs)


def in_a_year(folder: Folder, path: str, inputs: Any) -> Any:
    """Read a file as it will be read next year."""
    import datetime as dt

    import time_machine

    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=365)):
        return parse_file(folder, path, inputs)
