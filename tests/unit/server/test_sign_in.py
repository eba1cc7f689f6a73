"""Signing in with a password: sessions of browsers and what guards them, Airflow's tokens, and who does what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from goflow.domain.roles import Role
from goflow.server.signin import cookies, entering, passwords
from goflow.server.signin.first import first_user
from goflow.server.signin.settings import SignIn
from goflow.store import Store, events, sessions, tokens, users
from tests.unit.scheduler.kit import World, dag, task
from tests.unit.server.serving import ask, asking, serving

PASSWORD = "correct horse"
OTHER = "battery staple"
ANNA = {"username": "anna", "password": PASSWORD}
SESSION = "/goflow/v1/session"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> PasswordHasher:
    """Passwords are hashed with little memory; gives back how it is done otherwise."""
    real = passwords._hasher()
    cheap = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", lambda: cheap)
    monkeypatch.setattr(passwords, "_nobodys", lambda: cheap.hash("nobody's"))
    return real


@pytest.fixture
def kept(quick: PasswordHasher) -> str:
    """`PASSWORD` as it is kept."""
    return passwords.hashed(PASSWORD)


@pytest.fixture
def store(sqlite_store: Store, kept: str) -> Store:
    """A store with anna, an operator."""
    with sqlite_store.transaction() as tx:
        users.create(tx, "anna", Role.OPERATOR, password_hash=kept, who="test")
    return sqlite_store


@pytest.fixture
def api(store: Store) -> Iterator[httpx.Client]:
    """The application for those who sign in, and a browser that keeps cookies."""
    with serving(store) as url, asking(url) as client:
        yield client


@pytest.fixture
def browser(api: httpx.Client) -> httpx.Client:
    """A browser in which anna has signed in, and whose page says the CSRF token."""
    told = api.post(SESSION, json=ANNA).raise_for_status().json()
    api.headers[told["csrf_header"]] = told["csrf_token"]
    return api


def told(store: Store, kind: str = "") -> list[tuple[str, str | None]]:
    """Kind and who of all events whose kind begins so."""
    with store.reading() as tx:
        return [(event.kind, event.who) for event in events.after(tx, 0) if event.kind.startswith(kind)]


# Signing in and out ------------------------------------------------------------------------------------------------


def test_a_browser_signs_in_asks_and_signs_out(api: httpx.Client, store: Store) -> None:
    before = api.get(SESSION).json()
    assert before == {"signed_in": False, "sign_in_needed": True, "password": True, "oidc": None, "me": None}
    assert api.get("/api/v2/dags").status_code == 401
    answer = api.post(SESSION, json=ANNA)
    assert answer.status_code == 201
    me = answer.json()
    assert (me["name"], me["who"], me["role"], me["may"]) == ("anna", "user:anna", "operator", ["viewer", "operator"])
    assert api.get("/api/v2/dags").status_code == 200
    assert api.get("/goflow/v1/me").json() == {key: value for key, value in me.items() if key != "expires"}
    assert api.get(SESSION).json()["me"]["name"] == "anna"
    assert api.delete(SESSION).status_code == 403, "without the CSRF token"
    headers = {cookies.CSRF_HEADER: me["csrf_token"]}
    assert api.delete(SESSION, headers=headers).status_code == 204
    assert dict(api.cookies) == {}
    assert api.get("/api/v2/dags").status_code == 401
    assert api.delete(SESSION).status_code == 204, "harmless twice"
    assert told(store, "session") == [("session.started", "user:anna"), ("session.ended", "user:anna")]


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(api: httpx.Client) -> None:
    lines = {line.partition("=")[0]: line for line in api.post(SESSION, json=ANNA).headers.get_list("set-cookie")}
    assert "HttpOnly" in lines[cookies.SESSION]
    assert "SameSite=lax" in lines[cookies.SESSION]
    assert "Secure" not in lines[cookies.SESSION], "it came by plain HTTP"
    assert "HttpOnly" not in lines[cookies.CSRF]
    assert api.cookies[cookies.CSRF] == cookies.csrf_token(api.cookies[cookies.SESSION])


def test_behind_tls_the_cookie_is_for_tls_alone(store: Store) -> None:
    ways = SignIn(public_url="https://goflow.example.org")
    with serving(store, sign_in=ways) as url:
        lines = ask("POST", url + SESSION, json=ANNA).headers.get_list("set-cookie")
        session = next(line for line in lines if line.startswith(f"{cookies.SECURE_SESSION}="))
        assert "Secure" in session
        assert "Path=/" in session
        assert "Domain" not in session
        told = ask("GET", f"{url}/goflow/v1/me", headers={"Cookie": session.partition(";")[0]})
        assert told.json()["name"] == "anna"


def test_what_the_database_has_of_a_session_is_no_way_in(browser: httpx.Client, store: Store) -> None:
    from sqlalchemy import text

    with store.database.reading() as connection:
        (row,) = connection.execute(text("SELECT * FROM sessions"))
    assert browser.cookies[cookies.SESSION] not in str(row)


WRONG = {
    "a wrong password": {"username": "anna", "password": "wrong password"},
    "nobody of that name": {"username": "bert", "password": PASSWORD},
    "no password": {"username": "anna", "password": ""},
    "a user without one": {"username": "of a provider", "password": PASSWORD},
}


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("path", [SESSION, "/auth/token"])
def test_who_is_wrong_is_told_no_more_than_that(
    api: httpx.Client, store: Store, path: str, body: dict[str, str]
) -> None:
    with store.transaction() as tx:
        users.create(tx, "of a provider", Role.ADMIN, oidc_subject="i#1", who="test")
    answer = api.post(path, json=body)
    assert (answer.status_code, answer.json()) == (401, {"detail": "The name or the password is wrong"})
    assert "set-cookie" not in answer.headers
    assert told(store, "session") == []


def test_a_session_ends_when_its_time_is_up(browser: httpx.Client, store: Store) -> None:
    store.clock.advance(24 * 3600 - 1)  # type: ignore[attr-defined]
    assert browser.get("/goflow/v1/me").status_code == 200
    store.clock.advance(1)  # type: ignore[attr-defined]
    assert browser.get("/goflow/v1/me").status_code == 401


def test_the_role_of_a_session_changes_with_its_users(browser: httpx.Client, store: Store) -> None:
    assert browser.post("/api/v2/pools", json={"name": "p", "slots": 1}).status_code == 201
    with store.transaction() as tx:
        users.set_role(tx, "anna", Role.VIEWER, who="test")
    assert browser.post("/api/v2/pools", json={"name": "p", "slots": 2}).status_code == 403
    with store.transaction() as tx:
        users.delete_(tx, "anna", who="test")
    assert browser.get("/api/v2/pools").status_code == 401


# Other sites -------------------------------------------------------------------------------------------------------

POOL = {"name": "p", "slots": 1}


def test_a_change_by_cookie_needs_the_csrf_token(browser: httpx.Client) -> None:
    for said in (None, "", "nonsense", "\xe4".encode("latin-1").decode("latin-1")):
        headers = {} if said is None else {cookies.CSRF_HEADER: said}
        del browser.headers[cookies.CSRF_HEADER]
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = browser.post("/api/v2/pools", json=POOL, headers=raw)
        assert answer.status_code == 403, said
        assert cookies.CSRF_HEADER in answer.json()["detail"]
        browser.headers[cookies.CSRF_HEADER] = cookies.csrf_token(browser.cookies[cookies.SESSION])
    assert browser.post("/api/v2/pools", json=POOL).status_code == 201


ELSEWHERE = [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
FROM_HERE: list[dict[str, str]] = [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {}]


def test_nothing_is_changed_by_a_page_of_another_site(browser: httpx.Client) -> None:
    for headers in (*ELSEWHERE, {"Origin": "null"}):
        answer = browser.post("/api/v2/pools", json=POOL, headers=headers)
        assert (answer.status_code, answer.json()["detail"]) == (403, "a page of another site asks for this"), headers
        assert browser.post(SESSION, json=ANNA, headers=headers).status_code == 403, "nor does it sign anybody in"


def test_our_own_page_may(browser: httpx.Client) -> None:
    for number, headers in enumerate((*FROM_HERE, {"Origin": str(browser.base_url).rstrip("/")})):
        pool = POOL | {"name": f"p{number}"}
        assert browser.post("/api/v2/pools", json=pool, headers=headers).status_code == 201, headers


def test_where_nobody_signs_in_other_sites_change_nothing_either(store: Store) -> None:
    with serving(store, open=True) as url, asking(url) as client:
        for headers in ELSEWHERE:
            assert client.post("/api/v2/pools", json=POOL, headers=headers).status_code == 403
        assert client.post("/api/v2/pools", json=POOL).status_code == 201
        assert client.get(SESSION).json()["me"] | {"may": None} == {
            "name": "local", "who": "local", "role": "admin", "may": None, "is_user": False,
            "csrf_header": cookies.CSRF_HEADER, "csrf_token": None,
        }  # fmt: skip


HOSTS = {"localhost:8080": 200, "127.0.0.1": 200, "[::1]:8080": 200, "goflow.localhost": 200, "evil.example": 403,
         "127.0.0.1.evil.example:8080": 403, "goflow.example.org": 200, "": 403, "[": 403}  # fmt: skip


def test_where_nobody_signs_in_a_name_of_others_does_not_lead_here(store: Store) -> None:
    """A page of evil.example whose name has come to lead to 127.0.0.1 is of the same origin, for its browser."""
    with serving(store, open=True, sign_in=SignIn(public_url="https://goflow.example.org")) as url:
        for host, status in HOSTS.items():
            assert ask("GET", f"{url}/api/v2/dags", headers={"Host": host}).status_code == status, host


def test_a_stale_cookie_is_no_matter_where_nobody_signs_in(store: Store) -> None:
    with serving(store, open=True) as url:
        answer = ask("GET", f"{url}/goflow/v1/me", headers={"Cookie": f"{cookies.SESSION}=of-another-port"})
        assert answer.json()["who"] == "local"
        assert ask("GET", f"{url}/goflow/v1/me", headers={"Authorization": "Bearer x"}).status_code == 401


def test_a_cookie_is_no_token_and_a_token_no_cookie(browser: httpx.Client, store: Store) -> None:
    session = browser.cookies[cookies.SESSION]
    url = str(browser.base_url)
    assert ask("GET", f"{url}/goflow/v1/me", headers={"Authorization": f"Bearer {session}"}).status_code == 401
    token = browser.post("/auth/token", json=ANNA).json()["access_token"]
    headers = {"Cookie": f"{cookies.SESSION}={token}"}
    assert ask("GET", f"{url}/goflow/v1/me", headers=headers).status_code == 401


# Airflow's tokens --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/auth/token", "/auth/token/cli"])
def test_a_token_for_a_password_as_airflow_gives_it(api: httpx.Client, store: Store, path: str) -> None:
    answer = api.post(path, json=ANNA)
    assert answer.status_code == 201
    assert list(answer.json()) == ["access_token"]
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert dict(api.cookies) == {}
    assert api.post("/api/v2/pools", json=POOL, headers=headers).status_code == 201, "a token needs no CSRF token"
    assert api.get("/goflow/v1/me", headers=headers).json()["csrf_token"] is None
    assert told(store, "pool") == [("pool.set", "user:anna")]
    assert api.delete(SESSION, headers=headers).status_code == 204
    assert api.get("/goflow/v1/me", headers=headers).status_code == 401


def test_the_use_of_tokens_and_sessions_is_noted(browser: httpx.Client, store: Store) -> None:
    with store.transaction() as tx:
        token = tokens.create(tx, "ci", role=Role.VIEWER, who="test")
    browser.get("/goflow/v1/me")
    ask("GET", f"{browser.base_url}/goflow/v1/me", headers={"Authorization": f"Bearer {token}"})
    with store.reading() as tx:
        session = sessions.find(tx, browser.cookies[cookies.SESSION])
        (row,) = tokens.list_(tx)
    assert session is not None
    assert session.last_used_at == row.last_used_at == store.clock.now()


# Too many tries ----------------------------------------------------------------------------------------------------


def test_who_has_tried_too_often_waits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(passwords, "is_right", lambda password, kept: looked.append(password) or password == PASSWORD)
    with serving(store, sign_in=SignIn(user_tries=3)) as url:
        wrong = {"username": "anna", "password": "wrong"}
        assert [ask("POST", url + SESSION, json=wrong).status_code for _ in range(3)] == [401] * 3
        answer = ask("POST", url + SESSION, json=ANNA)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
        assert answer.json()["detail"] == "Too many tries to sign in: the next one may be made in 60 s"
        assert looked == ["wrong"] * 3, "the password is not even looked at"
        assert ask("POST", f"{url}/auth/token", json=ANNA).status_code == 429, "one count for both doors"
        store.clock.advance(60)  # type: ignore[attr-defined]
        assert ask("POST", url + SESSION, json=ANNA).status_code == 201
        assert ask("POST", url + SESSION, json=ANNA).status_code == 201, "who gets in has all tries again"


def test_an_address_that_tries_many_names_waits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "is_right", lambda password, kept: password == PASSWORD)
    with serving(store, sign_in=SignIn(address_tries=4)) as url:
        names = [{"username": f"user {number}", "password": "wrong"} for number in range(5)]
        assert [ask("POST", url + SESSION, json=body).status_code for body in names] == [401] * 4 + [429]
        assert ask("POST", url + SESSION, json=ANNA).status_code == 429


def test_only_a_few_passwords_are_looked_at_at_once(api: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "PATIENCE_S", 0)
    held = [passwords._turns.acquire(blocking=False) for _ in range(passwords.AT_ONCE)]
    assert all(held)
    try:
        answer = api.post(SESSION, json=ANNA)
    finally:
        for _ in held:
            passwords._turns.release()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "5")
    assert api.post(SESSION, json=ANNA).status_code == 201


NEIGHBOURHOODS = {"192.0.2.7": "192.0.2.7", "2001:db8:1:2:3::4": "2001:db8:1:2::/64", "::ffff:192.0.2.7": "192.0.2.7",
                  "unix": "unix", "": ""}  # fmt: skip


@pytest.mark.parametrize(("address", "counted"), NEIGHBOURHOODS.items())
def test_what_counts_as_one_address(address: str, counted: str) -> None:
    assert entering.neighbourhood(address) == counted


# Passwords ---------------------------------------------------------------------------------------------------------


def test_a_password_is_kept_as_argon2id_and_differently_each_time(kept: str, quick: PasswordHasher) -> None:
    assert quick.hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$"), "the second choice of RFC 9106"
    assert kept != passwords.hashed(PASSWORD)
    assert PASSWORD not in kept
    assert passwords.is_right(PASSWORD, kept)
    assert not passwords.is_right(PASSWORD + " ", kept)
    assert not passwords.is_right(PASSWORD, None)
    assert not passwords.is_right(PASSWORD, "nonsense")
    assert not passwords.is_right("x" * (passwords.LONGEST + 1), kept)


def test_an_accent_is_the_same_however_it_is_written() -> None:
    assert passwords.is_right("cafe\u0301 au lait", passwords.hashed("caf\u00e9 au lait"))


def test_an_old_form_is_replaced_when_its_user_signs_in(api: httpx.Client, store: Store) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=32, parallelism=1).hash(PASSWORD)
    with store.transaction() as tx:
        users.set_password(tx, "anna", old, who="test")
    assert api.post(SESSION, json=ANNA).status_code == 201
    with store.reading() as tx:
        newer = users.get(tx, "anna").password_hash
    assert newer is not None
    assert newer != old
    assert passwords.is_right(PASSWORD, newer)
    assert api.get("/goflow/v1/me").status_code == 200, "the session stays: it is the same password"


def test_one_changes_ones_own_password(browser: httpx.Client, store: Store) -> None:
    other = ask("POST", f"{browser.base_url}/auth/token", json=ANNA).json()["access_token"]
    body = {"password": PASSWORD, "new_password": OTHER}
    assert browser.post("/goflow/v1/me/password", json=body | {"password": "wrong"}).status_code == 401
    assert browser.post("/goflow/v1/me/password", json=body | {"new_password": "short"}).status_code == 422
    assert browser.post("/goflow/v1/me/password", json=body).status_code == 204
    assert browser.get("/goflow/v1/me").status_code == 200, "the page goes on"
    headers = {"Authorization": f"Bearer {other}"}
    assert ask("GET", f"{browser.base_url}/goflow/v1/me", headers=headers).status_code == 401, "all else has ended"
    assert browser.post("/auth/token", json=ANNA).status_code == 401
    assert browser.post("/auth/token", json={"username": "anna", "password": OTHER}).status_code == 201
    assert told(store, "user.password") == [("user.password_set", "user:anna")]


def test_sessions_are_shown_and_ended_one_by_one(browser: httpx.Client, store: Store) -> None:
    token = ask("POST", f"{browser.base_url}/auth/token", json=ANNA).json()["access_token"]
    own = browser.get("/goflow/v1/me/sessions").raise_for_status().json()
    assert own["total_entries"] == 2
    by_kind = {row["kind"]: row for row in own["sessions"]}
    assert {kind: (row["is_this"], row["address"]) for kind, row in by_kind.items()} == {
        "browser": (True, "127.0.0.1"), "token": (False, "127.0.0.1"),
    }  # fmt: skip
    assert token not in str(own)
    lost = f"/goflow/v1/me/sessions/{by_kind['token']['id']}"
    headers = {"Authorization": f"Bearer {token}"}
    assert ask("GET", f"{browser.base_url}/api/v2/dags", headers=headers).status_code == 200
    assert browser.delete(lost, headers={cookies.CSRF_HEADER: "no"}).status_code == 403
    assert browser.delete(lost).status_code == 204
    assert ask("GET", f"{browser.base_url}/api/v2/dags", headers=headers).status_code == 401
    assert browser.delete(lost).status_code == 404
    assert told(store, "session.ended") == [("session.ended", "user:anna")]
    assert browser.get("/goflow/v1/users/anna/sessions").status_code == 403, "that is for admins"


def test_an_administrator_ends_one_session_of_a_user_and_nobody_elses(
    browser: httpx.Client, store: Store, kept: str
) -> None:
    with store.transaction() as tx:
        users.create(tx, "bert", Role.VIEWER, password_hash=kept, who="test")
        boss = tokens.create(tx, "boss", role=Role.ADMIN, who="test")
    headers = {"Authorization": f"Bearer {boss}"}
    [session] = browser.get("/goflow/v1/me/sessions").json()["sessions"]
    as_boss = {"method": "DELETE", "headers": headers}
    assert ask(url=f"{browser.base_url}/goflow/v1/users/bert/sessions/{session['id']}", **as_boss).status_code == 404
    listed = ask("GET", f"{browser.base_url}/goflow/v1/users/anna/sessions", headers=headers).json()["sessions"]
    assert listed == [{**session, "is_this": False}]
    assert ask("GET", f"{browser.base_url}/goflow/v1/me/sessions", headers=headers).json()["sessions"] == []
    assert ask(url=f"{browser.base_url}/goflow/v1/users/anna/sessions/{session['id']}", **as_boss).status_code == 204
    assert browser.get("/goflow/v1/me").status_code == 401
    assert told(store, "session.ended") == [("session.ended", "api:boss")]


def test_a_token_of_nobody_has_no_password(api: httpx.Client, store: Store) -> None:
    with store.transaction() as tx:
        token = tokens.create(tx, "ci", who="test")
    body = {"password": PASSWORD, "new_password": OTHER}
    answer = api.post("/goflow/v1/me/password", json=body, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 400


def test_the_first_user_is_made_once_and_only_where_there_is_none(sqlite_store: Store) -> None:
    assert not first_user(sqlite_store, "")
    assert first_user(sqlite_store, PASSWORD)
    assert not first_user(sqlite_store, OTHER)
    with sqlite_store.reading() as tx:
        (made,) = users.list_(tx)
    assert (made.name, made.role) == ("admin", Role.ADMIN)
    assert passwords.is_right(PASSWORD, made.password_hash)


# Users, and who does what ------------------------------------------------------------------------------------------


def test_an_administrator_looks_after_users(api: httpx.Client, store: Store) -> None:
    with store.transaction() as tx:
        api.headers["Authorization"] = f"Bearer {tokens.create(tx, 'boss', who='test')}"
    made = api.post("/goflow/v1/users", json={"name": "bert", "role": "viewer", "password": OTHER})
    assert made.status_code == 201
    assert {key: made.json()[key] for key in ("name", "role", "signs_in_by", "last_sign_in")} == {
        "name": "bert", "role": "viewer", "signs_in_by": "password", "last_sign_in": None,
    }  # fmt: skip
    again = api.post("/goflow/v1/users", json={"name": "bert", "password": OTHER})
    assert (again.status_code, again.json()["detail"]) == (409, "It exists already: user bert")
    bert = {"username": "bert", "password": OTHER}
    assert api.post("/auth/token", json=bert).status_code == 201
    listed = api.get("/goflow/v1/users").json()
    assert (listed["total_entries"], [row["name"] for row in listed["users"]]) == (2, ["anna", "bert"])
    assert listed["users"][1]["last_sign_in"] == "2026-03-01T12:00:00.000000+00:00"
    assert "argon2" not in str(listed)
    assert api.patch("/goflow/v1/users/bert", json={"role": "admin"}).json()["role"] == "admin"
    assert api.delete("/goflow/v1/users/bert/sessions").json() == {"ended": 1}
    assert api.patch("/goflow/v1/users/bert", json={"password": PASSWORD}).status_code == 200
    assert api.post("/auth/token", json=bert).status_code == 401
    assert api.delete("/goflow/v1/users/bert").status_code == 204
    for method, path in (("GET", "bert"), ("PATCH", "bert"), ("DELETE", "bert"), ("DELETE", "bert/sessions")):
        body = {"role": "viewer"} if method == "PATCH" else None
        assert api.request(method, f"/goflow/v1/users/{path}", json=body).status_code == 404, (method, path)
    assert {who for kind, who in told(store, "user.") if kind != "user.created"} == {"api:boss"}


BAD_USERS = [
    {"name": "x", "password": "short"},
    {"name": "", "password": OTHER},
    {"name": "x", "role": "owner", "password": OTHER},
    {"name": "x", "password": "x" * 1025},
    {"name": "x", "password": OTHER, "admin": True},
    {"name": "x"},
]


@pytest.mark.parametrize("body", BAD_USERS, ids=lambda body: str(body)[:40])
def test_a_user_that_is_none_is_refused(api: httpx.Client, store: Store, body: dict[str, Any]) -> None:
    with store.transaction() as tx:
        api.headers["Authorization"] = f"Bearer {tokens.create(tx, 'boss', who='test')}"
    assert api.post("/goflow/v1/users", json=body).status_code == 422
    assert api.post("/goflow/v1/users", json={"name": "a/b", "password": OTHER}).status_code == 400


WRITES: list[tuple[str, str, Any, str]] = [
    ("PATCH", "/api/v2/dags/d", {"is_paused": True}, "dag.paused"),
    ("PATCH", "/api/v2/dags/d", {"is_paused": False}, "dag.unpaused"),
    ("POST", "/api/v2/dags/d/dagRuns", {"dag_run_id": "mine", "logical_date": None}, "run.created"),
    ("PATCH", "/api/v2/dags/d/dagRuns/mine", {"note": "why"}, "run.note"),
    ("PATCH", "/api/v2/dags/d/dagRuns/first/taskInstances/one", {"note": "because"}, "task.note"),
    ("PATCH", "/api/v2/dags/d/dagRuns/first/taskInstances/one", {"new_state": "success"}, "task.state"),
    ("POST", "/api/v2/dags/d/clearTaskInstances", {"dag_run_id": "first", "dry_run": False, "only_failed": False},
     "task.state"),
    ("PATCH", "/api/v2/dags/d/dagRuns/mine", {"state": "failed"}, "run.state"),
    ("POST", "/api/v2/dags/d/dagRuns/mine/clear", {"dry_run": False}, "run.state"),
    ("PATCH", "/api/v2/dags/d/dagRuns/mine", {"state": "success"}, "run.state"),
    ("DELETE", "/api/v2/dags/d/dagRuns/mine", None, "run.deleted"),
    ("POST", "/api/v2/pools", POOL, "pool.set"),
    ("DELETE", "/api/v2/pools/p", None, "pool.deleted"),
    ("POST", "/api/v2/variables", {"key": "k", "value": "v"}, "variable.set"),
    ("DELETE", "/api/v2/variables/k", None, "variable.deleted"),
    ("POST", "/api/v2/connections", {"connection_id": "c", "conn_type": "http"}, "connection.set"),
    ("DELETE", "/api/v2/connections/c", None, "connection.deleted"),
    ("POST", "/goflow/v1/tokens", {"name": "t", "role": "viewer"}, "token.created"),
    ("DELETE", "/goflow/v1/tokens/t", None, "token.revoked"),
    ("POST", "/goflow/v1/users", {"name": "bert", "password": OTHER}, "user.created"),
    ("PATCH", "/goflow/v1/users/bert", {"role": "operator"}, "user.role_set"),
    ("PATCH", "/goflow/v1/users/bert", {"password": PASSWORD}, "user.password_set"),
    ("DELETE", "/goflow/v1/users/bert", None, "user.deleted"),
]  # fmt: skip


def test_every_change_is_in_the_event_log_with_who_and_when(sqlite_url: str, store: Store) -> None:
    """Test_roles holds that each handler hands on who asks; this, that it arrives."""
    world = World(sqlite_url)
    world.store.close()
    world.store = store
    world.restart()
    world.put(dag(task("one"), task("two", "one")))
    world.trigger(run_id="first")
    with store.transaction() as tx:
        users.set_role(tx, "anna", Role.ADMIN, who="test")
    with serving(store) as url, asking(url) as client:
        token = client.post("/auth/token", json=ANNA).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        for method, path, body, kind in WRITES:
            store.clock.advance(60)  # type: ignore[attr-defined]
            with store.reading() as tx:
                last = events.last_seq(tx)
            answer = client.request(method, path, json=body)
            assert answer.status_code < 300, (method, path, answer.text)
            with store.reading() as tx:
                written = events.after(tx, last)
            assert kind in {event.kind for event in written}, (method, path, [event.kind for event in written])
            assert {event.who for event in written} == {"user:anna"}, (method, path)
            assert {event.at for event in written} == {store.clock.now()}, (method, path)


# As Airflow has it ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("query", "status", "to"), [("", 307, "/"), ("?next=/dags/d", 307, "/dags/d"), ("?next=//x.org", 400, None), ("?next=https://x.org/", 400, None), ("?next=/%5Cx.org", 400, None)])  # fmt: skip
def test_airflows_login_leads_to_the_page_and_nowhere_else(
    api: httpx.Client, query: str, status: int, to: str | None
) -> None:
    answer = api.get(f"/api/v2/auth/login{query}")
    assert (answer.status_code, answer.headers.get("location")) == (status, to)


def test_airflows_logout_ends_the_session_or_the_token_that_asks(browser: httpx.Client, store: Store) -> None:
    api_token = browser.post("/auth/token", json=ANNA).json()["access_token"]
    headers = {"Authorization": f"Bearer {api_token}"}
    answer = ask("GET", f"{browser.base_url}/api/v2/auth/logout", headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (307, "/")
    assert ask("GET", f"{browser.base_url}/api/v2/dags", headers=headers).status_code == 401
    assert browser.get("/api/v2/auth/logout", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 307
    assert browser.get("/api/v2/dags").status_code == 200, "another site's page has asked for that"
    assert browser.get("/api/v2/auth/logout").status_code == 307
    assert browser.get("/api/v2/dags").status_code == 401
