"""Makes every ``airflow.*`` module on demand; provider packages that are really installed come first."""

import importlib
import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from airflow._goflow import facts, homes, world

OURS = frozenset({"airflow.providers.standard", "airflow.providers.common.compat"})
"""Providers that the shim always brings itself."""
_PRIVATE = "airflow._goflow"
CLIENT_MODULES = frozenset({"api", "api_client", "client", "config", "exceptions", "models", "rest", "stream", "watch"})
"""Modules of the Kubernetes client that files import."""


class Module(ModuleType):
    """A module whose names are looked up when they are asked for."""

    def __getattr__(self, name):
        found = attribute(self.__name__, name)
        self.__dict__[name] = found
        return found

    def __call__(self, *args, **kwargs):
        from airflow._goflow.stand_in import message_for

        module, _, name = self.__name__.rpartition(".")
        raise ModuleNotFoundError(message_for(module, name))

    def __dir__(self):
        return sorted({*self.__dict__, *homes.listed(self.__name__)})


class Finder:
    """The finder (and loader) of all of ``airflow.*`` that no installed file provides. It stands first."""

    def find_spec(self, fullname, path=None, target=None):
        """A spec for what is ours; None leaves the search to Python's own finders."""
        if not fullname.startswith("airflow.") or fullname.startswith(_PRIVATE):
            return None
        if fullname == facts.EXAMPLES or fullname.startswith(f"{facts.EXAMPLES}."):
            return self._find_example(fullname)
        if facts.is_provider(fullname) and not _is_ours(fullname):
            return self._find_provider(fullname)
        if not facts.has_module(fullname):
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def _find_provider(self, fullname):
        parent = sys.modules.get(fullname.rpartition(".")[0])
        if not isinstance(parent, Module) and fullname != "airflow.providers":
            return None  # inside an installed package: what is missing there is missing
        last = fullname.rpartition(".")[2]
        folders = [f"{folder}/airflow/providers" for folder in sys.path] if last == "providers" else None
        if folders is None:
            found = PathFinder.find_spec(fullname, parent.__path__)
            if found is not None and found.loader is not None:
                return found
            folders = [f"{folder}/{last}" for folder in parent.__path__]
        spec = ModuleSpec(fullname, self, is_package=True)
        spec.submodule_search_locations = folders
        return spec

    def _find_example(self, fullname):
        folder = (world.World.task_input or {}).get("folder_here")
        if folder is None:
            return None
        if fullname != facts.EXAMPLES:
            return PathFinder.find_spec(
                fullname, getattr(sys.modules.get(fullname.rpartition(".")[0]), "__path__", None)
            )
        spec = ModuleSpec(fullname, self, is_package=True)
        spec.submodule_search_locations = [folder]
        return spec

    def create_module(self, spec):
        """An empty module."""
        return Module(spec.name)

    def exec_module(self, module):
        """Fill in the modules that are functions rather than classes."""
        home = homes.MODULES.get(module.__name__, "timezone" if module.__name__.endswith(".timezone") else None)
        if home is not None:
            private = importlib.import_module(f"{_PRIVATE}.{home}")
            module.__dict__.update({name: value for name, value in vars(private).items() if not name.startswith("_")})
            module.__dict__.update(getattr(private, "_dynamic", dict)())


def _is_ours(fullname):
    """Whether FULLNAME is one of our providers or inside one."""
    words = fullname.split(".")
    return ".".join(words[:3]) in OURS or ".".join(words[:4]) in OURS


class ClientModule(ModuleType):
    """A module of the Kubernetes client where that is not installed: models can be made, calls fail in words."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if name in CLIENT_MODULES:
            return importlib.import_module(f"{self.__name__}.{name}")
        from airflow._goflow.stand_in import stand_in

        return stand_in(self.__name__, name)


class ClientFinder:
    """The finder (and loader) of the Kubernetes client's modules where nothing that is installed has them: files that
    describe pods import its models, and their other tasks need none of them. It stands last."""

    def find_spec(self, fullname, path=None, target=None):
        """A spec for the client's own modules."""
        top, _, last = fullname.partition(".")
        known = top == "kubernetes" and all(word in CLIENT_MODULES for word in last.split(".") if word)
        return ModuleSpec(fullname, self, is_package=True) if known else None

    def create_module(self, spec):
        """An empty module."""
        return ClientModule(spec.name)

    def exec_module(self, module):
        """Nothing to fill in."""


def attribute(module, name):
    """``module.name``. Raises AttributeError where Airflow of this dialect has no such name (then an import fails, or
    finds a module of that name)."""
    if name.startswith("__"):
        if name == "__version__":
            return world.SDK_VERSION if module == "airflow.sdk" else world.version()
        if name == "__all__":  # for a file that imports *
            return homes.listed(module)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    path = f"{module}.{name}"
    is_module = path not in homes.NAMES_BEFORE_MODULES and not facts.is_provider(path) and facts.has_module(path)
    if is_module and not facts.is_listed(path) and homes.home_of(module, name) is not None:
        is_module = False
    if is_module and not name.startswith("_"):
        return importlib.import_module(path)
    origin = facts.borrowed(module, name)
    if origin is not None:
        return _borrowed(origin)
    if facts.has_name(module, name) is False:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    return _named(module, name)


def _borrowed(origin):
    """The module ORIGIN, or the name in one; a stand-in where its package is not installed."""
    parent, _, name = origin.rpartition(".")
    try:
        return importlib.import_module(origin)
    except ImportError:
        pass
    try:
        return getattr(importlib.import_module(parent), name)
    except ImportError:
        from airflow._goflow.stand_in import stand_in

        return stand_in(parent, name)


def _named(module, name):
    new_module, _, new_name = facts.canonical(f"{module}.{name}").rpartition(".")
    own = None if facts.is_provider(module) else homes.home_of(module, name)
    if own is None and facts.is_provider(new_module) and not _is_ours(new_module):
        if new_module != module:
            there = importlib.import_module(new_module)
            if not isinstance(there, Module):
                return getattr(there, new_name)
            module = ""
    else:
        home = homes.home_of(new_module, new_name) or own or homes.home_of(module, name)
        if home is not None:
            private = importlib.import_module(f"{_PRIVATE}.{home[0]}")
            if new_name in homes.OF_SDK and module.startswith(homes.SDK) and not world.is_airflow2():
                return private.of_sdk(home[1])
            if new_name in homes.OF_MODELS and module.startswith("airflow.models") and not world.is_airflow2():
                return private.of_models(home[1])
            return getattr(private, home[1])
    if name[:1].islower() and facts.is_provider(module) and not homes.is_function_name(name):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")  # a module inside, found by the import
    from airflow._goflow.stand_in import stand_in

    return stand_in(new_module, new_name)


def extended(path):
    """PATH of the package ``airflow`` itself, with what other folders of `sys.path` hold below ``airflow``."""
    import os

    found = list(path)
    for folder in sys.path:
        other = os.path.join(folder, "airflow")
        if other not in found and os.path.isdir(other):
            found.append(other)
    return found


def install():
    """Put the finder in place; harmless twice."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder())
        sys.meta_path.append(ClientFinder())


def forget():
    """Drop the modules that were made, so that another dialect's are made anew."""
    for name, module in list(sys.modules.items()):
        if name.startswith("airflow.") and not name.startswith(_PRIVATE):
            sys.modules.pop(name)
            parent, _, last = name.rpartition(".")
            sys.modules.get(parent, module).__dict__.pop(last, None)
