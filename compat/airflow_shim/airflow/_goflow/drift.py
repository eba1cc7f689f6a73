"""Whether the task that came out of the import is the one that was read (decision 7 of the design).

Compared are the operator's class and the template fields, outside of what could not be known when the file was read.
"""

import datetime as dt
import os

from airflow._goflow.callables import name_in_place

_UNCOMPARED = {"$hole", "$moment", "$object", "$relativedelta"}
SHOWN_CHARACTERS = 120


def find_drift(task, spec, folder_here="", folder_there=""):
    """The first difference in words; empty when there is none.

    The file may lie at FOLDER_HERE now while it lay at FOLDER_THERE: paths in text are compared as if it had not moved.
    """
    if task.is_stand_in:
        return ""  # it says itself what is missing
    if task.task_type != spec["operator"]:
        return f"operator is {task.task_type}, and was {spec['operator']} when the file was read"
    compare = _Comparison(folder_here, folder_there)
    for name, told in (spec.get("fields") or {}).items():
        try:
            found = getattr(task, name)
        except AttributeError:
            continue
        if not compare.same(found, told) and not compare.same(_file_content(task, found), told):
            return f"field {name!r} is {_shown(found)}, and was {_shown(told)} when the file was read"
    return ""


def _shown(value):
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}..."


def _file_content(task, value):
    """A name of a template file (or several) as the file's content: that is how fields are read."""
    extensions = tuple(task.template_ext or ())
    if isinstance(value, list):
        return [_file_content(task, inner) for inner in value]
    if not extensions or not isinstance(value, str) or not value.endswith(extensions):
        return value
    for folder in [task.dag.folder, *(task.dag.template_searchpath or ())]:
        path = os.path.join(folder, value)
        if os.path.isfile(path):
            with open(path, encoding="utf-8") as file:
                return file.read()
    return value


class _Comparison:
    def __init__(self, here, there):
        self.here, self.there = here.rstrip("/"), there.rstrip("/")

    def same(self, found, told):
        """Whether FOUND, a Python value, is what TOLD, tagged JSON, says; holes are everything."""
        tag = next(iter(told)) if isinstance(told, dict) and len(told) == 1 else ""
        if tag.startswith("$"):
            return self._same_tagged(found, tag, told[tag])
        if _is_empty(found) and _is_empty(told):
            return True
        if isinstance(told, dict):
            return isinstance(found, dict) and self._same_dict(found, list(told.items()))
        if isinstance(told, list):
            return self._same_list(found, told)
        if isinstance(told, str):
            return self._same_text(found, told)
        if isinstance(told, bool) or told is None:
            return found is told or bool(found) is told
        return isinstance(found, (int, float)) and not isinstance(found, bool) and float(found) == float(told)

    def _same_tagged(self, found, tag, told):
        if tag in _UNCOMPARED:
            return True
        if tag in {"$tuple", "$set"}:
            if tag == "$set":
                return isinstance(found, (set, frozenset)) and len(found) == len(told)
            return self._same_list(found, told)
        if tag == "$dict":
            return isinstance(found, dict) and len(found) == len(told)
        if tag == "$xcom":
            return self._same_result(found, told)
        if tag == "$callable":
            named = found if hasattr(found, "__qualname__") else getattr(found, "function", None)
            name = name_in_place(named)
            return callable(found) and (not name or str(told).rpartition(":")[2] in {name, "<lambda>", "object"})
        if tag in {"$datetime", "$date", "$time", "$timedelta"}:
            return self._same_time(found, tag, told)
        return True

    def _same_time(self, found, tag, told):
        if tag == "$timedelta":
            return isinstance(found, dt.timedelta) and found.total_seconds() == float(told)
        if isinstance(found, dt.datetime) and tag == "$datetime":
            moment = dt.datetime.fromisoformat(told)
            if (found.tzinfo is None) != (moment.tzinfo is None):
                return False
            return found == moment
        return isinstance(found, str) or (hasattr(found, "isoformat") and found.isoformat() == told)

    def _same_result(self, found, told):
        operator = getattr(found, "operator", None)
        if operator is None or not isinstance(told, dict) or "task_id" not in told:
            return hasattr(found, "resolve")
        return operator.task_id == told["task_id"] and found.key == told.get("key", "return_value")

    def _same_dict(self, found, told):
        known = {str(getattr(key, "value", key)): value for key, value in found.items()}
        return len(known) == len(told) and all(key in known and self.same(known[key], value) for key, value in told)

    def _same_list(self, found, told):
        if not isinstance(found, (list, tuple)) or len(found) != len(told):
            return False
        return all(self.same(one, other) for one, other in zip(found, told, strict=True))

    def _same_text(self, found, told):
        if isinstance(found, os.PathLike):
            found = os.fspath(found)
        if not isinstance(found, str):
            return not isinstance(found, (int, float, bool, dict, list, tuple, set, type(None)))
        text = str(getattr(found, "value", found))
        return text == told or (bool(self.here) and text.replace(self.here, self.there) == told)


def _is_empty(value):
    return value is None or (isinstance(value, (str, list, tuple, dict, set)) and not value)
