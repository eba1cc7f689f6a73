"""What a file opened, looked for, listed and asked for while it ran: noted by Python's audit hook, and in the places
where it has none (``stat``, the environment, the search for modules)."""

import hashlib
import os
import sys
from collections.abc import Mapping
from importlib.machinery import PathFinder

from airflow._goflow.world import World

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_PASSING_ON = frozenset({os.__file__, Mapping.get.__code__.co_filename, "<frozen os>", "<frozen _collections_abc>"})
"""Files of Python's own through which the environment is asked."""


class Witness:
    """FILES are paths below one of ROOTS to their sha256 (None: not there), LISTED folders to the names in them.

    ENVIRONMENT are the names that were asked for, with what they were; CONNECTIONS the ids.
    """

    def __init__(self, roots):
        self.roots = tuple(f"{os.path.normpath(root)}/" for root in roots)
        self.files, self.listed, self.environment, self.variables, self.connections = {}, {}, {}, {}, []
        self.busy = False

    def begin(self, environment, secret):
        """Look from now on; the file sees ENVIRONMENT and what stands for SECRET, which is not noted, and
        nothing else of the process's own."""
        self.secret = frozenset(secret)
        os.environ.clear()
        os.environ.update({**environment, **secret})
        os.environ = _Environment(os.environ, self)  # noqa: B003 - it has been cleared
        sys.meta_path.insert(0, _Searches(self))
        for name in ("stat", "lstat"):
            setattr(os, name, self._looking(getattr(os, name)))
        sys.addaudithook(self._audit)

    def _looking(self, function):
        def look(path, *args, **kwargs):
            if isinstance(path, (str, os.PathLike)) and "dir_fd" not in kwargs:
                self.saw(path)
            return function(path, *args, **kwargs)

        look.__name__ = function.__name__
        return look

    def _audit(self, event, arguments):
        if event == "open":
            self.saw(arguments[0])
        elif event in {"os.listdir", "os.scandir"} and not self._is_import():
            self.saw_folder(arguments[0])

    @staticmethod
    def _is_import():
        return "importlib" in sys._getframe(2).f_code.co_filename

    def _below(self, path):
        try:
            path = os.path.abspath(os.fspath(path))
        except TypeError:  # a descriptor
            return None
        return path if isinstance(path, str) and f"{path}/".startswith(self.roots) else None

    def saw(self, path):
        """PATH was opened or looked for."""
        if self.busy:
            return
        self.busy = True
        try:
            path = self._below(path)
            if path is not None and path not in self.files and "/__pycache__/" not in path and not os.path.isdir(path):
                self.files[path] = _digest(path)
        finally:
            self.busy = False

    def saw_folder(self, path):
        """The folder PATH was listed."""
        if self.busy:
            return
        self.busy = True
        try:
            path = self._below(path if path is not None else ".")
            if path is not None and os.path.isdir(path):
                self.listed[path] = sorted(os.listdir(path))
        finally:
            self.busy = False

    def saw_module(self, words, found):
        """A module was looked for under the roots: the places before the one where it was FOUND had none."""
        for root in self.roots:
            for candidate in (f"{root}{words}/__init__.py", f"{root}{words}.py"):
                if found == candidate:
                    return
                self.saw(candidate)


def _digest(path):
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None


class _Searches:
    """A finder that finds nothing by itself: it only sees which of the folder's places were looked at."""

    def __init__(self, witness):
        self.witness = witness

    def find_spec(self, fullname, path=None, target=None):
        if fullname.partition(".")[0] in {"airflow", "kubernetes"}:
            return None
        found = PathFinder.find_spec(fullname, path, target)
        origin = getattr(found, "origin", None)
        if found is None or (isinstance(origin, str) and origin.startswith(self.witness.roots)):
            self.witness.saw_module(fullname.replace(".", "/"), origin)
        return found


class _Environment(os._Environ):
    """The environment, which notes what the folder's files ask of it, themselves or through the shim."""

    def __init__(self, environment, witness):
        self.__dict__.update(environment.__dict__, witness=witness)

    def __getitem__(self, key):
        try:
            value = super().__getitem__(key)
        except KeyError:
            self._note(key, None)
            raise
        self._note(key, value)
        return value

    def _note(self, key, value):
        if key in self.witness.secret:
            return
        frame = sys._getframe(2)
        while frame is not None and frame.f_code.co_filename in _PASSING_ON:
            frame = frame.f_back
        asks = "" if frame is None else frame.f_code.co_filename
        if asks.startswith(self.witness.roots) or (value is not None and asks.startswith(HERE)):
            self.witness.environment.setdefault(key, value)


class Given:
    """In the place of the task API's client: the Variables and connections that the file may see."""

    def __init__(self, variables, connections, witness):
        self._variables, self._connections, self._witness = variables, connections, witness

    def variable(self, key):
        """The Variable, or None."""
        found = self._variables.get(key)
        self._witness.variables[key] = found
        return found

    def connection(self, conn_id):
        """The connection's parts, or None."""
        if conn_id not in self._witness.connections:
            self._witness.connections.append(conn_id)
        return self._connections.get(conn_id)

    def set_variable(self, key, value):
        """Nothing is written while a file is read."""

    delete_variable = set_variable

    def __getattr__(self, name):
        raise RuntimeError("no task runs while a file is read")


def give(variables, connections, witness):
    """Let the file see these."""
    World.client = Given(variables, connections, witness)
