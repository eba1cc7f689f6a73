"""Which names say that what they name is a secret, whoever hides it: REST's answers and the lines of logs alike."""

from __future__ import annotations

import re
from collections.abc import Collection

SECRET_WORDS = frozenset(
    {
        *("access_key", "access_token", "api_key", "apikey", "auth_header", "authorization", "bearer"),
        *("connection_string", "dsn", "keyfile_dict", "passphrase", "passwd", "password", "private_key", "proxies"),
        *("proxy", "secret", "service_account", "service_key", "token", "webhook_url"),
    }
)
"""Words that make a name a secret's: Airflow 3.3's ``DEFAULT_SENSITIVE_FIELDS``."""
_BETWEEN_WORDS = re.compile(r"\W+")


def is_secret(name: str, words: Collection[str] = SECRET_WORDS) -> bool:
    """Whether a value of that name is a secret: one of the WORDS (in small letters) is in it, however it is joined."""
    plain = _BETWEEN_WORDS.sub("_", name.strip().lower())
    return any(word in plain for word in words)
