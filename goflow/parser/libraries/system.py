"""``sys``, ``importlib``, ``pkgutil``: what a file may ask of its interpreter."""

from __future__ import annotations

import functools
import posixpath
from typing import Any

from goflow.parser.interpreter.attempts import may_raise
from goflow.parser.interpreter.calls import NativeFrameFunction
from goflow.parser.interpreter.exceptions import make_exception
from goflow.parser.interpreter.items import check_hashable, elements
from goflow.parser.interpreter.journal import Arm
from goflow.parser.interpreter.modules import ModuleValue
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Raised, Unknown, Value, raised
from goflow.parser.libraries.collections_ import named_tuple
from goflow.parser.libraries.frames import get_frame
from goflow.parser.libraries.paths import exists, listing, path_text
from goflow.parser.libraries.registry import function, module


class SysModules(Value):
    """``sys.modules``: the modules that this session has loaded."""

    type_name = "dict"

    def get_item(self, key: Any, at: At) -> Any:
        """The module of that name."""
        found = self._found(key, at)
        if found is not None:
            return found
        unknown = Unknown(f"sys.modules[{key!r}]", at)
        problem = Raised(make_exception(at.session, "KeyError", (key,)), at)
        if not _may_be_loaded(key):
            raise problem
        may_raise(at.session, problem, Arm(), unknown)
        return unknown

    def _found(self, key: Any, at: At) -> Any:
        check_hashable(key, at)
        if isinstance(key, Unknown):
            return key
        if key in {at.session.main.name, "__main__"}:
            return at.session.main
        found = at.session.loader.modules.get(key)
        return at.session.loader.load(key, at) if found is None and key in _ALWAYS_LOADED else found

    def contains(self, item: Any, at: At) -> Any:
        """Whether it is loaded here; Unknown where something else may have loaded it."""
        if self._found(item, at) is not None:
            return True
        return Unknown("sys.modules", at) if _may_be_loaded(item) else False

    def get_attribute(self, name: str, at: At) -> Any:
        """``get``."""
        if name == "get":

            def get(at: At, key: Any, default: Any = None) -> Any:
                found = self._found(key, at)
                if found is None and not _may_be_loaded(key):
                    return default
                return found if found is not None else Unknown(f"sys.modules[{key!r}]", at)

            return NativeFunction("get", get)
        return Unknown(f"sys.modules.{name}", at)


_ALWAYS_LOADED = frozenset({"airflow", "builtins", "os", "sys"})


def _may_be_loaded(key: Any) -> bool:
    """Whether KEY can be a module's name."""
    return isinstance(key, str) and all(part.isidentifier() for part in key.split("."))


@module("builtins")
def build_builtins(session: Session) -> dict[str, Any]:
    """``builtins``, which files of both Pythons import ``range`` and ``str`` from."""
    return dict(session.library["builtins"])


@module("sys")
def build_sys(session: Session) -> dict[str, Any]:
    """``sys``."""

    def leave(at: At, code: Any = None) -> Any:
        raised(at, "SystemExit", "" if code is None else str(code))

    return {
        "path": _path(session),
        "modules": SysModules(),
        "version_info": (3, 11, 7, "final", 0),
        "version": "3.11.7",
        "platform": "linux",
        "argv": [""],
        "maxsize": 2**63 - 1,
        "exit": function("exit", leave),
        "setrecursionlimit": function("setrecursionlimit", lambda at, n: None),
        "getsizeof": function("getsizeof", lambda at, v: Unknown("sys.getsizeof()", at)),
        "byteorder": "little",
        "_getframe": NativeFrameFunction("_getframe", get_frame),
        "executable": session.inputs.python
        or Unknown(
            "the Python of the task's container (`python` in goflow.yaml says it)", At(session, session.main, None)
        ),
    }


def _path(session: Session) -> list[Any]:
    """Additions to this list become import roots."""
    found = _Roots([session.parse_path, *(str(root) for root in session.import_roots)])
    found.session = session
    return found


class _Roots(list[Any]):
    session: Session

    def insert(self, index: Any, value: Any) -> None:
        super().insert(index, value)
        self._add(value, index)

    def append(self, value: Any) -> None:
        super().append(value)
        self._add(value, None)

    def extend(self, values: Any) -> None:
        for value in values:
            self.append(value)

    def _add(self, value: Any, index: Any) -> None:
        if isinstance(value, str):
            root = self.session.loader.real(value)
            roots = self.session.loader.roots
            if root not in roots and root.is_relative_to(self.session.root):
                roots.insert(len(roots) if index is None else 0, root)


def _import_module(at: At, name: str, package: Any = None) -> Any:
    loader = at.session.loader
    found: Value = loader.load(name.split(".")[0], at)
    words = name.split(".")
    for end in range(2, len(words) + 1):
        found = loader.load(".".join(words[:end]), at)
    return found


def _find_spec(at: At, name: str, *args: Any) -> Any:
    loader = at.session.loader
    found = loader.find(name, at)
    if found is None and loader.is_absent(name):
        if loader.is_absent(name.rpartition(".")[0]):
            loader.load(name, at)
        return None
    return found if isinstance(found, ModuleValue) else Unknown(f"whether {name} is installed", at)


@module("importlib")
def build_importlib(session: Session) -> dict[str, Any]:
    """``importlib``."""
    return {"import_module": function("import_module", _import_module), "reload": function("reload", lambda at, m: m)}


@module("importlib.util")
def build_util(session: Session) -> dict[str, Any]:
    """``importlib.util``."""
    return {"find_spec": function("find_spec", _find_spec)}


def _modules_in(at: At, path: Any = None, prefix: str = "", *, deep: bool = False) -> Any:
    """``pkgutil.iter_modules`` and, DEEP, ``walk_packages``: what modules and packages the folders hold."""
    if path is None:
        return Unknown("every module that can be imported", at)
    entry = at.session.library.setdefault(
        "ModuleInfo", named_tuple("ModuleInfo", ["module_finder", "name", "ispkg"], {}, "pkgutil")
    )
    folders, found = elements(path, at), list[Any]()
    if isinstance(folders, Unknown):
        return folders
    for folder in folders:
        told = path_text(folder)
        for name in listing(told, at):
            inner = posixpath.join(told, name)
            package = "." not in name and exists(posixpath.join(inner, "__init__.py"), at) is True
            if name == "__init__.py" or not (package or name.endswith(".py")):
                continue
            full = prefix + name.removesuffix(".py")
            found.append(entry.call([None, full, package], {}, at))
            if deep and package:
                found += _modules_in(at, [inner], f"{full}.", deep=True)
    return found


@module("pkgutil")
def build_pkgutil(session: Session) -> dict[str, Any]:
    """``pkgutil``."""
    return {
        "iter_modules": function("iter_modules", _modules_in),
        "walk_packages": function("walk_packages", functools.partial(_modules_in, deep=True)),
    }
