"""``typing``, ``types``, ``abc``, ``__future__``: what only type checkers heed, and NamedTuple."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.annotations import hints_of_class, hints_of_function
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.descriptors import BoundMethod
from goflow.parser.interpreter.functions import UserFunction
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Keywords, NativeFunction, Unknown, Value
from goflow.parser.libraries.collections_ import named_tuple
from goflow.parser.libraries.registry import function, module


class TypeForm(Value):
    """``Optional``, ``Union``, ``Literal`` and the like; subscripting gives the form with its arguments."""

    type_name = "_SpecialForm"

    def __init__(self, name: str, arguments: tuple[Any, ...] = ()) -> None:
        self.name = name
        self.arguments = arguments

    def get_item(self, key: Any, at: At) -> Any:
        """With arguments."""
        return TypeForm(self.name, key if isinstance(key, tuple) else (key,))

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """``X | None``."""
        return TypeForm("Union", (self, other)) if operator == "|" else NotImplemented

    def call(self, args: Any, kwargs: Keywords, at: At) -> Any:
        """``TypeVar("T")``, ``NewType("X", str)``."""
        return args[1] if self.name == "NewType" and len(args) > 1 else self

    def get_attribute(self, name: str, at: At) -> Any:
        """``__args__`` and its kin."""
        return {"__args__": self.arguments, "__origin__": self, "__name__": self.name}.get(name, self)


class NamedTupleBase(Value):
    """``class X(NamedTuple)`` and ``NamedTuple("X", [...])``."""

    type_name = "type"

    def make_class(self, cls: ClassValue, keywords: Keywords, at: At) -> Any:
        """Turn the class of the file into a named tuple's."""
        fields = list(cls.attributes.get("__annotations__", {}))
        defaults = {field: cls.attributes[field] for field in fields if field in cls.attributes}
        made = named_tuple(cls.name, fields, defaults, cls.module_name)
        made.attributes |= {key: value for key, value in cls.attributes.items() if key not in fields}
        made.module, made.at = cls.module, cls.at
        return made

    def call(self, args: Any, kwargs: Keywords, at: At) -> Any:
        """The functional form."""
        return named_tuple(args[0], [pair[0] for pair in args[1]], {}, at.module.name)


def _get_args(at: At, form: Any) -> Any:
    """What stands between the brackets of a ``Literal``; of all other forms they are not kept as they are."""
    if not isinstance(form, TypeForm) or form.name != "Literal" or any(isinstance(a, Value) for a in form.arguments):
        return Unknown("the arguments of a type", at)
    return tuple({(type(argument), argument): argument for argument in form.arguments}.values())


def _get_origin(at: At, form: Any) -> Any:
    is_literal = isinstance(form, TypeForm) and form.name == "Literal" and form.arguments
    return at.session.loader.load("typing", at).get_attribute("Literal", at) if is_literal else Unknown("a type", at)


def _get_type_hints(at: At, target: Any, *scopes: Any, include_extras: Any = False, **more: Any) -> Any:
    """Of a class or a function of the file's own; a type in them that has arguments in brackets is not known."""
    inner = target.function if isinstance(target, BoundMethod) else target
    while isinstance(inner, UserFunction) and inner.wraps is not None:
        inner = inner.wraps
    if scopes or more or not isinstance(inner, UserFunction | ClassValue):
        return Unknown("the annotations of what is not a class or function of the file's own", at)
    return hints_of_class(inner, at) if isinstance(inner, ClassValue) else hints_of_function(inner, at)


@module("typing")
@module("typing_extensions")
def build(session: Session) -> dict[str, Any]:
    """``typing``."""
    builtins = session.library["builtins"]
    forms = ("Any", "Optional", "Union", "Literal", "Callable", "Iterable", "Iterator", "Sequence", "Mapping", "Type",
             "ClassVar", "Final", "Annotated", "TypeVar", "NewType", "Generator", "Awaitable", "Coroutine", "IO",
             "TextIO", "BinaryIO", "NoReturn", "Never", "Self", "TypeAlias", "ParamSpec", "Concatenate", "Hashable",
             "MutableMapping", "Collection", "AsyncIterator", "AsyncGenerator", "SupportsInt", "Pattern", "Required",
             "NotRequired", "Unpack", "TypedDict", "Deque", "DefaultDict", "OrderedDict", "Text", "AnyStr",
             "LiteralString", "TypeGuard", "AbstractSet", "ContextManager", "Counter", "Reversible", "SupportsFloat",
             "SupportsComplex", "SupportsBytes", "SupportsIndex", "SupportsAbs", "SupportsRound", "ByteString",
             "Container", "Sized", "MutableSequence", "MutableSet", "KeysView", "ItemsView", "ValuesView",
             "MappingView", "Match", "AsyncIterable", "AsyncContextManager", "ChainMap", "ForwardRef",
             "TypeVarTuple", "ReadOnly", "TypeIs")  # fmt: skip
    found: dict[str, Any] = {name: TypeForm(name) for name in forms}
    found |= {name.capitalize(): builtins[name] for name in ("dict", "list", "set", "tuple")}
    found["FrozenSet"] = builtins["frozenset"]
    found["Text"] = builtins["str"]
    found["TypedDict"] = TypedDictBase()
    found["NamedTuple"] = NamedTupleBase()
    found["Protocol"] = ClassValue("Protocol", module_name="typing")
    found["Generic"] = ClassValue("Generic", module_name="typing")
    found["TYPE_CHECKING"] = False
    found["get_args"] = function("get_args", _get_args)
    found["get_type_hints"] = function("get_type_hints", _get_type_hints)
    found["get_origin"] = function("get_origin", _get_origin)
    same = function("cast", lambda at, kind, value: value, takes_unknown=True)
    decorator = function("overload", lambda at, inner: inner, takes_unknown=True)
    found |= {"cast": same, "overload": decorator, "final": decorator, "no_type_check": decorator,
              "runtime_checkable": decorator, "override": decorator}  # fmt: skip
    return found


class TypedDictBase(Value):
    """``class X(TypedDict)``: calling it makes a dict."""

    type_name = "type"

    def make_class(self, cls: ClassValue, keywords: Keywords, at: At) -> Any:
        """A class whose instances are dicts."""
        cls.construct = lambda cls, args, kwargs, at: dict(*args, **kwargs)
        cls.host = dict
        return cls

    def call(self, args: Any, kwargs: Keywords, at: At) -> Any:
        """The functional form."""
        return self.make_class(ClassValue(args[0], module_name=at.module.name), {}, at)


def _init_module(at: At, self: Any, name: Any, doc: Any = None) -> None:
    """``ModuleType(name)``."""
    at.session.journal.touch(self.attributes)
    self.attributes |= {
        "__name__": name, "__doc__": doc, "__package__": None, "__loader__": None, "__spec__": None,
    }  # fmt: skip


@module("types")
def build_types(session: Session) -> dict[str, Any]:
    """``types``."""
    from goflow.parser.interpreter.classes import Instance

    namespace = ClassValue("SimpleNamespace", module_name="types")
    namespace.construct = lambda cls, args, kwargs, at: Instance(cls, dict(kwargs))
    namespace.data["is_open"] = True
    made = ClassValue("ModuleType", module_name="types")
    made.attributes["__init__"] = NativeFunction("__init__", _init_module, takes_unknown=True)
    names = ("FunctionType", "TracebackType", "MethodType", "GeneratorType")
    return {"SimpleNamespace": namespace, "ModuleType": made, "NoneType": session.library["builtins"]["NoneType"],
            "MappingProxyType": function("MappingProxyType", lambda at, m: m),
            **{name: ClassValue(name, module_name="types") for name in names}}  # fmt: skip


@module("abc")
def build_abc(session: Session) -> dict[str, Any]:
    """``abc``."""

    def mark(at: At, inner: Any) -> Any:
        if isinstance(inner, UserFunction):
            inner.attributes["__isabstractmethod__"] = True
        return inner

    same = NativeFunction("abstractmethod", mark, takes_unknown=True)
    metaclass = ClassValue("ABCMeta", [session.library["builtins"]["type"]], module_name="abc")
    base = ClassValue("ABC", module_name="abc")
    base.metaclass = metaclass
    return {"ABC": base, "ABCMeta": metaclass,
            "abstractmethod": same, "abstractproperty": session.library["builtins"]["property"]}  # fmt: skip


@module("__future__")
def build_future(session: Session) -> dict[str, Any]:
    """``__future__``."""
    names = ("annotations", "division", "print_function", "absolute_import", "unicode_literals", "generators")
    return dict.fromkeys(names, True)
