"""``match``: patterns of values, sequences, mappings and classes."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import libcst as cst

from goflow.parser.interpreter import host
from goflow.parser.interpreter.bodies import Exit, run_suite
from goflow.parser.interpreter.branches import both_bodies
from goflow.parser.interpreter.builtin_functions import is_instance
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.locals_ import Captures
from goflow.parser.interpreter.operations import contains, equal, identical, truth
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.values import Raised, Unknown, raised


def run_match(frame: Frame, node: cst.Match) -> Exit | None:
    """Run the first case that fits; from the first case on of which that is not known, all that may."""
    subject = evaluate(frame, node.subject)
    return _from(frame, node, list(node.cases), subject)


def _from(frame: Frame, node: cst.Match, cases: list[cst.MatchCase], subject: Any) -> Exit | None:
    for index, case in enumerate(cases):
        fits = _fits(frame, case.pattern, subject)
        if fits is True and case.guard is not None:
            fits = truth(evaluate(frame, case.guard), frame.at(case))
        if isinstance(fits, Unknown):
            arms: list[Callable[[], Exit | None]] = [
                functools.partial(run_suite, frame, case.body),
                functools.partial(_from, frame, node, cases[index + 1 :], subject),
            ]
            return both_bodies(frame, arms, fits, frame.at(node))
        if fits:
            return run_suite(frame, case.body)
    return None


def _all(answers: Iterator[bool | Unknown]) -> bool | Unknown:
    """Whether all are true: the first that is not says so, and ends the asking."""
    unknown: Unknown | None = None
    for answer in answers:
        if answer is False:
            return False
        unknown = answer if isinstance(answer, Unknown) else unknown
    return True if unknown is None else unknown


def _fits(frame: Frame, pattern: cst.MatchPattern, value: Any) -> bool | Unknown:
    at = frame.at(pattern)
    match pattern:
        case cst.MatchAs():
            fits = True if pattern.pattern is None else _fits(frame, pattern.pattern, value)
            if fits is not False and pattern.name is not None:
                frame.assign(pattern.name.value, value)
            return fits
        case cst.MatchOr():
            unknown: Unknown | None = None
            for element in pattern.patterns:
                answer = _fits(frame, element.pattern, value)
                if answer is True:
                    return True
                unknown = answer if isinstance(answer, Unknown) else unknown
            return False if unknown is None else unknown
    if isinstance(value, Unknown):
        _bind(frame, pattern, value)
        return value
    match pattern:
        case cst.MatchValue():
            return equal(value, evaluate(frame, pattern.value), at)
        case cst.MatchSingleton():
            return identical(value, evaluate(frame, pattern.value), at)
        case cst.MatchList() | cst.MatchTuple():
            return _fits_sequence(frame, pattern, value)
        case cst.MatchMapping():
            return _fits_mapping(frame, pattern, value)
        case cst.MatchClass():
            return _fits_class(frame, pattern, value)
    return Unknown("a pattern that is not read", at)


def _bind(frame: Frame, pattern: cst.CSTNode, unknown: Unknown) -> None:
    """Every name that PATTERN binds is as unknown as its subject."""
    names: set[str] = set()
    pattern.visit(Captures(names))
    for name in names:
        frame.assign(name, unknown)


def _fits_mapping(frame: Frame, pattern: cst.MatchMapping, value: Any) -> bool | Unknown:
    value = getattr(value, "data", value) if isinstance(value, Instance) else value
    if not isinstance(value, Mapping):
        return False
    keys = [evaluate(frame, element.key) for element in pattern.elements]
    there = _all(contains(value, key, at=frame.at(pattern)) for key in keys)
    if there is not True:
        if isinstance(there, Unknown):
            _bind(frame, pattern, there)
        return there
    fits = _all(_fits(frame, e.pattern, value[key]) for e, key in zip(pattern.elements, keys, strict=True))
    if fits is not False and pattern.rest is not None:
        frame.assign(pattern.rest.value, {key: inner for key, inner in value.items() if key not in keys})
    return fits


def _fits_sequence(frame: Frame, pattern: cst.MatchList | cst.MatchTuple, value: Any) -> bool | Unknown:
    value = getattr(value, "data", value) if isinstance(value, Instance) else value
    if not isinstance(value, list | tuple | range | deque):
        return False
    value = list(value)
    parts = list(pattern.patterns)
    starred = next((index for index, part in enumerate(parts) if isinstance(part, cst.MatchStar)), None)
    if starred is None:
        return len(parts) == len(value) and _each(frame, parts, value)
    after = len(parts) - starred - 1
    if len(value) < len(parts) - 1:
        return False
    star = parts[starred]
    assert isinstance(star, cst.MatchStar)
    if star.name is not None:
        frame.assign(star.name.value, value[starred : len(value) - after])
    return _each(frame, [*parts[:starred], *parts[starred + 1 :]], [*value[:starred], *value[len(value) - after :]])


def _each(frame: Frame, parts: list[Any], values: list[Any]) -> bool | Unknown:
    return _all(_fits(frame, part.value, inner) for part, inner in zip(parts, values, strict=True))


_BY_ITSELF = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple)


def _fits_class(frame: Frame, pattern: cst.MatchClass, value: Any) -> bool | Unknown:
    cls = evaluate(frame, pattern.cls)
    at = frame.at(pattern)
    if not isinstance(cls, ClassValue):
        return Unknown("a class pattern that is not read", at)
    fits = is_instance(at, value, cls)
    if fits is not True:
        if isinstance(fits, Unknown):
            _bind(frame, pattern, fits)
        return fits
    parts = [element.value for element in pattern.patterns]
    if parts and any(base.host in _BY_ITSELF for base in cls.mro):
        if len(parts) > 1:
            raised(at, "TypeError", f"{cls.name}() accepts 1 positional sub-pattern ({len(parts)} given)")
        first = _fits(frame, parts[0], value)
        if first is not True:
            return first
        parts = []
    names = cls.lookup("__match_args__")
    if parts and (not isinstance(names, tuple | list) or len(names) < len(parts)):
        given = len(names) if isinstance(names, tuple | list) else 0
        raised(at, "TypeError", f"{cls.name}() accepts {given} positional sub-patterns ({len(parts)} given)")
    wanted = [*zip(names if parts else (), parts, strict=False), *((e.key.value, e.pattern) for e in pattern.kwds)]
    return _all(_fits_attribute(frame, name, inner, value) for name, inner in wanted)


def _fits_attribute(frame: Frame, name: str, pattern: cst.MatchPattern, value: Any) -> bool | Unknown:
    at = frame.at(pattern)
    try:
        found = host.get_attribute(value, name, at)
    except Raised as problem:
        if not problem.is_a("AttributeError"):
            raise
        return False
    return _fits(frame, pattern, found)
