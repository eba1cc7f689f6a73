"""What REST's answers are made of, without a server: hidden values, schedules in words, tokens, bulk changes."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import HTTPException

from goflow.domain.errors import InvalidRequestError
from goflow.domain.spec import Schedule, TaskSpec
from goflow.server.rest import cursors, masking, naming, schedules, shapes
from goflow.server.rest.bulk import BulkBody, Hands, carry_out
from goflow.server.rest.paging import Paging, conditions, run_states, task_states
from goflow.server.rest.pools import PoolBody
from goflow.server.rest.runs import RunQuery
from goflow.store.listing import Op

HIDDEN: dict[str, tuple[str | None, str, str | None]] = {
    "plain": ("v", "key", "v"),
    "a secret name": ("v", "db_password", "***"),
    "a secret name in other writing": ("v", "API-Key", "***"),
    "secrets inside": ('{"token": "t", "n": 1}', "conf", '{"token": "***", "n": 1}'),
    "deeper inside": ('{"a": [{"secret": [1, ""]}]}', "conf", '{"a": [{"secret": ["***", ""]}]}'),
    "all of it": ('{"a": 1}', "my_token", '{"a": "***"}'),
    "nothing": (None, "password", None),
    "empty": ("", "password", ""),
}


@pytest.mark.parametrize(("text", "name", "shown"), HIDDEN.values(), ids=HIDDEN)
def test_what_is_secret_by_its_name_is_hidden(text: str | None, name: str, shown: str | None) -> None:
    assert masking.masked_text(text, name) == shown


WORDS: dict[str, tuple[Schedule, str | None, str, bool]] = {
    "none": (Schedule(), None, "Never, external triggers only", False),
    "cron": (Schedule(kind="cron", crons=("0 6 * * *",)), "0 6 * * *", "At 06:00", True),
    "six fields": (Schedule(kind="cron", crons=("0 6 * * * 5",)), "0 6 * * * 5", "", True),
    "either day": (
        Schedule(kind="cron", crons=("0 0 1 * 1",)),
        "0 0 1 * 1",
        "At 00:00, on day 1 of the month (or) At 00:00, only on Monday",
        True,
    ),
    "every day": (Schedule(kind="delta", every_s=86400.0), "1 day, 0:00:00", "", True),
    "every month": (Schedule(kind="delta", relative={"months": 1}), "relativedelta(months=+1)", "", True),
    "once": (Schedule(kind="once"), "@once", "Once, as soon as possible", False),
    "assets": (Schedule(kind="assets"), "Asset", "Triggered by assets", False),
    "assets or a time": (
        Schedule(kind="asset_or_time", time=Schedule(kind="cron", crons=("0 6 * * *",))),
        "Asset or 0 6 * * *",
        "Triggered by assets or At 06:00",
        True,
    ),
}


@pytest.mark.parametrize(("schedule", "summary", "words", "periodic"), WORDS.values(), ids=WORDS)
def test_schedules_have_airflows_words(schedule: Schedule, summary: str | None, words: str, periodic: bool) -> None:
    assert schedules.summary(schedule) == summary
    assert schedules.description(schedule) == words
    assert schedules.is_periodic(schedule) is periodic


@pytest.mark.parametrize("path", ["a.py", "größe/b.py", "bad\udc80.py"])
def test_a_file_is_named_by_a_token(path: str) -> None:
    assert naming.path_of(naming.file_token(path)) == path
    assert 0 <= naming.path_number(path) < 2**48


def test_what_is_no_token_names_nothing() -> None:
    assert naming.path_of("é") is None
    assert naming.path_of("A") is None


def test_operators_are_shown_as_airflow_shows_them() -> None:
    path = "airflow.providers.standard.operators.bash.BashOperator"
    bash = TaskSpec(task_id="t", operator="BashOperator", operator_path=path)
    assert naming.operator_name(bash) == "BashOperator"
    assert naming.operator_name(TaskSpec(task_id="t", operator="_PythonDecoratedOperator")) == "@task"
    assert naming.ui_color(TaskSpec(task_id="t", operator="Mine", operator_path="mine.Mine")) == "#fff"


def test_pages_by_cursor_follow_each_other() -> None:
    rows = [{"n": number} for number in range(5)]

    def ask(page: Any) -> tuple[list[dict[str, Any]], int]:
        return rows[page.offset :][: page.limit], len(rows)

    seen, cursor = [], ""
    while cursor is not None:
        found = cursors.answer("rows", RunQuery(limit=2, cursor=cursor), ask)
        seen += found["rows"]
        assert (found["previous_cursor"] is None) is (cursor == "")
        cursor = found["next_cursor"]
    assert seen == rows


@pytest.mark.parametrize("cursor", ["x", "é", "YXQ6LTE", "YXQ6OTk5OTk5OTk5OTk5OTk5OTk5OTk"])
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(HTTPException, match="400"):
        cursors.answer("rows", RunQuery(cursor=cursor), lambda page: ([], 0))


def test_a_filters_name_says_how_it_is_meant() -> None:
    query = RunQuery(dag_id_pattern="e", run_id_prefix_pattern="m", duration_gt=1.5, dag_version=[1, 2], limit=3)
    found = {(one.field, one.op): one.value for one in query.conditions()}
    assert found == {
        ("duration", Op.GT): 1.5,
        ("dag_version", Op.IN): [1, 2],
        ("run_id", Op.PREFIX): "m",
        ("dag_id", Op.CONTAINS): "e",
    }
    assert conditions(Paging()) == []
    assert Paging(limit=10**6).page().limit == 1000


def test_states_are_checked() -> None:
    assert task_states([None, "no_status", "failed"]) == ["none", "none", "failed"]
    assert run_states(["queued"]) == ["queued"]
    with pytest.raises(HTTPException, match="422"):
        run_states(["happy"])


def test_bulk_changes_tell_what_worked_and_what_did_not() -> None:
    there = {"a": 1, "b": 2}

    def remove(key: str) -> None:
        if key == "b":
            raise InvalidRequestError("b stays")
        del there[key]

    hands = Hands(
        things="pools",
        key=lambda entity: entity if isinstance(entity, str) else entity.name,
        present=there.__contains__,
        make=lambda entity: there.update({entity.name: entity.slots}),
        change=lambda entity, mask: there.update({entity.name: entity.slots}),
        remove=remove,
    )
    body = BulkBody[PoolBody].model_validate(
        {
            "actions": [
                {"action": "create", "entities": [{"name": "a", "slots": 7}]},
                {"action": "create", "entities": [{"name": "c", "slots": 3}, {"name": "a", "slots": 9}], "action_on_existence": "skip"},
                {"action": "create", "entities": [{"name": "a", "slots": 8}], "action_on_existence": "overwrite"},
                {"action": "update", "entities": [{"name": "z", "slots": 1}]},
                {"action": "update", "entities": [{"name": "z", "slots": 1}, {"name": "c", "slots": 4}], "action_on_non_existence": "skip"},
                {"action": "delete", "entities": ["a", "b"]},
            ]
        }
    )  # fmt: skip
    told = carry_out(body.actions, hands)
    assert there == {"b": 2, "c": 4}
    assert told["create"]["success"] == ["c", "a"]
    assert [one["status_code"] for one in told["create"]["errors"]] == [409]
    assert (told["update"]["success"], [one["status_code"] for one in told["update"]["errors"]]) == (["c"], [404])
    assert (told["delete"]["success"], [one["status_code"] for one in told["delete"]["errors"]]) == (["a"], [400])


def test_lengths_of_time_and_params_have_airflows_form() -> None:
    assert (shapes.duration(None), shapes.duration(5400.0)) == (None, "PT1H30M")
    assert shapes.delta(90061.5) == {"__type": "TimeDelta", "days": 1, "seconds": 3661, "microseconds": 500000}
    told = shapes.params({"n": 1}, {"n": {"type": "integer", "description": "how many"}})
    assert told["n"] == {"value": 1, "schema": {"type": "integer"}, "description": "how many", "source": None}
