"""An importable ``airflow`` for inside a GoFlow task's container.

It is there so that an unmodified DAG file can be imported and one task of it be executed; it schedules nothing and has
no database. Every module below it is made by ``_goflow.finder`` on demand; provider packages that are installed beside
it are imported as they are.
"""

from airflow._goflow import finder as _finder

__path__ = _finder.extended(__path__)
_finder.install()


def __getattr__(name):
    return _finder.attribute("airflow", name)
