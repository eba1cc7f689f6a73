"""Which names are secrets', as Airflow 3.3 has it."""

from __future__ import annotations

import pytest

from goflow.domain.secret_names import SECRET_WORDS, is_secret

CASES = {
    "password": True,
    " My-API.Key ": True,
    "aws_access_key_id": True,
    "sentry_dsn": True,
    "SLACK_WEBHOOK_URL": True,
    "extra__google__keyfile_dict": True,
    "user": False,
    "host": False,
    "": False,
}


@pytest.mark.parametrize(("name", "secret"), CASES.items(), ids=list(CASES))
def test_a_name_tells_a_secret(name: str, secret: bool) -> None:
    assert is_secret(name) is secret


def test_an_installation_has_words_of_its_own() -> None:
    assert is_secret("the badge number", SECRET_WORDS | {"badge"})
    assert not is_secret("the badge number")
