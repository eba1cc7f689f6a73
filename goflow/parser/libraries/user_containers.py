"""``UserDict`` and ``UserList``, as text that the evaluator runs: what a class of the file overrides counts."""

from __future__ import annotations

from typing import Any

from goflow.domain.diagnostics import Span
from goflow.parser.interpreter.bodies import run_body
from goflow.parser.interpreter.modules import ModuleValue
from goflow.parser.interpreter.scopes import Frame
from goflow.parser.interpreter.session import Session

SOURCE = """
from collections.abc import MutableMapping, MutableSequence

class UserDict(MutableMapping):
    def __init__(self, dict=None, /, **kwargs):
        self.data = {}
        if dict is not None:
            self.update(dict)
        if kwargs:
            self.update(kwargs)
    def __len__(self):
        return len(self.data)
    def __getitem__(self, key):
        if key in self.data:
            return self.data[key]
        if hasattr(self, '__missing__'):
            return self.__missing__(key)
        raise KeyError(key)
    def __setitem__(self, key, item):
        self.data[key] = item
    def __delitem__(self, key):
        del self.data[key]
    def __iter__(self):
        return iter(self.data)
    def __contains__(self, key):
        return key in self.data
    def __repr__(self):
        return repr(self.data)
    def __eq__(self, other):
        return dict(self.items()) == dict(other.items()) if hasattr(other, 'items') else NotImplemented
    __hash__ = None
    def get(self, key, default=None):
        return self[key] if key in self else default
    def keys(self):
        return {key: None for key in self}.keys()
    def items(self):
        return {key: self[key] for key in self}.items()
    def values(self):
        return {key: self[key] for key in self}.values()
    def pop(self, key, *default):
        try:
            found = self[key]
        except KeyError:
            if default:
                return default[0]
            raise
        del self[key]
        return found
    def clear(self):
        for key in list(self):
            del self[key]
    def update(self, other=(), /, **more):
        for key, value in dict(other).items():
            self[key] = value
        for key, value in more.items():
            self[key] = value
    def setdefault(self, key, default=None):
        try:
            return self[key]
        except KeyError:
            self[key] = default
        return default
    def copy(self):
        made = self.__class__()
        made.data = self.data.copy()
        return made

class UserList(MutableSequence):
    def __init__(self, initlist=None):
        self.data = [] if initlist is None else list(initlist)
    def __len__(self):
        return len(self.data)
    def __getitem__(self, i):
        return self.__class__(self.data[i]) if isinstance(i, slice) else self.data[i]
    def __setitem__(self, i, item):
        self.data[i] = item
    def __delitem__(self, i):
        del self.data[i]
    def __iter__(self):
        return iter(self.data)
    def __contains__(self, item):
        return item in self.data
    def __repr__(self):
        return repr(self.data)
    def __eq__(self, other):
        return self.data == (other.data if isinstance(other, UserList) else other)
    __hash__ = None
    def __add__(self, other):
        return self.__class__(self.data + list(other))
    def append(self, item):
        self.data.append(item)
    def insert(self, i, item):
        self.data.insert(i, item)
    def pop(self, i=-1):
        return self.data.pop(i)
    def remove(self, item):
        self.data.remove(item)
    def clear(self):
        self.data.clear()
    def copy(self):
        return self.__class__(self)
    def count(self, item):
        return self.data.count(item)
    def index(self, item, *args):
        return self.data.index(item, *args)
    def reverse(self):
        self.data.reverse()
    def sort(self, /, *args, **kwds):
        self.data.sort(*args, **kwds)
    def extend(self, other):
        self.data.extend(other)
"""


class _Model(ModuleValue):
    """A module whose text is no file: what goes wrong in it is told of the file that is read."""

    def span_of(self, node: Any) -> Span:
        return Span(self.session.main.path)


def user_container(session: Session, name: str) -> Any:
    """The class NAME of this session."""
    names = session.library.get("user containers")
    if names is None:
        module = _Model(session, "collections", session.main.path, SOURCE)
        module.names["__name__"] = "collections"
        run_body(Frame(session, module, module.scope), module.parse().body)
        names = session.library["user containers"] = module.names
    return names[name]
