"""For the scripts that real Airflow 3's interpreter runs: what a text makes, and a moment in words."""

import datetime as dt

from airflow import sdk


class Names(dict):
    """The names of ``airflow.sdk``."""

    def __missing__(self, name):
        return getattr(sdk, name)


def made(text):
    return eval(text, {}, Names())


def iso(moment):
    return moment and moment.astimezone(dt.UTC).isoformat()
