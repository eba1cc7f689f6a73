"""`goflow users` and `goflow tokens`, without a daemon: over the database in this process."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from goflow import settings
from goflow.cli import main
from goflow.domain.roles import Role
from goflow.home import open_store
from goflow.server.signin import passwords
from goflow.store import events, tokens, users
from tests.unit.server.serving import serving

PASSWORD = "correct horse"


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The store of a home of the test's own, and no daemon."""
    monkeypatch.setenv("GOFLOW_HOME", str(tmp_path))
    for name in ("GOFLOW_DATABASE_URL", "GOFLOW_SERVER", "GOFLOW_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    store = open_store(settings.load())
    yield store
    store.close()


def run(*words, **more):
    done = CliRunner().invoke(main, words, **more)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_user_is_made_changed_and_removed(store):
    asked = run("users", "create", "anna", "--role", "operator", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert PASSWORD not in asked
    assert asked.endswith("user anna is made (operator)\n")
    run("users", "create", "bert", "--password-stdin", input="battery staple\n")
    rows = json.loads(run("users", "list", "--json"))
    assert [(row["name"], row["role"], row["signs_in_by"]) for row in rows] == [
        ("anna", "operator", "password"),
        ("bert", "viewer", "password"),
    ]
    assert run("users", "set-role", "bert", "admin") == "user bert is admin\n"
    run("users", "set-password", "anna", "--password-stdin", input="another one\n")
    assert run("users", "sign-out", "anna") == "0 sessions of user anna have ended\n"
    assert run("users", "delete", "bert") == "user bert is removed\n"
    with store.reading() as tx:
        (anna,) = users.list_(tx)
        assert {event.who for event in events.after(tx, 0) if event.kind.startswith("user")} == {"cli"}
    assert passwords.is_right("another one", anna.password_hash)


def test_what_is_refused_is_told_in_words(store):
    short = CliRunner().invoke(main, ["users", "create", "anna", "--password-stdin"], input="short\n")
    assert short.exit_code == 1
    assert "at least 8 characters" in short.output
    nobody = CliRunner().invoke(main, ["users", "set-role", "anna", "admin"])
    assert (nobody.exit_code, nobody.output) == (1, "Error: Not found: user anna\n")


def test_a_token_is_made_with_a_role_and_the_client_takes_it(store, monkeypatch):
    token = run("tokens", "create", "reads", "--role", "viewer").strip()
    run("tokens", "create", "all")
    with store.reading() as tx:
        assert {row.name: row.role for row in tokens.list_(tx)} == {"reads": Role.VIEWER, "all": Role.ADMIN}
    rows = json.loads(run("tokens", "list", "--json"))
    assert [(row["name"], row["role"]) for row in rows] == [("all", "admin"), ("reads", "viewer")]
    with serving(store) as url:
        monkeypatch.setenv("GOFLOW_SERVER", url)
        monkeypatch.setenv("GOFLOW_API_TOKEN", token)
        assert run("dags", "list")
        refused = CliRunner().invoke(main, ["pools", "set", "p", "1"])
    assert refused.exit_code == 1
    assert refused.output == "Error: Your role does not allow this: reads is viewer, and this takes operator\n"
