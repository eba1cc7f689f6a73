"""``airflow.utils.dates``."""

import datetime as dt


def days_ago(n, hour=0, minute=0, second=0, microsecond=0):
    """Midnight N days ago, in UTC."""
    today = dt.datetime.now(dt.UTC).replace(hour=hour, minute=minute, second=second, microsecond=microsecond)
    return today - dt.timedelta(days=n)


cron_presets = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
