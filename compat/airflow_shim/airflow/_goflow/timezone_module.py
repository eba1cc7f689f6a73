"""``timezone`` as a name of a module (``from airflow.utils import timezone``)."""

from airflow._goflow import timezone  # noqa: F401
