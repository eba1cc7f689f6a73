"""What the chaos proxy does to a watch stays within what Kubernetes may do."""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict

import pytest

from goflow.kube.protobuf import MEDIA_TYPE
from tests.chaos.streams import CutError, Lines, form_of, mangled
from tests.chaos.weather import CLEAR, Weather, at_random

LINES = Lines()


def event(uid: str, version: int, kind: str = "MODIFIED", form: Lines = LINES) -> bytes:
    metadata = {"uid": uid, "resourceVersion": str(version)}
    return form.write({"type": kind, "object": {"metadata": metadata}})


def bookmark(version: int) -> bytes:
    return event("", version, "BOOKMARK")


def told(lines, weather: Weather, seed: int = 1) -> tuple[list[tuple[str, int]], Counter[str]]:
    done: Counter[str] = Counter()
    came = []
    for line in mangled(lines, LINES, lambda: weather, random.Random(seed), done):
        found = json.loads(line)["object"]["metadata"]
        came.append((found["uid"], int(found["resourceVersion"])))
    return came, done


STREAM = [event(uid, 10 * number + place) for number in range(1, 9) for place, uid in enumerate("abc")]


def test_clear_weather_changes_nothing():
    assert b"".join(mangled(STREAM, LINES, lambda: CLEAR, random.Random(1), Counter())) == b"".join(STREAM)


@pytest.mark.parametrize("seed", range(20))
def test_events_of_one_object_stay_in_order_and_none_is_lost(seed):
    came, done = told(STREAM, Weather(held=0.5, twice=0.5), seed)
    by_uid = defaultdict(list)
    for uid, version in came:
        by_uid[uid].append(version)
    assert all(versions == sorted(versions) for versions in by_uid.values())
    assert sorted(set(came)) == sorted(set(told(STREAM, CLEAR)[0]))
    assert done["event told twice"] == len(came) - len(STREAM)


def test_events_of_different_objects_change_places():
    came, done = told(STREAM, Weather(held=0.5))
    versions = [version for _, version in came]
    assert versions != sorted(versions)
    assert done["event told after another"] > 0


def test_a_bookmark_is_told_after_all_that_was_before_it():
    came, _ = told([event("a", 1), bookmark(2), event("b", 3), bookmark(4)], Weather(held=1.0))
    assert [version for _, version in came] == [1, 2, 3, 4]


def test_a_silence_ends_the_holding_back():
    came, _ = told([event("a", 1), None, event("b", 3), None], Weather(held=1.0))
    assert came == [("a", 1), ("b", 3)]


def test_a_stream_is_cut_between_lines_or_within_one():
    ends = {until_cut(seed)[-1].endswith(b"\n") for seed in range(20)}
    assert ends == {True, False}


def until_cut(seed: int) -> list[bytes]:
    came: list[bytes] = []
    with pytest.raises(CutError):
        came.extend(mangled(STREAM, LINES, lambda: Weather(cut=1.0), random.Random(seed), Counter()))
    return came


@pytest.mark.parametrize("media_type", ["application/json", f"{MEDIA_TYPE};stream=watch"])
def test_events_are_whole_however_they_come(media_type):
    form = form_of(media_type)
    stream = [event(uid, number, form=form) for number, uid in enumerate("abcdefgh")]
    text = b"".join(stream)
    assert list(form.parts([text[:7], text[7:95], text[95:]])) == stream
    assert [form.read(part)["object"]["metadata"]["uid"] for part in stream] == list("abcdefgh")


def test_a_weather_at_random_is_one():
    for seed in range(50):
        weather = at_random(random.Random(seed))
        assert weather.silent == 0
        assert 0 <= weather.refused <= 1
