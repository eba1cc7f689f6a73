"""What alerts are told of the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """The mail server; the names are those of Airflow's ``[smtp]`` and ``[email]``. HOST empty: mails are not sent,
    unless the connection CONNECTION says where to."""

    host: str = ""
    port: int = 25
    starttls: bool = True
    ssl: bool = False
    user: str = ""
    password: str = field(default="", repr=False)
    mail_from: str = "airflow@example.com"
    timeout_s: float = 30.0
    verifies: bool = True
    connection: str = "smtp_default"
    subject_template: Path | None = None
    html_content_template: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSite:
    """INSTALLATION and BASE_URL are what messages say of where they come from; DAEMON and NAME what they say of this
    daemon."""

    installation: str = "goflow"
    base_url: str = ""
    daemon: str = ""
    name: str = ""
    mail: MailServer = field(default_factory=MailServer)

    def page(self, *parts: str) -> str:
        """The URL of a page of this installation."""
        return "/".join([self.base_url.rstrip("/"), *(quote(part, safe="") for part in parts)])
