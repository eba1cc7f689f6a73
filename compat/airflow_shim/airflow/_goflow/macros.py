"""``airflow.macros``: what templates find under ``macros``."""

import json  # noqa: F401
import time  # noqa: F401
import uuid  # noqa: F401
from datetime import datetime, timedelta
from random import random  # noqa: F401


def ds_add(ds, days):
    """The date DS moved by DAYS."""
    if not days:
        return str(ds)
    return (datetime.strptime(str(ds), "%Y-%m-%d") + timedelta(days=days)).strftime("%Y-%m-%d")


def ds_format(ds, input_format, output_format):
    """The date DS in another form."""
    return datetime.strptime(str(ds), input_format).strftime(output_format)


def ds_format_locale(ds, input_format, output_format, locale=None):
    """The date DS in Babel's form; needs the package babel."""
    from babel import Locale
    from babel.dates import LC_TIME, format_datetime

    moment = datetime.strptime(str(ds), input_format)
    return format_datetime(moment, format=output_format, locale=locale or LC_TIME or Locale("en_US"))


def datetime_diff_for_humans(dt, since=None):
    """The time between two moments in words."""
    import pendulum

    return pendulum.instance(dt).diff_for_humans(since)


def _missing(name):
    if name == "dateutil":
        import dateutil
        import dateutil.parser
        import dateutil.relativedelta

        return dateutil
    if name == "yaml":
        import yaml

        return yaml
    raise AttributeError(f"module 'airflow.macros' has no attribute {name!r}")


def __getattr__(name):
    return _missing(name)


class Macros:
    """``macros`` in a context: this module, and what plugins would add to it."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        if name in globals():
            return globals()[name]
        return _missing(name)
