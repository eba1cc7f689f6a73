"""``airflow.utils.deprecation_tools``: old names of provider packages that lead to their new ones."""

import importlib
import sys
import warnings
from types import ModuleType


class DeprecatedImportWarning(FutureWarning):
    """An import by an old name."""


def getattr_with_deprecation(
    imports, module, override_deprecated_classes, extra_message, name, message_override=""
):  # fmt: skip
    """What IMPORTS say that NAME of MODULE is now, with a warning. Raises AttributeError, ImportError."""
    target = imports.get(name)
    if target is None and "*" in imports and not name.startswith("__"):
        target = f"{imports['*']}.{name}"
    if target is None:
        raise AttributeError(f"The module `{module!r}` has no attribute `{name!r}`")
    told = (override_deprecated_classes or {}).get(name, target)
    message = message_override.format(module=module, name=name, target=told)
    warnings.warn(
        message or f"{module}.{name} is called {told} now. {extra_message or ''}".rstrip(),
        DeprecatedImportWarning,
        stacklevel=2,
    )
    parent, _, last = target.rpartition(".")
    return getattr(importlib.import_module(parent), last)


def add_deprecated_classes(
    module_imports, package, override_deprecated_classes=None, extra_message=None, message=None
):  # fmt: skip
    """Give PACKAGE modules that it no longer has, or (by its own name) names that it no longer has."""
    for name, imports in module_imports.items():
        full = name if name == package else f"{package}.{name}"
        overriding = (override_deprecated_classes or {}).get(name)

        def get(attribute, imports=imports, full=full, overriding=overriding):
            return getattr_with_deprecation(imports, full, overriding, extra_message, attribute, message or "")

        module = sys.modules[package] if name == package else ModuleType(full)
        module.__getattr__ = get
        sys.modules.setdefault(full, module)
