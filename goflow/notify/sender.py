"""The sender: closes messages when they are due, and hands them over until their receivers have taken them.

Nothing is remembered here: what is not marked as delivered is sent. So a daemon that is killed between a receiver's
answer and the mark sends once more, with the same key; one that is killed before sends for the first time. Of several
daemons the one sends that has the duty; while it is lost and taken two may send the same, with the same key too.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from goflow.domain.alerts import Alert, AlertMessage, MessageState
from goflow.domain.runs import Event
from goflow.members.duties import Always, Duty
from goflow.members.on_duty import OnDuty
from goflow.notify import mails
from goflow.notify.channels import NotTakenError
from goflow.notify.config import Channel
from goflow.notify.delivery import Postman
from goflow.notify.living import LivingConfig
from goflow.notify.site import AlertSite
from goflow.notify.wording import content_of
from goflow.store import DatabaseBusyError, Store, Tx, events, transitions
from goflow.store import alerts as stored
from goflow.telemetry import metrics

log = structlog.get_logger(__name__)

WHO = "alerts"
LONGEST_SLEEP_S = 30.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 600.0
"""After an attempt in vain it is tried again in 5 s, then in 10, 20 ... and every 10 minutes at last."""
GIVE_UP_S = 24 * 3600.0
"""A message that was due that long ago is given up."""

_WAKING = frozenset({events.ALERT_RAISED, events.ALERT_RESOLVED})
Attempt = Callable[[Channel | None, AlertMessage], None]


def pause_after(attempts: int, asked_s: float | None = None) -> float:
    """Seconds after which a message is tried again that was tried in vain ATTEMPTS times before; ASKED_S: what the
    receiver says."""
    own = min(FIRST_PAUSE_S * 2.0 ** min(attempts, 20), LONGEST_PAUSE_S)
    return own if asked_s is None else min(max(own, asked_s), 3600.0)


class Sender(OnDuty):
    """Sends what is due in STORE, by the channels of CONFIG. ATTEMPT hands one message over; a thread for each channel
    does, so that one that is slow holds no other up."""

    def __init__(
        self,
        store: Store,
        config: LivingConfig,
        site: AlertSite,
        *,
        duty: Duty | None = None,
        attempt: Attempt | None = None,
    ) -> None:
        super().__init__("alert sender", store, duty or Always())
        self.config = config
        self.site = site
        self._attempt = attempt or Postman(store, site).hand_over
        self._busy: set[str] = set()
        self._threads: set[threading.Thread] = set()
        self._guard = threading.Lock()
        self._told_again: dict[str, float] = {}
        self._rests: dict[str, dt.datetime] = {}
        """Channels that have not taken what came last, and until when they are left alone."""
        self._in_vain: dict[str, int] = {}
        """How often in a row."""
        self._next: dt.datetime | None = None
        self._waiting = 0

    # the service

    def start(self) -> None:
        """Begin, and show how many messages wait."""
        metrics.ALERT_MESSAGES_WAITING.set_function(lambda: self._waiting)
        super().start()

    def work(self) -> float:
        """Hand over what is due."""
        for channel, messages in self.take_due().items():
            self._begin(channel, partial(self.send_all, channel, messages))
        self._tell_again()
        return self._sleep_s()

    def rest(self) -> float:
        """Nothing, for as long as there is nothing to do otherwise."""
        return self._sleep_s()

    def _sleep_s(self) -> float:
        resends = [one.resend_s for one in self.config.config.channels.values() if one.type == "alertmanager"]
        longest = min([LONGEST_SLEEP_S, *resends])
        if not self.duty.leads:
            return longest
        now = self.store.clock.now()
        moments = [moment for moment in (self._next, *self._rests.values()) if moment is not None and moment > now]
        return min([longest, *((moment - now).total_seconds() for moment in moments)])

    def is_news(self, event: Event) -> bool:
        """Whether there may be a message."""
        return event.kind in _WAKING

    def stop(self, timeout_s: float = 10.0) -> None:
        """End; what is being handed over is waited for, but not for long: it is sent again otherwise."""
        super().stop(timeout_s)
        for thread in list(self._threads):
            thread.join(1.0)

    # a turn

    def take_due(self) -> dict[str, list[AlertMessage]]:
        """Close what collects no longer, and give what is to be sent now by channel, but for channels that are busy."""
        self.config.look()  # a daemon that has just begun has messages of the last one, and must know their channels
        with self._guard:
            busy = set(self._busy)
        busy |= {name for name, until in self._rests.items() if until > self.store.clock.now()}
        found: dict[str, list[AlertMessage]] = {}
        with self.store.reading() as tx:  # most turns have nothing to do, and need not wait for who writes
            if not stored.due(tx, tx.now()):
                self._look_ahead(tx)
                return found
        with self.store.transaction() as tx:
            self.duty.check(tx)
            now = tx.now()
            for message in stored.due(tx, now):
                if message.state is MessageState.COLLECTING:
                    content = content_of(stored.parts(tx, message.id), self.site)
                    if not transitions.close_message(tx, message, content):
                        continue
                    closed = stored.find_message(tx, message.id)
                    assert closed is not None
                    message = closed
                if message.channel not in busy:
                    found.setdefault(message.channel, []).append(message)
            self._look_ahead(tx)
        return found

    def _look_ahead(self, tx: Tx) -> None:
        self._next = stored.next_due_after(tx, tx.now())  # a busy channel wakes this thread at its end
        self._waiting = sum(stored.waiting(tx).values())

    def send_all(self, channel: str, messages: Sequence[AlertMessage]) -> int:
        """Hand MESSAGES over in their order, until one is not taken; how many were."""
        for count, message in enumerate(messages):
            if self.stopping.is_set() or not self.send(channel, message):
                return count
        return len(messages)

    def send(self, name: str, message: AlertMessage) -> bool:
        """One attempt, and its mark; whether the receiver has taken it."""
        channel = self.config.config.channels.get(name)
        if channel is None and name != mails.CHANNEL:
            self._end(message, MessageState.DROPPED, f"there is no channel {name} any more")
            return True
        try:
            self._attempt(channel, message)
        except NotTakenError as problem:
            self._put_off(name, message, problem)
            return False
        except Exception as problem:  # a defect of ours or of a library's must not lose the message
            log.exception("handing an alert over failed", channel=name)
            self._put_off(name, message, NotTakenError(f"{type(problem).__name__}: {problem}"))
            return False
        self._in_vain.pop(name, None)
        self._end(message, MessageState.DELIVERED, None)
        return True

    def _put_off(self, name: str, message: AlertMessage, problem: NotTakenError) -> None:
        metrics.ALERT_ATTEMPTS_FAILED.labels(name).inc()
        metrics.ALERT_MESSAGES.labels(name, MessageState.FAILED.value)  # from 0 on, so that giving up one is a rise
        now = self.store.clock.now()
        if (now - message.created_at).total_seconds() > GIVE_UP_S:
            log.error("an alert is given up", channel=name, problem=problem.detail)
            self._end(message, MessageState.FAILED, problem.detail)
            return
        pause = pause_after(max(message.attempts, self._in_vain.get(name, 0)), problem.retry_after_s)
        self._in_vain[name] = self._in_vain.get(name, 0) + 1
        log.warning("an alert is not taken; it is sent again", channel=name, problem=problem.detail, in_s=pause)
        again_at = self._rests[name] = now + dt.timedelta(seconds=pause)
        with self.store.transaction() as tx:
            transitions.retry_message(tx, message, again_at=again_at, error=problem.detail)

    def _end(self, message: AlertMessage, state: MessageState, error: str | None) -> None:
        with self.store.transaction() as tx:
            if transitions.end_message(tx, message, state, who=WHO, error=error):
                metrics.ALERT_MESSAGES.labels(message.channel, state.value).inc()

    # threads, one for each channel

    def _begin(self, channel: str, work: Callable[[], object]) -> None:
        with self._guard:
            if channel in self._busy:
                return
            self._busy.add(channel)

        def run() -> None:
            try:
                work()
            except DatabaseBusyError as problem:
                log.debug("an alert's end is not marked; it is sent again", channel=channel, problem=str(problem))
            except Exception:
                log.exception("a channel failed", channel=channel)
            finally:
                with self._guard:
                    self._busy.discard(channel)
                    self._threads.discard(thread)
                self.wake.set()

        thread = threading.Thread(target=run, name=f"alerts to {channel}", daemon=True)
        self._threads.add(thread)
        thread.start()

    # Alertmanager

    def _tell_again(self) -> None:
        """What is wrong still is told to Alertmanager again, so that it does not count as over."""
        monotonic = self.store.clock.monotonic()
        for name, channel in self.config.config.channels.items():
            if channel.type != "alertmanager" or monotonic - self._told_again.get(name, -1e9) < channel.resend_s:
                continue
            self._told_again[name] = monotonic
            with self.store.reading() as tx:
                lasting = stored.told_and_open(tx, name)
            if lasting:
                self._begin(name, partial(self._post, channel, lasting))

    def _post(self, channel: Channel, lasting: Sequence[Alert]) -> None:
        from goflow.notify.channels import alertmanager

        oldest = {alert.problem: alert for alert in reversed(lasting)}
        try:
            alertmanager.tell_again(channel, list(oldest.values()), self.site.installation, self.store.clock.now())
        except NotTakenError as problem:
            metrics.ALERT_ATTEMPTS_FAILED.labels(channel.name).inc()
            log.warning("Alertmanager is not told that it lasts", channel=channel.name, problem=problem.detail)
