"""``airflow.macros``: what templates find under ``macros``."""

import json  # noqa: F401
import time  # noqa: F401
import uuid  # noqa: F401
from datetime import datetime, timedelta
from random import random  # noqa: F401


def __getattr__(name):
    if name == "dateutil":
        import dateutil.parser

        return dateutil
    raise AttributeError(name)


def ds_add(ds, days):
    """DS moved by DAYS."""
    return (datetime.strptime(str(ds), "%Y-%m-%d") + timedelta(days=days)).strftime("%Y-%m-%d") if days else str(ds)


def ds_format(ds, input_format, output_format):
    """DS in another form."""
    return datetime.strptime(str(ds), input_format).strftime(output_format)


def datetime_diff_for_humans(dt, since=None):
    """The time between two moments in words."""
    import pendulum

    return pendulum.instance(dt).diff_for_humans(None if since is None else pendulum.instance(since))
