"""``airflow.macros`` and what else of Airflow's helpers works on dates that are known while a file is read."""

from __future__ import annotations

import datetime as dt
from typing import Any

from dateutil.relativedelta import relativedelta

from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, raised
from goflow.parser.libraries.airflow.configured import default_zone
from goflow.parser.libraries.registry import function


def macros_names(session: Session) -> dict[str, Any]:
    """The macros that give the same each time (``airflow.sdk.execution_time.macros``)."""
    return {"ds_add": function("ds_add", _ds_add), "ds_format": function("ds_format", _ds_format)}


def _ds_add(at: At, ds: Any, days: Any) -> Any:
    """So many DAYS after the date DS, both as ``YYYY-MM-DD``."""
    if not isinstance(ds, str):
        return Unknown("a date that is no text", at)
    if not days:
        return ds
    return (dt.datetime.strptime(ds, "%Y-%m-%d") + dt.timedelta(days=days)).strftime("%Y-%m-%d")


def _ds_format(at: At, ds: Any, input_format: Any, output_format: Any) -> Any:
    """The date DS in another format."""
    if not isinstance(ds, str):
        return Unknown("a date that is no text", at)
    return dt.datetime.strptime(ds, input_format).strftime(output_format)


def date_range(at: At, start_date: Any, end_date: Any = None, num: Any = None, delta: Any = None) -> Any:
    """``airflow.utils.dates.date_range`` of Airflow 2: from START_DATE in steps of DELTA, NUM times or to END_DATE.

    Naive dates are in the default zone. Unknown for steps by cron, and for a range that ends now.
    """
    if not delta:
        return []
    if end_date and start_date > end_date:
        raised(at, "ValueError", "Wait. start_date needs to be before end_date")
    if end_date and num:
        raised(at, "ValueError", "Wait. Either specify end_date OR num")
    dates = [date for date in (start_date, end_date) if date]
    if not all(isinstance(date, dt.datetime) for date in dates) or not isinstance(delta, dt.timedelta | relativedelta):
        return Unknown("a range of dates that is not read", at)
    if len({date.tzinfo is None for date in dates}) > 1 or not (end_date or isinstance(num, int)):
        return Unknown("a range of dates that is not read", at)
    step = abs(delta)
    if start_date + step <= start_date:
        return Unknown("a range of dates that does not go on", at)
    found: list[dt.datetime] = []
    date = start_date
    while date <= end_date if end_date else len(found) < abs(num):
        at.session.budget.step(at)
        found.append(date if date.tzinfo is not None else date.replace(tzinfo=default_zone(at)))
        date = date - step if not end_date and num < 0 else date + step
    return sorted(found)
