"""A program run by the evaluator and by Python itself: the same values, or honest unknowns.

Python runs it twice, in processes with other seeds for the hashes of texts: what differs between those two (the order
of a set) cannot be known, and must be unknown to us.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from goflow.domain.spec import Dialect, Inputs
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.session import BudgetError
from goflow.parser.interpreter.values import (
    AnyOrder,
    Raised,
    Unknown,
    UnknownKey,
    Value,
    hidden_key,
    key_order_of,
    order_of,
)
from tests.fuzz.plain import UNKNOWN, Plain, Plainly, builtin, differs, has_unknown, mapping
from tests.unit.parser.interpreter.evaluating import evaluate_text

ROOT = Path(__file__).parents[2]
OTHERS = "*"
"""Stands for names that may be there, and nobody knows which."""


@dataclass
class Verdict:
    """How a program fared: FAULTS are what must not be; KNOWN and UNKNOWN count its names."""

    faults: list[str] = field(default_factory=list)
    known: int = 0
    unknown: int = 0
    reasons: list[str] = field(default_factory=list)


class RealPython:
    """A process that runs programs."""

    def __init__(self, seed: int) -> None:
        environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fuzz.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def run(self, source: str) -> dict[str, Any]:
        """What SOURCE leaves."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(source) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait(10)


class Differential:
    """Holds programs against Python."""

    def __init__(self) -> None:
        self.pythons = [RealPython(1), RealPython(2)]
        self._root = tempfile.TemporaryDirectory()

    def close(self) -> None:
        """End the processes."""
        for python in self.pythons:
            python.close()
        self._root.cleanup()

    def check(self, source: str) -> Verdict:
        """Run SOURCE by all."""
        theirs = [python.run(source) for python in self.pythons]
        verdict = Verdict()
        names, error = evaluated(source, Path(self._root.name))
        if error != theirs[0]["error"].partition(":")[0] and not error.startswith(UNKNOWN):
            verdict.faults.append(f"ends with {error or 'no error'} for {theirs[0]['error'] or 'no error'}")
        if error.startswith("internal"):
            verdict.faults.append(error)
        for name, known in theirs[0]["names"].items():
            if name not in names:
                if not error and OTHERS not in names:
                    verdict.faults.append(f"{name} is not there")
                continue
            ours = names[name]
            if has_unknown(ours):
                verdict.unknown += 1
                verdict.reasons += list(_reasons(ours))
            else:
                verdict.known += 1
            for other in (known, theirs[1]["names"].get(name)):
                told = differs(ours, other)
                if told:
                    verdict.faults.append(f"{name}: {told}")
                    break
        return verdict


def _reasons(plain: Plain) -> Iterator[str]:
    if isinstance(plain, list):
        if plain[:1] == [UNKNOWN]:
            yield plain[1]
        else:
            for inner in plain:
                yield from _reasons(inner)


def evaluated(source: str, root: Path) -> tuple[dict[str, Plain], str]:
    """The names that the evaluator leaves, plain, and how it ended: an exception's name, or what is wrong with us."""
    names: dict[str, Any] = {}
    try:
        names, _ = evaluate_text(source, root, Inputs())
    except Raised as problem:
        names = problem.at.session.main.names
        unknown = any(isinstance(arg, Unknown) for arg in problem.value.attributes.get("args", ()))
        return plain_names(names), UNKNOWN if unknown else problem.type_name
    except BudgetError as problem:
        return {}, f"internal: {problem.what} at line {problem.at.line}"
    except BaseException as problem:
        if isinstance(problem, KeyboardInterrupt):
            raise
        return {}, f"internal {type(problem).__name__}: {problem}{_place(problem)}"
    return plain_names(names), ""


def _place(problem: BaseException) -> str:
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"


def plain_names(names: dict[str, Any]) -> dict[str, Plain]:
    """The program's own names."""
    own = {name: value for name, value in names.items() if name[0] == "v" and name[1:2].isdigit()}
    if (why := hidden_key(names)) is not None:
        own[OTHERS] = why
    return {name: Ours().plain(value) for name, value in own.items()}


class Ours(Plainly):
    """What the evaluator's values are."""

    def _plain(self, value: Any) -> Plain:
        if isinstance(value, Unknown):
            return [UNKNOWN, value.reason]
        if type(value) is UnknownKey:
            return [UNKNOWN, value.unknown.reason]
        if not isinstance(value, Value):
            if isinstance(value, dict) and (why := key_order_of(value)) is not None:
                return [UNKNOWN, why.reason]
            if type(value) is list and (why := order_of(value)) is not None:
                return [UNKNOWN, why.reason]
            if type(value) is AnyOrder:
                known = [self.plain(inner) for inner in value]
                return ["list", known] if value.unknown is None else [UNKNOWN, value.unknown.reason]
            found = builtin(value, self.plain)
            if found is not None:
                return found
            if isinstance(value, tuple) and hasattr(value, "_fields"):
                return ["named", type(value).__name__, [self.plain(inner) for inner in value]]
            if type(value).__name__ == "defaultdict":
                return mapping("defaultdict", value, self.plain)
            return ["other"]
        if isinstance(value, ClassValue):
            return ["class", value.name]
        if isinstance(value, Instance):
            return self._instance(value)
        return ["other"]

    def _instance(self, value: Instance) -> Plain:
        bases = {cls.name for cls in value.cls.mro}
        if hasattr(value, "mixed"):
            return ["member", f"{value.cls.name}.{value.name}"]
        if "BaseException" in bases:
            return ["exception", value.cls.name, self.plain(tuple(value.attributes.get("args", ())))]
        if value.data is not None:
            named = isinstance(value.data, tuple) and hasattr(value.data, "_fields")
            return (
                ["named", value.cls.name, [self.plain(v) for v in value.data]] if named else ["subtype", value.cls.name]
            )
        return ["object", value.cls.name, mapping("dict", value.attributes, self.plain)]


@contextlib.contextmanager
def differential() -> Iterator[Differential]:
    """The two Pythons, ended afterwards."""
    made = Differential()
    try:
        yield made
    finally:
        made.close()


__all__ = ["Dialect", "Differential", "Verdict", "differential", "evaluated"]
