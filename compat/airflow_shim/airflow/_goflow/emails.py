"""E-mail from tasks: Airflow sends it through an SMTP connection."""

from airflow._goflow.dialects import ByDialect
from airflow._goflow.operator import BaseOperator


def build_mime_message(mail_from, to, subject, html_content, files=None, cc=None, bcc=None, mime_subtype="mixed",
                       mime_charset="utf-8", custom_headers=None):  # fmt: skip
    """The mail, and the addresses of all who get it."""
    from email.message import EmailMessage
    from pathlib import Path

    recipients = [_addresses(addresses) for addresses in (to, cc, bcc)]
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = mail_from
    message["To"] = ", ".join(recipients[0])
    if recipients[1]:
        message["Cc"] = ", ".join(recipients[1])
    for name, value in (custom_headers or {}).items():
        message[name] = value
    message.set_content(html_content, subtype="html", charset=mime_charset)
    for file in files or []:
        message.add_attachment(
            Path(file).read_bytes(), maintype="application", subtype="octet-stream", filename=Path(file).name
        )
    return message, [address for group in recipients for address in group]


def send_email(to, subject, html_content, files=None, dryrun=False, cc=None, bcc=None, mime_subtype="mixed",
               mime_charset="utf-8", conn_id=None, custom_headers=None, **kwargs):  # fmt: skip
    """Send a mail through the SMTP connection CONN_ID (``smtp_default``). Raises AirflowNotFoundException."""
    import smtplib

    from airflow._goflow.connection import BaseHook

    connection = BaseHook.get_connection(conn_id or "smtp_default")
    extra = connection.extra_dejson
    sender = kwargs.get("from_email") or extra.get("from_email") or connection.login or "airflow@localhost"
    message, recipients = build_mime_message(
        sender, to, subject, html_content, files, cc, bcc, mime_subtype, mime_charset, custom_headers
    )
    if dryrun:
        return
    kind = smtplib.SMTP if extra.get("disable_ssl") else smtplib.SMTP_SSL
    with kind(connection.host or "localhost", connection.port or 0, timeout=float(extra.get("timeout", 30))) as server:
        if kind is smtplib.SMTP and not extra.get("disable_tls"):
            server.starttls()
        if connection.login and connection.password:
            server.login(connection.login, connection.password)
        server.send_message(message, to_addrs=recipients)


send_email_smtp = send_email


def _addresses(value):
    if not value:
        return []
    if isinstance(value, str):
        return [part.strip() for part in value.replace(";", ",").split(",") if part.strip()]
    return list(value)


class EmailOperator(BaseOperator):
    """Sends a mail."""

    template_fields = ByDialect(
        ("to", "subject", "html_content", "files"),
        ("to", "subject", "html_content", "files", "cc", "bcc", "mime_subtype", "mime_charset", "conn_id"),
    )
    template_ext = (".html",)

    def __init__(
        self, *, to, subject, html_content, files=None, cc=None, bcc=None, mime_subtype="mixed",
        mime_charset="utf-8", conn_id=None, custom_headers=None, from_email=None, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.to, self.subject, self.html_content, self.files = to, subject, html_content, files or []
        self.cc, self.bcc, self.mime_subtype, self.mime_charset = cc, bcc, mime_subtype, mime_charset
        self.conn_id, self.custom_headers, self.from_email = conn_id, custom_headers, from_email

    def execute(self, context):
        """Send it."""
        send_email(
            self.to, self.subject, self.html_content, files=self.files, cc=self.cc, bcc=self.bcc,
            mime_subtype=self.mime_subtype, mime_charset=self.mime_charset, conn_id=self.conn_id,
            custom_headers=self.custom_headers, from_email=self.from_email,
        )  # fmt: skip
