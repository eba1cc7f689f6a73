"""``jinja2`` while a file is read: templates of known text over known plain values, rendered in Jinja's own sandbox.

A template is rendered where each of its parts is one of those that can only read, and take no more room than its input
(`_KINDS`, `_FILTERS`, `_METHODS`); everything else is Unknown, and so is a template that fails.
"""

from __future__ import annotations

import posixpath
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.items import elements
from goflow.parser.interpreter.operations import binary
from goflow.parser.interpreter.session import BudgetError, Session
from goflow.parser.interpreter.values import Arguments, At, Keywords, Raised, Unknown, Value, first_unknown
from goflow.parser.libraries.paths import exists, path_text
from goflow.parser.libraries.plain import is_plain
from goflow.parser.libraries.registry import function, module, native_class, unknown_function
from goflow.parser.limits import TimeIsUpError, at_most, on_main_thread

LONGEST_RENDER_S = 5.0
_KINDS = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Const, nodes.For,
    nodes.If, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Pow, nodes.Neg, nodes.Pos, nodes.List,
    nodes.Tuple, nodes.Dict, nodes.Pair, nodes.Slice, nodes.Assign, nodes.Call, nodes.Keyword, nodes.Concat,
    nodes.Include, nodes.Extends, nodes.Block, nodes.Scope, nodes.ScopedEvalContextModifier,
)  # fmt: skip
_FILTERS = frozenset(
    (
        "abs", "attr", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float",
        "forceescape", "int", "items", "last", "length", "list",
        "lower", "map", "max", "min", "reject", "rejectattr", "reverse",
        "round", "safe", "select", "selectattr", "sort", "string", "sum", "title", "tojson", "trim", "unique", "upper",
        "wordcount",
    )
)  # fmt: skip
_METHODS = frozenset(
    (
        "capitalize", "count", "date", "endswith", "find", "get", "index", "isalnum", "isalpha", "isdigit", "isoformat",
        "items", "keys", "lower", "lstrip", "rsplit", "rstrip", "split", "splitlines", "startswith", "strftime",
        "strip", "swapcase", "title", "upper", "values",
    )
)  # fmt: skip
_FUNCTIONS = frozenset({"range", "dict"})
_OPTIONS = frozenset(
    (
        "block_start_string", "block_end_string", "variable_start_string", "variable_end_string",
        "comment_start_string", "comment_end_string", "line_statement_prefix",
        "line_comment_prefix", "trim_blocks", "lstrip_blocks",
        "newline_sequence", "keep_trailing_newline", "autoescape",
    )
)  # fmt: skip
_UNDEFINED = ("Undefined", "StrictUndefined", "DebugUndefined", "ChainableUndefined")


class NotRenderedError(Exception):
    """The template is not rendered here: UNKNOWN says why."""

    def __init__(self, unknown: Unknown) -> None:
        self.unknown = unknown
        super().__init__(unknown.reason)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, whose arithmetic is the evaluator's with its limits of size."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})
    at: At

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """``left OPERATOR right``."""
        answer = binary(operator, left, right, self.at)
        if isinstance(answer, Unknown):
            raise NotRenderedError(answer)
        return answer


class EnvironmentValue(Value):
    """``jinja2.Environment``: OPTIONS as given, FOLDERS where its loader looks; what it is not known to do is WHY."""

    type_name = "Environment"

    def __init__(self, options: Keywords, undefined: str, folders: list[str] | None, why: Unknown | None) -> None:
        self.options = options
        self.undefined = undefined
        self.folders = folders
        self.why = why

    def get_attribute(self, name: str, at: At) -> Any:
        """``from_string`` and ``get_template``; whoever asks for filters, tests or globals may change them."""
        match name:
            case "from_string":
                return function(name, lambda at, source, *rest: TemplateValue(self, source, None))
            case "get_template":
                return function(name, lambda at, name, *rest: self._template(name, at))
        self.why = Unknown(f"{name} of a jinja2 environment", at)
        return self.why

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """What it does then is not known."""
        self.why = Unknown(f"{name} of a jinja2 environment", at)

    def _template(self, name: Any, at: At) -> Any:
        source = self.source(name, at)
        return source if isinstance(source, Unknown) else TemplateValue(self, source, name)

    def source(self, name: Any, at: At) -> Any:
        """The text of the template NAME in the loader's folders."""
        if self.folders is None or not isinstance(name, str) or ".." in name.split("/"):
            return Unknown("a template from a loader that is not read", at)
        loader = at.session.loader
        for folder in self.folders:
            told = posixpath.join(folder, name)
            there = exists(told, at, "isfile")
            if isinstance(there, Unknown):
                return there
            if there:
                return loader.read_text(loader.real(told), at)
        return Unknown(f"the template {name}, which is not there", at)


class TemplateValue(Value):
    """A template: its text SOURCE, in ENVIRONMENT."""

    type_name = "Template"

    def __init__(self, environment: EnvironmentValue, source: Any, name: Any) -> None:
        self.environment = environment
        self.source = source
        self.name = name

    def get_attribute(self, name: str, at: At) -> Any:
        """``render``."""
        if name == "render":
            return function(name, lambda at, *args, **kwargs: self._rendered(at, args, kwargs))
        return Unknown(f"{name} of a jinja2 template", at)

    def _rendered(self, at: At, args: Arguments, kwargs: Keywords) -> Any:
        environment = self.environment
        given = {name: value for mapping in args if isinstance(mapping, dict) for name, value in mapping.items()}
        given |= kwargs
        if environment.why is not None:
            return environment.why
        if not isinstance(self.source, str) or not all(isinstance(one, dict) for one in args) or not is_plain(given):
            return Unknown("a template that is rendered with more than plain values", at)
        try:
            return _rendered(environment, self.source, given, at)
        except NotRenderedError as problem:
            return problem.unknown


def _rendered(environment: EnvironmentValue, source: str, given: Keywords, at: At) -> Any:
    def load(name: str) -> str:
        text = environment.source(name, at)
        if isinstance(text, Unknown):
            raise NotRenderedError(text)
        _check(sandbox, text, at)
        return str(text)

    at.session.budget.check_size(len(source), at)
    sandbox = Sandbox(
        undefined=getattr(jinja2, environment.undefined), loader=jinja2.FunctionLoader(load), **environment.options
    )
    sandbox.at = at
    pieces: list[str] = []

    def in_time() -> None:
        size = 0
        with at_most(LONGEST_RENDER_S):
            _check(sandbox, source, at)
            for piece in sandbox.from_string(source).generate(given):
                size += len(piece)
                at.session.budget.check_size(size, at)
                pieces.append(piece)

    try:
        on_main_thread(in_time)
    except TimeIsUpError:
        raise BudgetError(f"more than {LONGEST_RENDER_S:g} s in a template", at) from None
    except (NotRenderedError, BudgetError):
        raise
    except (Raised, Exception) as problem:
        return Unknown(f"a template that fails here ({type(problem).__name__})", at)
    text = "".join(pieces)
    return Unknown("the address of an object in a template", at) if " at 0x" in text else text


def _check(sandbox: Sandbox, source: str, at: At) -> None:
    """Raises NotRenderedError where the template does more than those that are rendered."""
    tree = sandbox.parse(source)
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _KINDS):
            raise NotRenderedError(Unknown(f"a template with a {type(node).__name__}", at))
        if isinstance(node, nodes.Filter) and not _is_known_filter(node):
            raise NotRenderedError(Unknown(f"the filter {node.name} of a template", at))
        if isinstance(node, nodes.Call) and not _is_known(node.node):
            raise NotRenderedError(Unknown("a call in a template", at))
        if isinstance(node, nodes.Assign) and next(node.find_all(nodes.Concat), None) is not None:
            raise NotRenderedError(Unknown("a text that a template builds up", at))


def _is_known_filter(node: nodes.Filter) -> bool:
    names = [node.name, *(argument.value for argument in node.args if isinstance(argument, nodes.Const))]
    if node.name != "map":
        names = names[:1]
    elif node.args and not isinstance(node.args[0], nodes.Const):
        return False
    return node.node is not None and all(name in _FILTERS for name in names)


def _is_known(called: nodes.Node) -> bool:
    if isinstance(called, nodes.Name):
        return called.name in _FUNCTIONS
    return isinstance(called, nodes.Getattr) and called.attr in _METHODS


# Names -----------------------------------------------------------------------------------------------------------


class LoaderValue(Value):
    """``FileSystemLoader``: FOLDERS as the file tells them."""

    type_name = "FileSystemLoader"

    def __init__(self, folders: list[str]) -> None:
        self.folders = folders


def _loader(at: At, searchpath: Any, encoding: Any = "utf-8", followlinks: Any = False) -> Any:
    told = path_text(searchpath)
    several = [told] if isinstance(told, str) else elements(searchpath, at)
    found = [] if isinstance(several, Unknown) else [path_text(one) for one in several]
    if not found or not all(isinstance(one, str) for one in found) or encoding != "utf-8":
        return Unknown("the folders of a loader", at)
    return LoaderValue(found)


def _environment(at: At, *args: Any, **options: Any) -> Any:
    loader, undefined = options.pop("loader", None), options.pop("undefined", None)
    known = {name: value for name, value in options.items() if name in _OPTIONS and is_plain(value)}
    why = None
    if args or len(known) < len(options):
        why = Unknown("a jinja2 environment with settings that are not read", at)
    name = undefined.name if isinstance(undefined, ClassValue) and undefined.name in _UNDEFINED else "Undefined"
    if undefined is not None and not (isinstance(undefined, ClassValue) and undefined.name in _UNDEFINED):
        why = Unknown("what a template makes of a name that is missing", at)
    folders = loader.folders if isinstance(loader, LoaderValue) else None
    return EnvironmentValue(known, name, folders, why if why is not None else first_unknown(options))


def _template(at: At, source: Any, **options: Any) -> Any:
    return TemplateValue(_environment(at, **options), source, None)


@module("jinja2")
def build(session: Session) -> dict[str, Any]:
    """``jinja2``."""
    classes = {name: native_class(name, "jinja2") for name in (*_UNDEFINED, "BaseLoader")}
    unread = ("select_autoescape", "PackageLoader", "DictLoader", "ChoiceLoader", "FunctionLoader")
    return {
        **classes,
        **{name: unknown_function(name, f"jinja2.{name}, which is not read") for name in unread},
        "Environment": function("Environment", _environment, takes_unknown=True),
        "FileSystemLoader": function("FileSystemLoader", _loader),
        "Template": function("Template", _template),
    }
