"""``airflow.utils.dates``."""

import datetime as dt

cron_presets = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}


def days_ago(n, hour=0, minute=0, second=0, microsecond=0):
    """A time of the day N days ago, midnight unless given, in UTC."""
    today = dt.datetime.now(dt.timezone.utc).replace(hour=hour, minute=minute, second=second, microsecond=microsecond)
    return today - dt.timedelta(days=n)


def date_range(start_date, end_date=None, num=None, delta=None):
    """Moments from START_DATE on, DELTA apart."""
    if not delta:
        return []
    if num is not None:
        return sorted(start_date + delta * number * (1 if num > 0 else -1) for number in range(abs(num) + 1))
    end = end_date or dt.datetime.now(dt.timezone.utc)
    found = []
    while start_date <= end:
        found.append(start_date)
        start_date += delta
    return found


def round_time(dt_, delta, start_date=None):
    """The moment START_DATE plus a whole number of DELTAs that is nearest to DT_."""
    start = start_date or dt.datetime(1970, 1, 1, tzinfo=dt_.tzinfo)
    return start + delta * round((dt_ - start) / delta)


def infer_time_unit(time_seconds_arr):
    """The unit that fits the longest of several durations."""
    longest = max(time_seconds_arr, default=0)
    return next((unit for unit, most in (("seconds", 120), ("minutes", 7200), ("hours", 172800)) if longest <= most),
                "days")  # fmt: skip


def scale_time_units(time_seconds_arr, unit):
    """Durations in another unit."""
    length = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}[unit]
    return [seconds / length for seconds in time_seconds_arr]


def parse_execution_date(execution_date_str):
    """A moment from text."""
    from airflow._goflow.timezone import parse

    return parse(execution_date_str)
