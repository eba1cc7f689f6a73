"""Logging: Airflow's form of lines on standard output, and secrets that never show in it."""

import sys

FORMAT = "[%(asctime)s] {%(filename)s:%(lineno)d} %(levelname)s - %(message)s"
MASK = "***"
_SENSITIVE = frozenset(
    ["access_token", "api_key", "apikey", "authorization", "passphrase", "passwd", "password", "private_key", "proxy",
     "proxies", "secret", "token", "keyfile_dict", "service_account"]
)  # fmt: skip
_secrets = []


class LoggingMixin:
    """``self.log``."""

    @property
    def log(self):
        """A logger."""
        import logging

        return logging.getLogger(f"{type(self).__module__}.{type(self).__name__}")

    logger = log


def is_sensitive(name):
    """Whether what is called NAME is a secret (Airflow's ``should_hide_value_for_key``)."""
    if not isinstance(name, str):
        return False
    from airflow._goflow.configuration import conf

    if not conf.getboolean("core", "hide_sensitive_var_conn_fields", True):
        return False
    own = {word.strip() for word in (conf.get("core", "sensitive_var_conn_names", "") or "").split(",")} - {""}
    lowered = name.strip().lower()
    return any(word in lowered for word in _SENSITIVE | own)


def mask_secret(secret, name=None):
    """Never show SECRET (of a map, the values whose names say so) in what is written from now on."""
    if isinstance(secret, dict):
        for key, value in secret.items():
            if isinstance(value, dict) or is_sensitive(key) or (name is not None and is_sensitive(name)):
                mask_secret(value)
        return
    if isinstance(secret, (list, tuple, set)):
        for inner in secret:
            mask_secret(inner, name)
        return
    if name is not None and not is_sensitive(name):
        return
    text = str(secret) if secret is not None else ""
    if len(text) >= 5 and text not in _secrets:  # shorter ones would mask half of every line
        _secrets.append(text)
        _secrets.sort(key=len, reverse=True)
        if not isinstance(sys.stdout, Masked):
            sys.stdout, sys.stderr = Masked(sys.stdout), Masked(sys.stderr)


def masked(text):
    """TEXT without the secrets that are known."""
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, MASK)
    return text


def redact(value, name=None, max_depth=5):
    """VALUE for showing: what a name says to be a secret, and every secret that is known, is masked."""
    if name is not None and is_sensitive(name):
        return _all_masked(value, max_depth)
    if isinstance(value, str):
        return masked(value)
    if max_depth and isinstance(value, dict):
        return {key: redact(inner, key, max_depth - 1) for key, inner in value.items()}
    if max_depth and isinstance(value, (list, tuple)):
        return (
            type(value)(redact(inner, None, max_depth - 1) for inner in value)
            if type(value) in {list, tuple}
            else value
        )
    return value


def _all_masked(value, depth):
    if depth and isinstance(value, dict):
        return {key: _all_masked(inner, depth - 1) for key, inner in value.items()}
    if depth and isinstance(value, (list, tuple)):
        return [_all_masked(inner, depth - 1) for inner in value]
    return MASK if value not in (None, "", False, True) and isinstance(value, (str, int, float)) else value


class Masked:
    """A text stream that masks secrets on their way out."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, text):
        """Write TEXT, masked."""
        return self._stream.write(masked(text) if _secrets and isinstance(text, str) else text)

    def writelines(self, lines):
        """Write several."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name):
        return getattr(self._stream, name)


def forget_secrets():
    """Start over."""
    _secrets.clear()
    if isinstance(sys.stdout, Masked):
        sys.stdout, sys.stderr = sys.stdout._stream, sys.stderr._stream


def configure(level=None):
    """Send what is logged to standard output in Airflow's form; warnings of Python's own too."""
    import datetime as dt
    import logging
    import os

    class Formatter(logging.Formatter):
        def formatTime(self, record, datefmt=None):
            moment = dt.datetime.fromtimestamp(record.created, dt.timezone.utc)
            return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(record.msecs):03d}+0000"

    class Handler(logging.StreamHandler):
        """Writes to the standard output of the moment."""

        @property
        def stream(self):
            return sys.stdout

        @stream.setter
        def stream(self, value):
            pass

    handler = Handler()
    handler.setFormatter(Formatter(FORMAT))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level or os.environ.get("AIRFLOW__LOGGING__LOGGING_LEVEL", "INFO").upper())
