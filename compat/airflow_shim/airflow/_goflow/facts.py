"""What Airflow 2.11.2 and 3.3.2 are like: four text files, the same as those of the reader of DAG files.

``facts/names.txt`` has ``module|versions|names of both|of Airflow 2 only|of Airflow 3 only`` (``*``: not complete);
``facts/borrowed.txt`` has ``module|names of both|of Airflow 2 only|of Airflow 3 only`` for names that a
module only has because it imports them itself (``name=origin``);
``facts/moves.txt`` has ``old.module new.module Name OldName=NewName ...``; ``facts/settings.txt`` has
``section|key|versions|default``.
"""

import os

from airflow._goflow import world

_UNLISTED = ("_shared", "callbacks", "config_templates", "dag_processing", "executors", "jobs", "logging_config",
             "observability", "providers_manager")  # fmt: skip
"""Parts of Airflow that no DAG file needs and provider packages mention: not listed, taken to be there."""
EXAMPLES = "airflow.example_dags"
"""Airflow's own examples: where they are the DAG folder, their modules import each other by this name."""
_tables = {}


def is_provider(module):
    """Whether MODULE belongs to a provider, installed apart from Airflow."""
    return module == "airflow.providers" or module.startswith("airflow.providers.")


def has_module(module):
    """Whether the Airflow of the current dialect has MODULE."""
    if is_provider(module) or module == EXAMPLES:
        return True
    versions = _names().get(module)
    if versions is not None:
        return _digit() in versions[0]
    if module in _packages():
        return True
    parts = module.split(".")[1:]
    if parts[-1][:1].isupper():
        return False  # a class of a module that is not listed
    return parts[0] in _UNLISTED or any(part.startswith("_") for part in parts)


def is_listed(module):
    """Whether MODULE is known to be one, and not taken to be there since no list has what is around it."""
    return module in _names() or module in _packages()


def has_name(module, name):
    """Whether MODULE has NAME under the current dialect; None where it cannot be told."""
    if is_provider(module) or name.startswith("_"):
        return None
    known = _names().get(module)
    if known is None or _digit() not in known[0]:
        return None
    own = known[2] if _digit() == "2" else known[3]
    names = f" {known[1]} {own} "
    if f" {name} " in names:
        return True
    return None if " * " in names else False


def borrowed(module, name):
    """Where MODULE has NAME from that it only imports itself (``datetime.timedelta``, ``os``); None for all others."""
    if "borrowed" not in _tables:
        lines = (line.split("|") for line in _lines("borrowed.txt"))
        _tables["borrowed"] = {module: columns for module, *columns in lines}
    both, two, three = _tables["borrowed"].get(module, ("", "", ""))
    for entry in f"{both} {two if _digit() == '2' else three}".split():
        found, _, origin = entry.partition("=")
        if found == name:
            return origin or name
    return None


def setting(section, key):
    """Airflow's default for a setting, as text; None where it has none."""
    return settings(section).get(key)


def settings(section):
    """The defaults of all settings of SECTION."""
    if "settings" not in _tables:
        _tables["settings"] = [line.split("|", 3) for line in _lines("settings.txt")]
    return {
        key: value for part, key, versions, value in _tables["settings"] if part == section and _digit() in versions
    }


def canonical(path):
    """The path under which Airflow 3 knows what PATH (``module.Name``) names; PATH itself where it never moved."""
    seen = {path}
    while True:
        module, _, name = path.rpartition(".")
        moved = _moves().get(module)
        if moved is None:
            return path
        target = moved.get(name) or (f"{moved['*']}.{name}" if "*" in moved else None)
        if target is None or target in seen:
            return path
        path = target
        seen.add(path)


def _digit():
    return "2" if world.is_airflow2() else "3"


def _lines(name):
    path = os.path.join(os.path.dirname(__file__), "facts", name)
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def _names():
    if "names" not in _tables:
        table = _tables["names"] = {}
        for line in _lines("names.txt"):
            module, *rest = line.split("|")
            table[module] = rest
    return _tables["names"]


def _packages():
    """Packages above the modules that the current dialect has."""
    key = f"packages{_digit()}"
    if key not in _tables:
        found = _tables[key] = set()
        for module, rest in _names().items():
            if _digit() in rest[0]:
                while "." in module:
                    module = module.rpartition(".")[0]
                    found.add(module)
    return _tables[key]


def _moves():
    if "moves" not in _tables:
        table = _tables["moves"] = {}
        for line in _lines("moves.txt"):
            old, new, *names = line.split()
            moved = table.setdefault(old, {})
            for entry in names:
                name, _, now = entry.partition("=")
                moved[name] = new if name == "*" else f"{new}.{now or name}"
    return _tables["moves"]
