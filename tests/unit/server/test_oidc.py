"""Signing in with an identity provider: a real one (``oidc-provider-mock``) on this machine, and one that lies."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from goflow.domain.roles import Role
from goflow.server.signin import cookies, oidc
from goflow.server.signin.oidc import NotAllowedError, OidcSettings, Provider, ProviderError
from goflow.server.signin.settings import SignIn
from goflow.settings import InvalidSettingsError, Settings
from goflow.store import Store, events, users
from goflow.wiring import sign_in_of
from tests.unit.server.serving import ask, asking, serving

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the provider's libraries
LOGIN = "/goflow/v1/oidc/login"
CALLBACK = "/goflow/v1/oidc/callback"
ROLES = {"platform": Role.ADMIN, "data": Role.OPERATOR}


# A real provider ---------------------------------------------------------------------------------------------------


@pytest.fixture
def issuer() -> Iterator[str]:
    """A provider that knows two people, one of whom has no group that counts."""
    with warnings.catch_warnings(action="ignore"):  # it uses names of its libraries that go
        import oidc_provider_mock
    with oidc_provider_mock.run_server_in_thread() as server:
        url = f"http://localhost:{server.server_port}"
        for sub, claims in {
            "1": {"preferred_username": "anna", "groups": ["people", "data"], "email": "anna@example.org"},
            "2": {"preferred_username": "bert", "groups": ["people"]},
        }.items():
            ask("PUT", f"{url}/users/{sub}", json=claims).raise_for_status()
        yield url


@pytest.fixture
def settings(issuer: str) -> OidcSettings:
    """GoFlow's account there."""
    return OidcSettings(issuer=issuer, client_id="goflow", client_secret="s&cret", roles=ROLES, name="Work")


@pytest.fixture
def browser(sqlite_store: Store, settings: OidcSettings) -> Iterator[httpx.Client]:
    """The application with that provider, and a browser."""
    with (
        serving(sqlite_store, sign_in=SignIn(oidc=Provider(settings))) as url,
        asking(url.replace("127.0.0.1", "localhost")) as client,
    ):
        yield client


def go_there(browser: httpx.Client, sub: str, **query: str) -> str:
    """Begin, let SUB sign in at the provider, and give the address that it sends the browser back to."""
    away = browser.get(LOGIN, params=query)
    assert away.status_code == 302
    back = ask("POST", away.headers["Location"], data={"sub": sub})
    assert back.status_code in {302, 303}, back.text
    return back.headers["Location"]


def test_somebody_signs_in_by_the_provider(browser: httpx.Client, sqlite_store: Store, issuer: str) -> None:
    assert browser.get("/goflow/v1/session").json()["oidc"] == {"name": "Work", "url": LOGIN}
    back = go_there(browser, "1", next="/dags/example?tab=grid")
    answer = browser.get(back)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dags/example?tab=grid")
    me = browser.get("/goflow/v1/me").json()
    assert (me["name"], me["role"]) == ("anna", "operator")
    headers = {me["csrf_header"]: me["csrf_token"]}
    assert browser.post("/api/v2/pools", json={"name": "p", "slots": 1}, headers=headers).status_code == 201
    assert "goflow_oidc" not in browser.cookies
    with sqlite_store.reading() as tx:
        found = users.get(tx, "anna")
        kinds = [(event.kind, event.who) for event in events.after(tx, 0)]
    assert (found.oidc_subject, found.password_hash) == (f"{issuer}#1", None)
    assert kinds == [("user.created", "oidc"), ("session.started", "user:anna"), ("pool.set", "user:anna")]


def test_the_provider_is_sent_what_pkce_and_openid_connect_ask(browser: httpx.Client, issuer: str) -> None:
    there = urlsplit(browser.get(LOGIN).headers["Location"])
    query = {name: value for name, (value,) in parse_qs(there.query).items()}
    assert f"{there.scheme}://{there.netloc}" == issuer
    assert query["code_challenge_method"] == "S256"
    assert re.fullmatch(r"[\w-]{43}", query["code_challenge"])
    assert (query["response_type"], query["client_id"], query["scope"]) == ("code", "goflow", "openid profile email")
    assert query["redirect_uri"] == f"{str(browser.base_url).rstrip('/')}{CALLBACK}"
    assert min(len(query["state"]), len(query["nonce"])) >= 32
    again = parse_qs(urlsplit(browser.get(LOGIN).headers["Location"]).query)
    assert all(again[name] != [query[name]] for name in ("state", "nonce", "code_challenge"))


def test_who_has_no_role_by_the_claim_is_not_let_in(browser: httpx.Client, sqlite_store: Store) -> None:
    answer = browser.get(go_there(browser, "2"))
    assert answer.status_code == 403
    assert "bert has no role here by groups" in answer.text
    assert cookies.SESSION not in browser.cookies
    with sqlite_store.reading() as tx:
        assert users.list_(tx) == []


def test_the_role_is_given_anew_at_each_sign_in(browser: httpx.Client, sqlite_store: Store, issuer: str) -> None:
    browser.get(go_there(browser, "1"))
    claims = {"preferred_username": "anna married", "groups": ["data", "platform"]}
    ask("PUT", f"{issuer}/users/1", json=claims).raise_for_status()
    browser.get(go_there(browser, "1"))
    with sqlite_store.reading() as tx:
        assert [(user.name, user.role) for user in users.list_(tx)] == [("anna", Role.ADMIN)], "known by sub, not name"


def test_a_name_that_another_has_is_not_taken_over(browser: httpx.Client, sqlite_store: Store) -> None:
    with sqlite_store.transaction() as tx:
        users.create(tx, "anna", Role.ADMIN, password_hash="$", who="test")
    answer = browser.get(go_there(browser, "1"))
    assert (answer.status_code, "there is another user anna" in answer.text) == (403, True)
    assert cookies.SESSION not in browser.cookies


def test_only_the_browser_that_began_comes_back(browser: httpx.Client) -> None:
    back = go_there(browser, "1")
    stranger = ask("GET", back)
    assert (stranger.status_code, "nobody has begun to sign in here" in stranger.text) == (502, True)
    browser.get(LOGIN)  # begun once more: what comes back now belongs to another sign-in
    answer = browser.get(back)
    assert (answer.status_code, "the answer belongs to another sign-in" in answer.text) == (502, True)
    forged = json.dumps({"state": "s", "nonce": "n", "verifier": "v", "redirect_uri": "r", "next": "/", "until": 9e9})
    url = str(browser.base_url)
    answer = ask("GET", f"{url}{CALLBACK}?state=s&code=c", headers={"Cookie": f"goflow_oidc={forged}"})
    assert "nobody has begun to sign in here" in answer.text, "a cookie that we have not encrypted"


def test_it_may_not_take_for_ever(browser: httpx.Client, sqlite_store: Store) -> None:
    back = go_there(browser, "1")
    sqlite_store.clock.advance(601)  # type: ignore[attr-defined]
    assert "too long ago" in browser.get(back).text


def test_a_code_is_good_once(browser: httpx.Client) -> None:
    away = browser.get(LOGIN)
    kept = away.headers["set-cookie"].partition(";")[0]
    back = ask("POST", away.headers["Location"], data={"sub": "1"}).headers["Location"]
    assert browser.get(back).status_code == 303
    assert ask("GET", back, headers={"Cookie": kept}).status_code == 502


@pytest.mark.parametrize(
    "path", ["https://evil.example/", "//evil.example", "/\\evil.example", "evil", "/a\nb", "/\t/evil.example"]
)
def test_nobody_is_sent_elsewhere_from_here(browser: httpx.Client, path: str) -> None:
    assert browser.get(go_there(browser, "1", next=path)).headers["Location"] == "/"


def test_what_the_provider_refuses_is_told(browser: httpx.Client) -> None:
    state = parse_qs(urlsplit(browser.get(LOGIN).headers["Location"]).query)["state"][0]
    query = {"state": state, "error": "access_denied", "error_description": "<b>no</b>"}
    answer = browser.get(CALLBACK, params=query)
    assert answer.status_code == 403
    assert "access_denied: &lt;b&gt;no&lt;/b&gt;" in answer.text


def test_without_a_provider_there_is_no_such_way(sqlite_store: Store) -> None:
    with serving(sqlite_store) as url:
        assert ask("GET", url + LOGIN).status_code == 404
        assert ask("GET", url + CALLBACK).status_code == 404


def test_a_provider_that_is_away_is_told_in_words(sqlite_store: Store, settings: OidcSettings) -> None:
    away = Provider(replace(settings, issuer="http://127.0.0.1:9"))
    with serving(sqlite_store, sign_in=SignIn(oidc=away)) as url:
        answer = ask("GET", url + LOGIN)
        assert answer.status_code == 502
        assert "http://127.0.0.1:9/.well-known/openid-configuration" in answer.text


# A provider that lies ----------------------------------------------------------------------------------------------


class Liar:
    """A provider whose id_token is what CHANGE makes of a good one."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}, auto_kid=False)
        self.published: list[Any] = [self.key]
        self.strange: list[dict[str, Any]] = []
        self.sign: Callable[[dict[str, Any]], str] = self._sign
        self.header: dict[str, Any] = {"kid": "first"}
        self.change: Callable[[dict[str, Any]], None] = lambda claims: None
        self.signed_with: Any = self.key
        self.nonce = ""
        self.token = ""
        self.info: dict[str, Any] | None = None
        self.asked: list[str] = []
        self.posted: dict[str, list[str]] = {}
        self.challenge = ""
        self.url = ""

    def answer(self, path: str) -> dict[str, Any]:
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            told: dict[str, Any] = {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize?tenant=1",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }
            return told | ({"userinfo_endpoint": f"{self.url}/userinfo"} if self.info is not None else {})
        if path == "/keys":
            return {"keys": [*(key.as_dict(private=False) for key in self.published), *self.strange]}
        if path == "/userinfo":
            return self.info or {}
        return {"access_token": "a", "token_type": "Bearer", "id_token": self.token or self.id_token()}

    def id_token(self) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "sub": "7", "aud": "goflow", "exp": now + 300, "iat": now, "nonce": self.nonce,
                  "preferred_username": "carl", "groups": "data"}  # fmt: skip
        self.change(claims)
        return self.sign(claims)

    def _sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", **self.header}, claims, self.signed_with)


@pytest.fixture
def liar() -> Iterator[Liar]:
    """A provider on a port of its own."""
    made = Liar()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(made.answer(self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            made.posted = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


def come_back(liar: Liar, provider: Provider | None = None, **query: str) -> oidc.Identity:
    """Who has come back from there."""
    settings = OidcSettings(issuer=liar.url, client_id="goflow", client_secret="s", roles=ROLES)
    provider = provider or Provider(settings)
    url, sent = provider.send_off("http://here/callback")
    assert url.startswith(f"{liar.url}/authorize?tenant=1&response_type=code&")
    liar.nonce, (liar.challenge,) = sent.nonce, parse_qs(urlsplit(url).query)["code_challenge"]
    return provider.identity(sent, {"state": sent.state, "code": "c", **query})


def test_the_truth_is_believed(liar: Liar) -> None:
    found = come_back(liar)
    assert (found.subject, found.name, found.role) == (f"{liar.url}#7", "carl", Role.OPERATOR)
    assert {name: value for name, (value,) in liar.posted.items() if name != "code_verifier"} == {
        "grant_type": "authorization_code", "code": "c", "redirect_uri": "http://here/callback",
        "client_id": "goflow", "client_secret": "s",
    }  # fmt: skip
    digest = hashlib.sha256(liar.posted["code_verifier"][0].encode()).digest()
    assert liar.challenge == base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "RFC 7636"


def test_an_issuer_that_calls_itself_otherwise_is_refused(liar: Liar) -> None:
    other = Provider(OidcSettings(issuer=liar.url.replace("127.0.0.1", "localhost"), client_id="goflow"))
    with pytest.raises(ProviderError, match=r"is the description of http://127\.0\.0\.1"):
        other.send_off("http://here/")


def test_a_provider_without_keys_is_told_in_words(liar: Liar) -> None:
    liar.published, liar.strange = [], [{"kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA"}]
    with pytest.raises(ProviderError, match="has no keys"):
        come_back(liar)


LIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another issuer": lambda claims: claims.update(iss="https://evil.example"),
    "for another client": lambda claims: claims.update(aud="another"),
    "for several, and made for another": lambda claims: claims.update(aud=["goflow", "b"], azp="b"),
    "of another sign-in": lambda claims: claims.update(nonce="another"),
    "without nonce": lambda claims: claims.pop("nonce"),
    "over": lambda claims: claims.update(exp=int(time.time()) - 61),
    "without end": lambda claims: claims.pop("exp"),
    "without issuer": lambda claims: claims.pop("iss"),
    "without audience": lambda claims: claims.pop("aud"),
    "of nobody": lambda claims: claims.pop("sub"),
    "from the future": lambda claims: claims.update(iat=int(time.time()) + 3600, nbf=int(time.time()) + 3600),
}


@pytest.mark.parametrize("change", LIES.values(), ids=LIES)
def test_a_lie_in_the_claims_is_not(liar: Liar, change: Callable[[dict[str, Any]], None]) -> None:
    liar.change = change
    with pytest.raises(ProviderError, match="id_token"):
        come_back(liar)


def test_nor_is_what_the_provider_has_not_signed(liar: Liar) -> None:
    liar.signed_with = RSAKey.generate_key(2048, {"kid": "first"}, auto_kid=False)
    with pytest.raises(ProviderError, match="id_token"):
        come_back(liar)


def test_nor_what_nobody_has_signed_or_with_a_public_key_as_a_secret(liar: Liar) -> None:
    def as_a_secret(claims: dict[str, Any]) -> str:
        parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "kid": "first"}, claims)]
        signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
        digest = hmac.new(liar.key.as_pem(private=False), signed, hashlib.sha256).digest()
        return f"{signed.decode()}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

    liar.sign = as_a_secret
    with pytest.raises(ProviderError, match="id_token"):
        come_back(liar)
    for token in ("", "nonsense", "e30.e30.", "eyJhbGciOiJub25lIn0.e30."):
        liar.token = token or " "
        with pytest.raises(ProviderError, match="id_token"):
            come_back(liar)


def test_an_answer_of_another_issuer_is_refused(liar: Liar) -> None:
    with pytest.raises(ProviderError, match="the answer is of https://evil"):
        come_back(liar, iss="https://evil.example")
    assert come_back(liar, iss=liar.url).name == "carl"


def test_keys_may_change_and_may_be_of_kinds_that_are_unknown(liar: Liar) -> None:
    liar.strange = [
        {"kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA"},
        {"kty": "RSA", "use": "enc", "n": "AQAB", "e": "AQAB"},
    ]
    settings = OidcSettings(issuer=liar.url, client_id="goflow", roles=ROLES)
    clock = Ticking()
    provider = Provider(settings, clock)
    assert come_back(liar, provider).name == "carl"
    assert come_back(liar, provider).name == "carl"
    assert liar.asked.count("/keys") == 1
    liar.signed_with = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"}, auto_kid=False)
    liar.header = {"kid": "second"}
    liar.published = [liar.signed_with]
    clock.later += oidc.KEYS_AGAIN_S
    assert come_back(liar, provider).name == "carl"
    assert liar.asked.count("/keys") == 2
    liar.header = {"kid": "third"}
    for _ in range(3):
        with pytest.raises(ProviderError, match="id_token"):
            come_back(liar, provider)
    assert liar.asked.count("/keys") == 2, "whoever sends nonsense does not have the provider asked each time"


class Ticking:
    """The machine's clock, turned on by `later` seconds for what only measures."""

    def __init__(self) -> None:
        from goflow.domain.clock import SystemClock

        self.clock, self.later = SystemClock(), 0.0

    def now(self) -> Any:
        return self.clock.now()

    def monotonic(self) -> float:
        return self.clock.monotonic() + self.later


def test_claims_that_are_not_in_the_token_are_asked_for(liar: Liar) -> None:
    liar.change = lambda claims: [claims.pop(name) for name in ("preferred_username", "groups")]
    with pytest.raises(NotAllowedError, match="7 has no role here"):
        come_back(liar)
    liar.info = {"sub": "7", "preferred_username": "carl", "groups": ["platform"]}
    assert come_back(liar).role is Role.ADMIN
    liar.info = {"sub": "8", "preferred_username": "carl", "groups": ["platform"]}
    with pytest.raises(ProviderError, match="tells of somebody else"):
        come_back(liar)


CLAIMS: list[tuple[dict[str, Any], str, Any]] = [
    ({"groups": ["a"]}, "groups", ["a"]),
    ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", ["a"]),
    ({"https://example.org/roles": "a"}, "https://example.org/roles", "a"),
    ({"a.b": 1, "a": {"b": 2}}, "a.b", 1),
    ({"a": "text"}, "a.b", None),
    ({}, "a", None),
]


@pytest.mark.parametrize(("claims", "name", "value"), CLAIMS)
def test_where_a_claim_is_found(claims: dict[str, Any], name: str, value: Any) -> None:
    assert oidc.found(claims, name) == value


GIVEN = {
    "the highest counts": ({"groups": ["data", "platform"]}, {}, Role.ADMIN),
    "a text is one value": ({"groups": "data"}, {}, Role.OPERATOR),
    "everybody": ({}, {"*": Role.VIEWER}, Role.VIEWER),
    "everybody, and more": ({"groups": ["data"]}, {"*": Role.VIEWER}, Role.OPERATOR),
    "a claim cannot say everybody": ({"groups": ["*"]}, {}, None),
}


@pytest.mark.parametrize(("claims", "more", "role"), GIVEN.values(), ids=GIVEN)
def test_which_role_is_given(claims: dict[str, Any], more: dict[str, Role], role: Role | None) -> None:
    provider = Provider(OidcSettings(issuer="i", client_id="c", roles={**ROLES, **more}))
    if role is None:
        with pytest.raises(NotAllowedError):
            provider._mapped({"sub": "1", **claims})
    else:
        assert provider._mapped({"sub": "1", **claims}).role is role


# Its settings ------------------------------------------------------------------------------------------------------

HALF = {
    "by plain HTTP": {"oidc_issuer": "http://login.example.org"},
    "without a client": {"oidc_issuer": "https://login.example.org"},
    "without roles": {"oidc_issuer": "https://login.example.org", "oidc_client_id": "goflow"},
}


@pytest.mark.parametrize("given", HALF.values(), ids=HALF)
def test_a_provider_that_is_set_by_half_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(InvalidSettingsError, match="oidc_"):
        sign_in_of(Settings(**given))


def test_the_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOFLOW_OIDC_ISSUER", "https://login.example.org")
    monkeypatch.setenv("GOFLOW_OIDC_CLIENT_ID", "goflow")
    monkeypatch.setenv("GOFLOW_OIDC_CLIENT_SECRET", "secret")
    monkeypatch.setenv("GOFLOW_OIDC_ROLES", '{"platform": "admin", "*": "viewer"}')
    made = sign_in_of(Settings()).oidc
    assert made is not None
    assert made.settings.roles == {"platform": Role.ADMIN, "*": Role.VIEWER}
    assert "secret" not in repr(made.settings).replace("client_secret", "")
