"""Ways to people: one module each, which hands one message to one receiver and says when that has not taken it.

A channel is given content that does not change and a key that is the same at every attempt. It keeps no state, tries
once, and decides nothing: when it is tried again is the sender's to say.
"""

from __future__ import annotations

import importlib
from typing import Protocol

from goflow.domain.alerts import AlertMessage
from goflow.domain.errors import GoFlowError
from goflow.notify.config import Channel


class NotTakenError(GoFlowError):
    """The receiver has not taken the message"""

    def __init__(self, detail: str, *, retry_after_s: float | None = None) -> None:
        """RETRY_AFTER_S: what the receiver says of when to come again."""
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Send(Protocol):
    """Hands MESSAGE to the receiver of CHANNEL. Raises NotTakenError."""

    def __call__(self, channel: Channel, message: AlertMessage) -> None:
        """Do it."""


def send_of(kind: str) -> Send:
    """The way of that kind; what it needs is loaded now and not before."""
    module = importlib.import_module(f"goflow.notify.channels.{kind}")
    send: Send = module.send
    return send
