"""Encryption at rest: passwords, extras, Variables and recorded inputs, with Fernet keys from the settings."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from goflow.domain.canonical import Json
from goflow.domain.errors import InvalidRequestError

_MARK = "fernet:"
_OPEN = frozenset({"listings", "dialect", "import_roots"})
"""What of a file's inputs holds no value of anything."""


def new_key() -> str:
    """A fresh encryption key, 44 characters of URL-safe base64."""
    return Fernet.generate_key().decode()


class Sealer:
    """Seals text with the first of KEYS (comma separated) and opens it with any of them, as Airflow's ``fernet_key``.

    Without a key, text that may stand in the open stays as it is, and secrets are refused.
    """

    def __init__(self, keys: str | None) -> None:
        self._fernet: MultiFernet | None = None
        self._hmac_key = b"goflow"
        texts = [text.strip() for text in (keys or "").split(",") if text.strip()]
        if not texts:
            return
        try:
            self._fernet = MultiFernet([Fernet(text) for text in texts])
        except ValueError as problem:
            raise InvalidRequestError(f"encryption key: {problem}", hint="make one with `goflow db new-key`") from None
        self._hmac_key = hashlib.sha256(b"goflow inputs " + texts[-1].encode()).digest()

    @property
    def has_key(self) -> bool:
        """Whether secrets can be kept."""
        return self._fernet is not None

    def seal(self, text: str) -> str:
        """TEXT encrypted, or as it is when there is no key."""
        return _MARK + self._fernet.encrypt(text.encode()).decode() if self._fernet else text

    def seal_inputs(self, inputs: Json, text: str) -> str:
        """TEXT, the canonical JSON of the INPUTS that a file has asked for: encrypted, unless they hold no value of
        anything."""
        told = inputs if isinstance(inputs, dict) else {"": inputs}
        return self.seal(text) if any(value for name, value in told.items() if name not in _OPEN) else text

    def seal_secret(self, text: str | None) -> str | None:
        """A secret, encrypted. Raises InvalidRequestError when there is no key."""
        if text is None:
            return None
        if self._fernet is None:
            raise InvalidRequestError("a secret cannot be stored without an encryption key", hint="set encryption_key")
        return self.seal(text)

    def open(self, text: str) -> str:
        """The inverse of both. Raises InvalidRequestError when the key is missing or another one."""
        if not text.startswith(_MARK):
            return text
        if self._fernet is None:
            raise InvalidRequestError(
                "the value is encrypted and no encryption key is given", hint="set encryption_key"
            )
        try:
            return self._fernet.decrypt(text[len(_MARK) :].encode()).decode()
        except InvalidToken:
            raise InvalidRequestError("the value was encrypted with another key", hint="add that key") from None

    def open_secret(self, text: str) -> str:
        """The inverse of `seal_secret` alone, for TEXT from elsewhere. Raises InvalidRequestError, also for what stands
        in the open."""
        if not text.startswith(_MARK):
            raise InvalidRequestError("the value is not encrypted")
        return self.open(text)

    def open_optional(self, text: str | None) -> str | None:
        """`open`, None for None."""
        return None if text is None else self.open(text)

    def keyed_digest(self, text: str) -> str:
        """A digest of TEXT that says nothing about TEXT to those who do not have the key (the oldest of them)."""
        return hmac.new(self._hmac_key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
