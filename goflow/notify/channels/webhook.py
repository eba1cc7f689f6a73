"""JSON by POST, signed as https://www.standardwebhooks.com has it: ``webhook-id`` is the idempotency key, and the
signature is an HMAC-SHA256 over id, timestamp and body."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time

from goflow.domain.alerts import AlertMessage
from goflow.notify.channels.http import request
from goflow.notify.config import Channel

_PREFIX = "whsec_"


def send(channel: Channel, message: AlertMessage) -> None:
    """POST MESSAGE to every URL. Raises NotTakenError."""
    body = body_of(message)
    for url in channel.urls:
        request("POST", url, body, {**headers_of(channel, message.key, body), **channel.headers}, channel.timeout_s)


def body_of(message: AlertMessage) -> bytes:
    """The bytes that are sent: the same at every attempt."""
    told = {"id": message.key, "created_at": message.created_at.isoformat(), **message.content}
    return json.dumps(told, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")


def headers_of(channel: Channel, key: str, body: bytes, now: float | None = None) -> dict[str, str]:
    """Key, timestamp and signature. NOW: seconds since 1970."""
    timestamp = str(int(time.time() if now is None else now))
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "webhook-id": key,
        "webhook-timestamp": timestamp,
    }
    if channel.secret:
        headers["webhook-signature"] = f"v1,{signature(channel.secret, key, timestamp, body)}"
    return headers


def signature(secret: str, key: str, timestamp: str, body: bytes) -> str:
    """What a receiver compares, in base64. A SECRET of ``whsec_`` and base64 stands for the bytes of that; any other
    for its own in UTF-8."""
    signed = b".".join([key.encode(), timestamp.encode(), body])
    return base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def _key(secret: str) -> bytes:
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret[len(_PREFIX) :], validate=True)
        except binascii.Error:
            pass
    return secret.encode()
