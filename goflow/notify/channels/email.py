"""Mail by SMTP, through the mail server of the settings or of the connection ``smtp_default``.

``Message-ID`` is made from the idempotency key, so that a mail that comes twice is known as one.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime

from goflow.domain.alerts import AlertMessage
from goflow.notify.channels import NotTakenError
from goflow.notify.config import Channel
from goflow.notify.site import MailServer

KEY_HEADER = "X-GoFlow-Idempotency-Key"


def mail_of(channel: Channel, message: AlertMessage, server: MailServer) -> EmailMessage:
    """MESSAGE as a mail to the people of CHANNEL."""
    content = message.content
    mail = _envelope(message, str(content["title"]), channel.to, channel.cc, channel.sender or server.mail_from)
    mail["X-GoFlow-Severity"] = str(content["severity"])
    mail.set_content(f"{content['title']}\n\n{content['text']}\n\n-- \nGoFlow ({content['installation']})\n")
    return mail


def mail_of_file(message: AlertMessage, server: MailServer) -> EmailMessage:
    """The mail that a DAG file asked for: HTML, as Airflow's own."""
    to = message.content["to"]
    assert isinstance(to, list)
    mail = _envelope(message, str(message.content["subject"]), [str(one) for one in to], (), server.mail_from)
    mail.set_content(str(message.content["html"]), subtype="html", charset="utf-8")
    return mail


def _envelope(message: AlertMessage, subject: str, to: Sequence[str], cc: Sequence[str], sender: str) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = " ".join(subject.split())
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    if cc:
        mail["Cc"] = ", ".join(cc)
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = f"<{message.key}@goflow>"
    mail[KEY_HEADER] = message.key
    return mail


def hand_over(mail: EmailMessage, server: MailServer) -> None:
    """Give MAIL to SERVER. Raises NotTakenError, also where a single recipient is refused."""
    if not server.host:
        raise NotTakenError("there is no mail server: set smtp_host, or make a connection smtp_default")
    try:
        with _connected(server) as smtp:
            refused = smtp.send_message(mail)
    except (OSError, smtplib.SMTPException) as problem:  # among them timeouts and refused certificates
        raise NotTakenError(f"{server.host}:{server.port}: {problem or type(problem).__name__}") from None
    if refused:
        raise NotTakenError(f"{server.host}:{server.port} refuses {', '.join(sorted(refused))}")


def _connected(server: MailServer) -> smtplib.SMTP:
    trust = ssl.create_default_context() if server.verifies else ssl._create_unverified_context()  # noqa: S323
    smtp: smtplib.SMTP
    if server.ssl:
        smtp = smtplib.SMTP_SSL(server.host, server.port, timeout=server.timeout_s, context=trust)
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=server.timeout_s)
    try:
        if server.starttls and not server.ssl:
            smtp.starttls(context=trust)
        if server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp
