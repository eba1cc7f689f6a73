"""Names of providers that are no classes: modules and functions, which cannot be told apart, and notifiers' aliases."""

from __future__ import annotations

from typing import Any

from goflow.parser.interpreter.modules import LibraryModule
from goflow.parser.interpreter.values import Arguments, At, Keywords, Unknown

_ALIAS = ("send_", "_notification")
_NOTIFIERS = {"msgraph": "MSGraphNotifier"}
"""Of those whose class is not called as its alias leads to expect."""


class ProviderName(LibraryModule):
    """A name of a provider in small letters: a module, or a function of one (``fetch_one_handler``)."""

    callable = True

    def call(self, args: Arguments, kwargs: Keywords, at: At) -> Any:
        """What a function of a provider gives is not known."""
        return Unknown(f"{self.name}, which is not read", at).call(args, kwargs, at)


def notifier_name(module: str, name: str) -> str | None:
    """The class that NAME is in a MODULE of notifications: ``send_slack_notification`` is ``SlackNotifier``."""
    if ".notifications." not in f"{module}.":
        return None
    head, tail = _ALIAS
    if not (name.startswith(head) and name.endswith(tail)):
        return name if name.endswith("Notifier") else None
    words = name[len(head) : -len(tail)]
    return _NOTIFIERS.get(words) or "".join(word.capitalize() for word in words.split("_")) + "Notifier"
