"""A task's fields as JSON for the page, cut where they are long (Airflow's ``_serialize_template_field``)."""

from airflow._goflow import world
from airflow._goflow.logs import redact

LONGEST = 4096
"""Characters of one field, Airflow's ``[core] max_templated_field_length``."""
PREFIX = "Truncated. You can change this behaviour in [core]max_templated_field_length. "
SUFFIX = "..."
_SHORTEST_CONTENT = 7


def rendered_fields(task, longest=None):
    """All fields of TASK, and those inside of them that ``template_fields_renderers`` names (``conf.sql``). LONGEST:
    as many characters of each; without it as many as the configuration says."""
    found = {name: shown(getattr(task, name, None), name, longest) for name in task.template_fields}
    for path in getattr(task, "template_fields_renderers", None) or ():
        name, _, inner = path.partition(".")
        if inner and name in task.template_fields:
            value = getattr(task, name, None)
            for key in inner.split("."):
                value = value.get(key) if isinstance(value, dict) else getattr(value, key, None)
            if value is not None:
                found[path] = shown(value, path, longest)
    return found


def shown(value, name, longest=None):
    """One field as JSON, secrets masked. Under Airflow 2 a field that is no JSON as a whole is its text."""
    if world.is_airflow2():
        value = _as_in_airflow2(value)
    plain = redact(_plain(value), name)
    text = str(plain)
    longest = _longest() if longest is None else longest
    return truncated(text, longest) if len(text) > longest else plain


def truncated(text, longest):
    """TEXT cut to LONGEST characters, with words that say so."""
    room = longest - len(PREFIX) - len(SUFFIX)
    if longest <= 0:
        return ""
    return f"{PREFIX}{text[:room].rstrip()}{SUFFIX}" if room >= _SHORTEST_CONTENT else f"{PREFIX}{SUFFIX}"


def _as_in_airflow2(value):
    import json

    try:
        json.dumps(value)
    except (TypeError, OverflowError):
        return str(value)
    return value


def _longest():
    from airflow._goflow.configuration import conf

    return conf.getint("core", "max_templated_field_length", LONGEST)


def _plain(value):
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, (bool, int, float, str)):
        return str(getattr(value, "value", value)) if isinstance(value, str) else getattr(value, "value", value)
    if isinstance(value, dict):
        pairs = [(str(_plain(key)), _plain(inner)) for key, inner in value.items()]
        return dict(sorted(pairs, key=lambda pair: pair[0]))
    if isinstance(value, (list, tuple)):
        return [_plain(inner) for inner in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(inner) for inner in value), key=lambda inner: (type(inner).__name__, str(inner)))
    if callable(getattr(type(value), "serialize", None)):
        return _plain(value.serialize())
    if type(value).__module__.startswith(("kubernetes.", "kubernetes_asyncio.")) and hasattr(value, "to_dict"):
        return _plain(value.to_dict())
    if callable(value):
        return f"<callable {getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value).__name__)}>"
    if type(value).__str__ is not object.__str__ or type(value).__repr__ is not object.__repr__:
        return str(value)
    return f"<{type(value).__module__}.{type(value).__qualname__} object>"
