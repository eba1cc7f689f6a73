"""Every store case runs on SQLite and on PostgreSQL: users, their sessions, and how often somebody may try to sign in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from goflow.domain.errors import AlreadyExistsError, InvalidRequestError, NotFoundError
from goflow.domain.roles import Role
from goflow.store import Store, Tx, events, sessions, sign_in_tries, tokens, users
from goflow.store.sign_in_tries import Allowance
from tests.stores import OpenStore

USER = Allowance("user:anna", 3, 60.0)
ADDRESS = Allowance("address:192.0.2.1", 5, 12.0)


def started(tx: Tx, name: str = "anna", **given: Any) -> str:
    """The token of a session that lasts an hour."""
    options = {"kind": sessions.BROWSER, "lasts_s": 3600.0, "address": "192.0.2.1", "way": "password", **given}
    return sessions.start(tx, name, who=f"user:{name}", **options)[0]


def told(store: Store) -> list[tuple[str, str | None, Any]]:
    """Kind, who and data of every event."""
    with store.reading() as tx:
        return [(event.kind, event.who, event.data) for event in events.after(tx, 0)]


def test_a_user_is_made_changed_and_removed_and_each_is_told(store: Store) -> None:
    with store.transaction() as tx:
        made = users.create(tx, "anna", Role.VIEWER, password_hash="$1", who="cli")
        assert (made.name, made.role, made.password_hash, made.oidc_subject) == ("anna", Role.VIEWER, "$1", None)
        assert "$1" not in repr(made)
        with pytest.raises(AlreadyExistsError, match="user anna"):
            users.create(tx, "anna", Role.ADMIN, who="cli")
    with store.transaction() as tx:
        users.set_role(tx, "anna", Role.OPERATOR, who="api")
        users.set_role(tx, "anna", Role.OPERATOR, who="api")  # it is already
        users.set_password(tx, "anna", "$2", who="user:anna")
        assert [user.name for user in users.list_(tx)] == ["anna"]
        assert (users.get(tx, "anna").role, users.get(tx, "anna").password_hash) == (Role.OPERATOR, "$2")
        assert users.any_(tx)
        assert users.any_with_password(tx)
        assert users.delete_(tx, "anna", who="cli")
        assert not users.delete_(tx, "anna", who="cli")
        assert not users.any_(tx)
        for change in (
            lambda: users.set_role(tx, "anna", Role.ADMIN, who="cli"),
            lambda: users.set_password(tx, "anna", "$", who="cli"),
        ):
            with pytest.raises(NotFoundError, match="user anna"):
                change()
    assert told(store) == [
        ("user.created", "cli", {"name": "anna", "role": "viewer"}),
        ("user.role_set", "api", {"name": "anna", "from": "viewer", "role": "operator"}),
        ("user.password_set", "user:anna", {"name": "anna"}),
        ("user.deleted", "cli", {"name": "anna"}),
    ]


@pytest.mark.parametrize("name", ["", " anna", "anna\n", "a/b", "..", "x" * 251])
def test_a_name_that_cannot_stand_in_a_path_is_refused(store: Store, name: str) -> None:
    with store.transaction() as tx, pytest.raises(InvalidRequestError, match="is no name of a user"):
        users.create(tx, name, Role.VIEWER, who="cli")


def test_a_user_of_a_provider_is_found_by_it_and_has_no_password(store: Store) -> None:
    with store.transaction() as tx:
        users.create(tx, "ben", Role.VIEWER, oidc_subject="https://login#1", who="oidc")
        assert users.by_subject(tx, "https://login#2") is None
        found = users.by_subject(tx, "https://login#1")
        assert found is not None
        assert found.name == "ben"
        assert not users.any_with_password(tx)
        with pytest.raises(InvalidRequestError, match="identity provider"):
            users.set_password(tx, "ben", "$", who="cli")


def test_a_session_has_the_role_that_its_user_has_now_and_ends_in_time(store: Store) -> None:
    with store.transaction() as tx:
        users.create(tx, "anna", Role.VIEWER, password_hash="$", who="cli")
        token = started(tx)
    with store.reading() as tx:
        found = sessions.find(tx, token)
        assert found is not None
        assert (found.user_name, found.role, found.kind) == ("anna", Role.VIEWER, "browser")
        assert sessions.find(tx, token + "x") is None
    with store.transaction() as tx:
        users.set_role(tx, "anna", Role.ADMIN, who="cli")
        found = sessions.find(tx, token)
        assert found is not None
        assert found.role is Role.ADMIN
    store.clock.advance(3600.0)  # type: ignore[attr-defined]
    with store.transaction() as tx:
        assert sessions.find(tx, token) is None
        later = started(tx)  # and takes away what is over
        assert sessions.end_all(tx, "anna", who="user:anna") == 1
        assert sessions.find(tx, later) is None


def test_its_use_is_noted_to_the_minute(store: Store) -> None:
    with store.transaction() as tx:
        users.create(tx, "anna", Role.VIEWER, who="cli")
        token = started(tx)
        now = tx.now()
        sessions.touch(tx, token)
        found = sessions.find(tx, token)
    assert found is not None
    assert found.last_used_at == now
    assert not sessions.is_to_be_noted(now, now)
    assert sessions.is_to_be_noted(None, now)
    assert sessions.is_to_be_noted(now - tokens.TOUCH_EVERY, now)


def test_a_session_ends_with_its_users_password_and_with_its_user(store: Store) -> None:
    with store.transaction() as tx:
        users.create(tx, "anna", Role.VIEWER, password_hash="$", who="cli")
        first, second = started(tx), started(tx, kind=sessions.TOKEN)
        assert sessions.end(tx, first, who="user:anna")
        assert not sessions.end(tx, first, who="user:anna")
        users.set_password(tx, "anna", "$2", who="api:ci")
        assert sessions.find(tx, second) is None
        third = started(tx)
        users.delete_(tx, "anna", who="cli")
        assert sessions.find(tx, third) is None
    ended = [(who, data) for kind, who, data in told(store) if kind == "session.ended"]
    assert ended == [("user:anna", {"user": "anna", "sessions": 1}), ("api:ci", {"user": "anna", "sessions": 1})]


def test_a_token_has_a_role(store: Store) -> None:
    with store.transaction() as tx:
        read, write = tokens.create(tx, "reads", role=Role.VIEWER, who="cli"), tokens.create(tx, "all", who="cli")
        roles = [found.role for token in (read, write) if (found := tokens.check(tx, token))]
        assert roles == [Role.VIEWER, Role.ADMIN]


def take(store: Store, *allowed: Allowance) -> float:
    with store.transaction() as tx:
        return sign_in_tries.take(tx, allowed or [USER, ADDRESS])


def test_tries_are_used_up_and_come_back_one_by_one(store: Store) -> None:
    assert [take(store) for _ in range(3)] == [0.0, 0.0, 0.0]
    assert take(store) == pytest.approx(60.0)
    assert take(store) == pytest.approx(60.0), "a try that is refused counts nothing"
    store.clock.advance(59.0)  # type: ignore[attr-defined]
    assert take(store) == pytest.approx(1.0)
    store.clock.advance(1.0)  # type: ignore[attr-defined]
    assert take(store) == 0.0
    assert take(store) == pytest.approx(60.0)
    store.clock.advance(1000.0)  # type: ignore[attr-defined]
    assert [take(store) for _ in range(4)][-1] == pytest.approx(60.0), "no more than there were at first"


def test_the_address_is_counted_over_all_users(store: Store) -> None:
    names = [Allowance(f"user:{number}", 3, 60.0) for number in range(6)]
    assert [take(store, name, ADDRESS) for name in names] == [0.0] * 5 + [pytest.approx(12.0)]
    assert take(store, names[5]) == 0.0, "that was the address's, and the user was not counted"


def test_who_gets_in_has_their_tries_back(store: Store) -> None:
    take(store), take(store)
    with store.transaction() as tx:
        sign_in_tries.give_back(tx, USER, ADDRESS)
    assert [take(store, USER) for _ in range(4)] == [0.0, 0.0, 0.0, pytest.approx(60.0)]
    assert [take(store, ADDRESS) for _ in range(5)] == [0.0] * 4 + [pytest.approx(12.0)], (
        "one of its two was given back"
    )


def test_many_at_once_from_several_daemons_have_no_more_tries(open_store: OpenStore) -> None:
    daemons = [open_store() for _ in range(3)] if open_store().dialect == "postgresql" else [open_store()]
    with ThreadPoolExecutor(12) as pool:
        waits = list(pool.map(lambda number: take(daemons[number % len(daemons)]), range(12)))
    assert sorted(waits)[:4] == [0.0, 0.0, 0.0, pytest.approx(60.0)]
