"""The alerter: reads what has happened past the place where it was, and decides what people are told of.

The place (the number of an event) stands in the store and is moved in the transaction that writes the decisions; where
it was moved for nothing it is only remembered here and written down every minute, for those who purge old events: a
daemon with nothing to tell writes next to nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from goflow.domain.alerts import AlertKind
from goflow.domain.canonical import Json
from goflow.domain.runs import Event
from goflow.members.duties import Always, Duty
from goflow.members.on_duty import OnDuty
from goflow.notify.deciding import HANDLERS, Decider, MissedRunsOf, concerns, key_of
from goflow.notify.living import LivingConfig
from goflow.notify.site import AlertSite
from goflow.notify.telling import Teller
from goflow.store import Store, Tx, events, installation, readers
from goflow.store import alerts as stored

log = structlog.get_logger(__name__)

WHO = "alerts"
SCHEDULING = "scheduling_seen"
SCHEDULING_SINCE = "scheduling_since"
"""Names under which ``installation`` has the last moment at which somebody was scheduling, and since when without a
gap. That of the last event that was decided over is `readers.ALERTS`."""
LOOK_S = 5.0
"""The file, this daemon's health and what is overdue are looked at that often; events wake the alerter at once."""
BEAT_S = 15.0
"""That often it is written down that somebody schedules."""
OVERDUE_S = 15.0
CLEAN_S = 3600.0
EVENTS_AT_ONCE = 500

Health = Callable[[], Mapping[str, str]]
"""What is wrong with this daemon now: part to reason; nothing when it is well."""


class Alerter(OnDuty):
    """Decides over the events of STORE by the rules of CONFIG. Of several daemons the one does that has the DUTY.

    Each daemon says by SCHEDULES whether it is the one that schedules, and by HEALTH what is wrong with it.
    """

    def __init__(
        self,
        store: Store,
        config: LivingConfig,
        site: AlertSite,
        missed_runs: MissedRunsOf,
        *,
        duty: Duty | None = None,
        schedules: Callable[[], bool] = lambda: True,
        health: Health = dict,
    ) -> None:
        super().__init__("alerts", store, duty or Always())
        self.config = config
        self.site = site
        self.missed_runs = missed_runs
        self._schedules = schedules
        self._health = health
        self._seen = 0
        self._problems: set[str] = set()
        self._last: dict[str, float] = {}
        self._wrong_since: dict[str, float] = {}
        self._told_wrong: set[str] | None = None

    # the service

    def work(self) -> float:
        """A look, which is partly about this daemon itself, whoever has the duty."""
        self.look()
        return LOOK_S

    rest = work

    def is_news(self, event: Event) -> bool:
        """Whether somebody may have to be told of it."""
        return event.kind in HANDLERS and concerns(event, self._problems)

    # a look

    def look(self) -> None:
        """Everything that there is to do now."""
        self.config.look()
        if self._schedules() and self._is_time("beat", BEAT_S):
            self.note_scheduling()
        self.note_health()
        if not self.duty.leads:
            return
        while self.decide():
            pass
        if self._is_time("place", readers.NOTE_EVERY_S):
            self._note_place()
        if self._is_time("overdue", OVERDUE_S):
            self.look_for_overdue()
        if self._is_time("clean", CLEAN_S):
            self._clean()

    def _is_time(self, what: str, every_s: float) -> bool:
        now = self.store.clock.monotonic()
        if now - self._last.get(what, -1e9) < every_s:
            return False
        self._last[what] = now
        return True

    def decide(self) -> bool:
        """Decide over the next events; whether there may be more of them."""
        with self.store.reading() as tx:
            look = self._next(tx)
        if look.found or look.is_first:
            with self.store.transaction() as tx:
                self.duty.check(tx)
                look = self._next(tx)
                if look.found:
                    self._decider(tx).take(look.found)
                readers.note(tx, readers.ALERTS, look.until)
                self._problems = stored.problems(tx)
        self._seen = max(self._seen, look.until)
        return look.has_more

    def _next(self, tx: Tx) -> _Look:
        """What is to be decided over next. Where nobody has ever looked, what was before is nobody's news."""
        stands, newest = readers.place(tx, readers.ALERTS), events.last_seq(tx)
        if stands is None:
            return _Look(newest, is_first=True)
        seen = max(stands, self._seen)
        self._problems = stored.problems(tx)
        told = stored.telling_events(
            tx, seen, newest, list(HANDLERS), ends_well=bool(self._problems), limit=EVENTS_AT_ONCE
        )
        has_more = len(told) == EVENTS_AT_ONCE
        found = [event for event in told if concerns(event, self._problems)]
        until = told[-1].seq if has_more else max(newest, seen)  # the newest may be gone: history is purged
        return _Look(until, tuple(found), has_more)

    def _note_place(self) -> None:
        """Write down how far the events are decided over, where that was moved since for nothing."""
        with self.store.reading() as tx:
            is_known = readers.place(tx, readers.ALERTS) == self._seen
        if not is_known:
            with self.store.transaction() as tx:
                self.duty.check(tx)
                readers.note(tx, readers.ALERTS, self._seen)

    def _decider(self, tx: Tx) -> Decider:
        return Decider(Teller(tx, self.config.config, who=WHO), self.site, self.missed_runs)

    # scheduling: what was missed

    def note_scheduling(self) -> None:
        """Write down that somebody schedules now; where nobody has for longer than a grace, that is an event. Where no
        rule is about missed runs nothing is kept, and nothing written."""
        if AlertKind.MISSED not in self.config.config.kinds:
            with self.store.reading() as tx:
                kept = installation.find(tx, SCHEDULING) is not None
            if kept:
                with self.store.transaction() as tx:
                    installation.delete_(tx, SCHEDULING)
            return
        with self.store.transaction() as tx:
            now, known = tx.shared_now(), installation.find(tx, SCHEDULING)
            seen = None if known is None else dt.datetime.fromisoformat(known)
            installation.set_(tx, SCHEDULING, now.isoformat())
            if seen is None:
                installation.set_(tx, SCHEDULING_SINCE, now.isoformat())
            elif (now - seen).total_seconds() > max(self.config.config.missed_grace_s, 2 * BEAT_S):
                installation.set_(tx, SCHEDULING_SINCE, now.isoformat())
                gap: dict[str, Json] = {"since": seen.isoformat(), "until": now.isoformat()}
                events.emit(tx, events.SCHEDULING_RESUMED, who=self.site.daemon or WHO, data=gap)
                log.warning("nobody has scheduled for a while", since=seen.isoformat(), until=now.isoformat())

    def look_for_overdue(self) -> None:
        """Runs that are due, and that nobody makes although somebody schedules."""
        config = self.config.config
        if AlertKind.MISSED not in config.kinds:
            return
        with self.store.reading() as tx:
            since = installation.find(tx, SCHEDULING_SINCE)
            began = tx.now() if since is None else dt.datetime.fromisoformat(since)
            found = list(self.missed_runs.overdue(tx, tx.now(), began, config.missed_grace_s))
            found = [one for one in found if not stored.is_decided(tx, key_of(one))]
        if found:
            with self.store.transaction() as tx:
                self.duty.check(tx)
                decider = self._decider(tx)
                for one in found:
                    decider.missed(one)
                self._problems = stored.problems(tx)

    # this daemon's health

    def note_health(self) -> None:
        """Tell by an event what has been wrong with this daemon for a while, and that it is well again."""
        wrong = dict(self._health())
        now = self.store.clock.monotonic()
        self._wrong_since = {what: self._wrong_since.get(what, now) for what in wrong}
        if self._told_wrong is None:
            self._told_wrong = self._told_before()
        after = self.config.config.unhealthy_after_s
        news = [what for what, since in self._wrong_since.items() if now - since >= after]
        news = [what for what in news if what not in self._told_wrong]
        over = [what for what in self._told_wrong if what not in wrong]
        if not news and not over:
            return
        with self.store.transaction() as tx:
            for what in news:
                self._say(tx, events.DAEMON_UNHEALTHY, what, wrong[what])
            for what in over:
                self._say(tx, events.DAEMON_HEALTHY, what, "")
        self._told_wrong = self._told_wrong.union(news).difference(over)

    def _told_before(self) -> set[str]:
        """What an earlier life of this daemon has told to be wrong with it."""
        begin = f"unhealthy/{self.site.daemon}/"
        with self.store.reading() as tx:
            return {name.removeprefix(begin) for name in stored.problems(tx) if name.startswith(begin)}

    def _say(self, tx: Tx, kind: str, what: str, why: str) -> None:
        data: dict[str, Json] = {"daemon": self.site.daemon, "name": self.site.name, "what": what, "why": why}
        events.emit(tx, kind, who=self.site.daemon or WHO, data=data)

    def _clean(self) -> None:
        """Forget alerts that were over long ago."""
        with self.store.transaction() as tx:
            self.duty.check(tx)
            stored.remove_old(tx, tx.now() - dt.timedelta(days=self.config.config.keep_days))


@dataclass(frozen=True, slots=True)
class _Look:
    """Events that were FOUND, all that matter UNTIL that number. IS_FIRST: nobody has ever looked before."""

    until: int
    found: tuple[Event, ...] = ()
    has_more: bool = False
    is_first: bool = False
