#!/usr/bin/env python3
"""Hold the catalogue against the classes themselves: make each operator, and look whether its fields are what it says.

    VENV/bin/python tools/catalogue/verify.py goflow/parser/catalogue/data [PROVIDER ...]

Every class is made twice where its constructor allows: with what it requires, and with every argument given, each of
them a text of its own. Fields that are ``computed`` are not predicted. Classes that refuse such arguments are counted.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import logging
import sys
import unittest.mock
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

warnings.simplefilter("ignore")
sys.path[:] = [entry for entry in sys.path if entry != str(Path(__file__).resolve().parent)]
sys.path.append(str(Path(__file__).resolve().parent))

from generate import STAND_INS, tagged  # noqa: E402

KEPT_AS_THEY_ARE = {
    "trigger_rule",
    "weight_rule",
    "retries",
    "pool_slots",
    "task_id",
    "deferrable",
    "mode",
    "poke_interval",
}


def main() -> None:
    folder, wanted = Path(sys.argv[1]), sys.argv[2:]
    logging.disable(logging.CRITICAL)
    for name in STAND_INS:
        sys.modules.setdefault(name, unittest.mock.MagicMock())
    count: Counter[str] = Counter()
    for path in sorted(folder.glob("*.json")):
        data = json.loads(path.read_text("utf-8"))
        if wanted and data["provider"] not in wanted:
            continue
        for name, facts in data["classes"].items():
            check(f"{data['provider']}.{name}", facts, count)
    print(dict(count))


def check(path: str, facts: dict[str, Any], count: Counter[str]) -> None:
    module, _, name = path.rpartition(".")
    if facts.get("decorator"):
        return
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            cls = getattr(importlib.import_module(module), name)
        except BaseException:
            count["not imported"] += 1
            return
    arguments = facts.get("arguments", {})
    required = {argument: f"<{argument}>" for argument, default in arguments.items() if default == {"$required": True}}
    everything = {argument: f"<{argument}>" for argument in arguments if argument not in KEPT_AS_THEY_ARE}
    for given in (required, everything):
        try:
            operator = cls(**{"task_id": "t", **given})
        except BaseException:
            count["refused"] += 1
            continue
        count["made"] += 1
        compare(path, facts, operator, given, count)


def compare(path: str, facts: dict[str, Any], operator: Any, given: dict[str, Any], count: Counter[str]) -> None:
    for field in facts.get("template_fields", ()):
        source = facts.get("fields", {}).get(field, {"argument": field})
        if source.get("computed"):
            count["computed"] += 1
            continue
        expected = predicted(source, given, facts.get("arguments", {}))
        try:
            found = tagged(getattr(operator, field))
        except Exception as problem:
            found = f"{type(problem).__name__}"
        right = found == expected or found == {"$tuple": expected}
        count["right" if right else "WRONG"] += 1
        if not right:
            print(f"{path}.{field}: {source}: predicted {expected!r}, is {found!r}")


def predicted(source: dict[str, Any], given: dict[str, Any], arguments: dict[str, Any]) -> Any:
    if "argument" not in source:
        return source["constant"]
    value = given.get(source["argument"], arguments.get(source["argument"]))
    if "or" in source and not value:
        return source["or"]
    if "if_none" in source and value is None:
        return source["if_none"]
    return value


if __name__ == "__main__":
    main()
