"""What a DAG file makes, told as JSON: for a reader that lets the file run, shut in, instead of reading its text.

`account` runs one file and tells of it: which DAGs, groups and tasks it made and with which arguments, which files it
opened, which Variables and settings it asked for. Nothing is decided here about what they mean: that is for whoever
reads the account. ``recorder`` keeps what was called, ``values`` and ``objects`` write it down, ``witness`` sees what
was opened and asked for, ``clock`` sets the time.

An account's values are JSON; an object has one key that says what it is, such as ``{"tuple": [...]}``; see ``values``.
"""

from airflow._goflow.account.reading import account

__all__ = ["account"]
