"""What is a secret, and how it stands in a line."""

from __future__ import annotations

import json

import pytest

from goflow.logs.masking import Masker
from goflow.store import Store, connections, variables
from goflow.store.rows import Connection, LogRow

KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nshort\n-----END PRIVATE KEY-----"


def masked(masker: Masker, *texts: str) -> list[str]:
    given = [LogRow(seq=n, at=0.0, stream="out", text=text) for n, text in enumerate(texts, 1)]
    return [row.text for row in masker.rows(given)]


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    extra = {"account": "not-a-secret", "client_secret": "abcdef123", "nested": {"API_KEY": ["k-1234567", 5]}}
    with sqlite_store.transaction() as tx:
        row = Connection(conn_id="a", conn_type="x", login="not-login", password="p@ss word", extra=json.dumps(extra))
        connections.set_(tx, row, who="test")
        variables.set_(tx, "DB_PASSWORD", "correct horse", who="test")
        variables.set_(tx, "plain", "shown value", who="test")
        variables.set_(tx, "config", json.dumps({"token": "t-987654", "host": "shown host"}), who="test")
        variables.set_(tx, "secret_short", "abc", who="test")
        variables.set_(tx, "deploy_private_key", KEY, who="test")
        variables.set_(tx, "pin_code", "998877", who="test")
    return sqlite_store


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("is p@ss word!", "is ***!"),
        ("x://u:p%40ss%20word@h", "x://u:***@h"),
        ("not-login and not-a-secret", "not-login and not-a-secret"),
        ("abcdef123 k-1234567 5", "*** *** 5"),
        ("correct horse, shown value", "***, shown value"),
        ("t-987654 at shown host", "*** at shown host"),
        ("abc stays: it is too short", "abc stays: it is too short"),
        ("key MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", "key ***"),
        ("short stays", "short stays"),
        (json.dumps({"key": KEY}), '{"key": "***"}'),
        ("998877", "998877"),
    ],
)
def test_secrets_are_masked_however_they_stand_there(store: Store, text: str, shown: str):
    assert masked(Masker(store), "before", text) == ["before", shown]


def test_words_of_ones_own_name_secrets(store: Store):
    assert masked(Masker(store, ["PIN"]), "998877") == ["***"]


def test_a_secret_that_is_set_later_is_masked_from_then_on(store: Store):
    masker = Masker(store)
    assert masked(masker, "new-secret") == ["new-secret"]
    with store.transaction() as tx:
        variables.set_(tx, "my_token", "new-secret", who="test")
    assert masked(masker, "new-secret") == ["***"]
    with store.transaction() as tx:
        variables.delete_(tx, "my_token", who="test")
    assert masked(masker, "new-secret") == ["new-secret"]


def test_lines_without_secrets_are_handed_on_as_they_are(store: Store):
    rows = [LogRow(seq=1, at=0.0, stream="out", text="nothing")]
    assert Masker(store).rows(rows) is rows
