"""Makes every ``airflow.*`` module on demand; what is really installed under ``airflow.providers`` comes first."""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types

from airflow._goflow import names

OURS = ("airflow.providers.standard", "airflow.providers.common.compat")


class Module(types.ModuleType):
    """A module whose names come from the shim's private modules when they are asked for."""

    def __getattr__(self, name):
        return attribute(self.__name__, name)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds all of ``airflow.*`` that no file provides. One instance stands first (for what the shim always brings),
    another last (for what is not installed)."""

    def __init__(self, last):
        self.last = last

    def find_spec(self, fullname, path=None, target=None):
        """A spec for modules that are ours."""
        if not fullname.startswith("airflow.") or fullname.startswith("airflow._goflow"):
            return None
        is_provider = fullname.startswith("airflow.providers.") and not fullname.startswith(OURS)
        if is_provider and not self.last:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec):
        """The private module where the path has functions of its own, else an empty one."""
        return Module(spec.name)

    def exec_module(self, module):
        """Packages all the way down, and the path of what is installed."""
        parent = sys.modules.get(module.__name__.rpartition(".")[0])
        last = module.__name__.rpartition(".")[2]
        module.__path__ = [f"{entry}/{last}" for entry in getattr(parent, "__path__", [])]
        home = names.MODULES.get(module.__name__, "timezone" if last == "timezone" else None)
        if home is not None:
            private = importlib.import_module(f"airflow._goflow.{home}")
            module.__dict__.update({k: v for k, v in vars(private).items() if not k.startswith("__")})


def attribute(module, name):
    """``module.name`` of any module of ours: a known name, a module inside, or a stand-in for an operator."""
    if name.startswith("__"):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    home = names.HOME_OF.get(name)
    if home is not None:
        return getattr(importlib.import_module(f"airflow._goflow.{home}"), name)
    inner = f"{module}.{name}"
    if inner in sys.modules:
        return sys.modules[inner]
    if name[:1].islower():
        return importlib.import_module(inner)
    from airflow._goflow.stand_in import stand_in

    return stand_in(module, name)


def install():
    """Put the finders in place; harmless twice."""
    if not any(isinstance(finder, Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, Finder(last=False))
        sys.meta_path.append(Finder(last=True))
