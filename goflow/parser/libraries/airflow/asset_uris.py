"""What Airflow makes of the URI of an asset or dataset (``_sanitize_uri`` of ``airflow/sdk/definitions/asset``)."""

from __future__ import annotations

import urllib.parse

from goflow.domain.spec import Dialect

MAX_IDENTIFIER_LENGTH = {Dialect.AIRFLOW2: 3000, Dialect.AIRFLOW3: 1500}


def sanitized(uri: str, dialect: Dialect) -> str:
    """URI in its normal form. Raises ValueError with Airflow's words for what it refuses.

    The scheme is lower case, a trailing slash, a fragment and a password are dropped (Airflow 2 drops the user as
    well), a query is sorted; what does not look like a URI, and ``x-`` schemes, stay as they are. Rules of providers
    for their own schemes (``s3``, ``postgres``) only complain under Airflow's defaults.
    """
    if dialect is Dialect.AIRFLOW2:
        _check_dataset(uri)
    parsed = urllib.parse.urlsplit(uri)
    scheme = parsed.scheme.lower()
    if not scheme or scheme.startswith("x-"):
        return uri
    if scheme == "airflow":
        what = "Dataset" if dialect is Dialect.AIRFLOW2 else "Asset"
        raise ValueError(f"{what} scheme 'airflow' is reserved")
    netloc = parsed.netloc
    if parsed.password or dialect is Dialect.AIRFLOW2:
        netloc = netloc.rpartition("@")[2]
    query = urllib.parse.urlencode(sorted(urllib.parse.parse_qsl(parsed.query))) if parsed.query else ""
    path = parsed.path.rstrip("/") or "/"
    return urllib.parse.urlunsplit((scheme, netloc, path, query, ""))


def check_identifier(value: object, kind: str, what: str, dialect: Dialect = Dialect.AIRFLOW3) -> None:
    """Refuse a name, URI or group that Airflow refuses: not a text, blank, or too long. Raises ValueError."""
    if not isinstance(value, str):
        raise ValueError(f"{kind} {what} must be a string")
    if len(value) > MAX_IDENTIFIER_LENGTH[dialect]:
        raise ValueError(f"{kind} {what} cannot exceed {MAX_IDENTIFIER_LENGTH[dialect]} characters")
    if value.isspace():
        raise ValueError(f"{kind} {what} cannot be just whitespace")
    if not value:
        raise ValueError(f"{kind} {what} cannot be empty")


def _check_dataset(uri: str) -> None:
    if not uri:
        raise ValueError("Dataset URI cannot be empty")
    if uri.isspace():
        raise ValueError("Dataset URI cannot be just whitespace")
    if not uri.isascii():
        raise ValueError("Dataset URI must only consist of ASCII characters")
