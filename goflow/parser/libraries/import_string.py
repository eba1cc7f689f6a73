"""What a dotted path in YAML stands for: a class or function of a library or of the folder, by Airflow's rule."""

from __future__ import annotations

from typing import Any

from goflow.domain.errors import did_you_mean
from goflow.parser.interpreter.values import At, Raised, Unknown, Value, raised
from goflow.parser.libraries.airflow.exceptions import fail


def import_string(path: Any, at: At) -> Any:
    """The thing that the dotted PATH names (``airflow...module_loading.import_string``). Raises ImportError."""
    if isinstance(path, Unknown):
        return path
    if not isinstance(path, str):
        raised(at, "AttributeError", f"'{type(path).__name__}' object has no attribute 'rsplit'")
    module_name, _, name = path.rpartition(".")
    if not module_name:
        fail(at, "ImportError", f"{path} doesn't look like a module path", code="GF006")
    if module_name == "builtins":
        return at.session.library["builtins"].get(name) or Unknown(f"{path}, which is not read", at)
    loader = at.session.loader
    words = module_name.split(".")
    module: Value = loader.load(words[0], at)
    for end in range(2, len(words) + 1):
        module = loader.load(".".join(words[:end]), at)
    try:
        return module.get_attribute(name, at)
    except Raised as problem:
        if not problem.is_a("AttributeError"):
            raise
    hint = did_you_mean(name, getattr(module, "names", {}))
    words_of = f'Module "{module_name}" does not define a "{name}" attribute/class'
    return fail(at, "ImportError", words_of, code="GF006", hint=hint)
