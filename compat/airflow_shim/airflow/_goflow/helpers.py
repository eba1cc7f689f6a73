"""Small functions of ``airflow.utils``."""

import contextlib
import os


def merge_dicts(dict1, dict2):
    """DICT2 over DICT1, maps inside merged."""
    merged = dict(dict1)
    for key, value in dict2.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge_dicts(merged[key], value) if both else value
    return merged


def prune_dict(val, mode="strict"):
    """VAL without what is None (``strict``) or false (``truthy``)."""
    if mode not in {"strict", "truthy"}:
        raise ValueError("allowable values for `mode` include 'truthy' and 'strict'")

    def is_empty(value):
        return value is None if mode == "strict" else not value

    if isinstance(val, dict):
        pruned = {key: prune_dict(inner, mode) for key, inner in val.items() if not is_empty(inner)}
        return {key: inner for key, inner in pruned.items() if not is_empty(inner)}
    if isinstance(val, list):
        pruned = [prune_dict(inner, mode) for inner in val if not is_empty(inner)]
        return [inner for inner in pruned if not is_empty(inner)]
    return val


def is_container(obj):
    """Whether OBJ can be iterated over and is no text."""
    return hasattr(obj, "__iter__") and not isinstance(obj, str)


def validate_key(k, max_length=250):
    """Nothing, where K can be a key of Airflow's (``airflow.utils.helpers``). Raises TypeError and AirflowException."""
    import re

    from airflow._goflow.configuration import conf
    from airflow._goflow.exceptions import AirflowException

    if not isinstance(k, str):
        raise TypeError(f"The key has to be a string and is {type(k)}:{k}")
    if len(k) > max_length:
        raise AirflowException(f"The key: {k} has to be less than {max_length} characters")
    if not re.match(r"^[\w.-]+$", k):
        raise AirflowException(
            f"The key {k!r} has to be made of alphanumeric characters, dashes, dots and underscores exclusively"
        )
    if ".." in k and not conf.getboolean("core", "allow_double_dot_in_ids", fallback=False):
        raise AirflowException(f"The key {k!r} must not contain consecutive dots ('..') to prevent path traversal")


def exactly_one(*args):
    """Whether one of ARGS is true and no other."""
    if is_container(args[0]) if args else False:
        raise ValueError("Not supported for iterable args. Use `*` to unpack your iterable in the function call.")
    return sum(map(bool, args)) == 1


def import_string(dotted_path):
    """What a dotted path names. Raises ImportError."""
    import importlib

    module, _, name = dotted_path.rpartition(".")
    if not module:
        raise ImportError(f"{dotted_path} doesn't look like a module path")
    try:
        return getattr(importlib.import_module(module), name)
    except AttributeError:
        raise ImportError(f'Module "{module}" does not define a "{name}" attribute/class') from None


def qualname(o, use_qualname=False, exclude_module=False):
    """The dotted name of a class, function or object's class."""
    kind = o if callable(o) and hasattr(o, "__qualname__") else type(o)
    name = kind.__qualname__ if use_qualname else kind.__name__
    return name if exclude_module else f"{kind.__module__}.{name}"


def apply_defaults(func):
    """1.10's decorator of ``__init__``: operators take their default arguments by themselves."""
    return func


class LiteralValue:
    """A value that is taken as it is, not as a template."""

    def __init__(self, value):
        self.value = value

    def iter_references(self):
        """None."""
        return ()

    def resolve(self, context):
        """The value."""
        return self.value


def literal(value):
    """VALUE, not to be rendered."""
    return LiteralValue(value)


def resolve_xcom_backend(*args, **kwargs):
    """There is one."""
    from airflow._goflow.xcom import XCom

    return XCom


TRUE_LIKE_VALUES = {"on", "t", "true", "y", "yes", "1"}


def to_boolean(astring):
    """Whether a text says yes."""
    return astring is not None and astring.strip().lower() in TRUE_LIKE_VALUES


def get_random_string(length=8, choices=None):
    """LENGTH letters and digits, or CHOICES, at random."""
    import random
    import string

    return "".join(random.choices(choices or string.ascii_letters + string.digits, k=length))


def chunks(items, chunk_size):
    """ITEMS in lists of CHUNK_SIZE; the last may be shorter. Raises ValueError."""
    if chunk_size <= 0:
        raise ValueError("Chunk size must be a positive integer")
    for start in range(0, len(items), chunk_size):
        yield items[start : start + chunk_size]


def as_flattened_list(iterable):
    """The elements of the elements."""
    return [inner for outer in iterable for inner in outer]


def convert_camel_to_snake(camel_str):
    """``CamelCase`` as ``camel_case``."""
    import re

    return re.sub(r"(?!^)([A-Z]+)", r"_\1", camel_str).lower()


def md5(string=b"", /):
    """A digest that protects nothing."""
    import hashlib

    return hashlib.md5(string, usedforsecurity=False)


def getuser():
    """The name of the user. Raises AirflowConfigException where there is none."""
    import getpass

    from airflow._goflow.exceptions import AirflowConfigException

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        raise AirflowConfigException("The user that the task runs as has no name") from None


@contextlib.contextmanager
def patch_environ(new_env_variables):
    """Set environment variables, and put them back."""
    before = {name: os.environ.get(name) for name in new_env_variables}
    os.environ.update(new_env_variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
