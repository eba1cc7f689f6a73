"""What takes which role: every route of the application by the one table, and the table by its documentation."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from goflow.domain.roles import Role
from goflow.operators.manifest import Site
from goflow.operators.request import Defaults
from goflow.server.rest.app import application
from goflow.server.rest.context import Services
from goflow.server.signin import roles
from goflow.store import Store, tokens, users
from tests.unit.server.serving import ask, serving

DOCUMENT = Path(__file__).parents[3] / "docs" / "sign-in.md"
PUBLIC = {
    ("GET", "/healthz"), ("GET", "/readyz"), ("GET", "/metrics"), ("GET", "/api/v2/version"),
    ("GET", "/api/v2/monitor/health"), ("POST", "/auth/token"), ("POST", "/auth/token/cli"),
    ("GET", "/api/v2/auth/login"), ("GET", "/api/v2/auth/logout"),
    ("GET", "/goflow/v1/session"), ("POST", "/goflow/v1/session"), ("DELETE", "/goflow/v1/session"),
    ("GET", "/goflow/v1/oidc/login"), ("GET", "/goflow/v1/oidc/callback"),
}  # fmt: skip
"""All that may be asked without a sign-in; what the page is made of, and FastAPI's own documents, are no routes here."""
NO_ROUTES = {"/openapi.json", "/docs", "/docs/oauth2-redirect", "/{path:path}"}
READ_ONLY_POSTS = re.compile(r"dry_run$|/list$|/job-files/(check|try)$")
REFUSED = re.compile(r"/connections/(test|enqueue-test|defaults)$")
"""Change nothing, and say so."""


def every_route(store: Store) -> Iterator[tuple[str, str, Any]]:
    """Method, path and function of each route of the application, whatever it is included by."""
    app = application(Services(store=store, defaults=Defaults(), site=Site(task_api="", runner_image="")))
    for context in iter_route_contexts(app.routes):
        for method in sorted(context.methods or ()):
            if context.path and context.path not in NO_ROUTES:
                yield method, context.path, context.endpoint


def test_every_route_has_a_role_by_a_rule(sqlite_store: Store) -> None:
    found = [(method, path) for method, path, _ in every_route(sqlite_store)]
    assert len(found) > 60
    assert [one for one in found if roles.rule_of(*one) is None] == [], "goflow/server/signin/roles.py has the table"


def test_nothing_else_is_told_without_a_sign_in(sqlite_store: Store) -> None:
    found = {(method, path) for method, path, _ in every_route(sqlite_store)}
    assert {one for one in found if roles.needed(*one) is None} == PUBLIC & found


def test_reading_takes_no_more_than_an_operator_but_for_users_and_tokens(sqlite_store: Store) -> None:
    found = {path for method, path, _ in every_route(sqlite_store) if roles.needed(method, path) is Role.ADMIN}
    reads = {path for method, path, _ in every_route(sqlite_store) if method == "GET" and path in found}
    readable = {path for path in reads if roles.needed("GET", path) is Role.ADMIN}
    assert all(re.match(r"/goflow/v1/(users|tokens|variables)|/api/v2/config", path) for path in readable), readable


def test_every_change_hands_on_who_asks(sqlite_store: Store) -> None:
    """That handlers take the caller is not enough: the event log is told by what they hand it to."""
    forgotten = []
    for method, path, function in every_route(sqlite_store):
        if method in roles.READ or roles.needed(method, path) is None or READ_ONLY_POSTS.search(path):
            continue
        if REFUSED.search(path):
            continue
        if (method, path.rpartition("/")[2]) == ("DELETE", "{task_id}"):  # refused: instances go with their run
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        loads = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        if not loads & {"caller", "asked"}:
            forgotten.append((method, path))
    assert forgotten == []


CASES = [
    ("GET", "/api/v2/dags/{dag_id}", Role.VIEWER),
    ("HEAD", "/api/v2/dags/{dag_id}", Role.VIEWER),
    ("PATCH", "/api/v2/dags/{dag_id}", Role.OPERATOR),
    ("POST", "/api/v2/dags/{dag_id}/dagRuns", Role.OPERATOR),
    ("POST", "/api/v2/dags/{dag_id}/dagRuns/list", Role.VIEWER),
    ("POST", "/api/v2/dags/{dag_id}/clearTaskInstances", Role.OPERATOR),
    ("GET", "/api/v2/pools", Role.VIEWER),
    ("POST", "/api/v2/pools", Role.OPERATOR),
    ("GET", "/api/v2/variables/{name:path}", Role.OPERATOR),
    ("GET", "/api/v2/variables", Role.OPERATOR),
    ("DELETE", "/api/v2/variables/{name:path}", Role.ADMIN),
    ("GET", "/api/v2/connections", Role.OPERATOR),
    ("POST", "/api/v2/connections", Role.ADMIN),
    ("POST", "/api/v2/connections/test", Role.ADMIN),
    ("GET", "/goflow/v1/users", Role.ADMIN),
    ("PATCH", "/goflow/v1/users/{name}", Role.ADMIN),
    ("DELETE", "/goflow/v1/tokens/{name}", Role.ADMIN),
    ("GET", "/goflow/v1/me", Role.VIEWER),
    ("POST", "/goflow/v1/me/password", Role.VIEWER),
    ("POST", "/auth/token", None),
    ("GET", "/metrics", None),
    ("POST", "/metrics", Role.ADMIN),
    ("POST", "/api/v2/something/new", Role.ADMIN),
    ("GET", "/somewhere", Role.ADMIN),
    ("GET", "/goflow/v1/usersandmore", Role.VIEWER),
]


@pytest.mark.parametrize(("method", "path", "role"), CASES, ids=[f"{method} {path}" for method, path, _ in CASES])
def test_the_table(method: str, path: str, role: Role | None) -> None:
    assert roles.needed(method, path) is role


def test_roles_include_each_other() -> None:
    assert [[a.includes(b) for b in Role] for a in Role] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]


def test_the_table_is_documented() -> None:
    rows = re.findall(r"^\| `(\S+) (\S+)` \| (\w+) \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [(rule.methods, rule.path, rule.role.value if rule.role else "nobody") for rule in roles.RULES]


@pytest.fixture
def asked(sqlite_store: Store) -> Iterator[tuple[str, dict[Role, dict[str, str]]]]:
    """Where the application is, and the headers of a token of each role."""
    with sqlite_store.transaction() as tx:
        users.create(tx, "somebody", Role.VIEWER, password_hash="$", who="test")
        made = {role: tokens.create(tx, role.value, role=role, who="test") for role in Role}
    with serving(sqlite_store) as url:
        yield url, {role: {"Authorization": f"Bearer {token}"} for role, token in made.items()}


REQUESTS: list[tuple[str, str, Any, Role]] = [
    ("GET", "/api/v2/dags", None, Role.VIEWER),
    ("GET", "/goflow/v1/status", None, Role.VIEWER),
    ("PATCH", "/api/v2/dags/d", {"is_paused": True}, Role.OPERATOR),
    ("POST", "/api/v2/pools", {"name": "p", "slots": 1}, Role.OPERATOR),
    ("GET", "/api/v2/connections", None, Role.OPERATOR),
    ("POST", "/api/v2/variables", {"key": "k", "value": "v"}, Role.ADMIN),
    ("DELETE", "/api/v2/connections/c", None, Role.ADMIN),
    ("GET", "/goflow/v1/users", None, Role.ADMIN),
    ("POST", "/goflow/v1/tokens", {"name": "n"}, Role.ADMIN),
    ("PATCH", "/goflow/v1/users/somebody", {"role": "admin"}, Role.ADMIN),
]


@pytest.mark.parametrize(("method", "path", "body", "needed"), REQUESTS, ids=[f"{one[0]} {one[1]}" for one in REQUESTS])
def test_who_has_less_is_refused_in_words(
    asked: tuple[str, dict[Role, dict[str, str]]], method: str, path: str, body: Any, needed: Role
) -> None:
    url, headers = asked
    assert ask(method, url + path, json=body).status_code == 401
    for role in Role:
        answer = ask(method, url + path, json=body, headers=headers[role])
        if role.includes(needed):
            assert answer.status_code in {200, 201, 204, 404, 409}, answer.text
        else:
            assert answer.status_code == 403
            assert answer.json()["detail"] == f"{role} is {role}, and this takes {needed}"
