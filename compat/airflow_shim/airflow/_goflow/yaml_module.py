"""``airflow.utils.yaml``: YAML's own functions."""

from yaml import *  # noqa: F403
