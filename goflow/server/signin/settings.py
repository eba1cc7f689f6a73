"""What the sign-in is told of the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from goflow.server.signin.oidc import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """OWN_TOKEN: that of the command line beside the daemon. PUBLIC_URL: where people reach page and REST, if that is
    not the listener's own address. A session lasts SESSION_S seconds."""

    own_token: str = field(default="", repr=False)
    public_url: str = ""
    session_s: float = 86_400.0
    user_tries: int = 10
    """Tries with a wrong password that a user has; one more comes back each minute."""
    address_tries: int = 50
    """The same of an address, from which many may sign in."""
    oidc: Provider | None = None

    @property
    def origin(self) -> str:
        """Scheme and host of PUBLIC_URL, as a browser's ``Origin`` has it; empty without."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}".lower() if self.public_url else ""

    @property
    def is_secure(self) -> bool:
        """Whether people come by TLS alone."""
        return self.public_url.lower().startswith("https:")
