"""``airflow.settings``: folders and the zone. There is no database session."""

import os

AIRFLOW_HOME = os.environ.get("AIRFLOW_HOME") or os.path.expanduser("~/airflow")
DAGS_FOLDER = os.environ.get("AIRFLOW__CORE__DAGS_FOLDER") or os.path.join(AIRFLOW_HOME, "dags")
PLUGINS_FOLDER = os.environ.get("AIRFLOW__CORE__PLUGINS_FOLDER") or os.path.join(AIRFLOW_HOME, "plugins")
TASK_LOG_RELATIVE_PATH = ""
LAZY_LOAD_PLUGINS = True


def initialize():
    """Nothing is needed."""


def _dynamic():
    from airflow._goflow.database import Session
    from airflow._goflow.world import World

    info = (World.task_input or {}).get("folder")
    return {"Session": Session, "DAGS_FOLDER": info["path"]} if info else {"Session": Session}


def __getattr__(name):
    if name == "TIMEZONE":
        import pendulum

        from airflow._goflow.timezone import default_zone

        return pendulum.timezone(getattr(default_zone(), "name", "UTC"))
    raise AttributeError(name)
