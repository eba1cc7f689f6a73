"""``kubernetes.client``: models recorded as they are made (``V1Pod(...)``)."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.modules import LibraryModule
from goflow.parser.interpreter.scopes import MISSING
from goflow.parser.interpreter.session import Session
from goflow.parser.interpreter.values import At, Unknown, Value
from goflow.parser.libraries.objects import RecordedClass
from goflow.parser.libraries.registry import resolver


@resolver("kubernetes")
def resolve(session: Session, name: str) -> Value | None:
    """Any module of the client: its models are recorded, all else is Unknown."""
    classes: dict[str, RecordedClass] = session.library.setdefault("kubernetes models", {})

    def otherwise(attribute: str, at: At) -> Any:
        if attribute.startswith(("V1", "V2")):
            return classes.setdefault(attribute, RecordedClass(f"kubernetes.client.models.{attribute}"))
        if attribute in {"client", "config", "models", "utils", "watch", "stream", "rest"}:
            return resolve(session, f"{name}.{attribute}")
        return MISSING if attribute.startswith("__") else Unknown(f"{name}.{attribute}, which is not read", at)

    return LibraryModule(session, name, {}, otherwise)
