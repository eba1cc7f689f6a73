"""The settings say where logs go, and what they do not say enough of is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from goflow.logs.elasticsearch import ElasticsearchLogs
from goflow.logs.objects import ObjectLogs
from goflow.settings import InvalidSettingsError, load
from goflow.store import Store
from goflow.wiring import log_store_of


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"logs_store": "elasticsearch"}, "logs_elasticsearch_url"),
        ({"logs_store": "elasticsearch", "logs_elasticsearch_url": "es:9200"}, "logs_elasticsearch_url"),
        ({"logs_store": "objects"}, "logs_objects_url"),
    ],
)
def test_what_is_missing_is_named(sqlite_store: Store, tmp_path: Path, options: dict[str, str], words: str):
    with pytest.raises(InvalidSettingsError, match=words):
        log_store_of(load(home=tmp_path, **options), sqlite_store)


def test_each_store_is_made_as_the_settings_say(sqlite_store: Store, tmp_path: Path):
    assert log_store_of(load(home=tmp_path), sqlite_store).name == "database"
    settings = load(
        home=tmp_path,
        logs_store="elasticsearch",
        logs_elasticsearch_url="https://es:9200",
        logs_elasticsearch_password="hidden",
        logs_index_prefix="team-a",
        installation="house",
    )
    target = log_store_of(settings, sqlite_store)
    assert isinstance(target, ElasticsearchLogs)
    assert (target.place, target.settings.service) == ("https://es:9200/team-a-*", "house")
    assert "hidden" not in repr(target.settings)
    objects = load(home=tmp_path, logs_store="objects", logs_objects_url=f"file://{tmp_path}/logs")
    assert isinstance(log_store_of(objects, sqlite_store), ObjectLogs)
