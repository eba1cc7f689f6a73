"""Secrets show nowhere: not in the log, the rendered fields, the copy's name, nor in the words of the end."""

from __future__ import annotations

import json

import pytest

HEAD = """
from airflow.sdk import DAG, BaseOperator, Variable, task
from airflow.sdk.exceptions import AirflowSkipException, AirflowFailException
from airflow.sdk.log import mask_secret
from airflow.hooks.base import BaseHook
class Field(BaseOperator):
    template_fields = ("text",)
    def __init__(self, text=None, does=None, **kwargs):
        super().__init__(**kwargs)
        self.text, self.does = text, does
    def execute(self, context):
        print("it is", self.text)
        self.log.info("it is %s", self.text)
        if self.does is not None:
            raise self.does(f"because of {self.text}")
with DAG("d", schedule=None):
    Field(task_id="t", TASK)
"""
SECRET = "very-hidden-9"
PLACES = {
    "a Variable with such a name": "text='{{ var.value.api_password }}'",
    "a part of a Variable of JSON": "text='{{ var.json.settings.token }}'",
    "a connection's password": "text='{{ conn.db.password }}'",
    "a connection's extra": "text='{{ conn.db.extra_dejson.private_key }}'",
    "a connection as a URI": "text='{{ conn.db.get_uri() }}'",
    "a map with such a key": "text={'a': ['{{ conn.db.password }}'], 'password': 'very-hidden-9'}",
    "the name of a copy": "text='{{ conn.db.password }}', map_index_template='{{ task.text }}'",
    "an exception's words": "text='{{ conn.db.password }}', does=ValueError",
    "a failure without another try": "text='{{ conn.db.password }}', does=AirflowFailException",
    "why it is skipped": "text='{{ conn.db.password }}', does=AirflowSkipException",
}


@pytest.mark.parametrize("task", PLACES.values(), ids=PLACES.keys())
def test_a_secret_shows_nowhere(dags, capsys, task):
    dags.client.variables = {"api_password": SECRET, "settings": json.dumps({"token": SECRET, "plain": "x"})}
    dags.client.connections = {
        "db": {"conn_id": "db", "conn_type": "x", "host": "h", "login": "me", "password": SECRET,
               "extra": json.dumps({"private_key": SECRET})}
    }  # fmt: skip
    outcome = dags.write(HEAD.replace("TASK", task)).run()
    told = [
        capsys.readouterr().out,
        json.dumps(outcome),
        json.dumps(dags.client.rendered),
        json.dumps(dags.client.labels),
    ]
    assert [text for text in told if SECRET in text] == []
    assert any("***" in text for text in told)


def test_what_is_too_short_or_named_otherwise_stays(dags, capsys):
    dags.client.variables = {"colour": "turquoise", "pin_password": "1234"}
    dags.write(HEAD.replace("TASK", "text='{{ var.value.colour }} {{ var.value.pin_password }}'")).run()
    assert "it is turquoise 1234" in capsys.readouterr().out
