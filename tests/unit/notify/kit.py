"""A stage for alerts: a store with a clock that is turned, rules as YAML, and receivers that note what they get."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from goflow.domain.alerts import AlertMessage, MissedRuns
from goflow.domain.clock import VirtualClock
from goflow.domain.state import RunState, TaskState
from goflow.notify.alerter import Alerter
from goflow.notify.channels import NotTakenError
from goflow.notify.config import Channel
from goflow.notify.living import LivingConfig
from goflow.notify.sender import Sender
from goflow.notify.site import AlertSite, MailServer
from goflow.store import Store, Tx, transitions
from tests.stores import Made, begin, make_run

HOOK = "channels: {hook: {webhook: {url: 'http://x.invalid'}}}\n"
SITE = AlertSite(installation="here", base_url="https://flow.example.com", daemon="d1", name="host", mail=MailServer())


class NoneMissed:
    """Schedules without anything to miss; ``given`` is what was."""

    def __init__(self) -> None:
        self.given: list[MissedRuns] = []
        self.gaps: list[tuple[dt.datetime, dt.datetime]] = []

    def in_gap(self, tx: Tx, since: dt.datetime, until: dt.datetime, grace_s: float) -> Iterable[MissedRuns]:
        self.gaps.append((since, until))
        return self.given

    def overdue(self, tx: Tx, now: dt.datetime, since: dt.datetime, grace_s: float) -> Iterable[MissedRuns]:
        return self.given


class Stage:
    """STORE, rules and channels of TEXT, an alerter and a sender whose receivers are ``got``."""

    def __init__(self, store: Store, folder: Path, text: str) -> None:
        self.store = store
        self.clock = store.clock
        self.path = folder / "alerts.yaml"
        self.path.write_text(text)
        self.config = LivingConfig(self.path, store, {})
        self.schedules = NoneMissed()
        self.wrong: dict[str, str] = {}
        self.alerter = self.another_alerter()
        self.got: list[tuple[str, AlertMessage]] = []
        self.refuses: dict[str, NotTakenError] = {}
        self.sender = Sender(store, self.config, SITE, attempt=self.take)
        self.alerter.look()  # what was before is nobody's news

    def another_alerter(self) -> Alerter:
        """An alerter that knows nothing, as after a restart."""
        return Alerter(self.store, self.config, SITE, self.schedules, health=lambda: self.wrong)

    def take(self, channel: Channel | None, message: AlertMessage) -> None:
        """The receiver of every channel."""
        name = message.channel
        if name in self.refuses:
            raise self.refuses[name]
        self.got.append((name, message))

    def turn(self, seconds: float = 60.0) -> list[str]:
        """Decide, let so much time pass, and send; the titles of what was received, with their channels."""
        assert isinstance(self.clock, VirtualClock)
        self.alerter.look()
        self.clock.advance(seconds)
        before = len(self.got)
        for name, messages in self.sender.take_due().items():
            self.sender.send_all(name, messages)
        return [f"{name}: {title(message)}" for name, message in self.got[before:]]

    def content(self) -> Any:
        """The content of the message that came last."""
        return self.got[-1][1].content

    # what happens

    def run(self, run_id: str, dag: Any = None) -> Made:
        """A run that runs."""
        with self.store.transaction() as tx:
            return make_run(tx, dag, run_id=run_id)

    def end(self, made: Made, state: RunState, *, reason: str = "") -> None:
        """A run ends."""
        with self.store.transaction() as tx:
            assert transitions.advance_run(tx, made.run.id, RunState.RUNNING, state, who="scheduler", reason=reason)

    def end_task(
        self, made: Made, task_id: str, state: TaskState, message: str = "", *, try_number: int = 1, reason: str = ""
    ) -> None:
        """A task of a run runs and ends so."""
        with self.store.transaction() as tx:
            begin(tx, made[task_id])
            told = {"message": message} if message else {}
            assert transitions.advance_task(
                tx, made[task_id].id, TaskState.RUNNING, state, who="executor", reason=reason, attempt=told
            )


def title(message: AlertMessage) -> str:
    return str(message.content.get("title") or message.content.get("subject"))
