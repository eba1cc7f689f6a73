"""Signing in with an OpenID Connect provider: authorization code with PKCE, and a claim that gives the role.

What the browser brings back is believed only with the cookie that it was sent off with (state), the code only with the
verifier of that sending-off (PKCE), and the provider's word only signed by one of its keys, for us, for that
sending-off (nonce) and while it is fresh. The sending-off stands in an encrypted cookie: any daemon can answer.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from goflow.domain.clock import Clock, SystemClock
from goflow.domain.errors import GoFlowError
from goflow.domain.roles import Role

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures that are taken, all of them with a public key."""
LEEWAY_S = 60
"""Seconds by which the provider's clock may be wrong."""
KNOWN_FOR_S = 3600.0
"""Seconds after which the provider's description is asked for again; its keys besides when one is not known."""
KEYS_AGAIN_S = 10.0
"""Seconds between two askings for its keys, whatever comes."""
PATIENCE_S = 10.0
"""Seconds that the provider has for an answer."""
EVERYBODY = "*"


class ProviderError(GoFlowError):
    """The identity provider does not answer as it should"""


class NotAllowedError(GoFlowError):
    """The identity provider lets nobody in by that"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """ISSUER as the provider writes it. ROLES: which role each value of ROLE_CLAIM gives, ``*``: everybody."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: str = "openid profile email"
    user_claim: str = "preferred_username"
    role_claim: str = "groups"
    roles: Mapping[str, Role] = field(default_factory=dict)
    name: str = "OpenID Connect"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingOff:
    """What a browser was sent to the provider with."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider says somebody is. SUBJECT is the same for ever, and unique with its issuer."""

    subject: str
    name: str
    role: Role


class Provider:
    """The provider of SETTINGS. Its description and keys are asked for when they are needed, and kept."""

    def __init__(self, settings: OidcSettings, clock: Clock | None = None) -> None:
        self.settings = settings
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()
        self._described: dict[str, Any] = {}
        self._described_at = 0.0
        self._keys: Any = None
        self._keys_at = 0.0

    # Sending off -----------------------------------------------------------------------------------------------

    def send_off(self, redirect_uri: str) -> tuple[str, SendingOff]:
        """Where the browser is sent, and what has to be remembered of it. Raises ProviderError."""
        verifier = secrets.token_urlsafe(48)
        sent = SendingOff(
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=verifier,
            redirect_uri=redirect_uri,
        )
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": self.settings.scopes,
            "state": sent.state,
            "nonce": sent.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint = str(self._described_as("authorization_endpoint"))
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}", sent

    # Coming back -----------------------------------------------------------------------------------------------

    def identity(self, sent: SendingOff, query: Mapping[str, str]) -> Identity:
        """Who has come back with QUERY. Raises ProviderError, and NotAllowedError for somebody without a role."""
        if not hmac.compare_digest(query.get("state", "").encode(), sent.state.encode()):
            raise ProviderError("the answer belongs to another sign-in", hint="begin again")
        if "error" in query:
            raise NotAllowedError(f"{query['error']}: {query.get('error_description', 'no reason was given')}")
        if query.get("iss", self.settings.issuer) != self.settings.issuer:  # RFC 9207
            raise ProviderError(f"the answer is of {query['iss']}")
        told = self._exchange(query.get("code", ""), sent)
        claims = self._verified(str(told.get("id_token", "")), sent.nonce)
        return self._mapped({**self._asked_besides(claims, told), **claims})

    def _exchange(self, code: str, sent: SendingOff) -> dict[str, Any]:
        """The provider's tokens for CODE."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": sent.redirect_uri,
            "code_verifier": sent.verifier,
            "client_id": self.settings.client_id,
        }
        auth = None
        if self.settings.client_secret:
            ways = self._description().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
            if "client_secret_basic" in ways:
                auth = _basic(self.settings.client_id, self.settings.client_secret)
            else:
                form["client_secret"] = self.settings.client_secret
        return _call("POST", str(self._described_as("token_endpoint")), data=form, auth=auth)

    def _verified(self, id_token: str, nonce: str) -> dict[str, Any]:
        """The claims of ID_TOKEN, by OpenID Connect Core 3.1.3.7."""
        from joserfc import errors, jwt

        said = self._description().get("id_token_signing_alg_values_supported", ["RS256"])
        algorithms = [name for name in ALGORITHMS if name in said]
        try:
            token = self._decoded(id_token, algorithms)
            registry = jwt.JWTClaimsRegistry(
                now=lambda: int(self._clock.now().timestamp()),
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self.settings.issuer},
                aud={"essential": True, "value": self.settings.client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            registry.validate(token.claims)
        except (errors.JoseError, ValueError, TypeError) as problem:
            raise ProviderError(f"its id_token is not good: {problem}") from problem
        claims: dict[str, Any] = token.claims
        if claims.get("azp", self.settings.client_id) != self.settings.client_id:
            raise ProviderError("its id_token is for another client (azp)")
        return claims

    def _decoded(self, id_token: str, algorithms: list[str]) -> Any:
        """ID_TOKEN with its signature checked; with newer keys where the one it names is not known."""
        from joserfc import errors, jwt

        keys, asked_at = self._key_set(newer_than=None)
        try:
            return jwt.decode(id_token, keys, algorithms=algorithms)
        except (errors.InvalidKeyIdError, errors.BadSignatureError, ValueError):
            newer, _ = self._key_set(newer_than=asked_at)
            if newer is keys:
                raise
            return jwt.decode(id_token, newer, algorithms=algorithms)

    def _asked_besides(self, claims: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
        """What the provider tells at its userinfo endpoint, where a claim that we need is not in the id_token."""
        endpoint = self._description().get("userinfo_endpoint")
        wanted = (self.settings.user_claim, self.settings.role_claim)
        if not endpoint or all(found(claims, name) is not None for name in wanted) or "access_token" not in told:
            return {}
        info = _call("GET", str(endpoint), headers={"Authorization": f"Bearer {told['access_token']}"})
        if info.get("sub") != claims["sub"]:  # OpenID Connect Core 5.3.2
            raise ProviderError("its userinfo endpoint tells of somebody else")
        return info

    def _mapped(self, claims: Mapping[str, Any]) -> Identity:
        """Name and role by the settings."""
        settings = self.settings
        subject = str(claims["sub"])
        name = next((str(value) for key in (settings.user_claim, "email") if (value := found(claims, key))), subject)
        values = found(claims, settings.role_claim)
        given = values if isinstance(values, list) else [] if values is None else [values]
        roles = [settings.roles[value] for value in [EVERYBODY, *map(str, given)] if value in settings.roles]
        if not roles:
            raise NotAllowedError(
                f"{name} has no role here by {settings.role_claim}",
                hint="oidc_roles says which value of it gives which role",
            )
        best = max(roles, key=list(Role).index)
        return Identity(f"{settings.issuer}#{subject}", name, best)

    # What the provider says of itself --------------------------------------------------------------------------

    def _described_as(self, name: str) -> Any:
        try:
            return self._description()[name]
        except KeyError:
            raise ProviderError(f"{self.settings.issuer} does not say its {name}") from None

    def _description(self) -> dict[str, Any]:
        with self._lock:
            now = self._clock.monotonic()
            if not self._described or now - self._described_at > KNOWN_FOR_S:
                url = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
                told = _call("GET", url)
                if told.get("issuer") != self.settings.issuer:
                    raise ProviderError(
                        f"{url} is the description of {told.get('issuer')}",
                        hint=f"oidc_issuer is {self.settings.issuer}; both must be the same to the letter",
                    )
                self._described, self._described_at = told, now
            return self._described

    def _key_set(self, *, newer_than: float | None) -> tuple[Any, float]:
        """The provider's keys and when they were asked for; newer ones, unless these are new themselves."""
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        url = str(self._described_as("jwks_uri"))
        with self._lock:
            now = self._clock.monotonic()
            is_asked = newer_than is not None and now - self._keys_at >= KEYS_AGAIN_S
            if self._keys is None or is_asked or now - self._keys_at > KNOWN_FOR_S:
                told = _call("GET", url)
                try:
                    self._keys = KeySet.import_key_set({"keys": _for_signatures(told)})
                except (JoseError, ValueError, TypeError, KeyError) as problem:
                    raise ProviderError(f"{url} has no keys: {problem}") from problem
                self._keys_at = now
            return self._keys, self._keys_at


def found(claims: Mapping[str, Any], name: str) -> Any:
    """The claim NAME: under that very name, or by its dots inside others (``realm_access.roles``); None without."""
    if name in claims:
        return claims[name]
    inner: Any = claims
    for part in name.split("."):
        if not isinstance(inner, Mapping) or part not in inner:
            return None
        inner = inner[part]
    return inner


def _for_signatures(told: Mapping[str, Any]) -> list[Any]:
    """Of a JWKS, the keys that we can check a signature with: not those for encryption, or of kinds unknown to us."""
    kinds = {"RSA", "EC", "OKP"}
    return [key for key in told["keys"] if key.get("use", "sig") == "sig" and key.get("kty") in kinds]


def _basic(client_id: str, secret: str) -> tuple[str, str]:
    """RFC 6749 2.3.1: both form-encoded before they are joined."""
    from urllib.parse import quote_plus

    return quote_plus(client_id), quote_plus(secret)


def _call(method: str, url: str, **given: Any) -> dict[str, Any]:
    """A JSON object from the provider. Raises ProviderError, with what it said."""
    import httpx

    try:
        answer = httpx.request(method, url, timeout=PATIENCE_S, **given)
        told = answer.json() if answer.content else {}
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
        raise ProviderError(f"{url}: {problem}") from problem
    if answer.status_code >= 400 or not isinstance(told, dict):
        words = told.get("error_description") or told.get("error") if isinstance(told, dict) else ""
        raise ProviderError(f"{url}: {answer.status_code} {words or ''}".rstrip())
    return told
