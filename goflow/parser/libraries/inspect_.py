"""``inspect``: what functions, classes and modules of the file's own are, and where they stand."""

from __future__ import annotations

import collections
import inspect
import io
import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import libcst as cst

from goflow.parser.interpreter.calls import NativeFrameFunction
from goflow.parser.interpreter.classes import ClassValue, Instance
from goflow.parser.interpreter.descriptors import BoundMethod
from goflow.parser.interpreter.functions import OF_INSPECT, Kind, Parameter, UserFunction, is_generator
from goflow.parser.interpreter.modules import LibraryModule, ModuleValue, UnreadModule
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value, raised
from goflow.parser.libraries.contextlib_ import GeneratorManagerFactory
from goflow.parser.libraries.frames import FrameValue, file_of, frame_of, stack_of
from goflow.parser.libraries.functools_ import Dispatched
from goflow.parser.libraries.registry import UnreadLibrary, function, module, native_class

_MODULES = (ModuleValue, LibraryModule, UnreadModule, UnreadLibrary)
_FUNCTIONS = (UserFunction, GeneratorManagerFactory, Dispatched)
_PLAIN = (ClassValue, Instance, *_MODULES)


# What something is -----------------------------------------------------------------------------------------------


def _is_function(at: At, value: Any) -> Any:
    if isinstance(value, _FUNCTIONS):
        return True
    if not isinstance(value, Value) or isinstance(value, (*_PLAIN, BoundMethod)) or not value.callable:
        return False
    return Unknown("whether what a library gives is a function written in Python", at)


def _is_class(at: At, value: Any) -> Any:
    return getattr(value, "type_name", "") == "type"


def _is_module(at: At, value: Any) -> Any:
    return isinstance(value, _MODULES)


def _is_method(at: At, value: Any) -> Any:
    return isinstance(value, BoundMethod)


def _is_generator_function(at: At, value: Any) -> Any:
    inner = value.function if isinstance(value, BoundMethod) else value
    node = inner.node if isinstance(inner, UserFunction) else None
    return isinstance(node, cst.FunctionDef) and node.asynchronous is None and is_generator(node, inner.module)


def _is_coroutine_function(at: At, value: Any) -> Any:
    inner = value.function if isinstance(value, BoundMethod) else value
    node = inner.node if isinstance(inner, UserFunction) else None
    return isinstance(node, cst.FunctionDef) and node.asynchronous is not None and not is_generator(node, inner.module)


_TESTS: dict[str, Callable[..., Any]] = {
    "isfunction": _is_function, "isclass": _is_class, "ismodule": _is_module, "ismethod": _is_method,
    "isgeneratorfunction": _is_generator_function, "iscoroutinefunction": _is_coroutine_function,
    "isframe": lambda at, value: isinstance(value, FrameValue),
}  # fmt: skip


def _get_members(at: At, value: Any, predicate: Any = None) -> Any:
    """``getmembers(value, isclass)`` and its kin; what there is beside (``__spec__``, say) is not known."""
    name = getattr(predicate, "name", "")
    if not isinstance(predicate, NativeFunction) or name not in {"isfunction", "isclass", "ismodule"}:
        return Unknown("every member of a module or object", at)
    if isinstance(value, ModuleValue) and value.starred is None:
        found = dict(value.names)
    elif isinstance(value, ClassValue) and not any(cls.is_native for cls in value.mro) and name == "isfunction":
        names = {name for cls in value.mro for name in cls.attributes}
        found = {name: value.get_attribute(name, at) for name in names}
    else:
        return Unknown("the members of what is not the file's own", at)
    answers = {name: _TESTS[predicate.name](at, inner) for name, inner in sorted(found.items())}
    for name, inner in found.items():
        for answer in (inner, answers[name]):
            if isinstance(answer, Unknown):
                return answer
    return [(name, found[name]) for name, answer in answers.items() if answer]


# Where it stands -------------------------------------------------------------------------------------------------


def _module_of(value: Any) -> ModuleValue | None:
    if isinstance(value, BoundMethod):
        value = value.function
    if isinstance(value, ModuleValue):
        return value
    return value.module if isinstance(value, FrameValue | UserFunction | ClassValue) else None


def _get_file(at: At, value: Any) -> Any:
    found = _module_of(value)
    if found is None:
        return Unknown("the file of what is not the file's own", at)
    if isinstance(value, ModuleValue | ClassValue):
        return found.names.get("__file__") or Unknown(f"the file of {found.name}", at)
    return file_of(found)


def _get_module(at: At, value: Any, _filename: Any = None) -> Any:
    found = _module_of(value)
    return Unknown("the module of what is not the file's own", at) if found is None else found


def _get_doc(at: At, value: Any) -> Any:
    inner = value.function if isinstance(value, BoundMethod) else value
    if isinstance(inner, UserFunction):
        doc = inner.attributes.get("__doc__", inner.doc)
    elif isinstance(inner, ModuleValue | ClassValue) and not (isinstance(inner, ClassValue) and inner.is_native):
        doc = inner.get_attribute("__doc__", at)
    else:
        return Unknown("the documentation of what is not the file's own", at)
    if doc is None and isinstance(inner, ClassValue | BoundMethod):
        return Unknown("the documentation that is inherited", at)
    return inspect.cleandoc(doc) if isinstance(doc, str) else doc


def _get_source(at: At, value: Any) -> Any:
    found = _get_source_lines(at, value)
    return found if isinstance(found, Unknown) else "".join(found[0])


def _get_source_lines(at: At, value: Any) -> Any:
    """The lines of a function, a class or a module of the folder, and the number of the first (0: the whole file)."""
    inner = _unwrapped(value.function if isinstance(value, BoundMethod) else value)
    module = _module_of(inner)
    is_whole = isinstance(inner, ModuleValue)
    place = inner.defined_at if isinstance(inner, UserFunction) else inner.at if isinstance(inner, ClassValue) else None
    is_file = type(module) is ModuleValue and module.source  # a text that is executed has no file
    if module is None or not is_file or (place is None and not is_whole):
        return Unknown("the source of what is not the file's own", at)
    if (
        isinstance(inner, ClassValue)
        and len(re.findall(rf"^\s*class\s+{inner.name}\b", module.source, re.MULTILINE)) != 1
    ):
        return Unknown("which of several classes is meant", at)
    lines = io.StringIO(module.source, newline=None).readlines()  # not what else `str.splitlines` takes for an end
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if place is None:
        return lines, 0
    decorators = getattr(place.node, "decorators", ())
    first = min(module.span_of(node).line for node in (place.node, *(one.decorator for one in decorators)))
    return (inspect.getblock(lines[first - 1 :]), first) if first else Unknown("the place of a definition", at)


def _get_mro(at: At, cls: Any) -> Any:
    return cls.get_attribute("__mro__", at) if isinstance(cls, ClassValue) else Unknown("the bases of a class", at)


# How it is called ------------------------------------------------------------------------------------------------

EMPTY = native_class("_empty", "inspect")


def _annotation(of: UserFunction, name: str, at: At) -> Any:
    """The annotation of NAME; under ``from __future__ import annotations`` it is a text, which is not kept."""
    if of.module.names.get("annotations") is True:
        return Unknown("an annotation as a text", at)
    return of.annotation(name, at)


class ParameterValue(Value):
    """A parameter as a signature has it: PARAMETER of FUNCTION."""

    type_name = "Parameter"

    def __init__(self, parameter: Parameter, of: UserFunction) -> None:
        self.parameter = parameter
        self.of = of

    def get_attribute(self, name: str, at: At) -> Any:
        """``name``, ``kind``, ``default``, ``annotation``, ``empty``."""
        parameter = self.parameter
        match name:
            case "name":
                return parameter.name
            case "kind":
                return OF_INSPECT[parameter.kind]
            case "default":
                return parameter.default if parameter.has_default else EMPTY
            case "annotation":
                return EMPTY if parameter.annotation is None else _annotation(self.of, parameter.name, at)
            case "empty":
                return EMPTY
            case _ if name in _PARAMETER:
                return _PARAMETER[name]
        return Unknown(f"{name} of a parameter", at)


_PARAMETER: dict[str, Any] = {kind.name: kind for kind in OF_INSPECT.values()} | {"empty": EMPTY}


class SignatureValue(Value):
    """The signature of FUNCTION, its first parameter left out where it is BOUND."""

    type_name = "Signature"

    def __init__(self, function: UserFunction, *, bound: bool) -> None:
        self.function = function
        self.parameters = [ParameterValue(one, function) for one in function.parameters[int(bound) :]]

    def get_attribute(self, name: str, at: At) -> Any:
        """``parameters``, ``return_annotation``, ``empty``."""
        match name:
            case "parameters":
                return MappingProxyType({one.parameter.name: one for one in self.parameters})
            case "return_annotation":
                node = self.function.node
                is_told = isinstance(node, cst.FunctionDef) and node.returns is not None
                return _annotation(self.function, "return", at) if is_told else EMPTY
            case "empty":
                return EMPTY
        return Unknown(f"{name} of a signature", at)


def _signature(at: At, target: Any, **options: Any) -> Any:
    bound = isinstance(target, BoundMethod)
    inner = target.function if isinstance(target, BoundMethod) else target
    while isinstance(inner, UserFunction) and inner.wraps is not None:
        inner = inner.wraps
    if not isinstance(inner, UserFunction) or options or "__signature__" in inner.attributes:
        return Unknown("the signature of what is not a function of the file's own", at)
    return SignatureValue(inner, bound=bound)


FullArgSpec = collections.namedtuple("FullArgSpec", "args varargs varkw defaults kwonlyargs kwonlydefaults annotations")


def _full_arg_spec(at: At, target: Any) -> Any:
    inner = target.function if isinstance(target, BoundMethod) else target
    if not isinstance(inner, UserFunction):
        return Unknown("the arguments of what is not a function of the file's own", at)

    def of(*kinds: Kind) -> list[Parameter]:
        return [one for one in inner.parameters if one.kind in kinds]

    plain, keywords = of(Kind.POSITIONAL, Kind.PLAIN), of(Kind.KEYWORD)
    rest, rest_keywords = of(Kind.REST), of(Kind.REST_KEYWORDS)
    defaults = tuple(one.default for one in plain if one.has_default)
    given = {one.name: one.default for one in keywords if one.has_default}
    told = {one.name: _annotation(inner, one.name, at) for one in inner.parameters if one.annotation is not None}
    if isinstance(inner.node, cst.FunctionDef) and inner.node.returns is not None:
        told["return"] = _annotation(inner, "return", at)
    return FullArgSpec(
        [one.name for one in plain],
        rest[0].name if rest else None,
        rest_keywords[0].name if rest_keywords else None,
        defaults or None,
        [one.name for one in keywords],
        given or None,
        told,
    )


def _clean_doc(at: At, text: Any) -> Any:
    if not isinstance(text, str):
        raised(at, "AttributeError", "only a text can be cleaned")
    return inspect.cleandoc(text)


@module("inspect")
def build_inspect(session: Session) -> dict[str, Any]:
    """``inspect``."""
    found: dict[str, Any] = {name: function(name, run) for name, run in _TESTS.items()}
    others: dict[str, Callable[..., Any]] = {
        "getmembers": _get_members, "getmodule": _get_module, "getdoc": _get_doc, "getmro": _get_mro,
        "signature": _signature, "getfullargspec": _full_arg_spec, "cleandoc": _clean_doc,
        **dict.fromkeys(("getfile", "getsourcefile", "getabsfile"), _get_file),
        "getsource": _get_source, "getsourcelines": _get_source_lines, "unwrap": lambda at, value: _unwrapped(value),
    }  # fmt: skip
    found |= {name: function(name, run) for name, run in others.items()}
    parameter = native_class("Parameter", "inspect", **_PARAMETER)
    signature = native_class("Signature", "inspect", empty=EMPTY)
    for made in (parameter, signature):
        made.construct = lambda cls, args, kwargs, at: Unknown(f"a {cls.name} that the file makes", at)
        made.data["has_instance"] = lambda value, name=made.name: getattr(value, "type_name", "") == name
    return found | {
        "stack": NativeFrameFunction("stack", lambda frame, at, context=1: stack_of(frame, at)),
        "currentframe": NativeFrameFunction("currentframe", frame_of),
        "Parameter": parameter,
        "_empty": EMPTY,
        "Signature": signature,
    }


def _unwrapped(value: Any) -> Any:
    while isinstance(value, UserFunction) and value.wraps is not None:
        value = value.wraps
    return value
