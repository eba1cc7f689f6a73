"""``dagfactory``: DAGs that are written in YAML and made by Astronomer's dag-factory, as its 1.1 (and 0.23) makes them.

``documents`` is YAML text to values that know their places, ``typed`` what ``__type__`` and ``__and__`` make of them,
``building`` one DAG, ``tasks`` and ``wiring`` what is in it, ``factory`` files, defaults and what DAG files call. DAGs,
groups and tasks are made by the models of `goflow.parser.libraries.airflow`, as those of Python files are.
"""

from goflow.parser.libraries.dagfactory import factory

__all__ = ["factory"]
