"""One attempt at a message, by whatever channel it is for."""

from __future__ import annotations

import dataclasses
import json

from goflow.domain.alerts import AlertMessage
from goflow.notify import mails
from goflow.notify.channels import send_of
from goflow.notify.config import Channel
from goflow.notify.site import AlertSite, MailServer
from goflow.store import Store, connections
from goflow.store.rows import Connection

_MAILS_OF_FILES = Channel(name=mails.CHANNEL, type="email")


class Postman:
    """Hands messages over. SITE has the mail server; STORE the connection that may stand for it."""

    def __init__(self, store: Store, site: AlertSite) -> None:
        self.store = store
        self.site = site

    def hand_over(self, channel: Channel | None, message: AlertMessage) -> None:
        """Try once; CHANNEL None is that of the DAG files' own mails. Raises NotTakenError."""
        if channel is not None and channel.type != "email":
            send_of(channel.type)(channel, message)
            return
        from goflow.notify.channels import email

        server = self.mail_server()
        mail = email.mail_of_file(message, server) if channel is None else email.mail_of(channel, message, server)
        email.hand_over(mail, server)

    def mail_server(self) -> MailServer:
        """The mail server in force: the settings', with user and password of the connection where these have none, as
        Airflow 2 does it; where the settings have none the connection's, as Airflow 3 does it."""
        mail = self.site.mail
        if mail.host and mail.user:
            return mail
        with self.store.reading() as tx:
            found = connections.find(tx, mail.connection) if mail.connection else None
        if found is None:
            return mail
        if mail.host:
            return dataclasses.replace(mail, user=found.login or "", password=found.password or "")
        return _of_connection(mail, found)


def _of_connection(mail: MailServer, found: Connection) -> MailServer:
    """A connection of Airflow's SMTP provider as a mail server: SSL unless its extra says ``disable_ssl``."""
    try:
        more = json.loads(found.extra or "{}")
    except ValueError:
        more = {}
    more = more if isinstance(more, dict) else {}
    without_ssl = str(more.get("disable_ssl", False)).lower() == "true"
    return dataclasses.replace(
        mail,
        host=found.host or "",
        port=found.port or (25 if without_ssl else 465),
        ssl=not without_ssl,
        starttls=str(more.get("disable_tls", False)).lower() != "true",
        user=found.login or "",
        password=found.password or "",
        mail_from=str(more.get("from_email") or mail.mail_from),
        verifies=str(more.get("ssl_context", "default")) != "none",
    )
