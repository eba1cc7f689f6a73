"""Attempt tokens of the local backend: made from the launch's id and a key of this installation, so none is stored."""

from __future__ import annotations

import hashlib
import hmac


class TokenMint:
    """Makes and checks tokens with KEY (at least 16 bytes, kept in GoFlow's home)."""

    def __init__(self, key: bytes) -> None:
        if len(key) < 16:
            raise ValueError("a token key has at least 16 bytes")
        self._key = key

    def token(self, launch_id: str) -> str:
        """The token of a launch: 64 hexadecimal digits, always the same."""
        return hmac.new(self._key, f"launch:{launch_id}".encode(), hashlib.sha256).hexdigest()

    def runner_token(self, runner_id: str) -> str:
        """The token of a trigger runner, which is no launch's."""
        return hmac.new(self._key, f"trigger runner:{runner_id}".encode(), hashlib.sha256).hexdigest()

    def check_runner(self, runner_id: str, token: str) -> bool:
        """Whether TOKEN is that trigger runner's."""
        return hmac.compare_digest(self.runner_token(runner_id).encode(), token.encode("utf-8", "replace"))

    def check(self, launch_id: str, token: str) -> bool:
        """Whether TOKEN is that launch's, compared in constant time."""
        return hmac.compare_digest(self.token(launch_id).encode(), token.encode("utf-8", "replace"))
