"""Modules: the file itself, local modules that it imports, models of libraries, and what is not read."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import libcst as cst

from goflow.domain.diagnostics import Span
from goflow.parser.folder import kind_of_path, read_regular
from goflow.parser.interpreter.plain_values import as_raised
from goflow.parser.interpreter.scopes import MISSING, Frame, Scope
from goflow.parser.interpreter.sources import SourceError, decoded
from goflow.parser.interpreter.values import At, Raised, Unknown, Value, raised
from goflow.parser.syntax import Syntax, read_syntax

if TYPE_CHECKING:
    from goflow.parser.interpreter.session import Session

Resolve = Callable[["Session", str], Value | None]


class ModuleValue(Value):
    """A module that is read from a file: NAME as Python would call it, PATH relative to the DAG folder."""

    type_name = "module"
    is_data = False
    """Whether it is a file of data (YAML), of which diagnostics are told where the data stands."""

    def __init__(self, session: Session, name: str, path: str, source: str, *, is_package: bool = False) -> None:
        self.session = session
        self.name = name
        self.path = path
        self.source = source
        self.is_package = is_package
        self.scope = Scope(None)
        self.tree: cst.Module | None = None
        self.generators: dict[int, bool] = {}
        self.declarations: dict[int, tuple[frozenset[str], frozenset[str], frozenset[str]]] = {}
        self.ways_out: dict[int, frozenset[Any]] = {}
        self.starred: Unknown | None = None
        """What a name may be that nothing defines, once ``import *`` has brought in names that are not known."""
        self._syntax: Syntax | None = None

    def __repr__(self) -> str:
        return f"<module {self.name}>"

    @property
    def names(self) -> dict[str, Any]:
        """The module's globals."""
        return self.scope.names

    @property
    def package(self) -> str:
        """What relative imports in it start from."""
        return self.name if self.is_package else self.name.rpartition(".")[0]

    def parse(self) -> cst.Module:
        """Its tree. Raises ParserSyntaxError, and RecursionError where it is nested too deep."""
        if self.tree is None:
            self._syntax = read_syntax(self.source)
            self.tree = self._syntax.tree
        return self.tree

    def span_of(self, node: cst.CSTNode | None) -> Span:
        """The place of NODE."""
        found = None if node is None or self._syntax is None else self._syntax.place_of(node)
        if found is None:
            return Span(self.path)
        line, column, end_line, end_column = found
        return Span(self.path, line, column + 1, end_line, end_column + 1)

    def code(self, node: cst.CSTNode) -> str:
        """The source text of NODE."""
        return (self.tree or cst.Module([])).code_for_node(node)

    def builtin(self, name: str) -> Any:
        """The builtin NAME, or MISSING."""
        return self.session.library["builtins"].get(name, MISSING)

    def get_attribute(self, name: str, at: At) -> Any:
        """A global of the module, or a module inside the package."""
        found = self.names.get(name, MISSING)
        if found is not MISSING:
            return found
        if name == "__dict__":
            return self.names
        if name == "__path__" and self.is_package:
            folder = posixpath.dirname(self.path) if self.path.endswith(".py") else self.path
            return [posixpath.join(self.session.parse_path, folder)]
        if self.is_package:
            inner = self.session.loader.find(f"{self.name}.{name}", at)
            if inner is not None:
                return inner
        own = self.names.get("__getattr__")
        if isinstance(own, Value):
            return own.call([name], {}, at)
        if self.starred is not None:
            return self.starred
        raised(at, "AttributeError", f"module '{self.name}' has no attribute '{name}'")

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """``module.name = value``."""
        at.session.journal.touch(self.names)
        self.names[name] = value

    def text(self, at: At) -> Any:
        """Without its path."""
        return f"<module '{self.name}'>"


class LibraryModule(Value):
    """The model of a library's module: NAMES are its attributes; what is a module inside it is found on demand.

    OTHERWISE gives attributes that are not in NAMES (or MISSING): by default an Unknown, since a model holds what DAG
    files use and not all that a library has.
    """

    type_name = "module"

    def __init__(
        self,
        session: Session,
        name: str,
        names: Mapping[str, Any],
        otherwise: Callable[[str, At], Any] | None = None,
    ) -> None:
        self.session = session
        self.name = name
        self.names: dict[str, Any] = dict(names)
        self.otherwise = otherwise

    def __repr__(self) -> str:
        return f"<library {self.name}>"

    def get_attribute(self, name: str, at: At) -> Any:
        """A name of the model, a module inside it, or an Unknown."""
        found = self.names.get(name, MISSING)
        if found is not MISSING:
            return found
        if name == "__name__":
            return self.name
        if self.otherwise is not None:
            found = self.otherwise(name, at)
            if found is not MISSING:
                self.names[name] = found
                return found
        inner = self.session.loader.library(f"{self.name}.{name}")
        if isinstance(inner, LibraryModule):
            return inner
        if inner is not None:
            return Unknown(f"{self.name}.{name}, which is not read", at)
        if self.otherwise is not None or name.startswith("__"):
            raised(at, "AttributeError", f"module '{self.name}' has no attribute '{name}'")
        return Unknown(f"{self.name}.{name}, which is not read", at)

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """``module.name = value``."""
        self.names[name] = value

    def text(self, at: At) -> Any:
        """Without its path."""
        return f"<module '{self.name}'>"


class UnreadModule(Value):
    """A module that is neither in the folder nor modelled: every attribute is Unknown."""

    type_name = "module"

    def __init__(self, name: str) -> None:
        self.name = name

    def get_attribute(self, name: str, at: At) -> Any:
        """Unknown, with the module's name as the reason."""
        return Unknown(f"{self.name}.{name}, which is not read", at)

    def set_attribute(self, name: str, value: Any, at: At) -> None:
        """Changes nothing that is known."""


class Loader:
    """Finds and loads modules for one session. RESOLVE gives models of libraries by dotted name."""

    def __init__(self, session: Session, resolve: Resolve) -> None:
        self.session = session
        self.resolve = resolve
        self.modules: dict[str, Value] = {}
        self._libraries: dict[str, Value | None] = {}
        self.roots = [session.root, *session.import_roots]
        self.absent = session.inputs.absent_modules
        self.archive: Path | None = None
        self.archived: Mapping[str, bytes] = {}
        self.archived_folders: frozenset[str] = frozenset()

    def open_archive(self, path: Path, files: Mapping[str, bytes], folders: frozenset[str]) -> None:
        """Find modules in the archive PATH, which has FILES and FOLDERS, before all others."""
        self.archive, self.archived, self.archived_folders = path, files, folders

    def library(self, name: str) -> Value | None:
        """The model of library module NAME, or None."""
        if name not in self._libraries:
            self._libraries[name] = None if self.is_absent(name) else self.resolve(self.session, name)
        return self._libraries[name]

    def is_absent(self, name: str) -> bool:
        """Whether the tasks' containers are said not to have module NAME, or a package that it is in."""
        return bool(self.absent) and any(name == gone or name.startswith(f"{gone}.") for gone in self.absent)

    def load(self, name: str, at: At) -> Value:
        """``import NAME``: the module itself. Raises ModuleNotFoundError when it is not there for sure."""
        found = self.find(name, at)
        if found is not None:
            return found
        top = name.partition(".")[0]
        parent = self.modules.get(name.rpartition(".")[0])
        is_ours = self.library(top) is not None and top == "airflow"
        is_local = isinstance(parent, ModuleValue) or isinstance(self.modules.get(top), ModuleValue)
        if is_local or is_ours or self.is_absent(name):
            raised(at, "ModuleNotFoundError", f"No module named '{name}'")
        self.modules[name] = UnreadModule(name)
        return self.modules[name]

    def find(self, name: str, at: At) -> Value | None:
        """The module NAME where it is modelled or local; its packages are loaded first. None otherwise."""
        if name in self.modules:
            return self.modules[name]
        parent_name, _, last = name.rpartition(".")
        if parent_name:
            parent = self.find(parent_name, at)
            if isinstance(parent, ModuleValue):
                found = self._local(name, at)
                if found is not None:
                    parent.names[last] = found
                return found
        modelled = self.library(name)
        if modelled is not None:
            self.modules[name] = modelled
            return modelled
        return None if parent_name else self._local(name, at)

    def _local(self, name: str, at: At) -> Value | None:
        """The module of that name below one of the roots, run now."""
        words = PurePosixPath(*name.split("."))
        if self.archive is not None:
            for candidate, is_package in ((f"{words}/__init__.py", True), (f"{words}.py", False)):
                if candidate in self.archived:
                    return self._run(name, self.archive / candidate, at, is_package=is_package)
            if f"{words}/" in self.archived_folders:
                return self._namespace(name, self.archive / words)
        for root in self.roots:
            for candidate, is_package in ((f"{words}/__init__.py", True), (f"{words}.py", False)):
                path = root / candidate
                if path.is_file():
                    return self._run(name, path, at, is_package=is_package)
                self._missed(path)
            self.session.closure.setdefault(self.shown(root / words), kind_of_path(root / words))
            if (root / words).is_dir():
                return self._namespace(name, root / words)
        return None

    def _namespace(self, name: str, path: Path) -> ModuleValue:
        """A folder without ``__init__.py``."""
        made = ModuleValue(self.session, name, self.shown(path), "", is_package=True)
        made.names["__name__"] = name
        made.tree = cst.Module([])
        self.modules[name] = made
        return made

    def run_file(self, name: str, path: Path, at: At) -> ModuleValue:
        """The file PATH as the module NAME, run now whatever has that name already."""
        return self._run(name, path, at, is_package=False)

    def _run(self, name: str, path: Path, at: At, *, is_package: bool) -> ModuleValue:
        from goflow.parser.interpreter.bodies import run_top

        try:
            source = decoded(self.read_bytes(path, at))
        except SourceError as problem:
            raised(at, "SyntaxError", f"{problem} ({self.shown(path)}, line {problem.line})")
        module = ModuleValue(self.session, name, self.shown(path), source, is_package=is_package)
        try:
            tree = module.parse()
        except cst.ParserSyntaxError as problem:
            raised(at, "SyntaxError", f"{problem.message} ({module.path}, line {problem.raw_line})")
        module.names.update({"__name__": name, "__file__": self.told(path), "__package__": module.package})
        if is_package:
            module.names["__path__"] = [self.told(path.parent)]
        set_docstring(module)
        self.modules[name] = module
        try:
            with self.session.budget.deeper(at):
                run_top(Frame(self.session, module, module.scope), tree.body)
        except Raised:
            self.modules.pop(name, None)
            raise
        return module

    # Files -----------------------------------------------------------------------------------------------------

    def read_bytes(self, path: Path, at: At) -> bytes:
        """The content of a file below one of the roots, recorded. The file's own OSError otherwise.

        What is in an open archive is recorded with the archive.
        """
        if self.archive is not None and path.is_relative_to(self.archive):
            inner = path.relative_to(self.archive).as_posix()
            if inner in self.archived:
                return self.archived[inner]
        resolved = Path(os.path.realpath(path))
        if not any(resolved.is_relative_to(os.path.realpath(root)) for root in self.roots):
            raised(at, "FileNotFoundError", f"[Errno 2] No such file or directory: '{path}' (outside the DAG folder)")
        try:
            content = read_regular(path)
        except FileNotFoundError:
            self._missed(path)
            raised(at, "FileNotFoundError", f"[Errno 2] No such file or directory: '{self.told(path)}'")
        except OSError as problem:
            raised(at, type(problem).__name__, f"{self.told(path)}: {problem.strerror}")
        self.session.closure[self.shown(path)] = hashlib.sha256(content).hexdigest()
        return content

    def read_text(
        self, path: Path, at: At, encoding: str = "utf-8", errors: str = "strict", newline: str | None = None
    ) -> str:
        """The same as text, lines ending with a line feed; as they are where a NEWLINE is given."""
        try:
            text = self.read_bytes(path, at).decode(encoding, errors)
        except (UnicodeError, LookupError) as problem:
            as_raised(problem, at)
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text and newline is None else text

    def _missed(self, path: Path) -> None:
        self.session.closure.setdefault(self.shown(path), None)

    def shown(self, path: Path) -> str:
        """PATH relative to the DAG folder; absolute outside it."""
        try:
            return path.relative_to(self.session.root).as_posix()
        except ValueError:
            return str(path)

    def told(self, path: Path) -> str:
        """PATH as the file sees it: below the parse path."""
        try:
            return str(PurePosixPath(self.session.parse_path) / path.relative_to(self.session.root).as_posix())
        except ValueError:
            return str(path)

    def real(self, told: str) -> Path:
        """The inverse of ``told``: where a path of the file lies on this machine."""
        path = PurePosixPath(told)
        if not path.is_absolute():
            return self.session.root / path
        try:
            return self.session.root / path.relative_to(self.session.parse_path)
        except ValueError:
            return Path(path)

    def local_imports(self) -> Iterator[ModuleValue]:
        """Every local module that was run."""
        return (module for module in self.modules.values() if isinstance(module, ModuleValue))


def set_docstring(module: ModuleValue) -> None:
    """``__doc__``."""
    from goflow.parser.interpreter.functions import raw_docstring_of

    assert module.tree is not None
    module.names["__doc__"] = raw_docstring_of(module.tree)
