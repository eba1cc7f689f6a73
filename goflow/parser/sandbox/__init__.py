"""The second way of reading, off by default: a file is run, shut in, and what it made becomes a spec.

What belongs here is the way from the account of such a run (`goflow_runner.reading`, ``airflow._goflow.account``) to
the objects that evaluating the file would have given, which `goflow.parser.lower` then lowers like any others. Nothing
of the folder runs in this process. ``running`` asks for the account, ``agreeing`` makes one of the two that it gets,
``values`` and ``rebuilding`` make objects of it.
"""

from goflow.parser.sandbox.reading import read_in_sandbox

__all__ = ["read_in_sandbox"]
