"""``alerts.yaml``: what it says, where it is wrong, and what stays in force then."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

import goflow.notify
from goflow.domain.alerts import AlertKind, AlertSeverity
from goflow.notify.config import About, QuietHours, safe_url
from goflow.notify.keys import json_schema
from goflow.notify.living import LivingConfig
from goflow.notify.reading import read_alerts
from goflow.store import Store

WHOLE = """
channels:
  mail: {email: {to: [a@example.com, b@example.com], cc: c@example.com}}
  chat: {apprise: {urls: "slack://${TOKEN}/x"}}
  hook: {webhook: {url: https://example.com/hook, secret: "${SECRET}", headers: {X-A: b}, timeout: 5s}}
  am: {alertmanager: {urls: ["http://am:9093"], resend: 30s}}
rules:
  - name: team
    on: [failed, recovered]
    channels: [mail, chat]
    dags: "orders_*"
    tags: [critical]
    namespaces: team-a
    severity: warning
    group_by: []
    group_wait: 1m
    repeat_interval: 4h
    quiet_hours: {from: "22:00", to: "07:00", timezone: Europe/Berlin, days: [mon, tue], then: drop, except: critical}
  - {name: all, on: missed, channels: am}
watchdog: {url: "https://watch.example.com/abc", every: 30, method: POST}
missed_grace: 2m
keep_days: 7
"""


def read(text: str, **environment: str):
    return read_alerts(text.encode(), environment)


def test_everything_that_can_be_said() -> None:
    config, findings = read(WHOLE, TOKEN="T", SECRET="S")
    assert findings == []
    assert config.channels["chat"].urls == ("slack://T/x",)
    hook = config.channels["hook"]
    assert (hook.secret, hook.headers, hook.timeout_s) == ("S", {"X-A": "b"}, 5.0)
    assert config.channels["am"].resend_s == 30.0
    team, everything = config.rules
    assert team.kinds == {AlertKind.FAILED, AlertKind.RECOVERED}
    assert (team.dags, team.tags, team.namespaces) == (("orders_*",), ("critical",), ("team-a",))
    assert (team.group_by, team.group_wait_s, team.repeat_interval_s) == ((), 60.0, 14400.0)
    assert team.severity is AlertSeverity.WARNING
    assert team.quiet_hours == QuietHours(
        start=dt.time(22), end=dt.time(7), zone="Europe/Berlin", days=frozenset({0, 1}), then="drop",
        unless=frozenset({AlertSeverity.CRITICAL}),
    )  # fmt: skip
    assert (everything.group_by, everything.channels) == (("dag_id",), ("am",))
    assert config.watchdog is not None
    assert (config.watchdog.every_s, config.watchdog.method) == (30.0, "POST")
    assert (config.missed_grace_s, config.keep_days) == (120.0, 7)


def test_rules_fit_by_dag_tag_and_namespace() -> None:
    config, _ = read(WHOLE, TOKEN="T", SECRET="S")
    team, everything = config.rules
    assert team.has(AlertKind.FAILED, About("orders_1", ("critical", "x"), "team-a"))
    assert not team.has(AlertKind.FAILED, About("other", ("critical",), "team-a"))
    assert not team.has(AlertKind.FAILED, About("orders_1", ("x",), "team-a"))
    assert not team.has(AlertKind.FAILED, About("orders_1", ("critical",), "team-b"))
    assert not team.has(AlertKind.MISSED, About("orders_1", ("critical",), "team-a"))
    assert not team.has(AlertKind.FAILED, None)
    assert everything.has(AlertKind.MISSED, About("any"))


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("rules:\n  - {name: a, on: nope, channels: x}\n", "2:19", "'nope' is not one of failed"),
        ("rules:\n  - {name: a, on: failed, channels: x}\n", "2:37", "there is no channel x"),
        ("channels:\n  a: {}\n", "2:6", "needs one of email, apprise, webhook, alertmanager"),
        ("channels:\n  a: {email: {to: []}}\n", "2:19", "the list is empty"),
        ("channels:\n  a: {webhook: {url: ftp://x}}\n", "2:22", "is not an http or https URL"),
        ("channels:\n  a: {webhook: {url: 'http://x', secret: '${NOPE}'}}\n", "2:42", "variable NOPE is not set"),
        ("rulez: []\n", "1:1", "there is no key 'rulez' here"),
        ("rules: [\n", "2:1", ""),
        ("missed_grace: soon\n", "1:15", "is not a duration"),
        (
            "channels: {a: {email: {to: x}}}\nrules:\n"
            "  - {name: a, on: late, channels: a, quiet_hours: {from: '1:00', to: '02:00'}}\n",
            "3:58",
            "time of day",
        ),
        (
            "channels: {a: {email: {to: x}}}\nrules:\n"
            "  - {name: a, on: late, channels: a, quiet_hours: {from: '01:00', to: '02:00', timezone: Mars}}\n",
            "3:90",
            "no time zone 'Mars'",
        ),
        (
            "channels: {a: {email: {to: x}}}\nrules:\n  - {name: a, on: late, channels: a}\n"
            "  - {name: a, on: late, channels: a}\n",
            "4:12",
            "two rules named a",
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(text: str, place: str, words: str) -> None:
    _, findings = read(text)
    assert findings
    assert str(findings[0].span) == f"alerts.yaml:{place}", findings
    assert words in findings[0].message


def test_no_file_says_nothing(sqlite_store: Store, tmp_path: Path) -> None:
    living = LivingConfig(tmp_path / "alerts.yaml", sqlite_store, {})
    assert living.look()
    assert (living.config.rules, living.errors) == ((), [])
    assert not living.look()


def test_the_last_good_version_stays_in_force_over_a_restart(sqlite_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "alerts.yaml"
    environment = {"TOKEN": "T", "SECRET": "S"}
    path.write_text(WHOLE)
    living = LivingConfig(path, sqlite_store, environment)
    living.look()
    assert len(living.config.rules) == 2
    path.write_text(WHOLE + "nope: 1\n")
    living.look()
    assert [finding.span.line for finding in living.errors] == [WHOLE.count("\n") + 1]
    assert len(living.config.rules) == 2
    again = LivingConfig(path, sqlite_store, environment)
    again.look()
    assert len(again.config.rules) == 2
    assert again.errors
    path.write_text("rules: []\n")
    again.look()
    assert (again.config.rules, again.errors) == ((), [])


def test_the_published_schema_is_what_the_table_says() -> None:
    published = json.loads((Path(goflow.notify.__file__).parent / "alerts.schema.json").read_text())
    assert published == json_schema(), "run .venv/bin/python tools/schemas.py"


def test_quiet_hours_end_by_the_clocks_of_their_zone() -> None:
    quiet = QuietHours(start=dt.time(22), end=dt.time(7), zone="Europe/Berlin", days=frozenset({4}))  # fridays

    def end(text: str) -> str | None:
        found = quiet.end_after(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC))
        return None if found is None else found.strftime("%d %H:%M")

    assert end("2026-01-09T20:59") is None
    assert end("2026-01-09T21:00") == "10 06:00"
    assert end("2026-01-10T05:59") == "10 06:00"
    assert end("2026-01-10T06:00") is None
    assert end("2026-01-10T22:00") is None
    # The clocks go forward in the night of the 29th of March, a Sunday; and those of the 28th are not of a Friday.
    late = QuietHours(start=dt.time(22), end=dt.time(7), zone="Europe/Berlin")
    assert late.end_after(dt.datetime(2026, 3, 28, 22, tzinfo=dt.UTC)) == dt.datetime(2026, 3, 29, 5, tzinfo=dt.UTC)
    noon = QuietHours(start=dt.time(12), end=dt.time(13), zone="UTC")
    assert noon.end_after(dt.datetime(2026, 1, 1, 12, 30, tzinfo=dt.UTC)) == dt.datetime(2026, 1, 1, 13, tzinfo=dt.UTC)


def test_urls_are_shown_without_their_secrets() -> None:
    assert safe_url("slack://a/b/c") == "slack://..."
    assert safe_url("https://user:pw@example.com/token") == "https://example.com/..."
    assert safe_url("http://am:9093") == "http://am:9093"
