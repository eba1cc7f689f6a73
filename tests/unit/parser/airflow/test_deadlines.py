"""`deadline` of DAGs: references stay symbolic, and what is not known is told and not watched."""

from __future__ import annotations

import pytest

from .reading import TWO, errors, only_dag, read

IMPORTS = """
from airflow.sdk import AsyncCallback, SyncCallback, DeadlineAlert, DeadlineReference
from airflow.sdk import BaseDeadlineReference, deadline_reference
from airflow.sdk.definitions.deadline import VariableInterval
async def late(**context): ...
def later(context): ...
HOUR = timedelta(hours=1)
R = DeadlineReference
"""


def deadlines(value: str, before: str = ""):
    text = f'{IMPORTS}{before}\nwith DAG("d", schedule=None, deadline={value}): E()'
    return [one.to_json() for one in only_dag(text).deadlines]


ASYNC = {"callback": "file:late", "asynchronous": True}


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        pytest.param(
            "reference=R.DAGRUN_QUEUED_AT, interval=HOUR, callback=AsyncCallback(late), name='n'",
            {"reference": "queued_at", "interval_s": 3600, "name": "n", **ASYNC},
            id="from the queuing",
        ),
        pytest.param(
            "R.DAGRUN_LOGICAL_DATE, -HOUR, SyncCallback(later, {'x': 1}, executor='e')",
            {"reference": "logical_date", "interval_s": -3600, "callback": "file:later"},
            id="from the logical date, all by place",
        ),
        pytest.param(
            "R.FIXED_DATETIME(datetime(2026, 1, 2)), HOUR, AsyncCallback(late)",
            {"reference": "fixed", "at": {"at": "2026-01-02T00:00:00+00:00"}, "interval_s": 3600, **ASYNC},
            id="a moment",
        ),
        pytest.param(
            "R.FIXED_DATETIME(datetime.now(timezone.utc)), HOUR, AsyncCallback(late)",
            {"reference": "fixed", "at": {"at": None}, "interval_s": 3600, **ASYNC},
            id="a moment that moves",
        ),
        pytest.param(
            "R.AVERAGE_RUNTIME(), HOUR, AsyncCallback(late)",
            {"reference": "average_runtime", "max_runs": 10, "min_runs": 10, "interval_s": 3600, **ASYNC},
            id="the average of ten",
        ),
        pytest.param(
            "R.AVERAGE_RUNTIME(max_runs=5, min_runs=2), VariableInterval('v'), AsyncCallback('a.b.c')",
            {
                "reference": "average_runtime",
                "max_runs": 5,
                "min_runs": 2,
                "interval_variable": "v",
                "callback": "a.b.c",
                "asynchronous": True,
            },
            id="of as many as it is said, and a Variable's interval",
        ),
    ],
)
def test_an_alert_is_what_it_says(alert, expected):
    found = deadlines(f"DeadlineAlert({alert})")
    if expected.get("at") == {"at": None}:
        moment = found[0].pop("at")
        expected = {name: value for name, value in expected.items() if name != "at"}
        assert "at" not in moment, "it is worked out for each run"
    assert found == [expected]


def test_there_may_be_several_and_none():
    alert = "DeadlineAlert(R.DAGRUN_QUEUED_AT, HOUR, AsyncCallback(late))"
    assert len(deadlines(f"[{alert}, {alert}]")) == 2
    assert deadlines("None") == deadlines("[]") == []


OWN = """
@deadline_reference(R.TYPES.DAGRUN_QUEUED)
class Own(BaseDeadlineReference):
    def _evaluate_with(self, *, session, **kwargs): ...
class Other: ...
"""


@pytest.mark.parametrize("reference", ["R.Own", "Own()"])
def test_a_reference_of_ones_own_is_asked_later(reference):
    [found] = deadlines(f"DeadlineAlert({reference}, HOUR, AsyncCallback(late))", OWN)
    assert found == {"reference": "custom", "interval_s": 3600, **ASYNC}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param("DeadlineAlert(Other(), HOUR, AsyncCallback(late))", "no reference that is known", id="a class"),
        pytest.param(
            "DeadlineAlert(R.DAGRUN_QUEUED_AT, secret(), AsyncCallback(late))", "it depends on", id="an interval"
        ),
        pytest.param("secret()", "it depends on", id="all of it"),
        pytest.param("[secret()]", "it depends on", id="one of several"),
        pytest.param("DeadlineAlert(R.DAGRUN_QUEUED_AT, 60, AsyncCallback(late))", "no timedelta", id="a number"),
    ],
)
def test_what_is_not_known_is_not_watched_and_said_so(value, words):
    before = f"{OWN}\nfrom airflow.providers.google.common.utils.get_secret import get_secret as secret"
    [found] = deadlines(value, before)
    assert words in found["unwatched"]


@pytest.mark.parametrize(
    ("alert", "words"),
    [
        pytest.param("R.DAGRUN_QUEUED_AT, HOUR, later", "Callbacks of type function", id="a bare function"),
        pytest.param("R.DAGRUN_QUEUED_AT, HOUR, AsyncCallback(later)", "not awaitable", id="no coroutine function"),
        pytest.param("R.DAGRUN_QUEUED_AT, HOUR, SyncCallback(later, {'context': 1})", "reserved", id="a context"),
        pytest.param("R.DAGRUN_QUEUED_AT, HOUR, SyncCallback('a b')", "dot path", id="no path"),
        pytest.param("R.AVERAGE_RUNTIME(3, 0), HOUR, SyncCallback(later)", "at least 1", id="an average of none"),
        pytest.param("R.DAGRUN_QUEUED_AT, HOUR", "callback", id="no callback"),
    ],
)
def test_what_airflow_refuses_is_refused(alert, words):
    [problem] = errors(read(f'{IMPORTS}with DAG("d", schedule=None, deadline=DeadlineAlert({alert})): E()'))
    assert words in problem


def test_airflow_2_has_none():
    [problem] = errors(read('with DAG("d", schedule=None, deadline=None): E()', TWO))
    assert "deadline" in problem
