"""What the text of a file asks for, whether while it is read or when its tasks run: Variables, Connections, environment
variables, modules. Nothing is evaluated: only names that stand there as they are can be told.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field

_VARIABLE = re.compile(r"\bvar\.(?:value|json)\.(?:get\(\s*['\"]([^'\"]+)['\"]|(\w+))")
_CONNECTION = re.compile(r"\bconn\.(?:get\(\s*['\"]([^'\"]+)['\"]|(\w+))")
_GETTERS = {
    "Variable.get": "variables",
    "Variable.get_variable_from_secrets": "variables",
    "Connection.get": "connections",
    "Connection.get_connection_from_secrets": "connections",
    "get_connection": "connections",
    "environ.get": "environment",
    "getenv": "environment",
}
"""The last words of what is called, and what its first argument names."""
CONNECTION_ARGUMENT = "conn_id"
"""What the names of arguments end with that take the id of a Connection."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Names that a text asks for; MODULES are dotted, as they stand in import statements."""

    variables: set[str] = field(default_factory=set)
    connections: set[str] = field(default_factory=set)
    environment: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)

    def add(self, other: Asked) -> None:
        """Take over what OTHER has."""
        self.variables.update(other.variables)
        self.connections.update(other.connections)
        self.environment.update(other.environment)
        self.modules.update(other.modules)


def asked_in_python(source: str) -> Asked:
    """What a Python file asks for; nothing where it is no Python."""
    found = Asked()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        nodes = list(ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return found
    for node in nodes:
        match node:
            case ast.Import():
                found.modules.update(alias.name for alias in node.names)
            case ast.ImportFrom(module=str() as module, level=0):
                found.modules.add(module)
            case ast.Call():
                _call(node, found)
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str() as name)):
                found.environment.add(name)
            case ast.Constant(value=str() as text):
                found.add(asked_in_template(text))
    return found


def asked_in_template(text: str) -> Asked:
    """What a Jinja template asks for."""
    found = Asked()
    if "{{" in text or "{%" in text:
        found.variables.update(_names(_VARIABLE, text))
        found.connections.update(_names(_CONNECTION, text))
    return found


def _names(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    for quoted, plain in pattern.findall(text):
        if quoted or plain != "get":
            yield quoted or plain


def _call(node: ast.Call, found: Asked) -> None:
    first = (
        node.args[0] if node.args else next((arg.value for arg in node.keywords if arg.arg in {"key", "conn_id"}), None)
    )
    called = _dotted(node.func)
    for words, kind in _GETTERS.items():
        is_called = called == words or called.endswith(f".{words}")
        if is_called and isinstance(first, ast.Constant) and isinstance(first.value, str):
            getattr(found, kind).add(first.value)
    for argument in node.keywords:
        match argument:
            case ast.keyword(arg=str() as name, value=ast.Constant(value=str() as value)):
                if name.endswith(CONNECTION_ARGUMENT) and "{{" not in value:
                    found.connections.add(value)


def _dotted(node: ast.expr) -> str:
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    words.append(node.id if isinstance(node, ast.Name) else "?")
    return ".".join(reversed(words))
