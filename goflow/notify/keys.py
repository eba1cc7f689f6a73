"""The keys of ``alerts.yaml``, each with its shape and meaning: read, published as JSON Schema, and documented."""

from __future__ import annotations

from goflow.domain.alerts import RULE_KINDS, AlertSeverity
from goflow.domain.canonical import Json
from goflow.parser.yaml.scalars import Choice, Duration, Integer, Text
from goflow.parser.yaml.shapes import Key, ListOf, MapOf, Record

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GROUPS = ("rule", "kind", "severity", "dag_id", "task_id", "run_id", "namespace")
"""What alerts may be grouped by."""

_TEXT = Text("text", strict=True)
_PATTERNS = ListOf(Text("a pattern", strict=True), "a pattern or a list of patterns", lone=True)
_URL = Text("an http or https URL", r"(https?://|\$\{)\S+", strict=True)
_HEADERS = MapOf(Text(), name="a mapping of header names to texts")
_CLOCK = Text("a time of day such as 22:00, in quotes", r"([01]\d|2[0-3]):[0-5]\d", strict=True)
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
_SEVERITIES = tuple(severity.value for severity in AlertSeverity)
_TIMEOUT = Key("timeout", Duration(positive=True), "how long the receiver may take", default=30)

EMAIL = Record(
    (
        Key("to", ListOf(_TEXT, "an address or a list of addresses", lone=True, filled=True), "who gets the mail",
            required=True),
        Key("cc", ListOf(_TEXT, "an address or a list of addresses", lone=True), "who gets a copy"),
        Key("from", _TEXT, "the sender; without it the setting smtp_mail_from"),
    ),
    name="a mapping with to",
)  # fmt: skip
APPRISE = Record(
    (
        Key("urls", ListOf(_TEXT, "a URL or a list of URLs", lone=True, filled=True),
            "where to, as apprise has it: slack://..., msteams://..., pagerduty://...", required=True),
        _TIMEOUT,
    ),
    name="a mapping with urls",
)  # fmt: skip
WEBHOOK = Record(
    (
        Key("url", _URL, "what the message is POSTed to", required=True),
        Key("secret", _TEXT, "the key that signs it (HMAC-SHA256); without it nothing is signed"),
        Key("headers", _HEADERS, "further headers"),
        _TIMEOUT,
    ),
    name="a mapping with url",
)
ALERTMANAGER = Record(
    (
        Key("urls", ListOf(_URL, "a URL or a list of URLs", lone=True, filled=True),
            "the addresses of Alertmanager, of every member of its cluster: http://alertmanager:9093", required=True),
        Key("headers", _HEADERS, "further headers, such as Authorization"),
        Key("resend", Duration(positive=True), "after how long what is wrong still is told again", default=60),
        _TIMEOUT,
    ),
    name="a mapping with urls",
)  # fmt: skip
CHANNEL_TYPES = {"email": EMAIL, "apprise": APPRISE, "webhook": WEBHOOK, "alertmanager": ALERTMANAGER}
_CHANNEL_DOCS = {
    "email": "mail through the daemon's own mail server (settings smtp_...)",
    "apprise": "whatever apprise reaches: Slack, Teams, PagerDuty, ntfy, ...",
    "webhook": "JSON by POST, signed",
    "alertmanager": "Prometheus' Alertmanager",
}
CHANNEL = Record(
    tuple(Key(name, record, _CHANNEL_DOCS[name]) for name, record in CHANNEL_TYPES.items()),
    name="a channel: a mapping with email, apprise, webhook or alertmanager",
)

QUIET_HOURS = Record(
    (
        Key("from", _CLOCK, "when it begins", required=True),
        Key("to", _CLOCK, "when it ends; before from: the next day", required=True),
        Key("timezone", Text("the name of a time zone", r"[A-Za-z0-9_+/-]+", strict=True), "whose clocks these are",
            default="UTC"),
        Key("days", ListOf(Choice(DAYS, folded=True), "a day or a list of days", lone=True),
            "the days on which it begins; without it: all"),
        Key("then", Choice(("hold", "drop")), "hold: told at its end, grouped; drop: not told", default="hold"),
        Key("except", ListOf(Choice(_SEVERITIES), "a severity or a list of severities", lone=True),
            "severities that are told all the same"),
    ),
    name="a mapping with from and to",
)  # fmt: skip

RULE = Record(
    (
        Key("name", Text("a name", _NAME), "what the rule is called in messages and lists", required=True),
        Key("on", ListOf(Choice(tuple(kind.value for kind in RULE_KINDS)), "a kind or a list of kinds", lone=True,
                         filled=True), "what it is about", required=True),
        Key("channels", ListOf(Text("a name", _NAME), "a name or a list of names", lone=True, filled=True),
            "who is told, by the names of channels", required=True),
        Key("dags", _PATTERNS, "DAG ids it holds for, as shell patterns; without it: all"),
        Key("tags", _PATTERNS, "tags of DAGs it holds for, as shell patterns: one of them is enough"),
        Key("namespaces", _PATTERNS, "namespaces of DAGs it holds for, as shell patterns"),
        Key("severity", Choice(_SEVERITIES), "instead of the kind's own"),
        Key("group_by", ListOf(Choice(GROUPS), "a field or a list of fields", lone=True),
            "what alerts share that come in one message; an empty list: all of the rule come in one",
            default=["dag_id"]),
        Key("group_wait", Duration(), "how long more of a group is waited for before it is sent", default=10),
        Key("repeat_interval", Duration(), "how long the same problem is not told again", default=300),
        Key("quiet_hours", QUIET_HOURS, "when nobody is to be told"),
    ),
    name="a rule, which is a mapping",
)  # fmt: skip

WATCHDOG = Record(
    (
        Key("url", _URL, "what is asked while the daemon is well", required=True),
        Key("every", Duration(positive=True), "how often", default=60),
        Key("method", Choice(("GET", "POST")), "how", default="GET"),
        Key("timeout", Duration(positive=True), "how long the answer may take", default=10),
    ),
    name="a mapping with url",
)

ALERTS = Record(
    (
        Key("channels", MapOf(CHANNEL, name="a mapping of names to channels", keys=_NAME, key_name="a channel's name"),
            "ways to people, by name"),
        Key("rules", ListOf(RULE, "a list of rules"), "who is told of what; each that fits tells its channels"),
        Key("watchdog", WATCHDOG, "the dead-man's switch: a watchdog outside that is told that the daemon is well"),
        Key("missed_grace", Duration(), "how long after its moment a run that has not begun counts as missed",
            default=60),
        Key("unhealthy_after", Duration(), "how long something has to be wrong with a daemon", default=60),
        Key("keep_days", Integer(1), "days that alerts are kept that are over", default=30),
    ),
    name="the mapping that alerts.yaml is",
)  # fmt: skip


def json_schema() -> dict[str, Json]:
    """The published JSON Schema of ``alerts.yaml``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "alerts.yaml",
        "description": "Who GoFlow tells of what.",
        **ALERTS.schema(),
    }
