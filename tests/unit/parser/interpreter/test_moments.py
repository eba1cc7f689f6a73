"""Moments that move with the clock (decision 4): each form of them, held against Python itself at several times."""

from __future__ import annotations

import datetime as dt
import os
import time as clock
from datetime import datetime, timedelta

import pytest
import time_machine

from goflow.domain.moments import Moment
from goflow.domain.spec import Dialect, Inputs, seen_at
from goflow.parser.api import Folder, parse_file

CLOCKS = [
    dt.datetime(2026, 3, 30, 1, 23, 45, 678901, tzinfo=dt.UTC),  # a day after Berlin's clocks were set forward
    dt.datetime(2026, 10, 26, 5, 7, 11, 130009, tzinfo=dt.UTC),  # a day after they were set back
    dt.datetime(2027, 12, 31, 23, 30, 0, 1, tzinfo=dt.UTC),
    dt.datetime(2028, 2, 29, 12, 0, 0, 0, tzinfo=dt.UTC),
]
FORMS = """
datetime.now()
datetime.utcnow()
datetime.today()
datetime.now(timezone.utc)
datetime.now(tz=ZoneInfo("Europe/Berlin"))
datetime.now(pytz.utc)
datetime.now(pytz.timezone("Asia/Tokyo"))
datetime.now(timezone(timedelta(hours=2)))
datetime.now() - timedelta(days=1)
timedelta(days=-1) + datetime.now()
datetime.now() - timedelta(days=1) + timedelta(hours=3)
datetime.now() - relativedelta(days=1)
datetime.now() - relativedelta(months=1)
datetime.now() + relativedelta(years=-1, months=2, days=3, hour=4, minute=0)
datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
datetime.now().replace(hour=6, minute=30, second=0, microsecond=0)
datetime.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)
datetime.now().replace(minute=15, second=0, microsecond=0)
datetime.now().replace(microsecond=0)
datetime.now().replace(hour=0)
datetime.now().replace(hour=0, minute=0)
datetime.now().replace(day=1)
datetime.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
datetime.now().replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
datetime.now().replace(day=1).replace(hour=3) - timedelta(days=1)
(datetime.now() - timedelta(hours=30)).replace(hour=0, minute=0, second=0, microsecond=0)
datetime.now().replace(tzinfo=timezone.utc)
datetime.now().replace(tzinfo=ZoneInfo("Europe/Berlin"))
datetime.now(timezone.utc).astimezone(ZoneInfo("Europe/Berlin"))
datetime.now(timezone.utc).astimezone(ZoneInfo("Europe/Berlin")).replace(hour=0, minute=0, second=0, microsecond=0)
datetime.now(ZoneInfo("Europe/Berlin")) - timedelta(days=2, hours=3)
datetime.now(ZoneInfo("Europe/Berlin")).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
datetime.combine(datetime.today(), datetime.min.time())
datetime.combine(datetime.today() - timedelta(1), time(3, 30))
datetime.combine(date.today() - timedelta(days=7), time.min)
datetime.combine(date.today(), time(5, tzinfo=ZoneInfo("Europe/Berlin")))
datetime.combine(date.today(), time(5), tzinfo=timezone.utc)
datetime(date.today().year, date.today().month, date.today().day)
datetime(datetime.now().year, 1, 1)
datetime((datetime.now() - timedelta(days=40)).year, (datetime.now() - timedelta(days=40)).month, 1, 6)
datetime(datetime.now().year - 1, 1, 1)
datetime(datetime.now().year + 1, 6, 30, 12)
datetime((datetime.now() - relativedelta(months=1)).year, (datetime.now() - relativedelta(months=1)).month, 1)
datetime(*date.today().timetuple()[:3])
datetime.strptime(datetime.now().strftime("%Y-%m-%d"), "%Y-%m-%d")
datetime.strptime((datetime.now() - timedelta(1)).strftime("%Y-%m-%d %H:%M"), "%Y-%m-%d %H:%M")
datetime.strptime(str(date.today()), "%Y-%m-%d")
datetime.fromisoformat(date.today().isoformat())
datetime.fromisoformat(pendulum.now("UTC").to_date_string())
copy.copy(datetime.now())
dt.datetime.now(dt.timezone.utc) - dt.timedelta(weeks=1)
days_ago(1)
days_ago(2, hour=3)
days_ago(1) + timedelta(hours=2)
days_ago(1).replace(hour=3)
days_ago(1).replace(tzinfo=ZoneInfo("Europe/Berlin"))
pendulum.now("UTC")
pendulum.now("Europe/Berlin")
pendulum.now(tz="Europe/Berlin").subtract(days=1)
pendulum.now("Europe/Berlin").subtract(hours=26)
pendulum.now("Europe/Berlin").subtract(days=1, hours=2)
pendulum.now("Europe/Berlin") - timedelta(days=2)
pendulum.now("Europe/Berlin") - pendulum.duration(days=2)
pendulum.now("UTC").subtract(months=1)
pendulum.now("Europe/Berlin").start_of("day").subtract(days=1)
pendulum.now("UTC").subtract(hours=5).start_of("hour")
pendulum.now("UTC").start_of("week")
pendulum.now("Europe/Berlin").subtract(weeks=1).start_of("week")
pendulum.now("UTC").start_of("month").add(days=2)
pendulum.now("UTC").start_of("year")
pendulum.today("UTC").add(days=-2)
pendulum.today("Europe/Berlin").add(hours=3)
pendulum.yesterday("Europe/Berlin")
pendulum.tomorrow("UTC")
pendulum.now("UTC").add(days=-1).replace(hour=2, minute=0, second=0, microsecond=0)
pendulum.now("UTC").at(2, 30)
pendulum.now("UTC").set(hour=0, minute=0, second=0, microsecond=0)
pendulum.now("UTC").set(tz="Europe/Berlin")
pendulum.now("UTC").in_timezone("Europe/Berlin").start_of("day")
pendulum.now("Europe/Berlin").naive()
pendulum.instance(datetime.now())
pendulum.instance(datetime.now() - timedelta(days=1), tz="Europe/Berlin")
pendulum.datetime(pendulum.now("UTC").year, 1, 1)
pendulum.datetime(pendulum.now("UTC").year, pendulum.now("UTC").month, 1, tz="Europe/Berlin")
pytz.utc.localize(datetime.utcnow())
pytz.timezone("Asia/Tokyo").localize(datetime.now())
""".strip().splitlines()
LIBRARIES = """
import copy
import datetime as dt
from datetime import date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo
import pendulum, pytz
from dateutil.relativedelta import relativedelta
"""
HEAD = f"""{LIBRARIES}
from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.utils import timezone as airflow_timezone
from airflow.utils.dates import days_ago
"""


def days_ago(n, hour=0, minute=0):
    return datetime.now(dt.UTC).replace(hour=hour, minute=minute, second=0, microsecond=0) - timedelta(days=n)


@pytest.fixture
def utc(monkeypatch):
    """The local zone of Airflow's images."""
    monkeypatch.setitem(os.environ, "TZ", "UTC")
    clock.tzset()
    yield
    monkeypatch.undo()
    clock.tzset()


@pytest.fixture
def read(tmp_path):
    def run(text, **environment):
        (tmp_path / "a.py").write_text(HEAD + text)
        return parse_file(Folder(tmp_path, dialect=Dialect.AIRFLOW2), "a.py", Inputs(environment=environment))

    return run


def start_of(read, form):
    result = read(f"dag = DAG('d', schedule=None, start_date={form})\n")
    assert result.dags, [found.message for found in result.diagnostics]
    return result.dags[0]


@pytest.mark.parametrize("form", FORMS)
def test_a_moment_that_moves_is_what_python_says_at_any_time(read, utc, form):
    dag = start_of(read, form)
    assert dag.start_date.symbolic
    names = {"days_ago": days_ago}
    exec(LIBRARIES, names)
    for now in CLOCKS:
        with time_machine.travel(now, tick=False):
            told = eval(form, names)
        aware = told if told.tzinfo is not None else told.replace(tzinfo=dt.UTC)
        assert dag.start_date.resolve(now) == aware.astimezone(dt.UTC), now
        zone = getattr(aware.tzinfo, "key", None) or getattr(aware.tzinfo, "zone", None) or aware.tzinfo.utcoffset(None)
        assert dag.timezone in {str(zone), {None: "UTC", timedelta(0): "UTC", timedelta(hours=2): "+02:00"}.get(zone)}


@pytest.mark.parametrize("form", FORMS)
def test_it_is_the_same_after_a_time_in_store_and_mints_no_version(read, form):
    dag = start_of(read, form)
    assert Moment.from_json(dag.start_date.to_json()) == dag.start_date
    assert start_of(read, form).digest() == dag.digest()


@pytest.mark.parametrize(
    "form",
    [
        "airflow_timezone.utcnow() - timedelta(days=1)",
        "airflow_timezone.make_aware(datetime.now() - timedelta(days=1), pendulum.timezone('Europe/Berlin'))",
        "airflow_timezone.convert_to_utc(datetime.now())",
        "airflow_timezone.make_naive(airflow_timezone.utcnow())",
    ],
)
def test_the_functions_of_airflow_s_own_timezone_keep_it(read, form):
    dag = start_of(read, form)
    assert dag.start_date.symbolic
    assert dag.timezone == ("Europe/Berlin" if "Berlin" in form else "UTC")


@pytest.mark.parametrize(
    ("form", "meant"),
    [
        ("airflow_timezone.make_aware(datetime.now())", "datetime.now().replace(tzinfo=ZoneInfo('Europe/Berlin'))"),
        ("airflow_timezone.convert_to_utc(datetime.now())", "datetime.now().replace(tzinfo=ZoneInfo('Europe/Berlin'))"),
        (
            "airflow_timezone.convert_to_utc(datetime.now(ZoneInfo('Asia/Tokyo')))",
            "datetime.now(ZoneInfo('Asia/Tokyo'))",
        ),
        (
            "airflow_timezone.make_naive(airflow_timezone.utcnow()).replace(tzinfo=ZoneInfo('Asia/Tokyo'))",
            "datetime.now(ZoneInfo('Europe/Berlin')).replace(tzinfo=ZoneInfo('Asia/Tokyo'))",
        ),
        ("datetime.now()", "datetime.now().replace(tzinfo=ZoneInfo('Europe/Berlin'))"),
    ],
)
def test_the_default_zone_is_that_of_moments_without_one(read, utc, form, meant):
    text = f"dag = DAG('d', schedule=None, start_date={form})\n"
    dag = read(text, AIRFLOW__CORE__DEFAULT_TIMEZONE="Europe/Berlin").dags[0]
    assert dag.start_date.symbolic
    names = {}
    exec(LIBRARIES, names)
    for now in CLOCKS:
        with time_machine.travel(now, tick=False):
            assert dag.start_date.resolve(now) == eval(meant, names).astimezone(dt.UTC), now


@pytest.mark.parametrize(
    "form",
    [
        "datetime(datetime.now().year, datetime.now().month, min(datetime.now().day, 10))",
        "datetime(datetime.now().year, 1 + datetime.now().month // 2, 1)",
        "datetime(datetime.now().year, 1, -(-datetime.now().day))",
        "datetime(int(datetime.now().strftime('%Y')[:4]) - 1, 1, 1)",
        "datetime.strptime(date.today().isoformat() + 'x', '%Y-%m-%dx')",
        "datetime.strptime(date.today().isoformat().replace('2', '1'), '%Y-%m-%d')",
        "datetime.strptime(f'1{date.today()}'[1:], '%Y-%m-%d')",
    ],
)
def test_what_was_calculated_from_a_part_is_not_the_part(read, form):
    result = read(f"dag = DAG('d', schedule=None, start_date={form})\n")
    assert [found.code for found in result.diagnostics] == ["GF101"]


TEXTS = """
f"{date.today()}"
str(date.today())
f"{date.today()}T{time(hour=12, minute=17)}+00:00"
"run of " + date.today().isoformat() + "!"
f"{datetime.now():%Y%m%d}"
(date.today() - timedelta(days=1)).strftime("%d.%m.%Y")
f"{datetime.now(ZoneInfo('Europe/Berlin')):%Y-%m-%d %H:%M:%S} in Berlin" " and here"
""".strip().splitlines()


@pytest.mark.parametrize("form", TEXTS)
def test_a_text_that_shows_the_time_is_what_python_says_at_any_time(read, utc, form):
    dag = read(f"dag = DAG('d', schedule=None, params={{'p': {form}}})\n").dags[0]
    assert "text" in dag.params["p"]["$hole"]
    names = {}
    exec(LIBRARIES, names)
    for now in CLOCKS:
        with time_machine.travel(now, tick=False):
            assert seen_at(dag.params, now) == {"p": eval(form, names)}


@pytest.mark.parametrize(
    "form",
    [
        "f'{datetime.now()}'",
        "f'{datetime.now().month:02d}'",
        "f'{date.today()!r}'",
        "f'{[date.today()]}'",
        "date.today().isoformat()[5:]",
        "date.today().isoformat().upper()",
        "'of %s' % date.today()",
        "'of {}'.format(date.today())",
        "' '.join([str(date.today()), 'of'])",
        "f'{date.today():>20}'",
        "date.today().isoformat() * 2",
    ],
)
def test_any_other_text_of_the_time_is_not_known(read, form):
    dag = read(f"dag = DAG('d', schedule=None, params={{'p': {form}}})\n").dags[0]
    assert "text" not in dag.params["p"]["$hole"]


def test_it_is_kept_in_end_dates_default_arguments_and_tasks(read):
    text = """
with DAG("d", schedule=None, end_date=datetime.now() + timedelta(days=30),
         default_args={"start_date": days_ago(2), "end_date": date.today() and pendulum.tomorrow("UTC")}) as dag:
    BashOperator(task_id="t", bash_command="", start_date=pendulum.today("UTC").subtract(months=1))
"""
    dag = read(text).dags[0]
    moments = [dag.end_date, dag.tasks[0].start_date, dag.tasks[0].end_date]
    assert [moment.symbolic for moment in moments] == [True] * 3


@pytest.mark.parametrize(
    "form",
    [
        "datetime.now() - timedelta(minutes=datetime.now().minute)",
        "max(datetime.now(), datetime(2020, 1, 1))",
        "datetime(datetime.now().year, 1, date.today().month)",
        "datetime.strptime(datetime.now().strftime('%d'), '%d')",
        "datetime.now() + relativedelta(weekday=0)",
        "pendulum.now('UTC') - pendulum.duration(months=1)",
        "datetime.fromordinal(date.today().toordinal())",
    ],
)
def test_what_cannot_be_kept_is_an_error_and_never_frozen(read, form):
    result = read(f"dag = DAG('d', schedule=None, start_date={form})\n")
    assert result.dags == ()
    assert [found.code for found in result.diagnostics] == ["GF101"]
