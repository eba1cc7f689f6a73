from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import (
    DAG,
)

S = datetime(2024, 1, 1)


def E(t, **k):
    return EmptyOperator(task_id=t, **k)


def B(t, c="echo", **k):
    return BashOperator(task_id=t, bash_command=c, **k)


def fn(*a, **k): ...


with DAG("pend", schedule=None, start_date=S) as d:
    p = pendulum.datetime(2024, 3, 30, 12, tz="Europe/Berlin")
    ex = {
        "str": lambda: str(p),
        "f": lambda: f"{p}",
        "ff": lambda: f"{p:%Y%m%d}",
        "ff2": lambda: f"{p:YYYY/MM/DD}",
        "fmt": lambda: p.format("YYYYMMDD[T]HHmmss"),
        "fmt2": lambda: p.format("dddd D MMM YYYY Z zz"),
        "strf": lambda: p.strftime("%Y-%m-%d %H:%M %Z %z"),
        "iso": lambda: p.isoformat(),
        "ds": lambda: p.to_date_string(),
        "dts": lambda: p.to_datetime_string(),
        "iso8": lambda: p.to_iso8601_string(),
        "ts": lambda: p.to_time_string(),
        "add_h": lambda: p.add(hours=24).isoformat(),
        "add_d": lambda: p.add(days=1).isoformat(),
        "td": lambda: (p + timedelta(hours=24)).isoformat(),
        "td2": lambda: (p + timedelta(days=1)).isoformat(),
        "dur": lambda: (p + pendulum.duration(days=1)).isoformat(),
        "dur2": lambda: (p + pendulum.duration(months=1)).isoformat(),
        "sub": lambda: p.subtract(months=1).isoformat(),
        "mend": lambda: pendulum.datetime(2024, 1, 31).add(months=1).isoformat(),
        "diff": lambda: str((p - pendulum.datetime(2024, 3, 1)).days),
        "diffh": lambda: str(p.diff(pendulum.datetime(2024, 3, 1)).in_days()),
        "eom": lambda: p.end_of("month").isoformat(),
        "som": lambda: p.start_of("month").isoformat(),
        "eod": lambda: p.end_of("day").isoformat(),
        "eow": lambda: p.end_of("week").isoformat(),
        "soy": lambda: p.start_of("year").isoformat(),
        "soq": lambda: p.start_of("quarter").isoformat() if False else "x",
        "sod": lambda: p.start_of("decade").isoformat(),
        "next": lambda: p.next(pendulum.MONDAY).isoformat(),
        "prev": lambda: p.previous(pendulum.FRIDAY).isoformat(),
        "dow": lambda: str(p.day_of_week),
        "doy": lambda: str(p.day_of_year),
        "woy": lambda: str(p.week_of_year),
        "dim": lambda: str(p.days_in_month),
        "q": lambda: str(p.quarter),
        "tzn": lambda: p.timezone_name,
        "tz": lambda: str(p.timezone),
        "off": lambda: str(p.offset),
        "offh": lambda: str(p.offset_hours),
        "utc": lambda: str(p.is_utc()),
        "dst": lambda: str(p.is_dst()),
        "ts2": lambda: str(p.timestamp()),
        "its": lambda: str(p.int_timestamp),
        "date": lambda: str(p.date()),
        "time": lambda: str(p.time()),
        "leap": lambda: str(p.is_leap_year()),
        "naive": lambda: str(p.naive()),
        "in_tz": lambda: p.in_timezone("UTC").isoformat(),
        "in_tz2": lambda: str(p.in_tz("Asia/Tokyo")),
        "astz": lambda: p.astimezone(timezone.utc).isoformat(),
        "set": lambda: p.set(hour=3).isoformat(),
        "rep": lambda: p.replace(hour=3).isoformat(),
        "on": lambda: p.on(2025, 1, 1).isoformat(),
        "at": lambda: p.at(1, 2, 3).isoformat(),
        "parse": lambda: str(pendulum.parse("2024-01-02")),
        "parse2": lambda: str(pendulum.parse("20240102T0304")),
        "parse3": lambda: str(pendulum.parse("2024-01-02 03:04:05", tz="Europe/Paris")),
        "parse4": lambda: str(pendulum.parse("2024-W05-1")),
        "parse5": lambda: str(pendulum.parse("P1DT2H")),
        "ffm": lambda: str(pendulum.from_format("2024-02-03 04", "YYYY-MM-DD HH")),
        "fts": lambda: str(pendulum.from_timestamp(1700000000)),
        "inst": lambda: str(pendulum.instance(datetime(2024, 1, 1))),
        "durs": lambda: str(pendulum.duration(days=1, hours=2).total_seconds()),
        "durw": lambda: pendulum.duration(days=10).in_words(),
        "durd": lambda: str(pendulum.duration(weeks=2).days),
        "durh": lambda: str(pendulum.duration(hours=30).total_hours()),
        "cmp": lambda: str(p > pendulum.datetime(2024, 1, 1)),
        "min": lambda: str(min(p, pendulum.datetime(2024, 1, 1))),
        "pdate": lambda: str(pendulum.date(2024, 1, 31).add(months=1)),
        "gap": lambda: pendulum.datetime(2024, 3, 31, 2, 30, tz="Europe/Berlin").isoformat(),
        "fold": lambda: pendulum.datetime(2024, 10, 27, 2, 30, tz="Europe/Berlin").isoformat(),
        "ptz": lambda: pendulum.timezone("Europe/Paris").name,
        "rng": lambda: str(
            [
                x.day
                for x in pendulum.interval(pendulum.datetime(2024, 1, 1), pendulum.datetime(2024, 1, 3)).range("days")
            ]
        ),
        "local": lambda: str(pendulum.local(2024, 1, 1)),
        "repr": lambda: repr(p),
        "avg": lambda: str(p.weekday()),
        "iswk": lambda: str(p.isocalendar()[1]),
        "mid": lambda: str(pendulum.duration(minutes=5)),
        "dl": lambda: p.to_day_datetime_string(),
        "rfc": lambda: p.to_rfc2822_string(),
        "atom": lambda: p.to_atom_string(),
        "neg": lambda: str(-pendulum.duration(days=1)),
        "mul": lambda: str((pendulum.duration(hours=2) * 3).total_seconds()),
    }
    for k, f in ex.items():
        try:
            v = f()
        except Exception as e:
            v = "EXC " + type(e).__name__
        B(k, v)
