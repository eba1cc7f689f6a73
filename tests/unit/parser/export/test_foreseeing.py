"""The first runs by a timetable class of the author's own, found without running it."""

from __future__ import annotations

import datetime as dt
import textwrap

import pytest

from goflow.cli.export import next_runs
from goflow.domain.spec import Dialect, Inputs
from goflow.parser.api import Folder, Foresight, parse_file
from goflow.parser.export import file_document
from goflow.parser.interpreter import session

NOW = dt.datetime(2024, 5, 8, 9, 30, tzinfo=dt.UTC)
HEAD = """
from datetime import timedelta
import pendulum
from pendulum import UTC, Date, DateTime, Time
from airflow import DAG
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
"""
END = "dag = DAG('x', schedule=Own(), start_date=pendulum.datetime(2024, 1, 4, 6, tz='Europe/Rome'){more})\n"
DAILY = """
class Own(Timetable):
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        if last_automated_data_interval is not None:
            start = last_automated_data_interval.end
        elif restriction.earliest is None:
            return None
        elif restriction.earliest.time() != Time.min:
            start = DateTime.combine(restriction.earliest.date() + timedelta(days=1), Time.min)
        else:
            start = restriction.earliest
        start = start.replace(tzinfo=UTC)
        while start.weekday() in (5, 6):
            start = start.add(days=1)
        if restriction.latest is not None and start > restriction.latest:
            return None
        return DagRunInfo.interval(start=start, end=start + timedelta(days=1))
"""


def runs_of(tmp_path, text: str, dialect: Dialect = Dialect.AIRFLOW3, absent: frozenset[str] = frozenset()):
    (tmp_path / "a.py").write_text(HEAD + textwrap.dedent(text))
    folder = Folder(tmp_path, dialect=dialect, foresight=Foresight(3, NOW))
    result = parse_file(folder, "a.py", Inputs(absent_modules=absent))
    assert not [one for one in result.diagnostics if one.code not in {"GF302", "GF006"}]
    return file_document(result, next_runs, NOW)["dags"]["x"]["next_runs"]


def own(body: str) -> str:
    head = "class Own(Timetable):\n    def next_dagrun_info(self, last_automated_data_interval, restriction):\n"
    return head + textwrap.indent(textwrap.dedent(body), "        ") + "\n" + END.format(more="")


def day(date: str, hour: int = 0) -> str:
    return f"{date}T{hour:02d}:00:00+00:00"


@pytest.mark.parametrize("dialect", Dialect)
def test_the_first_three_runs_are_what_the_class_answers(tmp_path, dialect):
    assert runs_of(tmp_path, DAILY + END.format(more=""), dialect) == [
        [day("2024-01-05"), day("2024-01-05"), day("2024-01-06"), day("2024-01-06")],
        [day("2024-01-08"), day("2024-01-08"), day("2024-01-09"), day("2024-01-09")],
        [day("2024-01-09"), day("2024-01-09"), day("2024-01-10"), day("2024-01-10")],
    ]


def test_an_end_date_and_a_missing_start_date_are_told_to_it(tmp_path):
    until = ", end_date=pendulum.datetime(2024, 1, 8)"
    assert [run[0] for run in runs_of(tmp_path, DAILY + END.format(more=until))] == [
        day("2024-01-05"),
        day("2024-01-08"),
    ]
    assert runs_of(tmp_path, DAILY + "dag = DAG('x', schedule=Own())\n") == []


ANSWERS = {
    "exact moments": ("return DagRunInfo.exact(restriction.earliest)", [[day("2024-01-04", 5)] * 4] * 3),
    "an interval of one moment": (
        "at = restriction.earliest.start_of('day')\nreturn DagRunInfo(at.add(hours=1), DataInterval.exact(at))",
        [[day("2024-01-04"), day("2024-01-04"), day("2024-01-04"), day("2024-01-04", 1)]] * 3,
    ),
    "no run": ("return None", []),
    "today": (
        "at = DateTime.combine(Date.today(), Time.min).replace(tzinfo=UTC)\nreturn DagRunInfo.exact(at)",
        [[day("2024-05-08")] * 4] * 3,
    ),
    "attributes of what it is given": (
        "assert isinstance(restriction, TimeRestriction) and restriction.catchup\n"
        "info = DagRunInfo.interval(restriction.earliest, end=restriction.earliest)\n"
        "assert info.logical_date == info.data_interval.start == info.run_after\n"
        "return info",
        [[day("2024-01-04", 5)] * 4] * 3,
    ),
}


@pytest.mark.parametrize(("body", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_answers(tmp_path, body, expected):
    assert runs_of(tmp_path, own(body)) == expected


UNKNOWN = {
    "what only run time tells": (
        "import requests\nif requests.get('x'):\n    return None\nreturn DagRunInfo.exact(restriction.earliest)",
        "requests",
    ),
    "a loop that may be left": (
        "import requests\nat = restriction.earliest\nfor i in range(3):\n    if requests.get('x'):\n        break\n"
        "    at = at.add(days=1)\nreturn DagRunInfo.exact(at)",
        "requests",
    ),
    "a loop that only what is not known can end": (
        "import requests\nat = restriction.earliest\nwhile True:\n    if requests.get('x'):\n        break\n"
        "    at = at.add(days=1)\nreturn DagRunInfo.exact(at)",
        "requests",
    ),
    "a moment that is not known": ("import requests\nreturn DagRunInfo.exact(requests.get('x'))", "requests"),
    "a moment without a zone": ("return DagRunInfo.exact(restriction.earliest.naive())", "no moment with a zone"),
    "an exception": ("raise ValueError('not today')", "not today"),
    "a loop that does not end": ("while True:\n    pass", "steps"),
    "what Airflow's own class does not implement": (
        "return super().next_dagrun_info(last_automated_data_interval=None, restriction=restriction)",
        "NotImplementedError",
    ),
}


@pytest.mark.parametrize(("body", "reason"), UNKNOWN.values(), ids=UNKNOWN)
def test_what_is_not_known_is_said_with_its_reason(tmp_path, monkeypatch, body, reason):
    monkeypatch.setattr(session, "MOST_STEPS", 50_000)  # two of them take as many as there are
    found = runs_of(tmp_path, own(body))
    assert set(found) == {"unknown"}
    assert reason in found["unknown"]


def test_methods_of_airflows_own_classes_are_not_guessed(tmp_path):
    text = "from airflow.timetables.trigger import CronTriggerTimetable\nclass Own(CronTriggerTimetable):\n    pass\n"
    schedule = "dag = DAG('x', schedule=Own('0 5 * * *', timezone='UTC'), start_date=pendulum.datetime(2024, 1, 4))\n"
    assert "next_dagrun_info of Airflow's own CronTriggerTimetable" in runs_of(tmp_path, text + schedule)["unknown"]


HOLIDAYS = """
class Own(Timetable):
    @classmethod
    def holidays(cls):
        try:
            from pandas.tseries.holiday import USFederalHolidayCalendar
            return USFederalHolidayCalendar()
        except ImportError:
            return None

    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        at = restriction.earliest
        if self.holidays() is not None and at in self.holidays().holidays():
            at = at.add(days=1)
        return DagRunInfo.exact(at)
"""


def test_a_module_that_the_containers_do_not_have_is_not_imported(tmp_path):
    text = HOLIDAYS + END.format(more="")
    assert "pandas" in runs_of(tmp_path, text)["unknown"]
    assert runs_of(tmp_path, text, absent=frozenset({"pandas"})) == [[day("2024-01-04", 5)] * 4] * 3


def test_nothing_is_asked_where_nobody_wants_to_know(tmp_path):
    (tmp_path / "a.py").write_text(HEAD + own("raise ValueError"))
    assert parse_file(Folder(tmp_path), "a.py", Inputs()).foreseen == {}
