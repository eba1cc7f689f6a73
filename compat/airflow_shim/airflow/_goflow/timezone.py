"""``airflow.utils.timezone``."""

import datetime as dt

utc = dt.UTC


def utcnow():
    """Now."""
    import pendulum

    return pendulum.now("UTC")


def datetime(*args, **kwargs):
    """A moment, in UTC unless a zone is given."""
    kwargs.setdefault("tzinfo", utc)
    return dt.datetime(*args, **kwargs)


def parse(string, timezone=None, strict=False):
    """A moment from text."""
    import pendulum

    return pendulum.parse(string, tz=timezone or "UTC", strict=strict)


def make_aware(value, timezone=None):
    """VALUE with a zone."""
    return value if value.tzinfo else value.replace(tzinfo=timezone or utc)


def make_naive(value, timezone=None):
    """VALUE without one."""
    return value.astimezone(timezone or utc).replace(tzinfo=None)


def is_localized(value):
    """Whether VALUE has a zone."""
    return value.utcoffset() is not None


def is_naive(value):
    """Whether VALUE has none."""
    return value.utcoffset() is None


def convert_to_utc(value):
    """VALUE in UTC."""
    return None if value is None else make_aware(value).astimezone(utc)


def coerce_datetime(value, tz=None):
    """VALUE as pendulum's moment."""
    import pendulum

    return None if value is None else pendulum.instance(make_aware(value, tz))


def parse_timezone(name):
    """A zone by name."""
    import pendulum

    return pendulum.timezone(name)
