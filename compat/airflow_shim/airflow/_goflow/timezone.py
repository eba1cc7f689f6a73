"""``airflow.utils.timezone``. Moments are made with datetime alone where Airflow gives plain ones, and with pendulum
where it gives pendulum's."""

import datetime as dt

utc = dt.timezone.utc


def default_zone():
    """The zone of moments without one (``core.default_timezone``)."""
    from airflow._goflow.configuration import conf

    name = conf.get("core", "default_timezone", fallback="utc")
    if name.lower() in ("utc", "system"):  # a container's own zone is UTC
        return utc
    import pendulum

    return pendulum.timezone(name)


def is_localized(value):
    """Whether VALUE has a zone."""
    return value.utcoffset() is not None


def is_naive(value):
    """Whether VALUE has none."""
    return value.utcoffset() is None


def utcnow():
    """Now, in UTC."""
    return dt.datetime.now(utc)


def utc_epoch():
    """The beginning of 1970."""
    return dt.datetime(1970, 1, 1, tzinfo=utc)


def convert_to_utc(value):
    """VALUE in UTC, as a pendulum moment; a naive one is taken to be in the default zone, None stays None."""
    if value is None:
        return None
    import pendulum

    if not is_localized(value):
        value = value.replace(tzinfo=default_zone())
    return pendulum.instance(value.astimezone(utc))


def make_aware(value, timezone=None):
    """VALUE with a zone. Raises ValueError where it has one."""
    if value is None:
        return None
    if is_localized(value):
        raise ValueError(f"make_aware expects a naive datetime, got {value}")
    zone = timezone or default_zone()
    if hasattr(value, "fold"):
        value = value.replace(fold=1)
    localize = getattr(zone, "localize", None)
    if localize is not None:
        return localize(value)
    convert = getattr(zone, "convert", None)
    return convert(value) if convert is not None else value.replace(tzinfo=zone)


def make_naive(value, timezone=None):
    """VALUE as it is read in a zone, without it. Raises ValueError where it has none."""
    if is_naive(value):
        raise ValueError("make_naive() cannot be applied to a naive datetime")
    value = value.astimezone(timezone or default_zone())
    return dt.datetime(
        value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond, fold=value.fold
    )


def datetime(*args, **kwargs):
    """A moment, in the default zone unless one is given."""
    kwargs.setdefault("tzinfo", default_zone())
    return dt.datetime(*args, **kwargs)


def parse(string, timezone=None, *, strict=False):
    """A moment from text."""
    import pendulum

    return pendulum.parse(string, tz=timezone or getattr(default_zone(), "name", "UTC"), strict=strict)


def coerce_datetime(v, tz=None):
    """VALUE as a pendulum moment; None stays None."""
    if v is None:
        return None
    import pendulum

    if isinstance(v, pendulum.DateTime):
        return v if v.tzinfo else make_aware(v, tz)
    return pendulum.instance(v if v.tzinfo else make_aware(v, tz))


def td_format(td_object):
    """A duration in words."""
    if not td_object:
        return None
    seconds = int(td_object) if isinstance(td_object, (int, float)) else int(td_object.total_seconds())
    parts = []
    for name, length in (("d", 86400), ("h", 3600), ("M", 60), ("s", 1)):
        amount, seconds = divmod(seconds, length)
        if amount:
            parts.append(f"{amount}{name}")
    return ":".join(parts) if parts else "<1s"


def parse_timezone(name):
    """A zone by name or by seconds."""
    import pendulum

    return pendulum.timezone(name)


def local_timezone():
    """This machine's zone."""
    import pendulum

    return pendulum.local_timezone()


def initialize(*args, **kwargs):
    """Nothing: the settings say which the default zone is."""


def from_timestamp(timestamp, tz=utc):
    """A moment from seconds since 1970."""
    import pendulum

    return coerce_datetime(dt.datetime.fromtimestamp(timestamp, tz=utc)).in_timezone(
        pendulum.local_timezone() if tz == "local" else (tz if isinstance(tz, str) else "UTC")
    )
