"""``match``: patterns of values, sequences, mappings and classes."""

from __future__ import annotations

from typing import Any

import libcst as cst

from goflow.parser.interpreter import host
from goflow.parser.interpreter.bodies import Exit, run_suite
from goflow.parser.interpreter.branches import both_bodies
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.operations import equal, identical, truth
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.values import Unknown


def run_match(frame: Frame, node: cst.Match) -> Exit | None:
    """Run the first case that fits; every case when that is not known."""
    subject = evaluate(frame, node.subject)
    if isinstance(subject, Unknown):
        bodies = [lambda case=case: run_suite(frame, case.body) for case in node.cases]
        return both_bodies(frame, [*bodies, lambda: None], subject, frame.at(node))
    for case in node.cases:
        if _fits(frame, case.pattern, subject) is True:
            if case.guard is not None and truth(evaluate(frame, case.guard), frame.at(case)) is not True:
                continue
            return run_suite(frame, case.body)
    return None


def _fits(frame: Frame, pattern: cst.MatchPattern, value: Any) -> bool | Unknown:
    at = frame.at(pattern)
    match pattern:
        case cst.MatchValue():
            return equal(value, evaluate(frame, pattern.value), at)
        case cst.MatchSingleton():
            return identical(value, evaluate(frame, pattern.value))
        case cst.MatchAs():
            if pattern.pattern is not None and _fits(frame, pattern.pattern, value) is not True:
                return False
            if pattern.name is not None:
                frame.assign(pattern.name.value, value)
            return True
        case cst.MatchOr():
            return any(_fits(frame, element.pattern, value) is True for element in pattern.patterns)
        case cst.MatchList() | cst.MatchTuple():
            return _fits_sequence(frame, pattern, value)
        case cst.MatchMapping():
            return isinstance(value, dict) and all(
                (key := evaluate(frame, element.key)) in value and _fits(frame, element.pattern, value[key]) is True
                for element in pattern.elements
            )
        case cst.MatchClass():
            return _fits_class(frame, pattern, value)
    return Unknown("a pattern that is not read", at)


def _fits_sequence(frame: Frame, pattern: cst.MatchList | cst.MatchTuple, value: Any) -> bool:
    if not isinstance(value, list | tuple):
        return False
    parts = list(pattern.patterns)
    starred = [index for index, part in enumerate(parts) if isinstance(part, cst.MatchStar)]
    if not starred:
        return len(parts) == len(value) and all(
            _fits(frame, part.value, inner) is True
            for part, inner in zip(parts, value, strict=True)
            if isinstance(part, cst.MatchSequenceElement)
        )
    after = len(parts) - starred[0] - 1
    if len(value) < len(parts) - 1:
        return False
    star = parts[starred[0]]
    assert isinstance(star, cst.MatchStar)
    if star.name is not None:
        frame.assign(star.name.value, list(value[starred[0] : len(value) - after]))
    fixed = [*parts[: starred[0]], *parts[starred[0] + 1 :]]
    values = [*value[: starred[0]], *value[len(value) - after :]]
    return all(
        _fits(frame, part.value, inner) is True
        for part, inner in zip(fixed, values, strict=True)
        if isinstance(part, cst.MatchSequenceElement)
    )


def _fits_class(frame: Frame, pattern: cst.MatchClass, value: Any) -> bool | Unknown:
    cls = evaluate(frame, pattern.cls)
    if not isinstance(cls, ClassValue):
        return Unknown("a class pattern that is not read", frame.at(pattern))
    if isinstance(value, Instance):
        if not value.cls.derives_from(cls):
            return False
    elif cls.host is None or not isinstance(value, cls.host):
        return False
    if pattern.patterns and cls.host is not None:
        return _fits(frame, pattern.patterns[0].value, value)
    return all(
        _fits(frame, element.pattern, host.get_attribute(value, element.key.value, frame.at(pattern))) is True
        for element in pattern.kwds
    )
