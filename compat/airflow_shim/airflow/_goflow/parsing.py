"""``get_parsing_context``: which task a file is imported for."""

import collections

from airflow._goflow.world import World

AirflowParsingContext = collections.namedtuple("AirflowParsingContext", ["dag_id", "task_id"])


def get_parsing_context():
    """DAG and task that the import is for; Nones outside of one."""
    return AirflowParsingContext(*World.parsing)
