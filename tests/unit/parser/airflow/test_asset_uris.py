"""URIs of assets and datasets in Airflow's normal form."""

import pytest

from goflow.domain.spec import Dialect
from goflow.parser.libraries.airflow.asset_uris import sanitized

TWO, THREE = Dialect.AIRFLOW2, Dialect.AIRFLOW3


@pytest.mark.parametrize(
    ("sentence", "uri", "two", "three"),
    [
        ("a plain URI stays", "s3://bucket/key", "s3://bucket/key", "s3://bucket/key"),
        ("a name is no URI", "my table", "my table", "my table"),
        ("the scheme is lower case", "S3://Bucket/Key", "s3://Bucket/Key", "s3://Bucket/Key"),
        ("a trailing slash goes", "s3://bucket/dir/", "s3://bucket/dir", "s3://bucket/dir"),
        ("a host alone gets a slash", "http://host", "http://host/", "http://host/"),
        ("a query is sorted", "http://h/p?b=2&a=1", "http://h/p?a=1&b=2", "http://h/p?a=1&b=2"),
        ("a fragment goes", "http://h/p#here", "http://h/p", "http://h/p"),
        ("a password goes", "pg://u:p@h/db", "pg://h/db", "pg://h/db"),
        ("a user without a password stays in Airflow 3", "pg://u@h/db", "pg://h/db", "pg://u@h/db"),
        ("x- schemes stay as they are", "x-mine://A/b/", "x-mine://A/b/", "x-mine://A/b/"),
        ("file URIs keep their host", "file://incoming/a.csv", "file://incoming/a.csv", "file://incoming/a.csv"),
    ],
)
def test_normal_form(sentence, uri, two, three):
    assert (sanitized(uri, TWO), sanitized(uri, THREE)) == (two, three), sentence


@pytest.mark.parametrize(
    ("uri", "dialect", "words"),
    [
        ("airflow://x", THREE, "Asset scheme 'airflow' is reserved"),
        ("airflow://x", TWO, "Dataset scheme 'airflow' is reserved"),
        ("", TWO, "cannot be empty"),
        ("  ", TWO, "just whitespace"),
        ("s3://büro", TWO, "ASCII"),
    ],
)
def test_refused(uri, dialect, words):
    with pytest.raises(ValueError, match=words):
        sanitized(uri, dialect)
