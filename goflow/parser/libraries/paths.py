"""``os``, ``os.path``, ``pathlib``, ``glob``: paths and files inside the DAG folder, and the environment."""

from __future__ import annotations

import fnmatch
import glob
import os
import posixpath
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from goflow.parser.folder import kind_of_path
from goflow.parser.interpreter.classes import ClassValue
from goflow.parser.interpreter.files import open_file
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, NativeFunction, Unknown, Value, first_unknown, raised
from goflow.parser.libraries.environment import environment_of
from goflow.parser.libraries.registry import function, ignored_function, module, unknown_function

# Paths -----------------------------------------------------------------------------------------------------------


def path_text(value: Any) -> Any:
    """A path as text."""
    return value.told if isinstance(value, PathValue | DirEntry) else value


def listing(told: str, at: At) -> list[str]:
    """The names in a folder, sorted, recorded. FileNotFoundError where there is none, Unknown is not given here."""
    loader = at.session.loader
    real = loader.real(told)
    if not _inside(real, at):
        raised(at, "FileNotFoundError", f"[Errno 2] No such file or directory: '{told}'")
    try:
        names = sorted(os.listdir(real))
    except OSError as problem:
        at.session.closure.setdefault(loader.shown(real), kind_of_path(real))
        raised(at, type(problem).__name__, f"[Errno {problem.errno}] {problem.strerror}: '{told}'")
    at.session.listings[loader.shown(real)] = tuple(names)
    return names


def _inside(path: Path, at: At) -> bool:
    return any(Path(os.path.normpath(path)).is_relative_to(root) for root in at.session.loader.roots)


def exists(told: str, at: At, kind: str = "exists") -> Any:
    """``os.path.exists``, ``isfile`` and ``isdir`` inside the folder; Unknown outside."""
    real = at.session.loader.real(told)
    if not _inside(real, at):
        return Unknown(f"whether {told} exists where the task runs", at)
    at.session.closure.setdefault(at.session.loader.shown(real), kind_of_path(real))
    looks = {"exists": real.exists, "isfile": real.is_file, "isdir": real.is_dir}
    return os.path.lexists(real) if kind == "lexists" else looks[kind]()


class PathValue(Value):
    """``pathlib.Path``: TOLD is the path as the file sees it."""

    type_name = "PosixPath"

    def __init__(self, told: str) -> None:
        self.told = told
        self.pure = PurePosixPath(told)

    def text(self, at: At) -> Any:
        """The path."""
        return self.told

    def representation(self, at: At) -> Any:
        """``PosixPath('...')``."""
        return f"PosixPath({self.told!r})"

    def __hash__(self) -> int:
        return hash(self.pure)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PathValue) and other.pure == self.pure

    def binary(self, operator: str, other: Any, at: At, *, reflected: bool) -> Any:
        """``/``, comparison."""
        if operator == "/":
            unknown = first_unknown(other)
            if unknown is not None:
                return unknown
            if not isinstance(path_text(other), str):
                return NotImplemented
            parts = (path_text(other), self.told) if reflected else (self.told, path_text(other))
            return PathValue(str(PurePosixPath(*parts)))
        if operator in {"==", "!=", "<"} and isinstance(other, PathValue):
            return {"==": self.pure == other.pure, "!=": self.pure != other.pure, "<": self.pure < other.pure}[operator]
        return NotImplemented

    def get_attribute(self, name: str, at: At) -> Any:
        """Parts of the path, and what its file holds."""
        match name:
            case "name" | "stem" | "suffix" | "suffixes" | "parts" | "anchor" | "root":
                return getattr(self.pure, name)
            case "parent":
                return PathValue(str(self.pure.parent))
            case "parents":
                return [PathValue(str(parent)) for parent in self.pure.parents]
        method = _PATH_METHODS.get(name)
        if method is None:
            return super().get_attribute(name, at)
        return NativeFunction(name, lambda at, /, *args, **kwargs: method(self, at, *args, **kwargs))


class DirEntry(Value):
    """What ``os.scandir`` gives for the name NAME in a folder; TOLD is its path."""

    type_name = "DirEntry"

    def __init__(self, folder: str, name: str) -> None:
        self.name = name
        self.told = posixpath.join(folder, name)

    def representation(self, at: At) -> Any:
        """``<DirEntry 'name'>``."""
        return f"<DirEntry {self.name!r}>"

    def text(self, at: At) -> Any:
        """The same."""
        return self.representation(at)

    def get_attribute(self, name: str, at: At) -> Any:
        """``name``, ``path``, ``is_dir()``, ``is_file()``."""
        match name:
            case "name":
                return self.name
            case "path":
                return self.told
            case "__fspath__":
                return NativeFunction(name, lambda at: self.told)
            case "is_dir" | "is_file":
                kind = name.replace("_", "")
                return NativeFunction(name, lambda at, *, follow_symlinks=True: exists(self.told, at, kind))
            case "stat" | "inode" | "is_symlink":
                return unknown_function(name, "what a file is on the disk")
        return super().get_attribute(name, at)


class Scan(Value):
    """``os.scandir``: the entries of a folder, once; a context manager, too."""

    type_name = "ScandirIterator"

    def __init__(self, entries: list[DirEntry]) -> None:
        self.entries = iter(entries)

    def iterate(self, at: At) -> Iterator[Any]:
        """Those that are left."""
        return self.entries

    def enter(self, at: At) -> Any:
        """Itself."""
        return self

    def get_attribute(self, name: str, at: At) -> Any:
        """``close``."""
        return ignored_function(name) if name == "close" else super().get_attribute(name, at)


def _joined(self: PathValue, at: At, *parts: Any) -> Any:
    return PathValue(str(PurePosixPath(self.told, *map(path_text, parts))))


def _absolute(self: PathValue, at: At, *args: Any, **kwargs: Any) -> Any:
    told = _abspath(at, self)
    return told if isinstance(told, Unknown) else PathValue(told)


def _expand_user(self: Any, at: At) -> Any:
    return Unknown(_HOME, at) if self.told.startswith("~") else self


def _read_text(self: PathValue, at: At, *args: Any, **kwargs: Any) -> Any:
    opened = open_file(at, self.told)
    return opened if isinstance(opened, Unknown) else opened.content


def _read_bytes(self: PathValue, at: At) -> Any:
    opened = open_file(at, self.told, "rb")
    return opened if isinstance(opened, Unknown) else opened.content


def _glob(self: PathValue, at: At, pattern: str) -> Any:
    return [PathValue(told) for told in glob_paths(posixpath.join(self.told, pattern), at)]


def _rglob(self: PathValue, at: At, pattern: str) -> Any:
    return [PathValue(told) for told in glob_paths(posixpath.join(self.told, "**", pattern), at)]


def _iterdir(self: PathValue, at: At) -> Any:
    return [PathValue(posixpath.join(self.told, name)) for name in listing(self.told, at)]


_HOME = "the home folder in the task's container"
_PATH_METHODS: dict[str, Any] = {
    "joinpath": _joined, "absolute": _absolute, "resolve": _absolute, "expanduser": _expand_user,
    "as_posix": lambda self, at: self.told, "__str__": lambda self, at: self.told,
    "__fspath__": lambda self, at: self.told, "read_text": _read_text, "read_bytes": _read_bytes,
    "open": lambda self, at, *args, **kwargs: open_file(at, self, *args, **kwargs),
    "exists": lambda self, at: exists(self.told, at), "is_file": lambda self, at: exists(self.told, at, "isfile"),
    "is_dir": lambda self, at: exists(self.told, at, "isdir"), "iterdir": _iterdir, "glob": _glob, "rglob": _rglob,
    "with_suffix": lambda self, at, suffix: PathValue(str(self.pure.with_suffix(suffix))),
    "with_name": lambda self, at, name: PathValue(str(self.pure.with_name(name))),
    "with_stem": lambda self, at, stem: PathValue(str(self.pure.with_stem(stem))),
    "relative_to": lambda self, at, other: PathValue(str(self.pure.relative_to(path_text(other)))),
    "is_absolute": lambda self, at: self.pure.is_absolute(), "match": lambda self, at, p: self.pure.match(p),
    "mkdir": lambda self, at, **k: None, "as_uri": lambda self, at: self.pure.as_uri(),
}  # fmt: skip


def glob_paths(pattern: str, at: At) -> list[str]:
    """The paths inside the folder that PATTERN picks, sorted; the folders looked into are recorded."""
    head: list[str] = []
    words = pattern.split("/")
    while words and not any(mark in words[0] for mark in "*?["):
        head.append(words.pop(0))
    start = "/".join(head) or "."
    if not words:
        return [start] if exists(start, at) is True else []
    found: list[str] = []
    _glob_into(start, words, at, found)
    return sorted(dict.fromkeys(found))


def _glob_into(folder: str, words: list[str], at: At, found: list[str]) -> None:
    at.session.budget.step(at)
    if exists(folder, at, "isdir") is not True:
        return
    word, rest = words[0], words[1:]
    if word == "**":
        if rest:
            _glob_into(folder, rest, at, found)
        for name in listing(folder, at):
            inner = posixpath.join(folder, name)
            if not name.startswith(".") and exists(inner, at, "isdir") is True:
                _glob_into(inner, words, at, found)
        return
    for name in listing(folder, at):
        if fnmatch.fnmatchcase(name, word) and (not name.startswith(".") or word.startswith(".")):
            inner = posixpath.join(folder, name)
            if rest:
                _glob_into(inner, rest, at, found)
            else:
                found.append(inner)


# Modules ---------------------------------------------------------------------------------------------------------


def _pure(name: str) -> NativeFunction:
    run = getattr(posixpath, name)
    return function(name, lambda at, *args: run(*map(path_text, args)))


def _abspath(at: At, path: Any) -> Any:
    told = path_text(path)
    return posixpath.normpath(told) if posixpath.isabs(told) else Unknown("the working folder", at)


@module("os.path")
def build_path(session: Session) -> dict[str, Any]:
    """``os.path``."""
    pure = ("join", "dirname", "basename", "split", "splitext", "normpath", "isabs", "relpath", "commonpath",
            "commonprefix", "splitdrive", "normcase")  # fmt: skip
    found: dict[str, Any] = {name: _pure(name) for name in pure}
    for name in ("abspath", "realpath"):
        found[name] = function(name, lambda at, path, **_: _abspath(at, path))
    for name in ("exists", "isfile", "isdir", "lexists"):
        found[name] = function(name, lambda at, path, name=name: exists(path_text(path), at, name))
    return found | {
        **_SIGNS,
        **{name: unknown_function(name, "what a file is on the disk") for name in ("ismount", "islink", "getctime")},
        "samefile": function("samefile", _same_file),
        "expanduser": function("expanduser", lambda at, p: p if not str(p).startswith("~") else Unknown(_HOME, at)),
        "expandvars": function("expandvars", lambda at, p: p if "$" not in str(p) else Unknown("a variable", at)),
        "getmtime": unknown_function("getmtime", "a file's time"),
        "getsize": unknown_function("getsize", "a file's size"),
    }


_SIGNS = {
    name: getattr(posixpath, name) for name in ("sep", "altsep", "curdir", "pardir", "extsep", "pathsep", "devnull")
}
"""What ``os`` and ``os.path`` both have."""


def _same_file(at: At, one: Any, other: Any) -> Any:
    paths = {posixpath.normpath(path_text(path)) for path in (one, other)}
    return True if len(paths) == 1 else Unknown("whether two paths are one file", at)


def _access(at: At, path: Any, mode: Any, **_: Any) -> Any:
    """Whether a file is there, which a container's user may read, too; what else it may do is not known."""
    there = exists(path_text(path), at)
    return Unknown("what may be done with a file", at) if there is True and mode & (os.W_OK | os.X_OK) else there


def _scandir(at: At, path: Any = ".") -> Any:
    told = path_text(path)
    return Scan([DirEntry(told, name) for name in listing(told, at)])


def _walk(at: At, top: Any, **_: Any) -> Any:
    found: list[Any] = []

    def visit(folder: str) -> None:
        at.session.budget.step(at)
        names = listing(folder, at)
        inner = [name for name in names if exists(posixpath.join(folder, name), at, "isdir") is True]
        found.append((folder, inner, [name for name in names if name not in inner]))
        for name in inner:
            visit(posixpath.join(folder, name))

    visit(path_text(top))
    return found


@module("os")
def build_os(session: Session) -> dict[str, Any]:
    """``os``."""
    environment = environment_of(session)
    return {
        "environ": environment,
        "getenv": NativeFunction("getenv", environment._get, takes_unknown=True),
        "path": session.loader.library("os.path"),
        **_SIGNS,
        "linesep": "\n",
        "name": "posix",
        "getcwd": unknown_function("getcwd", "the working folder"),
        "listdir": function("listdir", lambda at, path=".": listing(path_text(path), at)),
        "scandir": function("scandir", _scandir),
        "access": function("access", _access),
        **{name: getattr(os, name) for name in ("F_OK", "R_OK", "W_OK", "X_OK")},
        "stat": unknown_function("stat", "what a file is on the disk"),
        "lstat": unknown_function("lstat", "what a file is on the disk"),
        "walk": function("walk", _walk),
        "makedirs": function("makedirs", lambda at, *a, **k: None),
        "fspath": function("fspath", lambda at, path: path_text(path)),
        "getpid": unknown_function("getpid", "a process id"),
        "cpu_count": unknown_function("cpu_count", "the number of processors"),
        "PathLike": ClassValue("PathLike", module_name="os"),
    }


@module("pathlib")
def build_pathlib(session: Session) -> dict[str, Any]:
    """``pathlib``."""
    made = ClassValue("Path", module_name="pathlib")

    def construct(cls: ClassValue, args: Any, kwargs: dict[str, Any], at: At) -> Any:
        unknown = first_unknown(args)
        return unknown if unknown is not None else PathValue(str(PurePosixPath(*map(path_text, args))))

    made.construct = construct
    made.attributes["cwd"] = unknown_function("cwd", "the working folder")
    made.attributes["home"] = unknown_function("home", "the home folder")
    made.data["has_instance"] = lambda value: isinstance(value, PathValue)
    return dict.fromkeys(("Path", "PurePath", "PosixPath", "PurePosixPath"), made)


@module("glob")
def build_glob(session: Session) -> dict[str, Any]:
    """``glob``."""
    find = function("glob", lambda at, pattern, **_: glob_paths(path_text(pattern), at))
    escape = function("escape", lambda at, pattern: glob.escape(pattern))
    return {
        "glob": find,
        "iglob": find,
        "escape": escape,
        "has_magic": function("has_magic", lambda at, s: glob.has_magic(s)),
    }
