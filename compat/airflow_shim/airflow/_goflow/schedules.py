"""The scheduled moment before or after another one: what Airflow 2 tells tasks as ``next_execution_date`` and
``prev_execution_date``. A small reading of cron; planning itself is the scheduler's."""

import datetime as dt

_NAMES = {name: number for names, first in (("jan feb mar apr may jun jul aug sep oct nov dec", 1),
                                            ("sun mon tue wed thu fri sat", 0))
          for number, name in enumerate(names.split(), first)}  # fmt: skip
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_LONGEST_DAYS = 366 * 8


def neighbour(schedule, at, direction):
    """The moment after (DIRECTION 1) or before (-1) AT under a spec's SCHEDULE; None where that cannot be told."""
    if schedule.get("kind") == "delta" and schedule.get("every_s"):
        return at + direction * dt.timedelta(seconds=schedule["every_s"])
    crons = schedule.get("crons") or []
    if schedule.get("kind") != "cron" or not crons:
        return None
    zone = _zone(schedule.get("timezone") or "UTC")
    try:
        found = [near(cron, at.astimezone(zone), direction) for cron in crons]
    except ValueError:
        return None
    moments = [moment.astimezone(dt.timezone.utc) for moment in found if moment is not None]
    return (min if direction > 0 else max)(moments, default=None)


def _zone(name):
    import zoneinfo

    try:
        return zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError):
        return dt.timezone.utc


def near(cron, at, direction):
    """The nearest moment of CRON (five fields) strictly after or before AT, in AT's zone; None within eight years.

    Raises ValueError for what it cannot read.
    """
    fields = cron.split()
    if len(fields) != 5:
        raise ValueError(f"{cron!r} does not have five fields")
    minutes, hours, days, months, weekdays = (
        _numbers(field, low, high) for field, (low, high) in zip(fields, _RANGES, strict=True)
    )
    any_day, any_weekday = fields[2].startswith("*"), fields[4].startswith("*")
    weekdays = {number % 7 for number in weekdays}
    times = sorted((hour, minute) for hour in hours for minute in minutes)
    for distance in range(_LONGEST_DAYS):
        day = (at + direction * dt.timedelta(days=distance)).date()
        fits = [day.day in days, day.isoweekday() % 7 in weekdays]
        is_day = all(fits) if any_day or any_weekday else any(fits)
        if day.month not in months or not is_day:
            continue
        for hour, minute in times if direction > 0 else reversed(times):
            moment = dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=at.tzinfo)
            if (moment - at).total_seconds() * direction > 0:
                return moment
    return None


def _numbers(field, low, high):
    found = set()
    for part in field.lower().split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if first == "*":
            begin, end = low, high
        else:
            begin = _NAMES[first] if first in _NAMES else int(first)
            end = (_NAMES[last] if last in _NAMES else int(last)) if last else (high if step else begin)
        found.update(range(begin, end + 1, int(step) if step else 1))
    if not found or min(found) < low or max(found) > high:
        raise ValueError(f"{field!r} is out of range")
    return found
