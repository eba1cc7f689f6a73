"""Variables: while the file is imported the recorded ones, while the task runs those of the server."""

from airflow._goflow.words import NOTSET
from airflow._goflow.world import World


class Variable:
    """A Variable."""

    def __init__(self, key=None, val=None, description=None, value=None):
        self.key, self.val, self.description = key, value if val is None else val, description

    @property
    def value(self):
        """Its value."""
        return self.val

    @classmethod
    def get(cls, key, default_var=NOTSET, deserialize_json=False, *, default=NOTSET):
        """The value of KEY. Raises KeyError where there is none and no default."""
        other = default if default_var is NOTSET else default_var
        text = _text(key)
        if text is None:
            if other is NOTSET:
                raise KeyError(f"Variable {key} does not exist")
            return other
        from airflow._goflow.logs import mask_secret

        if deserialize_json:
            import json

            found = json.loads(text)
            mask_secret(found, key)
            return found
        mask_secret(text, key)
        return text

    @classmethod
    def set(cls, key, value, description=None, serialize_json=False, session=None):
        """Set KEY."""
        import json

        text = json.dumps(value, indent=2) if serialize_json else str(value)
        if World.client is None:
            raise RuntimeError("Variables can be set only while a task runs")
        from airflow._goflow import sources

        sources.warn_of_conflict(key)
        World.client.set_variable(key, text)

    @classmethod
    def setdefault(cls, key, default, description=None, deserialize_json=False):
        """The value of KEY; set to DEFAULT where there is none. Raises ValueError where that is None."""
        found = cls.get(key, default_var=None, deserialize_json=deserialize_json)
        if found is not None:
            return found
        if default is None:
            raise ValueError("Default Value must be set")
        cls.set(key, default, description=description, serialize_json=deserialize_json)
        return default

    @classmethod
    def update(cls, key, value, serialize_json=False, session=None):
        """Set KEY, which must be there. Raises KeyError."""
        if _text(key) is None:
            raise KeyError(f"Variable {key} does not exist")
        cls.set(key, value, serialize_json=serialize_json)

    @classmethod
    def delete(cls, key, session=None):
        """Remove KEY; how many were removed."""
        World.client.delete_variable(key)
        return 1


class SdkVariable(Variable):
    """The Variable of ``airflow.sdk``: without ``default_var``, with an error of its own for one that is not there."""

    @classmethod
    def get(cls, key, default=NOTSET, deserialize_json=False):
        """The value of KEY. Raises AirflowRuntimeError where there is none and no default; a text that is no JSON is
        none either where JSON is asked for (its error is logged), as ``_get_variable`` of the task SDK has it."""
        missing = object()
        try:
            found = super().get(key, missing, deserialize_json)
        except ValueError:
            import logging

            logging.getLogger("task").exception("Unable to retrieve variable %s: it is no JSON", key)
            found = missing
        if found is not missing:
            return found
        if default is NOTSET:
            from airflow._goflow.exceptions import AirflowRuntimeError

            raise AirflowRuntimeError(f"VARIABLE_NOT_FOUND: {{'message': 'Variable {key} not found'}}")
        from airflow._goflow.logs import mask_secret

        mask_secret(default, key)
        return default


def of_sdk(name):
    """The class as ``airflow.sdk`` has it."""
    return SdkVariable


def _text(key):
    """The Variable's text or None: while the file is imported what was read, else of the first source that has it."""
    recorded = (World.recorded or {}).get("variables") or {}
    if key in recorded:
        return recorded[key]
    from airflow._goflow import sources

    return sources.variable(key)
