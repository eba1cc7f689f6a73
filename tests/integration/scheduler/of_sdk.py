"""For the scripts that real Airflow 3's interpreter runs: what a text makes, and a moment in words."""

import datetime as dt

from airflow import sdk
from authors import their_mappers


class Names(dict):
    """The names of ``airflow.sdk``, and of the authors' mappers."""

    def __missing__(self, name):
        return getattr(their_mappers, name, None) or getattr(sdk, name)


def made(text):
    return eval(text, {}, Names())


def iso(moment):
    return moment and moment.astimezone(dt.UTC).isoformat()
