"""``try`` with its handlers: ``except``, ``except*``, ``else`` and ``finally``."""

from __future__ import annotations

import functools
from collections.abc import Callable

import libcst as cst

from goflow.domain.diagnostics import Severity
from goflow.parser.interpreter.attempts import attempted
from goflow.parser.interpreter.bodies import Exit, How, run_suite
from goflow.parser.interpreter.classes import Instance
from goflow.parser.interpreter.exceptions import make_exception, matches
from goflow.parser.interpreter.expressions import evaluate
from goflow.parser.interpreter.imports import imported
from goflow.parser.interpreter.modules import UnreadModule
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.targets import assign
from goflow.parser.interpreter.values import Raised, Unknown, UnknownElementsError

Handle = Callable[[Raised], Exit | None]
GROUP = "BaseExceptionGroup"


def try_(frame: Frame, node: cst.Try) -> Exit | None:
    """``try`` ... ``except``."""
    if any(_catches_imports(handler) for handler in node.handlers):
        return _guarded(frame, node, lambda problem: _handle(frame, node, problem), lambda: _note_imports(frame, node))
    return _guarded(frame, node, lambda problem: _handle(frame, node, problem))


def try_star(frame: Frame, node: cst.TryStar) -> Exit | None:
    """``try`` ... ``except*``: each handler gets what it matches of an exception group, until nothing is left."""
    return _guarded(frame, node, lambda problem: _handle_parts(frame, node, problem))


def _guarded(
    frame: Frame, node: cst.Try | cst.TryStar, handle: Handle, passed: Callable[[], None] = lambda: None
) -> Exit | None:
    def go_on(how: Exit | None) -> Exit | None:
        passed()
        return run_suite(frame, node.orelse.body) if how is None and node.orelse is not None else how

    def whole() -> Exit | None:
        if not node.handlers:
            return run_suite(frame, node.body)
        caught = functools.partial(_may_catch, frame, node)
        return attempted(frame, caught, lambda: run_suite(frame, node.body), go_on, handle, frame.at(node))

    return whole() if node.finalbody is None else _finally(frame, node.finalbody, whole)


def _finally(frame: Frame, node: cst.Finally, whole: Callable[[], Exit | None]) -> Exit | None:
    """WHOLE, then the ``finally`` clause NODE by whatever way it is left; a return there swallows what was raised."""

    def clause() -> Exit | None:
        return run_suite(frame, node.body)

    def guarded() -> Exit | None:
        try:
            return whole()
        except UnknownElementsError:  # a generator of which nobody knows how far it goes
            clause()
            raise
        except Exception:  # it comes later, or the reading itself ends
            raise
        except BaseException:  # a generator that is given up
            clause()
            raise

    def go_on(left: Exit | None) -> Exit | None:
        last = clause()
        return last if last is not None else left

    def handle(found: Raised | Exit) -> Exit | None:
        if isinstance(found, Exit):
            return go_on(found)
        with frame.session.dealing_with(found):
            last = clause()
        if last is None:
            raise found
        return last

    return attempted(frame, lambda problem: True, guarded, go_on, handle, frame.at(node), frozenset(How))


def _may_catch(frame: Frame, node: cst.Try | cst.TryStar, problem: Raised) -> bool | Unknown:
    """Whether one of the handlers is for PROBLEM."""
    for handler in node.handlers:
        if handler.type is None or isinstance(node, cst.TryStar):
            return True
        try:
            caught = matches(problem.value, evaluate(frame, handler.type))
        except Raised:  # told when the handler is reached
            return True
        if caught is not False:
            return caught
    return False


def _handle(frame: Frame, node: cst.Try, problem: Raised) -> Exit | None:
    for handler in node.handlers:
        caught: bool | Unknown = True
        if handler.type is not None:
            caught = matches(problem.value, evaluate(frame, handler.type))
        if isinstance(caught, Unknown):
            with frame.session.deciding(caught):  # what it makes may not be there in Airflow
                return _run_handler(frame, handler, problem)
        if caught:
            return _run_handler(frame, handler, problem)
    raise problem


def _handle_parts(frame: Frame, node: cst.TryStar, problem: Raised) -> Exit | None:
    """As ``except*``; what no handler takes is raised again."""
    is_group = _is_group(problem.value)
    rest = _parts(problem.value)
    for handler in node.handlers:
        wanted = evaluate(frame, handler.type)
        caught = [part for part in rest if matches(part, wanted) is not False]
        if caught:
            rest = [part for part in rest if not any(part is other for other in caught)]
            _run_handler(frame, handler, Raised(_grouped(frame, problem.value, caught), problem.at))
    if rest:
        again = problem if not is_group else Raised(_grouped(frame, problem.value, rest), problem.at)
        raise again
    return None


def _run_handler(frame: Frame, handler: cst.ExceptHandler | cst.ExceptStarHandler, problem: Raised) -> Exit | None:
    if handler.name is not None:
        assign(frame, handler.name.name, problem.value)
    try:
        with frame.session.dealing_with(problem):
            return run_suite(frame, handler.body)
    finally:
        if handler.name is not None and isinstance(handler.name.name, cst.Name):
            frame.scope.home_of(handler.name.name.value).names.pop(handler.name.name.value, None)


def _catches_imports(handler: cst.ExceptHandler) -> bool:
    """Whether HANDLER is there for a module that is not installed, and does something else then."""
    kind = handler.type
    kinds = [element.value for element in kind.elements] if isinstance(kind, cst.Tuple) else [kind]
    names = {getattr(name, "value", "") for name in kinds}
    return kind is None or bool(names & {"ImportError", "ModuleNotFoundError", "Exception"})


def _note_imports(frame: Frame, node: cst.Try) -> None:
    """Say which modules are taken to be installed although nobody here can know."""
    for line in node.body.body:
        for small in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            for name in imported(small):
                if isinstance(frame.session.loader.modules.get(name), UnreadModule):
                    words = f"whether {name} is installed in the tasks' image is not known; it is taken to be"
                    hint = f"if the image does not have it, say so in goflow.yaml: `absent_modules: [{name}]`"
                    frame.session.report("GF006", words, frame.at(small), severity=Severity.NOTE, hint=hint)


def _is_group(value: Instance) -> bool:
    return any(cls.name == GROUP for cls in value.cls.mro)


def _parts(value: Instance) -> list[Instance]:
    """The exceptions in a group, at any depth; of any other exception, itself."""
    if not _is_group(value):
        return [value]
    _, *inner = value.attributes.get("args", ())
    found = inner[0] if inner and isinstance(inner[0], list | tuple) else ()
    return [part for other in found if isinstance(other, Instance) for part in _parts(other)]


def _grouped(frame: Frame, origin: Instance, parts: list[Instance]) -> Instance:
    """PARTS of ORIGIN as a group of their own, with its message."""
    said = origin.attributes.get("args", ())
    message = said[0] if _is_group(origin) and said else ""
    return make_exception(frame.session, "ExceptionGroup", [message, parts])
