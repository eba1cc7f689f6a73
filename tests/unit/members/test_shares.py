"""Rendezvous hashing: even, the same for all, and little changes hands."""

from __future__ import annotations

from collections import Counter

from goflow.members.shares import owner

KEYS = [f"key-{n}" for n in range(3000)]


def test_shares_are_even_and_do_not_hang_on_the_order():
    names = ["a", "b", "c"]
    counts = Counter(owner(key, names) for key in KEYS)
    assert all(900 < count < 1100 for count in counts.values())
    assert [owner(key, names) for key in KEYS] == [owner(key, names[::-1]) for key in KEYS]


def test_when_one_goes_only_what_it_had_changes_hands():
    before = {key: owner(key, ["a", "b", "c"]) for key in KEYS}
    after = {key: owner(key, ["a", "b"]) for key in KEYS}
    assert all(after[key] == before[key] for key in KEYS if before[key] != "c")


def test_one_alone_has_everything_and_nobody_has_nothing():
    assert owner("x", ["a"]) == "a"
    assert owner("x", []) is None
