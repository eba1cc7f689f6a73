"""What tasks and groups are mapped over, and which arguments a copy has."""

from collections.abc import Mapping, Sequence, Sized

from airflow._goflow.words import XCOM_RETURN_KEY


def is_mappable(value):
    """Whether VALUE may be given to ``expand``."""
    from airflow._goflow.xcom_arg import XComArg

    return isinstance(value, (MappedArgument, XComArg, Mapping, Sequence)) and not isinstance(value, str)


def is_mappable_value(value):
    """Whether a result can be mapped over."""
    return isinstance(value, (Sequence, dict)) and not isinstance(value, (bytearray, bytes, str))


def prevent_duplicates(one, other, reason):
    """Raises TypeError where two maps of arguments share a name."""
    both = sorted(set(one) & set(other))
    if len(both) == 1:
        raise TypeError(f"{reason} argument: {both[0]}")
    if both:
        raise TypeError(f"{reason} arguments: {', '.join(both)}")


def check_rows(rows):
    """Raises TypeError where ROWS cannot be given to ``expand_kwargs``."""
    from airflow._goflow.xcom_arg import XComArg

    if isinstance(rows, XComArg):
        return
    if not isinstance(rows, Sequence) or not all(isinstance(row, (XComArg, Mapping)) for row in rows):
        raise TypeError(f"expected XComArg or list[dict], not {type(rows).__name__}")


def ensure_return_value(value):
    """Raises ValueError where VALUE holds a result under a key of its own: those cannot be mapped over."""
    from airflow._goflow.xcom_arg import XComArg

    if isinstance(value, XComArg):
        for operator, key in value.iter_references():
            if key != XCOM_RETURN_KEY:
                raise ValueError(f"cannot map over XCom with custom key {key!r} from {operator}")
    elif isinstance(value, Mapping):
        for inner in value.values():
            ensure_return_value(inner)
    elif isinstance(value, (list, tuple, set)):
        for inner in value:
            ensure_return_value(inner)


def _is_reference(value):
    from airflow._goflow.xcom_arg import XComArg

    return isinstance(value, (MappedArgument, XComArg))


class MappedArgument:
    """An argument of a mapped group, different in each copy."""

    def __init__(self, *, input, key):
        arguments = input.value.values() if isinstance(input, DictOfListsExpandInput) else ()
        if any(isinstance(value, MappedArgument) for value in arguments):
            raise ValueError("Nested Mapped TaskGroups are not yet supported")
        self._input, self._key = input, key

    def iter_references(self):
        """The tasks whose results the group is mapped over."""
        return self._input.iter_references()

    def resolve(self, context):
        """This copy's value."""
        arguments, _ = self._input.resolve(context)
        return arguments[self._key]


class DictOfListsExpandInput:
    """``expand(a=[...], b=...)``: every combination, the last argument changing fastest."""

    def __init__(self, value):
        self.value = value

    def iter_references(self):
        """The tasks whose results it holds."""
        for value in self.value.values():
            if _is_reference(value):
                yield from value.iter_references()

    def resolve(self, context):
        """``(arguments of this copy, ids of those that came out of results)``."""
        index = _copy_index(context)
        values = {key: value.resolve(context) if _is_reference(value) else value for key, value in self.value.items()}
        missing = [key for key, value in values.items() if not isinstance(value, Sized)]
        if missing:
            raise RuntimeError(f"Failed to populate all mapping metadata; missing: {', '.join(map(repr, missing))}")
        found = {}
        for key in reversed(values):
            length = len(values[key])
            if length < 1:
                raise RuntimeError(f"cannot expand field mapped to length {length!r}")
            index, own = divmod(index, length)
            found[key] = _nth(values[key], own)
        arguments = {key: found[key] for key in values}
        return arguments, {id(value) for key, value in arguments.items() if _is_reference(self.value[key])}


def _nth(value, number):
    if isinstance(value, Sequence):
        return value[number]
    if not isinstance(value, dict):
        raise TypeError(f"can't map over value of type {type(value)}")
    return list(value.items())[number]


class ListOfDictsExpandInput:
    """``expand_kwargs([...])``: one copy for each map of arguments."""

    def __init__(self, value):
        self.value = value

    def iter_references(self):
        """The tasks whose results it holds."""
        for value in [self.value] if _is_reference(self.value) else self.value:
            if _is_reference(value):
                yield from value.iter_references()

    def resolve(self, context):
        """``(arguments of this copy, ids of those that came out of results)``."""
        index = _copy_index(context)
        rows = self.value
        if _is_reference(rows):
            rows = rows.resolve(context)
            if not isinstance(rows, Sequence):
                raise ValueError(f"expand_kwargs() expects a list[dict], not {_described(rows)}")
        row = rows[index]
        if not isinstance(row, Mapping) and hasattr(row, "resolve"):
            row = row.resolve(context)
        if not isinstance(row, Mapping):
            raise ValueError(f"expand_kwargs() expects a list[dict], not list[{_described(row)}]")
        for key in row:
            if not isinstance(key, str):
                raise ValueError(
                    f"expand_kwargs() input dict keys must all be str, but {key!r} is of type {_described(key)}"
                )
        return row, {id(value) for value in row.values() if _is_reference(value)}


def _described(value):
    return "None" if value is None else type(value).__name__


def _copy_index(context):
    index = context["ti"].map_index
    if index is None or index < 0:
        raise RuntimeError("can't resolve task-mapping argument without expanding")
    return index
